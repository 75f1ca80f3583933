"""One outer step of every registered method equals its recomputation in float64, parameter by
parameter, on vectors and on images that pass convolutions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from recomputation import critics, newer, rows
from recomputation import twins as anew
from torch import Tensor

from benchmark import registry
from benchmark.method import Batch, Tick
from benchmark.training.runtime import construct

F64, L, STEPS = torch.float64, 4, 400
PROGRESS = 0.875

Recomputation = Callable[[anew.Twin, Tensor, float], None]

RECOMPUTED: dict[str, Recomputation] = {
    "vae": anew.vae,
    "beta-vae": anew.beta_vae,
    "dpvae": anew.dpvae,
    "r-vae": anew.ren(anew.plain_rate),
    "r-dpvae": anew.ren(anew.flow_rate),
    "rf-vae": anew.rf_vae,
    "rf-vae-port": anew.rf_vae_port,
    "maskaae": critics.maskaae,
    "wae-gan": critics.wae_gan,
    "flexae": critics.flexae,
    "flexae-sr": critics.flexae,
    "geco-l0": anew.geco_l0,
    "grae": anew.grae,
    "mi-vae": anew.mi_vae,
    "mi-vae-joint": anew.mi_vae_joint,
    "irmae": newer.irmae,
    "ard-vae": newer.ard_vae,
    "least-volume": newer.least_volume,
    "vaease": newer.vaease,
    "vae-cross-entropy": rows.vae_cross_entropy,
    "wae-mmd": rows.wae_mmd,
    "aae": rows.aae,
    "two-stage-vae": rows.two_stage_vae,
    "rae-gmm": rows.rae_gmm,
    "ae-gmm": rows.rae_gmm,
    "vae-vampprior": rows.vae_vampprior,
    "vae-flow": rows.vae_flow,
    "vae-iop": rows.vae_iop,
    "injflow": rows.injflow,
    "injflow-gmm": rows.injflow,
}

CLOSED = {"pca"}
"""No step: tests/baselines/test_pca.py holds it against scikit-learn."""

IMAGES_ONLY = {"vae-cross-entropy"}
ONE_STAGE = {"two-stage-vae": ("encoder.", "decoder.", "noise.")}
"""Parameters that the step at 7/8 of the run leaves alone."""


def test_every_method_is_here() -> None:
    assert {entry.name for entry in registry.METHODS} == set(RECOMPUTED) | CLOSED


def build(name: str, shape: tuple[int, ...]) -> tuple[Any, Batch]:
    """The method in float64 with every parameter moved off its start, as biases of zero and an
    alpha of one would hide errors; and a batch."""
    choice = registry.choose("methods", name)
    kind = registry.load(choice.entry.target)
    config = kind.Config(**choice.options)
    size = 4 if name == "flexae-sr" else 8
    sizes = {"shape": shape, "latent_dim": L, "steps": STEPS, "steps_per_epoch": 5}
    method = construct(kind, config, 0, **sizes, batch_size=size).double()
    generator = torch.Generator().manual_seed(3)
    with torch.no_grad():
        for parameter in method.parameters():
            parameter += 0.02 * torch.randn(parameter.shape, generator=generator, dtype=F64)
        if hasattr(method, "relevance"):
            method.relevance.carried.copy_(torch.tensor([0.3, 0.7, 1.5, 4.0]))
        if name == "maskaae":
            method.mask.a.copy_(torch.tensor([0.0, 0.4, 1.0, 3.0]))
        if name == "ard-vae":
            method.variance.copy_(torch.tensor([0.3, 0.7, 1.5, 4.0]))
        if name == "geco-l0":
            method.constraint.ever_met.fill_(True)
            method.tau_per_pixel.fill_(0.1)
    x = torch.rand(size * getattr(config, "batches_per_step", 1), *shape, generator=generator)
    return method, Batch(x.double(), torch.arange(len(x)))


@pytest.mark.parametrize("shape", [(6,), (1, 28, 28)], ids=["vectors", "images"])
@pytest.mark.parametrize("name", RECOMPUTED)
def test_one_outer_step_is_its_recomputation(name: str, shape: tuple[int, ...]) -> None:
    if name in IMAGES_ONLY and len(shape) != 3:
        pytest.skip("a likelihood of pixels")
    method, batch = build(name, shape)
    twin = anew.Twin(method)
    start = {name: p.detach().clone() for name, p in method.named_parameters()}
    step = int(PROGRESS * STEPS)
    torch.manual_seed(1)
    method.train_step(
        batch, Tick(torch.tensor(step), torch.tensor(PROGRESS, dtype=F64), method.phase(step))
    )
    torch.manual_seed(1)
    RECOMPUTED[name](twin, batch.x, PROGRESS)
    for parameter, value in method.named_parameters():
        moved = value.detach() - start[parameter]
        expected = twin.named[parameter].detach() - start[parameter]
        rests = parameter.startswith(ONE_STAGE.get(name, ("-",)))
        assert bool(moved.any()) != rests, f"{parameter} {'moved' if rests else 'did not move'}"
        torch.testing.assert_close(moved, expected, rtol=1e-5, atol=1e-9, msg=parameter)
