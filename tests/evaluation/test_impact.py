"""What chosen components change in decoded images, against its closed form for a linear decoder."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from harness import CPU, split

from baselines.mi_vae import MIVAE
from baselines.vae import VAE
from benchmark.datasets.tensors import TensorSplit
from benchmark.evaluation.evaluator import Evaluator
from benchmark.evaluation.impact import impact
from benchmark.metrics.base import Absent
from benchmark.metrics.information import IMPACT
from benchmark.training.runtime import construct


class Linear:
    """Codes are the first numbers of x, images a matrix times the code."""

    def __init__(self, chosen: list[int] | None, matrix: torch.Tensor) -> None:
        self.matrix = matrix
        if chosen is not None:
            self.chosen = torch.tensor(chosen)

    def encode(self, x: torch.Tensor) -> torch.Tensor:
        return x[:, : self.matrix.shape[1]]

    def decode(self, z: torch.Tensor) -> torch.Tensor:
        return z @ self.matrix.T


@pytest.mark.parametrize("chosen", [[0, 1], [3], [2, 0, 3]])
def test_impact_of_a_linear_decoder_is_its_closed_form(chosen: list[int]) -> None:
    matrix = torch.randn(6, 4, generator=torch.Generator().manual_seed(0))
    test = TensorSplit(split(1203), CPU)
    value, n = impact(Linear(chosen, matrix), test)
    codes = test.some(1000)[:, chosen].double().numpy()
    moved = np.mean([(v - codes) ** 2 for v in range(-3, 4)], axis=0)
    expected = np.mean(moved * matrix.double().square().sum(0)[chosen].numpy() / 6)
    assert n == 1000 and value == pytest.approx(expected, rel=1e-6)


def test_methods_without_chosen_components_have_none() -> None:
    with pytest.raises(Absent, match="singles out no components"):
        impact(Linear(None, torch.eye(6)), TensorSplit(split(8), CPU))
    vae = construct(VAE, VAE.Config(), 0, shape=(6,), latent_dim=3)
    with pytest.raises(Absent):
        IMPACT.measure(Evaluator(vae, TensorSplit(split(8), CPU), seed=0, device=CPU))


def test_a_component_the_decoder_ignores_has_none_and_the_metric_says_what_it_rests_on() -> None:
    method = construct(MIVAE, MIVAE.Config(subset="1"), 0, shape=(6,), latent_dim=3)
    evidence = Evaluator(method, TensorSplit(split(40), CPU), seed=0, device=CPU)
    identifier, measured = IMPACT.measure(evidence)
    assert identifier == "impact[n=40,split=test]" and measured.value > 0 and measured.n == 40
    with torch.no_grad():
        next(method.decoder.parameters())[:, 1] = 0.0
    assert impact(method, evidence.test) == (0.0, 40)
