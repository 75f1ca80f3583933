"""GECO-L0 as a whole run: phases, the origin of tau, verdict, codes and samples, resuming across
the latch, options, learning."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from harness import CPU
from torch import Tensor

from baselines.geco_l0 import GecoL0
from benchmark.datasets.split import Split
from benchmark.datasets.tensors import TensorSplit
from benchmark.evaluation.evaluator import Evaluator
from benchmark.method import Batch, Tick
from benchmark.training.checkpoint import method_state
from benchmark.training.host_reads import no_host_reads
from benchmark.training.runtime import construct
from benchmark.training.trainer import Stopped, Trainer

STEPS, PER_EPOCH, BATCH, L = 20, 4, 16, 5
DATA = Split(
    np.random.default_rng(0).random((PER_EPOCH * BATCH, 1, 8, 8), dtype=np.float32), (1, 8, 8)
)
LATER = 0.1
"""A tau per pixel that this noise, of variance 1/12, reaches after some steps."""


def build(latent_dim: int = L, **config: Any) -> GecoL0:
    size = {
        "shape": (1, 8, 8),
        "latent_dim": latent_dim,
        "steps": STEPS,
        "steps_per_epoch": PER_EPOCH,
        "batch_size": BATCH,
    }
    return construct(GecoL0, replace(GecoL0.Config(), **config), 0, **size)


def latched(p: float | list[float] | None = None, **config: Any) -> GecoL0:
    """A method whose constraint was met before; gates at probabilities ``p`` where given."""
    method = build(**{"tau_per_pixel": LATER, **config})
    method.constraint.ever_met.fill_(True)
    if p is not None:
        method.gates.gamma.data.copy_(
            torch.logit(torch.tensor(p).expand(method.latent_dim), eps=1e-12) / method.gates.slope
        )
    return method


def images(count: int = BATCH) -> Tensor:
    return TensorSplit(DATA).head(count)


def bits(method: GecoL0, part: str = "") -> dict[str, Tensor]:
    return {name: tensor.clone() for name, tensor in method_state(method).items() if part in name}


def same(one: dict[str, Tensor], other: dict[str, Tensor]) -> bool:
    return one.keys() == other.keys() and all(torch.equal(one[name], other[name]) for name in one)


def train(path: Path, stop_at: int | None = None, **config: Any) -> Trainer:
    run = Trainer(
        build(**config),
        TensorSplit(DATA),
        seed=0,
        steps=STEPS,
        batch_size=BATCH,
        device=CPU,
        path=path,
        identity={},
    )
    run.stop = lambda: "stop" if run.step == stop_at else None
    run.fit()
    return run


@pytest.mark.parametrize(("share", "first"), [(0.1, 18), (0.0, 20), (1.0, 0), (0.07, 19)])
def test_phase_is_known_from_the_step_alone(share: float, first: int) -> None:
    method = build(consolidate=share)
    assert [method.phase(step) for step in range(STEPS)] == ["select"] * first + ["consolidate"] * (
        STEPS - first
    )


def test_tau_comes_from_the_training_images_unless_given() -> None:
    method, fixed = build(rho=0.5), build(tau_per_pixel=0.03)
    for model in (method, fixed):
        model.prepare(TensorSplit(DATA))
    pixels = torch.from_numpy(DATA.stored)
    torch.testing.assert_close(
        method.tau_per_pixel, 0.5 * (pixels - pixels.mean(0)).square().mean()
    )
    assert float(fixed.tau_per_pixel) == pytest.approx(0.03)
    with pytest.raises(ValueError, match="expected tau_per_pixel >= 0"):
        build(tau_per_pixel=-1.0)


def test_verdict_code_and_samples_leave_closed_dimensions_out() -> None:
    method, x = latched([0.9999, 0.2, 0.5, 0.9999, 0.0001]), images()
    discovery, closed = method.discover(x), torch.tensor([False, True, True, False, True])
    assert torch.equal(discovery.active, ~closed) and torch.equal(
        discovery.relevance, method.gates.probability()
    )
    assert discovery.flags == ("undecided",)
    assert discovery.extra["expected_open"] == pytest.approx(2.6999, abs=1e-6) and discovery.extra[
        "lambda"
    ] == pytest.approx(1.0)
    assert discovery.extra["tau_per_pixel"] == pytest.approx(LATER)
    with torch.no_grad():
        mean, log_var = method.posterior(x)
        assert (
            not mean[:, closed].any()
            and not log_var[:, closed].any()
            and torch.equal(mean, method.encode(x))
        )
        assert torch.equal(method.decode(mean + 7.0 * closed), method.decode(mean))
        variance, noise = Evaluator(method, TensorSplit(DATA), seed=0, device=CPU).code_moments
        assert not variance[closed.numpy()].any() and (noise[closed.numpy()] == 1.0).all(), (
            "active units would count closed dimensions"
        )
        seen: list[Tensor] = []
        method.decoder.register_forward_pre_hook(lambda module, inputs: seen.append(inputs[0]))
        method.sample(2000)
    assert not seen[0][:, closed].any()
    assert bool(
        ((seen[0][:, ~closed].std(0) - 1.0).abs() < 0.08).all()
    )  # five standard errors of a standard deviation of 2,000 draws
    assert latched(0.0001).discover(x).flags == ("collapsed",)
    assert latched(0.9999).discover(x).flags == ()


@pytest.mark.parametrize(
    ("share", "expected"),
    [(0.0, False), (0.09, False), (-0.09, False), (0.11, True), (-0.77, True)],
)
def test_a_constraint_off_by_more_than_a_tenth_of_tau_is_flagged(
    share: float, expected: bool
) -> None:
    method = latched(0.9999)
    method.constraint.average.fill_(share * float(method.tau_per_pixel) * math.prod(method.shape))
    assert ("constraint_not_tight" in method.discover(images()).flags) is expected


def test_resume_is_bitwise_with_the_latch_inside_the_run(tmp_path: Path) -> None:
    whole = train(tmp_path / "whole", tau_per_pixel=LATER)
    assert 0 < whole.method.gate.updates < 4 * 18, "the constraint must first be met in the middle"
    latch = 18 - whole.method.gate.updates // 4
    for at in (latch - 2, latch + 1, 18):
        with pytest.raises(Stopped):
            train(tmp_path / f"cut{at}", stop_at=at, tau_per_pixel=LATER)
        assert same(
            bits(whole.method), bits(train(tmp_path / f"cut{at}", tau_per_pixel=LATER).method)
        )


@pytest.mark.parametrize("config", [{"shared_u": True}, {"kl": "mean_open"}, {"consolidate": 0.0}])
def test_options_train_without_host_traffic(config: dict[str, Any]) -> None:
    method = latched(**config)
    for phase in ("select", "consolidate"):
        batch, tick = (
            Batch(images(), torch.arange(BATCH)),
            Tick(torch.tensor(0), torch.tensor(0.0), phase),
        )
        with no_host_reads():
            values = method.train_step(batch, tick)
        assert all(bool(torch.isfinite(value).all()) for value in values.values())
    names = {"constraint", "kl", "average", "lambda", "p", "expected_open", "undecided"}
    assert {name: tuple(value.shape) for name, value in values.items()} == {
        name: (L,) if name == "p" else () for name in names
    }


def test_mean_over_open_gates_divides_the_rate() -> None:
    x, z, kl = images(2), torch.randn(2, L), torch.rand(2, L)
    gates = torch.tensor([[1.0, 1.0, 0.0, 0.0, 1.0], [0.0, 0.0, 0.0, 0.0, 0.0]])
    (error, total), (again, mean) = (
        build(kl=mode).costs(x, z, kl, gates) for mode in ("sum", "mean_open")
    )
    torch.testing.assert_close(mean, torch.stack((total[0] / 3.0, torch.tensor(0.0))))
    assert torch.equal(error, again)


def test_reconstruction_beats_the_mean_image_on_a_line(tmp_path: Path) -> None:
    """Images on a line in pixel space; the multiplier forces a quarter of the mean predictor's
    error within a few hundred updates."""
    amount = np.random.default_rng(0).random((256, 1, 1, 1), dtype=np.float32)
    data = TensorSplit(
        Split(amount * np.linspace(0.2, 1.0, 64, dtype=np.float32).reshape(1, 1, 8, 8), (1, 8, 8))
    )
    size = {
        "shape": (1, 8, 8),
        "latent_dim": 4,
        "steps": 150,
        "steps_per_epoch": 8,
        "batch_size": 32,
    }
    method = construct(GecoL0, GecoL0.Config(), 0, **size)
    Trainer(
        method, data, seed=0, steps=150, batch_size=32, device=CPU, path=tmp_path / "c", identity={}
    ).fit()
    evidence = Evaluator(method, data, seed=0, device=CPU)
    variance = float((data.head(256) - data.head(256).mean(0)).square().mean())
    assert float(method.tau_per_pixel) == pytest.approx(0.25 * variance, rel=1e-4)
    assert evidence.squared_error.mean() < 0.5 * variance and bool(method.constraint.ever_met)
