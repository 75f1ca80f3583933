"""The uniqueness study: data and models of a trial, one step of descent, the ladder, and trials
that are done."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import pytest
import torch
from torch import Tensor

from benchmark.method import Tick
from benchmark.studies.angles import turn_angle
from benchmark.studies.plane import (
    NOISE,
    Posterior,
    bound,
    draw_codes,
    draw_mixing,
    expected_error,
    random_turns,
    squared_error,
)
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


def test_codes_are_white_and_columns_have_norms_2_and_1() -> None:
    codes = draw_codes(500)
    torch.testing.assert_close(codes @ codes.mT / 500, torch.eye(2, dtype=F64))
    torch.testing.assert_close(codes.mean(1), torch.zeros(2, dtype=F64), rtol=0.0, atol=1e-12)
    for kind, right in (("printed", False), ("orthogonal", True)):
        w = draw_mixing(kind)
        torch.testing.assert_close(w.norm(dim=0), torch.tensor([2.0, 1.0], dtype=F64))
        assert (abs(float(w[:, 0] @ w[:, 1])) < 1e-12) == right
        assert (abs(float(turn_angle(torch.linalg.svd(w)[2].mT))) < 1e-9) == right, (
            "V is the identity only for orthogonal columns"
        )


def test_longer_ladders_and_other_cells_keep_the_trials_they_share() -> None:
    short, long = build(2500), build(5000)
    assert torch.equal(short.trained["A"], long.trained["A"][3:]) and torch.equal(
        short.turn_mean, long.turn_mean[3:]
    )
    assert long.length.tolist() == [1000] * 3 + [500] * 3 + [100] * 3


def dense(posterior: Posterior, trial: int) -> torch.distributions.MultivariateNormal:
    columns = torch.stack([posterior.first[trial, :, 0], posterior.second[trial, :, 0]], 1)
    whole = columns @ columns.mT
    return torch.distributions.MultivariateNormal(
        posterior.mean[trial].mT, torch.diag(whole.diagonal()) if posterior.diagonal else whole
    )


@pytest.mark.parametrize("diagonal", [True, False])
def test_posterior_is_the_gaussian_it_says(diagonal: bool) -> None:
    torch.manual_seed(0)
    turn, entries = random_turns(3).double(), torch.randn(3, 3, 1, dtype=F64)
    posterior = Posterior(torch.randn(3, 2, 5, dtype=F64), entries, turn, diagonal=diagonal)
    standard = torch.distributions.MultivariateNormal(
        torch.zeros(2, dtype=F64), torch.eye(2, dtype=F64)
    )
    for trial in range(3):
        lower = torch.tensor(
            [
                [entries[trial, 0].exp().item(), 0.0],
                [entries[trial, 1].item(), entries[trial, 2].exp().item()],
            ],
            dtype=F64,
        )
        sigma = turn[trial] @ lower @ lower.mT @ turn[trial].mT
        own = dense(posterior, trial)
        torch.testing.assert_close(
            own.covariance_matrix[0], torch.diag(sigma.diagonal()) if diagonal else sigma
        )
        torch.testing.assert_close(
            posterior.kl()[trial], torch.distributions.kl_divergence(own, standard).mean()
        )
    noise = torch.randn(3, 2, 200_000, dtype=F64)
    wide = Posterior(torch.zeros(3, 2, 200_000, dtype=F64), entries, turn, diagonal=diagonal)
    drawn, expected = (
        torch.stack([torch.cov(z) for z in wide.at(noise)]),
        torch.stack([dense(wide, t).covariance_matrix[0] for t in range(3)]),
    )
    scale = expected.diagonal(dim1=1, dim2=2).max(1).values.view(3, 1, 1)
    torch.testing.assert_close(
        drawn / scale, expected / scale, rtol=0.0, atol=5 * (2 / 200_000) ** 0.5
    )  # five standard errors


def test_elbo_of_the_exact_posterior_is_the_marginal_likelihood() -> None:
    torch.manual_seed(0)
    w, codes = draw_mixing("printed"), draw_codes(40)
    x = w @ codes + NOISE * torch.randn(2, 40, dtype=F64)
    precision = torch.eye(2, dtype=F64) + w.mT @ w / NOISE**2
    mean = torch.linalg.solve(precision, w.mT @ x / NOISE**2)
    lower = torch.linalg.cholesky(torch.linalg.inv(precision))
    entries = torch.stack([lower[0, 0].log(), lower[1, 0], lower[1, 1].log()]).view(1, 3, 1)
    flat = {"weight": w.unsqueeze(0), "bias": torch.zeros(1, 2, 1, dtype=F64), "nu": "identity"}
    marginal = torch.distributions.MultivariateNormal(
        torch.zeros(2, dtype=F64), w @ w.mT + NOISE**2 * torch.eye(2, dtype=F64)
    )
    full = Posterior(
        mean.unsqueeze(0), entries, torch.eye(2, dtype=F64).unsqueeze(0), diagonal=False
    )
    elbo = bound(expected_error(x, full, **flat), full.kl())
    torch.testing.assert_close(elbo[0], marginal.log_prob(x.mT).mean(), rtol=1e-9, atol=1e-9)
    diagonal = Posterior(
        mean.unsqueeze(0), entries, torch.eye(2, dtype=F64).unsqueeze(0), diagonal=True
    )
    assert (
        float(bound(expected_error(x, diagonal, **flat), diagonal.kl())[0]) < float(elbo[0]) - 0.01
    )


def test_quadrature_agrees_with_many_draws() -> None:
    torch.manual_seed(0)
    posterior = Posterior(
        torch.randn(1, 2, 3, dtype=F64),
        0.3 * torch.randn(1, 3, 1, dtype=F64) - 1.0,
        random_turns(1).double(),
        diagonal=False,
    )
    x, weight, bias = (
        torch.randn(2, 3, dtype=F64),
        torch.randn(1, 2, 2, dtype=F64),
        torch.zeros(1, 2, 1, dtype=F64),
    )
    drawn = torch.stack(
        [
            squared_error(x, posterior.at(torch.randn(1, 2, 3, dtype=F64)), weight, bias, "tanh")[0]
            for _ in range(20_000)
        ]
    )
    exact = expected_error(x, posterior, weight, bias, "tanh")[0]
    assert abs(float(drawn.mean() - exact)) < 5 * float(drawn.std()) / 20_000**0.5


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
    lower = torch.stack(
        [
            values["entries"][0].exp(),
            torch.zeros_like(values["entries"][0]),
            values["entries"][1],
            values["entries"][2].exp(),
        ]
    )
    root = torch.einsum("ij,jkn->nik", study.turn_covariance[trial], lower.view(2, 2, -1)).expand(
        config.points, 2, 2
    )
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
