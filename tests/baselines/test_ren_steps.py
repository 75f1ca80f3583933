"""The losses of Algorithm 1, recomputed by hand from the paper's formulas with torch's own
distributions, at the same noise."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.distributions import Gamma, Normal, kl_divergence

from baselines.dpvae import DPVAE
from baselines.r_dpvae import RDPVAE
from baselines.r_vae import RVAE
from baselines.vae import VAE
from benchmark.datasets.split import Split
from benchmark.datasets.tensors import TensorSplit
from benchmark.method import Batch, Method, Tick
from benchmark.nn.ard import HYPERPRIOR, conjugate_posterior
from benchmark.training.runtime import construct

BATCH, L = 16, 5
X = torch.rand(BATCH, 1, 8, 8, generator=torch.Generator().manual_seed(0))
JOINT, BURN_IN = (Tick(torch.tensor(0), torch.tensor(0.0), phase) for phase in ("joint", "burn-in"))


def build(kind: type[Method], steps: int = 80, **config: Any) -> Any:
    size = {
        "shape": (1, 8, 8),
        "latent_dim": L,
        "steps": steps,
        "steps_per_epoch": 2,
        "batch_size": BATCH,
    }
    method = construct(kind, replace(kind.Config(), **config), 0, **size)
    if hasattr(method, "relevance"):
        method.relevance.carried.copy_(torch.tensor([0.3, 0.7, 1.0, 2.0, 5.0]))
    return method


def losses(method: Any, tick: Tick) -> list[tuple[float, str, int]]:
    """Take one step at a fixed seed; return the loss, the player and the number of draws' rows of
    each descent. Nothing is updated."""
    seen: list[tuple[float, str, int]] = []
    rows: list[int] = []
    posterior = method.posterior
    method.posterior = lambda x: rows.append(len(x)) or posterior(x)
    method.descend = lambda loss, *players: seen.append(
        (float(loss.detach()), "+".join(player.name for player in players), rows[-1])
    )
    torch.manual_seed(1)
    method.train_step(Batch(X, torch.arange(BATCH)), tick)
    method.posterior = posterior
    return seen


def prior_term(method: Any, z: Tensor, alpha: Tensor) -> Tensor:
    """log p(z | alpha) per image, through the flow where there is one (log-determinant by
    autograd)."""
    scale = alpha.rsqrt()
    if not hasattr(method, "flow"):
        return Normal(torch.zeros(L), scale).log_prob(z).sum(1)
    z0 = method.flow(z)[0]
    jacobians = [
        torch.autograd.functional.jacobian(lambda v: method.flow(v.unsqueeze(0))[0][0], row)
        for row in z.detach()
    ]
    return Normal(torch.zeros(L), scale).log_prob(z0).sum(1) + torch.stack(
        [torch.linalg.slogdet(jacobian)[1] for jacobian in jacobians]
    )


def rate(method: Any, mean: Tensor, log_var: Tensor, z: Tensor, alpha: Tensor) -> Tensor:
    """KL(q || p(. | alpha)): exact without a flow; with one, the exact entropy and the prior term
    of the draw."""
    q = Normal(mean, torch.exp(0.5 * log_var))
    if not hasattr(method, "flow"):
        return kl_divergence(q, Normal(torch.zeros(L), alpha.rsqrt())).sum(1).mean()
    return (-q.entropy().sum(1) - prior_term(method, z, alpha)).mean()


def nll(method: Any, x: Tensor, z: Tensor) -> Tensor:
    return (
        -Normal(method.decoder(z), method.noise.current().exp())
        .log_prob(x)
        .flatten(1)
        .sum(1)
        .mean()
    )


def draw(method: Any, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    mean, log_var = method.posterior(x)
    return mean, log_var, mean + torch.exp(0.5 * log_var) * torch.randn_like(mean)


def draw_alpha(a: Tensor, b: Tensor) -> Tensor:
    """Gamma(a, b) as Gamma(a + 1) U^(1 / a) / b, -log U exponential, drawn in this order."""
    gamma = torch._standard_gamma(a + 1.0)
    return gamma * torch.exp(-torch.empty_like(a).exponential_() / a) / b


@pytest.mark.parametrize("kind", [VAE, DPVAE, RVAE, RDPVAE])
def test_small_steps_descend_the_negative_bound_of_each_quarter(kind: type[Method]) -> None:
    method = build(kind)
    alpha = method.relevance.carried if hasattr(method, "relevance") else torch.ones(L)
    small_steps = losses(method, BURN_IN)
    torch.manual_seed(1)
    expected = []
    for x in X.split(BATCH // 4):
        mean, log_var, z = draw(method, x)
        expected.append(float((nll(method, x, z) + rate(method, mean, log_var, z, alpha)).detach()))
    assert [loss for loss, _, _ in small_steps] == pytest.approx(expected, rel=1e-5)  # float32
    assert {(players, rows) for _, players, rows in small_steps} == {("model+sigma", BATCH // 4)}


@pytest.mark.parametrize("posterior", ["learned", "conjugate"])
@pytest.mark.parametrize("kind", [RVAE, RDPVAE])
def test_joint_step_descends_the_bound_of_the_whole_set_with_its_kl_counted_once(
    kind: type[Method], posterior: str
) -> None:
    method = build(kind, ren_posterior=posterior)
    loss, players, rows = losses(method, JOINT)[-1]
    assert (players, rows) == (
        "joint+relevance" if posterior == "learned" else "joint",
        BATCH,
    )
    method.relevance.carried.copy_(torch.tensor([0.3, 0.7, 1.0, 2.0, 5.0]))
    torch.manual_seed(1)
    for x in X.split(BATCH // 4):  # the noise of the small steps
        draw(method, x)
    mean, log_var, z = draw(method, X)
    governed = method.flow(z)[0] if kind is RDPVAE else z
    a, b = (
        method.relevance.encoder(X, z) if posterior == "learned" else conjugate_posterior(governed)
    )
    alpha = draw_alpha(a, b)
    divergence = (
        kl_divergence(
            Gamma(a, b), Gamma(torch.tensor(HYPERPRIOR[0]), torch.tensor(HYPERPRIOR[1]))
        ).sum()
        / BATCH
    )
    expected = nll(method, X, z) + rate(method, mean, log_var, z, alpha) + divergence
    assert loss == pytest.approx(float(expected.detach()), rel=1e-5)  # float32
    assert float(divergence.detach()) > 1e-3 * abs(loss)  # the term weighs enough to be missed


def rates(method: Any) -> dict[str, float]:
    return {name: player.optimiser.lr for name, player in method.players.items()}


@pytest.mark.parametrize("kind", [RVAE, RDPVAE])
def test_players_have_the_papers_rates(kind: type[Method]) -> None:
    method = build(kind)
    assert rates(method) == {"model": 1e-3, "sigma": 1e-2, "joint": 1e-5, "relevance": 1e-5}
    long = build(kind, steps=60_000)
    assert rates(long)["sigma"] == 1e-3
    network = {name for name, _ in method.named_parameters() if name.startswith("relevance")}
    others = {name for name, _ in method.named_parameters()} - network
    assert set(method.players["relevance"].parameters) == network
    assert set(method.players["joint"].parameters) == others
    assert set(method.players["sigma"].parameters) == {"noise.log_sigma"}
    small = {name for name in others if not name.startswith(("flow", "noise"))}
    assert set(method.model.parameters) == small


@pytest.mark.parametrize(
    ("config", "trained"),
    [
        ({}, False),
        ({"burn_in": 0.99}, False),
        ({"flow_steps": "both"}, True),
        ({"burn_in": 1.0}, True),
    ],
)
def test_flow_trains_in_small_steps_where_asked_or_where_no_joint_step_comes(
    config: dict[str, Any], trained: bool
) -> None:
    method = build(RDPVAE, **config)
    before = [p.detach().clone() for p in method.flow.parameters()]
    torch.manual_seed(1)
    method.train_step(Batch(X, torch.arange(BATCH)), BURN_IN)
    moved = [
        not torch.equal(old, p) for old, p in zip(before, method.flow.parameters(), strict=True)
    ]
    assert all(moved) if trained else not any(moved)
    method.joint_step(Batch(X, torch.arange(BATCH)))
    assert all(
        not torch.equal(old, p) for old, p in zip(before, method.flow.parameters(), strict=True)
    )


@pytest.mark.parametrize("kind", [RVAE, RDPVAE])
def test_rates_are_options(kind: type[Method]) -> None:
    assert rates(build(kind, lr=2e-3, lr_joint=3e-5, lr_sigma=4e-3)) == {
        "model": 2e-3,
        "sigma": 4e-3,
        "joint": 3e-5,
        "relevance": 3e-5,
    }
    assert rates(build(kind, lr_relevance=1e-3))["relevance"] == 1e-3
    assert set(rates(build(kind, ren_posterior="conjugate"))) == {"model", "sigma", "joint"}
    assert rates(build(DPVAE, lr=2e-3, sigma="optimal")) == {"model": 2e-3}


def test_the_relevance_network_reads_the_codes_it_is_told_to() -> None:
    method = build(RDPVAE)
    z = torch.randn(BATCH, L, generator=torch.Generator().manual_seed(1))
    z0 = method.flow(z)[0]
    for chosen, codes in (("z", z), ("z0", z0)):
        a, b = build(RDPVAE, ren_input=chosen).alpha_posterior(X, z, z0)
        expected = method.relevance.encoder(X, codes)
        assert torch.equal(a, expected[0]) and torch.equal(b, expected[1])


@pytest.mark.parametrize("kind", [VAE, DPVAE, RVAE, RDPVAE])
def test_terms_are_the_parts_of_the_bound_given_the_alpha_of_samples(kind: type[Method]) -> None:
    method = build(kind)
    alpha = torch.ones(L)
    if hasattr(method, "relevance"):
        alpha = torch.tensor([0.2, 0.5, 1.0, 3.0, 9.0])
        method.relevance.mean.copy_(alpha)
    torch.manual_seed(2)
    terms = method.terms(X)
    torch.manual_seed(2)
    mean, log_var, z = draw(method, X)
    assert terms["nll"].shape == (BATCH,)
    assert terms["kl"].shape == ((BATCH,) if hasattr(method, "flow") else (BATCH, L))
    for term, expected in (
        (terms["nll"], nll(method, X, z)),
        (terms["kl"].reshape(BATCH, -1).sum(1), rate(method, mean, log_var, z, alpha)),
    ):
        torch.testing.assert_close(term.mean(), expected, rtol=1e-5, atol=0)  # float32


@pytest.mark.parametrize("posterior", ["learned", "conjugate"])
@pytest.mark.parametrize("kind", [RVAE, RDPVAE])
def test_alpha_after_training_is_the_mean_over_sets_of_sampled_codes(
    kind: type[Method], posterior: str
) -> None:
    method = build(kind, ren_posterior=posterior)
    x = torch.rand(3 * BATCH, 1, 8, 8, generator=torch.Generator().manual_seed(2))
    torch.manual_seed(3)
    method.conclude(TensorSplit(Split(x.numpy(), (1, 8, 8))))
    torch.manual_seed(3)
    means, last = [], None
    with torch.no_grad():
        for part in TensorSplit(Split(x.numpy(), (1, 8, 8))).sets(BATCH):
            _, _, z = draw(method, part)
            governed = method.flow(z)[0] if kind is RDPVAE else z
            last = (
                method.relevance.encoder(part, z)
                if posterior == "learned"
                else conjugate_posterior(governed)
            )
            means.append(last[0] / last[1])
        torch.testing.assert_close(
            method.relevance.mean, torch.stack(means).mean(0), rtol=1e-6, atol=0
        )
        torch.testing.assert_close(method.relevance.draw, draw_alpha(*last), rtol=1e-6, atol=0)
    assert not torch.equal(method.relevance.draw, method.relevance.mean)


def test_rates_of_the_two_families_agree_where_the_flow_is_the_identity() -> None:
    """With all flow parameters zero, a joint step of R-dpVAE is R-VAE's with the drawn code in
    place of the expectation over it."""
    flowing, plain = build(RDPVAE), build(RVAE)
    with torch.no_grad():
        for p in flowing.flow.parameters():
            p.zero_()
    behind_flow, without_flow = losses(flowing, JOINT), losses(plain, JOINT)
    torch.manual_seed(1)
    corrections = []
    for x in [*X.split(BATCH // 4), X]:
        mean, log_var, z = draw(plain, x)
        a, b = plain.relevance.posterior(x, z, z)
        alpha = plain.relevance.carried if len(x) < BATCH else draw_alpha(a, b)
        if len(x) < BATCH:
            alpha = torch.tensor([0.3, 0.7, 1.0, 2.0, 5.0])
        corrections.append(
            float(
                (0.5 * alpha * (z.square() - mean.square() - log_var.exp())).sum(1).mean().detach()
            )
        )
    for (loss, _, _), (reference, _, _), correction in zip(
        behind_flow, without_flow, corrections, strict=True
    ):
        assert loss == pytest.approx(reference + correction, rel=1e-5)  # float32
    assert max(map(abs, corrections)) > 1e-2 and math.isfinite(sum(corrections))
