"""ARD-VAE: its divergence, the twin with a fixed prior, when s moves, and its count."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import torch
from torch import nn

from baselines.ard_vae import ARDVAE
from benchmark.datasets.split import Split
from benchmark.datasets.tensors import TensorSplit
from benchmark.method import Batch, Tick
from benchmark.nn.gaussian import kl_standard
from benchmark.nn.jacobian import column_energies
from benchmark.nn.likelihood import squared_error
from benchmark.training.runtime import construct

F64 = torch.float64


def build(
    shape: tuple[int, ...] = (6,), latent_dim: int = 4, steps: int = 500, **config: Any
) -> ARDVAE:
    return construct(
        ARDVAE,
        replace(ARDVAE.Config(), **config),
        0,
        shape=shape,
        latent_dim=latent_dim,
        steps=steps,
        steps_per_epoch=7,
    )


def tick(step: int) -> Tick:
    return Tick(torch.tensor(step), torch.tensor(step / 500), "train")


def images(count: int = 8, shape: tuple[int, ...] = (6,)) -> torch.Tensor:
    return torch.rand(count, *shape, generator=torch.Generator().manual_seed(0))


def posteriors() -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(2)
    return torch.randn(50, 4, generator=generator, dtype=F64), torch.randn(
        50, 4, generator=generator, dtype=F64
    )


def test_divergence_at_unit_variance_is_the_standard_one() -> None:
    mean, log_var = posteriors()
    method = build().double()
    assert torch.equal(method.divergence(mean, log_var), kl_standard(mean, log_var))


def test_the_codes_loss_differs_by_a_constant_in_its_gradient() -> None:
    """s where the paper has ln s: (s - ln s) / 2 per coordinate, no gradient in mean and
    variance."""
    mean, log_var = (part.requires_grad_() for part in posteriors())
    method = build().double()
    method.variance.copy_(torch.tensor([0.2, 1.0, 3.0, 40.0]))
    s = method.variance
    paper = method.divergence(mean, log_var)
    code = 0.5 * (s - log_var - 1.0 + (mean.square() + log_var.exp()) / s)
    torch.testing.assert_close(code - paper, (0.5 * (s - s.log())).expand_as(paper))
    for argument in (mean, log_var):
        one, other = (
            torch.autograd.grad(value.sum(), argument, retain_graph=True)[0]
            for value in (paper, code)
        )
        torch.testing.assert_close(one, other)


def test_scaling_coordinates_makes_the_twin() -> None:
    """With s the second moment, codes times s^-1/2 have the same divergence from N(0, I), which no
    other scale makes less."""
    mean, log_var = posteriors()
    method = build().double()
    second = (mean.square() + log_var.exp()).mean(0)
    method.variance.copy_(second)
    rate = method.divergence(mean, log_var).sum(1).mean()
    scaled = lambda c: kl_standard(c * mean, log_var + 2.0 * c.log()).sum(1).mean()  # noqa: E731
    best = second**-0.5
    torch.testing.assert_close(scaled(best), rate, rtol=1e-12, atol=0)
    for factor in (0.9, 1.1):
        assert float(scaled(factor * best)) > float(rate)


def test_scaling_code_prior_and_decoder_changes_nothing() -> None:
    method, x = build().double(), images(30).double()
    method.encoder, method.decoder = nn.Linear(6, 8).double(), nn.Linear(4, 6).double()
    method.variance.copy_(torch.tensor([0.5, 1.0, 2.0, 4.0]))
    rate, discovery = method.divergence(*method.posterior(x)), method.discover(x)
    scale = torch.tensor([3.0, 0.1, 1.0, 7.0], dtype=F64)
    with torch.no_grad():
        for part in (method.encoder.weight, method.encoder.bias):
            part[:4] *= scale.view(-1, *(1,) * (part.dim() - 1))
        method.encoder.bias[4:] += 2.0 * scale.log()
        method.encoder.weight[4:] *= 1.0
        method.decoder.weight /= scale
        method.variance *= scale.square()
    torch.testing.assert_close(method.divergence(*method.posterior(x)), rate)
    again = method.discover(x)
    torch.testing.assert_close(again.relevance, discovery.relevance)
    assert torch.equal(again.active, discovery.active)


def test_a_coordinate_the_decoder_ignores_never_counts() -> None:
    method, x = build(), images(30)
    method.decoder = nn.Linear(4, 6)
    with torch.no_grad():
        method.decoder.weight[:, 2] = 0.0
        method.variance.copy_(torch.tensor([1.0, 1.0, 1e6, 1.0]))
    discovery = method.discover(x)
    assert (
        discovery.active.tolist() == [True, True, False, True]
        and float(discovery.relevance[2]) == 0.0
    )
    assert discovery.extra["lstar_variance"] == 1.0  # s alone counts nothing but that one
    with torch.no_grad():
        method.decoder.weight.zero_()
    dead = method.discover(x)
    assert dead.flags == ("collapsed",) and not bool(dead.active.any())


def test_energies_agree_for_linear_decoders_and_else_the_papers_is_larger() -> None:
    torch.manual_seed(0)
    codes = torch.randn(20, 3)
    linear = nn.Linear(3, 5)
    square, absolute = column_energies(linear, codes)
    expected = linear.weight.detach().double().square().sum(0)
    torch.testing.assert_close(square, expected, rtol=1e-5, atol=1e-6)
    torch.testing.assert_close(absolute, expected, rtol=1e-5, atol=1e-6)
    square, absolute = column_energies(nn.Sequential(linear, nn.Tanh()), codes)
    assert bool((square > absolute).all())


def test_loss_sums_pixels_and_is_weighted_by_beta() -> None:
    method, x = build(chunks=1, beta=0.3), images()
    torch.manual_seed(5)
    mean, log_var = method.posterior(x)
    z = mean + torch.exp(0.5 * log_var) * torch.randn_like(mean)
    expected = (squared_error(x, method.decode(z)) + 0.3 * kl_standard(mean, log_var).sum(1)).mean()
    torch.manual_seed(5)
    values = method.train_step(Batch(x, torch.arange(8)), tick(0))
    torch.testing.assert_close(values["loss"], expected, rtol=1e-5, atol=0)


@pytest.mark.parametrize("prior", ["estimated", "fixed"])
def test_the_variance_changes_after_every_so_many_steps_only(prior: str) -> None:
    method, x = build(prior=prior), images()
    assert method.every == 7  # an epoch; a fiftieth of 500 steps is 10
    batch = Batch(x, torch.arange(8))
    for step in range(15):
        before = method.variance.clone()
        method.train_step(batch, tick(step))
        moved = not torch.equal(before, method.variance)
        assert moved == (prior == "estimated" and step in (6, 13))
        assert float(method.count) == (0.0 if step in (6, 13) else 8.0 * ((step + 1) % 7))


def test_preparation_takes_the_second_moment_of_the_first_codes() -> None:
    method, x = build(), images(40)
    method.prepare(TensorSplit(Split(x.numpy(), (6,))))
    mean, log_var = method.posterior(x)
    torch.testing.assert_close(method.variance, (mean.square() + log_var.exp()).mean(0).detach())
    assert float(method.count) == 0.0


def test_samples_leave_irrelevant_coordinates_at_their_mean() -> None:
    method, x = build(), images(40)
    method.decoder = nn.Linear(4, 6)
    with torch.no_grad():
        method.decoder.weight[:, 1] = 0.0
    method.conclude(TensorSplit(Split(x.numpy(), (6,))))
    assert method.relevant.tolist()[1] is False
    mean, log_var = method.posterior(x)
    torch.testing.assert_close(method.second, (mean.square() + log_var.exp()).mean(0).detach())
    method.decoder = nn.Identity()
    with torch.no_grad():
        codes = method.sample(20_000)
    assert float(codes[:, 1].std()) < 1e-6
    torch.testing.assert_close(codes.mean(0), method.centre, rtol=0, atol=0.1)
    expected = method.second.sqrt() * method.relevant
    torch.testing.assert_close(codes.std(0), expected, rtol=0.05, atol=1e-6)


def test_mistakes_are_named() -> None:
    with pytest.raises(ValueError, match="beta is a variance"):
        build(beta=0.0)
    with pytest.raises(ValueError, match="use likelihood=gaussian"):
        build(likelihood="bernoulli")


def test_cross_entropy_is_that_of_the_logits() -> None:
    method, x = build((1, 8, 8), likelihood="bernoulli"), images(5, (1, 8, 8))
    z = torch.randn(5, 4, generator=torch.Generator().manual_seed(1))
    p = method.decode(z)
    expected = torch.nn.functional.binary_cross_entropy(p, x, reduction="none").sum((1, 2, 3))
    torch.testing.assert_close(method.error(x, z), expected, rtol=1e-4, atol=1e-3)
    assert method.terms(x) == {}
