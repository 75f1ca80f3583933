"""RF-VAE and the port RENs used: objectives against torch's distributions, who moves what and when,
and how L* is read."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.distributions import Bernoulli, Normal, kl_divergence
from torch.nn import functional as F

from baselines.rf_vae import RFVAE
from baselines.rf_vae_port import RFVAEPort
from benchmark.method import Batch, Method, Tick
from benchmark.training.runtime import construct

L, BATCH = 4, 8
SHAPES = [(64,), (1, 8, 8)]
both = pytest.mark.parametrize("kind", [RFVAE, RFVAEPort])
shapes = pytest.mark.parametrize("shape", SHAPES, ids=["vectors", "images"])


def build(
    kind: type[Method] = RFVAE, shape: tuple[int, ...] = (64,), steps: int = 100, **config: Any
) -> Any:
    return construct(
        kind, replace(kind.Config(), **config), 0, shape=shape, latent_dim=L, steps=steps
    )


def images(shape: tuple[int, ...] = (64,), count: int = BATCH) -> Tensor:
    return torch.rand(count, *shape, generator=torch.Generator().manual_seed(0))


def batch(shape: tuple[int, ...] = (64,)) -> Batch:
    return Batch(images(shape, 2 * BATCH), torch.arange(2 * BATCH))


def tick(phase: str = "train") -> Tick:
    return Tick(torch.tensor(0), torch.tensor(0.0), phase)


def lean(method: Any, *r: float) -> Tensor:
    """Set the relevances, and make the discriminator's verdict large enough to be missed."""
    with torch.no_grad():
        parameter = next(method.indicators.parameters())
        values = torch.tensor(r or (0.2, 0.4, 0.7, 0.9))
        parameter.copy_(
            values if isinstance(method, RFVAEPort) else torch.logit(values).clamp(-200.0, 40.0)
        )  # 0 and 1 in float32
        for p in method.discriminator.parameters():
            p.mul_(4.0)
    return values


def objective(method: Any, x: Tensor) -> dict[str, Tensor]:
    torch.manual_seed(1)
    terms = method.objective(x)
    return terms[0] if isinstance(terms, tuple) else terms


def parts(method: Any, x: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """NLL (), KL (L,), z (B, L) and the discriminator's logits (B, 2), by torch's distributions, of
    the draw that :func:`objective` takes."""
    torch.manual_seed(1)
    mean, log_var = method.posterior(x)
    q = Normal(mean, torch.exp(0.5 * log_var))
    z = mean + torch.exp(0.5 * log_var) * torch.randn_like(mean)
    p = (
        Normal(method.decode(z), 0.3)
        if x.dim() == 2
        else Bernoulli(method.decode(z), validate_args=False)
    )
    nll = -p.log_prob(x).flatten(1).sum(1).mean()
    return (
        nll,
        kl_divergence(q, Normal(0.0, 1.0)).mean(0),
        z,
        method.discriminator(method.indicators() * z),
    )


@shapes
def test_objective_is_the_authors(shape: tuple[int, ...]) -> None:
    method, x = build(shape=shape), images(shape)
    r = lean(method)
    nll, kl, _, logits = parts(method, x)
    joint = F.softmax(logits, 1)[:, 0]
    correlation = torch.log(joint / (1 - joint)).mean()
    entropy = Bernoulli(r).entropy().sum()
    terms = objective(method, x)
    torch.testing.assert_close(
        terms["loss"],
        nll + ((10 - 9.9 * r) * kl).sum() + 6.4 * correlation + r.sum() + 100 * entropy,
        rtol=1e-5,
        atol=0,
    )
    torch.testing.assert_close(terms["total_correlation"], correlation, rtol=1e-4, atol=1e-6)
    assert float(correlation.detach().abs()) > 1e-3


@shapes
def test_objective_of_the_port_is_what_its_tensors_broadcast_to(shape: tuple[int, ...]) -> None:
    """Its encoder is convolutional: statistics (B, L, 1, 1) are summed over L and then meet weights
    (L,)."""
    method, x = build(RFVAEPort, shape), images(shape)
    r = lean(method)
    nll, _, _, logits = parts(method, x)
    mean, log_var = (tensor[:, :, None, None] for tensor in method.posterior(x))
    divergence = (-0.5 * (1 + log_var - mean**2 - log_var.exp())).sum(1)
    weighted = ((-9.9 * r + 10.0) * divergence).mean()
    h = (r * r.log() + (1 - r) * (1 - r).log()).sum()
    expected = (
        nll
        + weighted
        + 6.4 * (logits[:, :1] - logits[:, 1:]).mean()
        + 6.4 * r.abs().sum()
        + 6.4 * h
    )
    torch.testing.assert_close(objective(method, x)["loss"], expected, rtol=1e-5, atol=0)


@shapes
def test_plain_weights_give_the_elbo_and_relevant_dimensions_the_factor_vae(
    shape: tuple[int, ...],
) -> None:
    x = images(shape)
    plain = {"lambda_min": 1.0, "lambda_max": 1.0, "eta_s": 0.0, "eta_h": 0.0}
    method = build(shape=shape, gamma=0.0, **plain)
    lean(method)
    nll, kl, _, _ = parts(method, x)
    torch.testing.assert_close(objective(method, x)["loss"], nll + kl.sum(), rtol=1e-6, atol=0)
    method = build(shape=shape, **plain)
    lean(method, 1.0, 1.0, 1.0, 1.0)
    nll, kl, z, _ = parts(method, x)
    logits = method.discriminator(z)
    torch.testing.assert_close(
        objective(method, x)["loss"],
        nll + kl.sum() + 6.4 * (logits[:, 0] - logits[:, 1]).mean(),
        rtol=1e-6,
        atol=0,
    )


@both
def test_pull_of_the_kl_on_the_indicators(kind: type[Method]) -> None:
    """The authors': -9.9 KL_j, each its own. The port's: -9.9 KL / L, all the same."""
    off = {"gamma": 0.0, "eta_s": 0.0, "eta_h": 0.0}
    method, x = build(kind, **off), images()
    r = lean(method)
    (grad,) = torch.autograd.grad(
        objective(method, x)["loss"], [next(method.indicators.parameters())]
    )
    _, kl, _, _ = parts(method, x)
    if kind is RFVAEPort:
        torch.testing.assert_close(grad, (-9.9 * kl.sum() / L).expand(L), rtol=1e-5, atol=0)
        assert len(set(grad.tolist())) == 1
    else:
        torch.testing.assert_close(grad / (r * (1 - r)), -9.9 * kl, rtol=1e-4, atol=0)
        assert len(set(grad.tolist())) == L


@both
def test_dimension_of_no_relevance_is_hidden_from_the_discriminator(kind: type[Method]) -> None:
    method = build(kind)
    lean(method, 0.0, 0.4, 0.7, 0.9)
    z = torch.randn(5, L)
    other = z + torch.tensor([3.0, 0.0, 0.0, 0.0])
    verdicts = [
        method.discriminator(method.indicators() * code)
        for code in (z, other, other + torch.tensor([0.0, 3.0, 0.0, 0.0]))
    ]
    assert torch.equal(verdicts[0], verdicts[1]) and not torch.equal(verdicts[0], verdicts[2])


@both
def test_discriminator_without_output_weights_knows_nothing(kind: type[Method]) -> None:
    method = build(kind)
    with torch.no_grad():
        for p in method.discriminator[-1].parameters():
            p.zero_()
    values = method.train_step(batch(), tick())
    assert values["discriminator"].item() == pytest.approx(math.log(2.0), rel=1e-6)
    assert values["total_correlation"].item() == 0.0


@both
def test_verdict_reads_the_relevances_by_both_rules(kind: type[Method]) -> None:
    method, x = build(kind), images(count=50)
    lean(method, 0.1, 0.55, 0.6, 0.9)
    method.kl.settled.fill_(True)
    doubted = () if kind is RFVAEPort else ("undecided",)
    with torch.no_grad():
        for p in method.encoder[-1].parameters():
            p[3].zero_(), p[L + 3].zero_()  # the last dimension's posterior is the prior
    discovery = method.discover(x)
    kl = parts(method, x)[1].detach()
    used = kl > 0.1
    assert kl[3] == 0.0 and bool(used[:3].any())
    torch.testing.assert_close(discovery.relevance.float(), torch.tensor([0.1, 0.55, 0.6, 0.9]))
    assert discovery.active.tolist() == [False, True, True, True]  # the mean is 0.5375
    assert discovery.extra == {
        "lstar_above_half": 3.0,
        "lstar_above_mean": 3.0,
        "active_kl": float(used.sum()),
        "relevant_collapsed": float((~used[1:]).sum()),
    }
    assert discovery.flags == doubted
    lean(method, 0.05, 0.95, 0.95, 0.95)
    assert method.discover(x).flags == ()


@pytest.mark.parametrize(("kind", "expected"), [(RFVAE, 3), (RFVAEPort, 1)])
def test_primary_count_is_the_papers_intent_for_one_and_the_rens_rule_for_the_other(
    kind: type[Method], expected: int
) -> None:
    method = build(kind)
    lean(method, 0.4, 0.55, 0.6, 0.9)
    discovery = method.discover(images())
    assert int(discovery.active.sum()) == expected
    assert (discovery.extra["lstar_above_half"], discovery.extra["lstar_above_mean"]) == (3.0, 1.0)


@both
def test_untrained_indicators_are_degenerate(kind: type[Method]) -> None:
    method = build(kind)
    if kind is RFVAE:
        lean(method, 0.501, 0.502, 0.503, 0.504)
    assert "degenerate" in method.discover(images()).flags


@pytest.mark.parametrize(
    ("relevances", "expected"),
    [
        ((0.987, 0.9872, 0.988, 0.99), True),
        ((0.51, 0.6, 0.8, 0.99), True),
        ((0.01, 0.2, 0.3, 0.49), True),
        ((0.4999, 0.5001, 0.5001, 0.5001), False),
        ((0.01, 0.2, 0.8, 0.99), False),
    ],
)
def test_indicators_on_one_side_of_a_half_are_degenerate(
    relevances: tuple[float, ...], expected: bool
) -> None:
    method = build(RFVAE)
    lean(method, *relevances)
    assert ("degenerate" in method.discover(images()).flags) is expected


@both
@shapes
def test_terms_and_samples_are_those_of_the_model(
    kind: type[Method], shape: tuple[int, ...]
) -> None:
    method, x = build(kind, shape), images(shape)
    torch.manual_seed(1)
    terms = method.terms(x)
    nll, kl, _, _ = parts(method, x)
    torch.testing.assert_close(terms["nll"].mean(), nll, rtol=1e-5, atol=0)
    torch.testing.assert_close(terms["kl"].mean(0), kl, rtol=1e-5, atol=1e-7)
    torch.manual_seed(3)
    samples = method.sample(6)
    torch.manual_seed(3)
    assert torch.equal(samples, method.decode(torch.randn(6, L)))


@both
def test_bernoulli_on_vectors_is_refused(kind: type[Method]) -> None:
    with pytest.raises(ValueError, match="likelihood=gaussian"):
        build(kind, likelihood="bernoulli")


@both
def test_posterior_at_the_prior_is_flagged(kind: type[Method]) -> None:
    method = build(kind)
    assert "collapsed" not in method.discover(images()).flags
    with torch.no_grad():
        for p in method.encoder[-1].parameters():
            p.zero_()
    discovery = method.discover(images())
    assert "collapsed" in discovery.flags and discovery.extra["active_kl"] == 0.0
