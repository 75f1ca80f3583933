"""The uniqueness study: its ladder and data, one step of descent, and trials that are done."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import pytest
import torch
from torch import Tensor

from benchmark.method import Tick
from benchmark.studies.plane import NOISE
from benchmark.studies.uniqueness import Uniqueness, ladder, summary
from benchmark.training.checkpoint import method_state
from benchmark.training.host_reads import no_host_reads
from benchmark.training.runtime import construct

F64 = torch.float64
CELLS = [
    (covariance, amortised) for covariance in ("diagonal", "full") for amortised in (True, False)
]


def build(steps: int = 2500, **config: Any) -> Uniqueness:
    options = replace(Uniqueness.Config(points=60, trials=3), **config)
    study = construct(
        Uniqueness,
        options,
        0,
        shape=(1,),
        latent_dim=2,
        steps=steps,
        steps_per_epoch=1,
        batch_size=1,
    )
    torch.manual_seed(1)
    study.prepare(None)
    return study


def tick(study: Uniqueness, step: int) -> Tick:
    return Tick(torch.tensor(step), torch.tensor(step / study.steps), study.phase(step))


def test_ladder_is_the_papers_and_stops_where_the_steps_end() -> None:
    assert sum(count for _, count in ladder(100_000)) == 420 and len(ladder(100_000)) == 13
    assert ladder(2500, 7) == [(100, 7), (500, 7)]
    with pytest.raises(
        ValueError, match="does not end with a rung; choose 5 times one of 100, 500, 1000"
    ):
        ladder(2600)


def test_longer_ladders_and_other_cells_keep_the_trials_they_share() -> None:
    short, long = build(2500), build(5000)
    assert torch.equal(short.trained["A"], long.trained["A"][3:]) and torch.equal(
        short.turn_mean, long.turn_mean[3:]
    )
    assert long.length.tolist() == [1000] * 3 + [500] * 3 + [100] * 3


def plain_root(turn: Tensor, entries: Tensor) -> Tensor:
    """The turned lower triangles (N, 2, 2) whose diagonals are given by their logarithms."""
    log_first, below, log_second = entries
    zero = torch.zeros_like(below)
    lower = torch.stack([log_first.exp(), zero, below, log_second.exp()])
    return torch.einsum("ij,jkn->nik", turn, lower.view(2, 2, -1))


def plain_step(study: Uniqueness, trial: int, noise: Tensor, rate: float) -> dict[str, Tensor]:
    """One step of one trial, written out, with its own automatic gradient."""
    config = study.config
    values = {
        name: value[trial].detach().clone().requires_grad_()
        for name, value in study.trained.items()
    }
    mean = (
        (study.turn_mean[trial] @ values["C"]) @ study.x + values["d"]
        if config.amortised
        else values["mean"]
    )
    root = plain_root(study.turn_covariance[trial], values["entries"]).expand(config.points, 2, 2)
    sigma = root @ root.mT
    if config.covariance == "diagonal":
        sigma = torch.diag_embed(sigma.diagonal(dim1=1, dim2=2))
        z = mean.mT + sigma.diagonal(dim1=1, dim2=2).sqrt() * noise.mT
    else:
        z = mean.mT + (root @ noise.mT.unsqueeze(2)).squeeze(2)
    kl = 0.5 * (
        sigma.diagonal(dim1=1, dim2=2).sum(1) + mean.mT.square().sum(1) - 2.0 - torch.logdet(sigma)
    )
    error = (study.x.mT - torch.tanh(z @ values["A"].mT) - values["b"].mT).square().sum(1)
    loss = 0.5 * error + NOISE**2 * kl
    grads = torch.autograd.grad(loss.mean(), list(values.values()))
    scale = {
        name: config.points if name in ("mean", "entries") and not config.amortised else 1
        for name in values
    }
    return {
        name: (value - rate * scale[name] * grad).detach()
        for (name, value), grad in zip(values.items(), grads, strict=True)
    }


@pytest.mark.parametrize(("covariance", "amortised"), CELLS)
def test_a_step_descends_every_trial_by_its_own_gradient_and_rate(
    covariance: str, amortised: bool
) -> None:
    study = build(covariance=covariance, amortised=amortised, nu="tanh")
    now = tick(study, 120)  # the rung of 100 is at its second rate, that of 500 at its first
    torch.manual_seed(9)
    noise = torch.randn(6, 2, 60)
    expected = {0: plain_step(study, 0, noise[0], 0.1), 5: plain_step(study, 5, noise[5], 0.01)}
    torch.manual_seed(9)
    with no_host_reads():
        values = study.train_step(None, now)
    for trial, wanted in expected.items():
        for name, value in wanted.items():
            torch.testing.assert_close(
                study.trained[name][trial], value, rtol=1e-4, atol=1e-5
            )  # float32 sums in another order
    assert {name: tuple(value.shape) for name, value in values.items()} == {
        "loss": (),
        "diverged": (),
    }


def test_trials_that_are_done_keep_their_bits() -> None:
    study = build()
    before = {name: tensor.clone() for name, tensor in method_state(study).items()}
    assert (study.phase(499), study.phase(500), study.phase(2499)) == ("6", "3", "3")
    study.train_step(None, tick(study, 500))
    for name, value in study.trained.items():
        assert torch.equal(value[3:], before[f"method/trained.{name}"][3:]) and not torch.equal(
            value[:3], before[f"method/trained.{name}"][:3]
        )


def test_a_trial_without_finite_numbers_is_counted_and_left_out() -> None:
    study = build()
    with torch.no_grad():
        study.trained["A"][1] = math.inf
    values = study.train_step(None, tick(study, 0))
    assert float(values["diverged"]) == 1.0 and math.isfinite(float(values["loss"]))
    outcome = study.outcome(None)
    assert outcome.measurements["diverged"].value == 1.0
    assert len(outcome.arrays["elbo"]) == 5 and all(
        math.isfinite(measurement.value) for measurement in outcome.measurements.values()
    )


def test_the_true_model_turned_by_an_angle_is_measured_at_that_angle() -> None:
    study, degrees = build(mixing="printed"), torch.tensor([30.0, -20.0, 44.0, 0.0, 10.0, -5.0])
    axes = torch.linalg.svd(study.weight)[2].float()
    turn = torch.stack([torch.stack([d.cos(), -d.sin()]) for d in degrees.deg2rad()])
    turn = torch.stack([turn, torch.stack([-turn[:, 1], turn[:, 0]], 1)], 1)
    decoder = study.weight.float() @ axes.mT @ turn
    with torch.no_grad():
        study.trained["A"].copy_(decoder)
        study.trained["C"].copy_(study.turn_mean.mT @ torch.linalg.inv(decoder))
        study.x.copy_((study.weight @ study.codes).float())
    outcome = study.outcome(None)
    torch.testing.assert_close(
        torch.from_numpy(outcome.arrays["angle"]), degrees.double(), rtol=0.0, atol=1e-3
    )
    assert outcome.measurements["favoured-angle"].value == pytest.approx(
        0.0, abs=0.051
    )  # half a step of the grid
    assert outcome.measurements["mse"].value < 1e-10


def test_summary_groups_trials_by_elbo_and_length() -> None:
    elbo, length = torch.arange(20, dtype=F64), torch.tensor([100] * 15 + [500] * 5)
    angle = torch.tensor([-30.0, 20.0] * 8 + [10.0, 5.0, 1.0, -2.0], dtype=F64)
    measurements = summary(elbo, {"angle": angle}, length)
    assert (
        measurements["angle[trials=best]"].value == pytest.approx(1.0)
        and measurements["angle[trials=best]"].n == 2
    )  # torch's lower median of 2 and 1
    assert (
        measurements["angle[trials=longest]"].n == 5 and measurements["angle[trials=all]"].n == 20
    )
    assert (
        measurements["concentration[trials=best]"].value
        > 0.9
        > measurements["concentration[trials=all]"].value
    )


def test_other_latent_sizes_are_refused() -> None:
    with pytest.raises(ValueError, match="one of the plane, got a latent size of 3"):
        construct(
            Uniqueness,
            Uniqueness.Config(),
            0,
            shape=(1,),
            latent_dim=3,
            steps=500,
            steps_per_epoch=1,
            batch_size=1,
        )


@pytest.mark.slow
def test_best_trials_agree_with_diagonal_posteriors_and_not_with_full_ones() -> None:
    """The claim, where it is theory: identity, orthogonal columns. With 48 trials; the median angle
    of twelve may be twice as large by chance."""
    by_covariance = {}
    for covariance in ("diagonal", "full"):
        study = build(100_000, covariance=covariance, points=60, trials=48)
        for step in range(100_000):
            torch.manual_seed(step)
            study.train_step(None, tick(study, step))
        by_covariance[covariance] = study.outcome(None).measurements
    assert (
        by_covariance["diagonal"]["concentration[trials=best]"].value
        > 0.7
        > 0.3
        > by_covariance["full"]["concentration[trials=best]"].value
    )
    assert (
        by_covariance["diagonal"]["angle[trials=longest]"].value
        < 8.0
        < 13.0
        < by_covariance["full"]["angle[trials=longest]"].value
    )
