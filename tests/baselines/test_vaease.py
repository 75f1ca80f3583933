"""VAEase: what its gate does at both ends, and how it counts per image."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import torch
from torch import nn

from baselines.vae import VAE
from baselines.vaease import VAEase, split_counts
from benchmark.datasets.split import Split
from benchmark.datasets.tensors import TensorSplit
from benchmark.method import Batch, Tick
from benchmark.training.runtime import construct

TICK = Tick(torch.tensor(0), torch.tensor(0.0), "train")


def build(kind: Any = VAEase, latent_dim: int = 4, **config: Any) -> Any:
    return construct(kind, replace(kind.Config(), **config), 0, shape=(6,), latent_dim=latent_dim)


def images(count: int = 8) -> torch.Tensor:
    return torch.rand(count, 6, generator=torch.Generator().manual_seed(0))


def fixed_posterior(method: VAEase, mean: torch.Tensor, log_var: torch.Tensor) -> None:
    """Every image gets these posteriors (L,), or rows (N, L) in turn."""
    method.posterior = lambda x: (
        mean.expand(len(x), -1),
        log_var.expand(len(x), -1),
    )


def test_at_the_prior_the_decoder_sees_zeros_and_no_pixel_moves_the_mean() -> None:
    method, x = build(), images()
    mean = torch.randn(8, 4, generator=torch.Generator().manual_seed(1)).requires_grad_()
    fixed_posterior(method, mean, torch.zeros(4))
    assert torch.equal(method.encode(x), torch.zeros(8, 4))
    assert torch.equal(method.sampled_code(x), torch.zeros(8, 4))
    (slope,) = torch.autograd.grad(method.negative_bound(x)["nll"], mean)
    assert torch.equal(slope, torch.zeros_like(slope))


def test_certain_posteriors_pass_as_in_the_vae() -> None:
    method, x = build(), images()
    mean, log_var = (
        torch.randn(8, 4, generator=torch.Generator().manual_seed(1)),
        torch.full((4,), -60.0),
    )
    fixed_posterior(method, mean, log_var)
    assert torch.equal(method.encode(x), mean)
    plain = build(VAE)
    fixed_posterior(plain, mean, log_var)
    torch.testing.assert_close(method.negative_bound(x)["nll"], plain.negative_bound(x)["nll"])


def test_without_gate_it_is_the_vae_with_a_bounded_variance() -> None:
    method, plain, x = build(gate=False), build(VAE), images()
    plain.posterior = lambda x: bounded(*VAE.posterior(plain, x))
    batch = Batch(x, torch.arange(8))
    torch.manual_seed(3)
    method.train_step(batch, TICK)
    torch.manual_seed(3)
    plain.train_step(batch, TICK)
    named = dict(method.named_parameters())
    assert all(torch.equal(p, named[name]) for name, p in plain.named_parameters())


def bounded(mean: torch.Tensor, raw: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    return mean, nn.functional.logsigmoid(raw)


@pytest.mark.parametrize("variance", ["sigmoid", "clip"])
def test_variances_are_at_most_one(variance: str) -> None:
    method, x = build(variance=variance), 50.0 * images()
    log_var = method.posterior(x)[1]
    assert bool((log_var <= 0.0).all())
    raw = method.encoder(x)[:, 4:]
    expected = torch.sigmoid(raw).log() if variance == "sigmoid" else raw.clamp(max=0.0)
    torch.testing.assert_close(log_var, expected, rtol=1e-4, atol=1e-4)


def test_the_reconstruction_is_that_of_the_gated_mean() -> None:
    method, x = build(), images()
    mean, log_var = method.posterior(x)
    expected = method.decoder((1.0 - torch.exp(0.5 * log_var)) * mean)
    torch.testing.assert_close(method.decode(method.encode(x)), expected)


def test_counts_of_a_union_of_subspaces_are_those_of_each_image() -> None:
    """Three kinds of images with four coordinates of their own: 4 per image, 12 in all."""
    method = build(latent_dim=16)
    log_var = torch.zeros(30, 16)
    for row in range(30):
        first = 4 * (row % 3)
        log_var[row, first : first + 4] = -8.0
    method.posterior = lambda x: (torch.zeros(30, 16), log_var)
    with torch.no_grad():
        method.noise.log_sigma.fill_(-3.0)
    discovery = method.discover(torch.rand(30, 6))
    assert discovery.extra["aad"] == pytest.approx(4.0) and discovery.extra["aad_sd"] == 0.0
    assert discovery.extra["union"] == 12.0 and discovery.extra["always"] == 0.0
    assert discovery.extra["aad_split"] == 4.0
    assert int(discovery.active.sum()) == 4 and discovery.flags == ()
    assert float(discovery.relevance.sum()) == pytest.approx(4.0)


def test_the_count_grows_with_the_threshold_alone() -> None:
    method, x = build(), images(50)
    log_var = torch.linspace(-6.0, 0.0, 4)
    counts = []
    for shift in (0.0, 1.0, 2.0, 4.0):
        fixed_posterior(method, torch.zeros(4), (log_var + shift).clamp(max=0.0))
        counts.append(int(method.discover(x).active.sum()))
    assert counts == sorted(counts, reverse=True) and counts[0] > counts[-1]


def test_no_active_dimension_is_undecided_or_collapsed_by_the_decoders_variance() -> None:
    method, x = build(), images(50)
    fixed_posterior(method, torch.zeros(4), torch.zeros(4))
    with torch.no_grad():
        assert method.discover(x).flags == ("undecided",)  # log sigma = 0
        method.noise.log_sigma.fill_(-4.0)
        assert method.discover(x).flags == ("collapsed",)


def test_the_split_leaves_the_least_variance_within_groups() -> None:
    log_var = torch.randn(40, 6, generator=torch.Generator().manual_seed(1)) * 3.0
    for row, count in zip(log_var.double(), split_counts(log_var), strict=True):
        ordered = row.sort().values
        within = [
            float(((part - part.mean()) ** 2).sum() + ((rest - rest.mean()) ** 2).sum())
            for part, rest in ((ordered[:k], ordered[k:]) for k in range(1, 6))
        ]
        assert int(count) == within.index(min(within)) + 1
    assert split_counts(torch.zeros(3, 1)).tolist() == [1, 1, 1]


def test_samples_take_whole_rows_of_gates() -> None:
    method, x = build(), images(10)
    method.conclude(TensorSplit(Split(x.numpy(), (6,))))
    rows = {tuple(row.tolist()) for row in method.gates}
    assert len(rows) == 10 and method.gates.shape == (1024, 4)
    method.decoder = nn.Identity()
    kept = torch.tensor([[1.0, 0.0, 0.0, 1.0], [0.0, 1.0, 1.0, 0.0]])
    method.gates.copy_(kept.repeat(512, 1))
    patterns = {tuple((row != 0).tolist()) for row in method.sample(200)}
    assert patterns == {(True, False, False, True), (False, True, True, False)}
