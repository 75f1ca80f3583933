"""Comparison methods of the tables that select nothing: the identities of their objectives."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import pytest
import torch
from torch import nn

from baselines.aae import AAE
from baselines.injflow import InjFlow
from baselines.rae_gmm import RAEGMM
from baselines.two_stage_vae import TwoStageVAE
from baselines.vae import VAE
from baselines.vae_cross_entropy import VAECrossEntropy
from baselines.vae_flow import VAEFlow
from baselines.vae_iop import VAEIOP
from baselines.vae_vampprior import VampPrior
from baselines.wae_mmd import WAEMMD, published
from benchmark.datasets.split import Split
from benchmark.datasets.tensors import TensorSplit
from benchmark.method import Batch, Tick
from benchmark.nn.bernoulli import bernoulli_nll, in_logits
from benchmark.nn.gaussian import channel_rate, kl_standard, reparameterise
from benchmark.nn.likelihood import gaussian_nll, squared_error
from benchmark.training.runtime import construct

F64 = torch.float64


def build(
    kind: Any, shape: tuple[int, ...] = (6,), latent_dim: int = 4, steps: int = 90, **config: Any
) -> Any:
    sizes = {"shape": shape, "latent_dim": latent_dim, "steps": steps}
    return construct(kind, replace(kind.Config(), **config), 0, **sizes)


def tick(progress: float = 1.0, phase: str = "train") -> Tick:
    return Tick(torch.tensor(round(90 * progress)), torch.tensor(progress), phase)


def images(count: int = 8, shape: tuple[int, ...] = (6,)) -> torch.Tensor:
    return torch.rand(count, *shape, generator=torch.Generator().manual_seed(0))


def batch(x: torch.Tensor) -> Batch:
    return Batch(x, torch.arange(len(x)))


def split(x: torch.Tensor) -> TensorSplit:
    return TensorSplit(Split(x.numpy(), tuple(x.shape[1:])))


# vae-cross-entropy


def test_cross_entropy_pulls_each_logit_by_the_error_of_its_pixel() -> None:
    method, x = build(VAECrossEntropy, (1, 8, 8)), images(5, (1, 8, 8))
    logits = in_logits(method.decoder)(torch.zeros(5, 4)).detach().requires_grad_()
    (slope,) = torch.autograd.grad(bernoulli_nll(x, logits).mean(), logits)
    torch.testing.assert_close(slope, (torch.sigmoid(logits) - x) / 5, rtol=1e-4, atol=1e-6)


def test_cross_entropy_of_grey_images_stays_above_their_entropy() -> None:
    method, x = build(VAECrossEntropy, (1, 8, 8)), images(5, (1, 8, 8))
    parts = method.terms(x)
    entropy = -(x * x.log() + (1 - x) * (1 - x).log()).flatten(1).sum(1)
    assert bool((parts["nll"] >= entropy).all())
    values = method.negative_bound(x)
    assert float(values["loss"]) == pytest.approx(float(values["nll"] + values["kl"]))


def test_cross_entropy_of_a_silent_model_is_a_bit_per_pixel() -> None:
    method = build(VAECrossEntropy, (1, 8, 8))
    for last in (method.encoder[-1], method.decoder[-3]):
        nn.init.zeros_(last.weight)
        nn.init.zeros_(last.bias)
    values = method.negative_bound(images(5, (1, 8, 8)).round())
    assert float(values["loss"]) == pytest.approx(64 * math.log(2.0), rel=1e-6)
    with pytest.raises(ValueError, match="use vae"):
        build(VAECrossEntropy)


# wae-mmd


def test_without_weight_it_is_the_autoencoder() -> None:
    method, x = build(WAEMMD, weight=0.0), images()
    expected = squared_error(x, method.decode(method.encode(x))).mean()
    assert torch.equal(method.train_step(batch(x), tick())["loss"], expected)


def test_the_step_size_falls_as_in_the_code_on_mnist() -> None:
    at = {0.0: 1.0, 0.29: 1.0, 0.3: 0.5, 0.49: 0.5, 0.5: 0.1, 0.99: 0.1}
    for progress, factor in at.items():
        assert float(published(torch.tensor(progress))) == pytest.approx(factor)
    assert build(WAEMMD, schedule="constant").model.optimiser.schedule is None


# aae


def test_a_silent_classifier_costs_a_bit_each() -> None:
    method = build(AAE)
    nn.init.zeros_(method.discriminator[-1].weight)
    codes, draws = torch.randn(2, 50, 4, generator=torch.Generator().manual_seed(0))
    assert float(method.discriminator_loss(codes, draws)) == pytest.approx(2 * math.log(2))
    assert float(method.encoder_loss(codes)) == pytest.approx(math.log(2))


def test_the_best_classifier_of_a_shifted_normal_is_linear() -> None:
    """D = |m|^2 / 2 - m.z; turning or scaling it costs more."""
    method, m = build(AAE), torch.tensor([1.0, -0.5, 0.0, 0.3])
    generator = torch.Generator().manual_seed(1)
    draws = torch.randn(200_000, 4, generator=generator)
    codes = torch.randn(200_000, 4, generator=generator) + m

    def loss(scale: float, shift: float) -> float:
        method.discriminator = lambda z: (scale * (0.5 * m @ m - z @ m) + shift)[:, None]
        return float(method.discriminator_loss(codes, draws))

    del method.discriminator
    best = loss(1.0, 0.0)
    assert all(loss(s, c) > best for s, c in ((0.8, 0.0), (1.2, 0.0), (1.0, 0.2), (1.0, -0.2)))


# two-stage-vae


def test_the_first_stage_is_the_vae_bit_for_bit_and_stages_leave_each_other_alone() -> None:
    method = build(TwoStageVAE, schedule="constant", steps=12)
    plain = build(VAE, steps=4)
    assert method.first_steps == 4 and [method.phase(s) for s in (3, 4)] == ["first", "second"]
    x = images(8)
    second = {n: p.clone() for n, p in method.named_parameters() if "2." in n[:9]}
    for step in range(4):
        for model, phase in ((method, "first"), (plain, "train")):
            torch.manual_seed(step)
            model.train_step(batch(x), tick(step / 12, phase))
    ours = dict(method.named_parameters())
    assert all(torch.equal(p, ours[name]) for name, p in plain.named_parameters())
    assert all(torch.equal(p, ours[name]) for name, p in second.items())
    method.train_step(batch(x), tick(0.5, "second"))
    assert all(torch.equal(p, ours[name]) for name, p in plain.named_parameters())
    assert not any(torch.equal(p, ours[name]) for name, p in second.items())


def test_the_second_stage_is_a_vae_of_codes() -> None:
    method = build(TwoStageVAE)
    z = torch.randn(8, 4, generator=torch.Generator().manual_seed(0))
    torch.manual_seed(2)
    values = method.second_bound(z)
    torch.manual_seed(2)
    mean, log_var = method.encoder2(z).chunk(2, 1)
    decoded = method.decoder2(reparameterise(mean, log_var))
    nll = gaussian_nll(z, decoded, method.noise2.current())
    torch.testing.assert_close(values["loss"], (nll + kl_standard(mean, log_var).sum(1)).mean())


def test_step_sizes_are_halved_in_each_stage() -> None:
    method = build(TwoStageVAE, steps=90)
    first, second = (method.players[n].optimiser.schedule for n in ("first", "second-sigma"))
    at = [torch.tensor(p) for p in (0.1, 0.2, 0.3, 0.5, 0.7, 0.9)]
    assert [float(first(p)) for p in at[:3]] == [1.0, 0.5, 0.25]
    assert [float(second(p)) for p in at[3:]] == [1.0, 0.5, 0.25]


def test_samples_pass_both_decoders() -> None:
    method = build(TwoStageVAE)
    method.decoder2 = nn.Identity()
    with torch.no_grad():
        method.noise2.log_sigma.fill_(-100.0)  # e^-6 in force
        torch.manual_seed(0)
        drawn = method.sample(5)
        torch.manual_seed(0)
        torch.testing.assert_close(drawn, method.decode(torch.randn(5, 4)), rtol=0, atol=0.05)
    with pytest.raises(ValueError, match="first_share is a share"):
        build(TwoStageVAE, first_share=1.0)


# rae-gmm


def test_penalties_pull_matrices_of_the_decoder_and_codes_alone() -> None:
    method, x = build(RAEGMM, beta=0.0, decoder_l2=0.5), images()
    loss = method.penalty(method.encode(x))
    for name, p in method.named_parameters():
        (slope,) = torch.autograd.grad(loss, p, retain_graph=True, allow_unused=True)
        decayed = name.startswith("decoder") and p.dim() > 1
        expected = 2 * 0.5 * 6 * p if decayed else torch.zeros_like(p)
        torch.testing.assert_close(torch.zeros_like(p) if slope is None else slope, expected)
    z = images(8, (4,))
    priced = build(RAEGMM, beta=0.2, decoder_l2=0.0).penalty(z)
    assert float(priced) == pytest.approx(6 * 0.2 * float(z.square().mean()), rel=1e-5)


def test_without_prices_it_is_the_autoencoder() -> None:
    method, x = build(RAEGMM, beta=0.0, decoder_l2=0.0), images()
    values = method.train_step(batch(x), tick())
    assert torch.equal(values["loss"], values["reconstruction"])


# vae-vampprior


def vamp(images_of_prior: torch.Tensor) -> Any:
    method = build(VampPrior, components=len(images_of_prior)).double()
    with torch.no_grad():
        method.pseudo.images.copy_(images_of_prior)
    return method


def test_one_pseudo_input_gives_a_gaussian_prior() -> None:
    x = images(3).double()
    method = vamp(x[:1])
    with torch.no_grad():
        mean, log_var = method.posterior(x[1:2].expand(40_000, 6))
        torch.manual_seed(0)
        rates = method.divergence(mean, log_var, reparameterise(mean, log_var))
        q, p = (
            torch.distributions.Normal(m[0], (0.5 * v[0]).exp())
            for m, v in ((mean, log_var), method.posterior(x[:1]))
        )
        expected = torch.distributions.kl_divergence(q, p).sum()
        assert float((rates.mean() - expected).abs()) < 5 * float(rates.std()) / 200
        own = method.posterior(x[:1].expand(50, 6))
        zero = method.divergence(*own, reparameterise(*own))
    torch.testing.assert_close(zero, torch.zeros_like(zero), rtol=0, atol=1e-12)


def test_an_image_among_k_pseudo_inputs_costs_ln_k_at_most() -> None:
    x = images(6).double()
    method = vamp(x)
    with torch.no_grad():
        mean, log_var = method.posterior(x.repeat(200, 1))
        rates = method.divergence(mean, log_var, reparameterise(mean, log_var))
        assert float(rates.max()) <= math.log(6.0) + 1e-12
        same = vamp(x[:1].expand(5, 6))
        one = vamp(x[:1])
        z = torch.randn(7, 4, dtype=F64)
        torch.testing.assert_close(same.log_prior(z), one.log_prior(z))


def test_pseudo_inputs_start_at_data_and_stay_in_range() -> None:
    x = images(5, (1, 8, 8)).round()  # zeros and ones
    method = build(VampPrior, (1, 8, 8), components=7)
    method.prepare(split(x))
    assert float((method.pseudo.images - x[torch.arange(7) % 5]).abs().max()) < 0.06
    for _ in range(3):
        method.train_step(batch(x[:4]), tick())
        assert 0.0 <= float(method.pseudo.images.min()) <= float(method.pseudo.images.max()) <= 1.0
    with pytest.raises(ValueError, match="start=noise is for images"):
        build(VampPrior, start="noise")


@pytest.mark.parametrize("kind", [VampPrior, VAEIOP])
def test_the_divergence_warms_up(kind: Any) -> None:
    method = build(kind, warm_up=0.5)
    assert [float(method.weight(tick(p))) for p in (0.0, 0.25, 0.5, 0.9)] == [0.0, 0.5, 1.0, 1.0]
    assert float(build(kind, warm_up=0.0).weight(tick(0.0))) == 1.0


# vae-flow


def test_an_open_gate_is_the_vae_on_average() -> None:
    method, x = build(VAEFlow, latent_dim=3).double(), images(2).double()
    method.flow.bias = 50.0
    with torch.no_grad():
        mean, log_var, context = method.heads(x[:1].expand(40_000, 6))
        z, rate = method.draw(x[:1].expand(40_000, 6))
        torch.manual_seed(0)
        again, _ = method.flow(mean, context)
        torch.testing.assert_close(again, mean)  # four reversals
        expected = kl_standard(mean, log_var)[0].sum()
    assert float((rate.mean() - expected).abs()) < 5 * float(rate.std()) / 200
    assert z.shape == (40_000, 3)


def test_the_rate_is_the_difference_of_log_densities() -> None:
    """ln q of the flowed draw by change of variables, the Jacobian by autograd."""
    method, x = build(VAEFlow, latent_dim=3).double(), images(1).double()
    torch.manual_seed(0)
    z, rate = method.draw(x)
    torch.manual_seed(0)
    mean, log_var, context = method.heads(x)
    eps = torch.randn_like(mean)
    start = mean + torch.exp(0.5 * log_var) * eps
    jacobian = torch.func.jacrev(lambda v: method.flow(v[None], context)[0][0])(start[0])
    log_q = torch.distributions.Normal(mean, torch.exp(0.5 * log_var)).log_prob(start).sum()
    log_p = torch.distributions.Normal(0.0, 1.0).log_prob(z).sum()
    torch.testing.assert_close(
        rate[0], log_q - torch.linalg.slogdet(jacobian)[1] - log_p, rtol=1e-8, atol=1e-8
    )


# vae-iop


def silent(method: VAEIOP) -> VAEIOP:
    nn.init.zeros_(method.ratio.last.weight)
    return method


def test_a_silent_ratio_leaves_the_vae() -> None:
    method, plain, x = silent(build(VAEIOP)), build(VAE), images()
    torch.manual_seed(0)
    ours = method.negative_bound(x)
    torch.manual_seed(0)
    torch.testing.assert_close(ours["loss"], plain.negative_bound(x)["loss"])
    codes, draws = torch.randn(2, 50, 4)
    assert float(method.ratio_loss(codes, draws)) == pytest.approx(2 * math.log(2.0))


def test_a_constant_in_the_ratio_shifts_the_loss_and_changes_no_sample() -> None:
    method, x = build(VAEIOP), images()
    results = []
    for shift in (0.0, 3.0):
        with torch.no_grad():
            method.ratio.last.bias.fill_(shift)
        torch.manual_seed(0)
        kl = method.negative_bound(x)["kl"]
        slopes = torch.autograd.grad(kl, list(method.encoder.parameters()))
        torch.manual_seed(1)
        results.append((kl, slopes, method.sample(20)))
    assert float(results[0][0] - results[1][0]) == pytest.approx(3.0, abs=1e-5)
    for one, other in zip(results[0][1], results[1][1], strict=True):
        torch.testing.assert_close(one, other, rtol=1e-4, atol=1e-6)
    torch.testing.assert_close(results[0][2], results[1][2])


def test_dropout_acts_in_the_ratios_own_loss_alone() -> None:
    method, z = build(VAEIOP), torch.randn(6, 4)
    assert torch.equal(method.ratio(z), method.ratio(z))
    assert not torch.equal(method.ratio(z, dropout=True), method.ratio(z, dropout=True))


def test_resampling_follows_the_ratio() -> None:
    """T(z) = m.z tilts N(0, I) to N(m, I)."""
    method, m = build(VAEIOP), torch.tensor([0.5, 0.0, -0.5, 0.0])
    method.ratio.forward = lambda z, dropout=False: z @ m
    torch.manual_seed(0)
    codes = torch.cat([method.resampled(500) for _ in range(20)])
    torch.testing.assert_close(codes.mean(0), m, rtol=0, atol=0.06)


# injflow


def test_the_volume_lies_between_determinant_and_frobenius_norm() -> None:
    generator = torch.Generator().manual_seed(0)
    size = 6
    j = torch.randn(20, size, generator=generator, dtype=F64)
    v = torch.randn(200_000, size, generator=generator, dtype=F64)
    v = v / v.norm(dim=1, keepdim=True)
    middle = 0.5 * size * ((v @ j.T) ** 2).sum(1).log().mean()
    low = 0.5 * torch.linalg.slogdet(j.T @ j)[1]
    high = 0.5 * size * (j.square().sum() / size).log()
    assert float(low) < float(middle) < float(high)
    q = 3.0 * torch.linalg.qr(j)[0]
    exact = 0.5 * size * ((v[:50] @ q.T) ** 2).sum(1).log()
    torch.testing.assert_close(exact, torch.full_like(exact, size * math.log(3.0)))


def test_both_priors_train_alike() -> None:
    one, other, x = build(InjFlow), build(InjFlow, prior="gmm"), images()
    for method in (one, other):
        torch.manual_seed(0)
        method.train_step(batch(x), tick())
    ours = dict(other.named_parameters())
    assert all(torch.equal(p, ours[name]) for name, p in one.named_parameters())


def test_a_flat_decoder_is_flagged() -> None:
    method, x = build(InjFlow), images(40)
    assert method.discover(x).flags == ("no_selection",)
    nn.init.zeros_(method.decoder[-2].weight)
    assert method.discover(x).flags == ("no_selection", "collapsed")


def test_the_rate_of_a_channel_needs_no_prior() -> None:
    mean = torch.tensor([[1.0, 0.0], [-1.0, 0.0]])
    log_var = torch.zeros(2, 2)
    assert channel_rate(mean, log_var).tolist() == pytest.approx([0.5 * math.log(2.0), 0.0])
