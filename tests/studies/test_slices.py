"""Slices through a VAE's objective: what a coordinate costs at best, and where the minima are."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch

from benchmark.method import Batch, Tick
from benchmark.studies.slices import Slices, draw_slice, least_cost, local_minima
from benchmark.training.host_reads import no_host_reads
from benchmark.training.runtime import construct


def study(steps: int = 400, latent_dim: int = 8, **config: Any) -> Slices:
    slices = construct(
        Slices, replace(Slices.Config(), **config), 0, shape=(1,), latent_dim=latent_dim
    )
    torch.manual_seed(2)
    slices.prepare(None)
    batch = Batch(torch.zeros(1, 1), torch.zeros(1, dtype=torch.int64))
    for step in range(steps):
        slices.train_step(
            batch, Tick(torch.tensor(step), torch.tensor(step / max(1, steps)), "train")
        )
    return slices


def outcome(slices: Slices) -> Any:
    return slices.outcome(None)


def test_a_slice_reconstructs_everywhere_and_is_sparse_in_its_middle() -> None:
    torch.manual_seed(0)
    weight, code, direction = draw_slice(4, 8, 3)
    torch.testing.assert_close(weight.norm(dim=0), torch.ones(8, dtype=torch.float64))
    for t in (-1.0, 0.3, 2.0):
        torch.testing.assert_close(weight @ (code + t * direction), weight @ code)
    assert int((code != 0).sum()) == 3 and int((direction.abs() > 1e-9).sum()) == 8
    crossings = (code / direction)[:3].abs()
    assert float(crossings.max()) == pytest.approx(1.0)


@pytest.mark.parametrize("gamma", [1e-4, 0.1, 10.0])
def test_what_a_coordinate_costs_is_the_least_of_the_objective(gamma: float) -> None:
    z = torch.tensor([0.0, 1e-3, 0.5, 3.0], dtype=torch.float64)
    u = torch.logspace(-12, 4, 200_001, dtype=torch.float64)
    s = gamma / (gamma + u)  # the best variance for a squared scale u
    cost = u * s / gamma + s - s.log() - 1.0 + z.unsqueeze(1).square() / u
    torch.testing.assert_close(least_cost(z, gamma), cost.min(1).values, rtol=1e-6, atol=1e-7)


def test_a_coordinate_costs_a_nat_for_each_that_log_gamma_falls() -> None:
    """The slope r hat: twice the divergence goes as minus log gamma for each that is not zero."""
    one, other = (least_cost(torch.tensor([1.5, 0.0]).double(), gamma) for gamma in (1e-8, 1e-9))
    torch.testing.assert_close(
        other - one, torch.tensor([math.log(10.0), 0.0]).double(), rtol=1e-4, atol=1e-9
    )


def test_minima_are_counted_by_their_depth() -> None:
    values = np.array([3.0, 1.0, 2.0, 1.98, 2.0, 0.0, 3.0])
    assert local_minima(values).tolist() == [1, 5]
    assert len(local_minima(np.arange(5.0))) == 0


def test_a_large_variance_leaves_one_minimum_and_a_small_one_several() -> None:
    by_gamma = {gamma: outcome(study(gamma=gamma, positions=101)) for gamma in (10.0, 1e-3)}
    minima = {gamma: result.measurements["minima"].value for gamma, result in by_gamma.items()}
    assert minima[10.0] == 1.0 and minima[1e-3] > 1.0
    assert by_gamma[1e-3].measurements["optimum"].value == 0.0
    for result in by_gamma.values():
        assert result.measurements["mse"].value < 1e-12
        assert (result.arrays["objective"] > result.arrays["best"] - 1e-6).all()
        assert result.measurements["excess"].value < 0.05
    assert outcome(study(steps=0, gamma=1e-3)).measurements["excess"].value > 1.0


def test_a_step_reads_nothing_on_the_host() -> None:
    slices, tick = study(steps=0), Tick(torch.tensor(0), torch.tensor(0.0), "train")
    batch, before = Batch(torch.zeros(1, 1), torch.zeros(1)), slices.log_scale.detach().clone()
    with no_host_reads():
        slices.train_step(batch, tick)
    assert bool((slices.log_scale != before).all())


@pytest.mark.parametrize(
    ("config", "text"),
    [
        ({"gamma": 0.0}, "variance"),
        ({"informative": 4}, "fewer than inputs"),
        ({"latent_dim": 2}, "latent_dims"),
        ({"positions": 10}, "odd"),
    ],
)
def test_what_cannot_be_a_slice_is_refused(config: dict[str, Any], text: str) -> None:
    with pytest.raises(ValueError, match=text):
        study(steps=0, **config)
