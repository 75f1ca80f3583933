"""RENs and their baselines: Algorithm 1 step by step (invariants I9, I14, I15)."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from harness import CPU

from baselines.dpvae import DPVAE
from baselines.r_dpvae import RDPVAE
from baselines.r_vae import RVAE
from baselines.vae import VAE
from benchmark.datasets.split import Split
from benchmark.datasets.tensors import TensorSplit
from benchmark.evaluation.evaluator import Evaluator
from benchmark.method import Batch, Method, Tick
from benchmark.training.checkpoint import method_state
from benchmark.training.host_reads import no_host_reads
from benchmark.training.runtime import construct
from benchmark.training.trainer import Stopped, Trainer

STEPS, PER_EPOCH, BATCH = 24, 8, 16
DATA = Split(
    np.random.default_rng(0).random((PER_EPOCH * BATCH, 1, 8, 8), dtype=np.float32), (1, 8, 8)
)


def build(kind: type[Method], **config: Any) -> Any:
    size = {
        "shape": (1, 8, 8),
        "latent_dim": 5,
        "steps": STEPS,
        "steps_per_epoch": PER_EPOCH,
        "batch_size": BATCH,
    }
    return construct(kind, replace(kind.Config(), **config), 0, **size)


def train(kind: type[Method], path: Path, stop_at: int | None = None, **config: Any) -> Trainer:
    identity = {"key": "x", "code": "y"}
    run = Trainer(
        build(kind, **config),
        TensorSplit(DATA),
        seed=0,
        steps=STEPS,
        batch_size=BATCH,
        device=CPU,
        path=path,
        identity=identity,
    )
    run.stop = lambda: "stop" if run.step == stop_at else None
    run.fit()
    return run


def tick(phase: str) -> Tick:
    return Tick(torch.tensor(0), torch.tensor(0.0), phase)


def batch() -> Batch:
    return Batch(TensorSplit(DATA).head(BATCH), torch.arange(BATCH))


@pytest.mark.parametrize(("kind", "baseline"), [(RVAE, VAE), (RDPVAE, DPVAE)])
def test_burn_in_over_the_whole_run_is_the_baseline_bit_for_bit(
    tmp_path: Path, kind: type[Method], baseline: type[Method]
) -> None:
    ours, theirs = train(kind, tmp_path / "a", burn_in=1.0), train(baseline, tmp_path / "b")
    shared = dict(theirs.method.named_parameters())
    assert all(
        torch.equal(p, dict(ours.method.named_parameters())[name]) for name, p in shared.items()
    )
    assert all(
        np.array_equal(ours.curves()[name], theirs.curves()[name]) for name in ("loss", "nll")
    )
    one, other = (
        Evaluator(run.method, TensorSplit(DATA), seed=0, device=CPU) for run in (ours, theirs)
    )
    assert np.array_equal(one.squared_error, other.squared_error)
    assert np.array_equal(one.sampled_squared_error, other.sampled_squared_error)
    assert np.array_equal(one.sample_vectors(600), other.sample_vectors(600))
    assert not np.array_equal(
        train(kind, tmp_path / "c", burn_in=0.1).curves()["loss"], theirs.curves()["loss"]
    )


@pytest.mark.parametrize("kind", [RVAE, RDPVAE])
def test_small_steps_leave_the_set_encoder_and_alpha_bitwise(kind: type[Method]) -> None:
    method = build(kind)
    before = {name: tensor.clone() for name, tensor in method_state(method).items()}
    images, now = batch(), tick("burn-in")
    with no_host_reads():
        method.train_step(images, now)
    kept = [name for name in before if "relevance" in name or name.startswith("player/joint")]
    assert kept and all(torch.equal(before[name], method_state(method)[name]) for name in kept)
    assert not torch.equal(
        before["method/encoder.1.weight"], method_state(method)["method/encoder.1.weight"]
    )


@pytest.mark.parametrize("posterior", ["learned", "conjugate"])
@pytest.mark.parametrize("kind", [RVAE, RDPVAE])
def test_joint_step_renews_alpha_and_moves_every_parameter(
    kind: type[Method], posterior: str
) -> None:
    method = build(kind, ren_posterior=posterior)
    before = {name: p.detach().clone() for name, p in method.named_parameters()}
    seen: list[torch.Tensor] = []
    original = method.relevance.posterior
    method.relevance.posterior = lambda *parts: seen.append(original(*parts)) or seen[-1]
    images, now = batch(), tick("joint")
    with no_host_reads():
        method.train_step(images, now)
    assert all(not torch.equal(before[name], p) for name, p in method.named_parameters())
    a, b = seen[0]
    assert torch.equal(method.relevance.carried, (a / b).detach())
    assert not method.relevance.carried.requires_grad
    assert (method.model.updates, method.joint[0].updates) == (4, 1)


@pytest.mark.parametrize("kind", [RVAE, RDPVAE])
def test_options_of_algorithm_1_change_what_they_say(kind: type[Method]) -> None:
    carried = build(kind, alpha_carry="sample")
    carried.train_step(batch(), tick("joint"))
    usual = build(kind)
    usual.train_step(batch(), tick("joint"))
    assert not torch.equal(carried.relevance.carried, usual.relevance.carried)
    assert build(kind, ren_scale="one").relevance.encoder.scale == 1.0
    assert build(kind).relevance.encoder.scale == BATCH / 2
    literal, conditional = build(kind, small_prior="standard"), build(kind)
    losses = []
    for method in (literal, conditional):
        method.relevance.carried.fill_(9.0)
        torch.manual_seed(0)
        losses.append(float(method.train_step(batch(), tick("burn-in"))["kl"].detach()))
    assert losses[0] < losses[1]


@pytest.mark.parametrize("kind", [RVAE, RDPVAE])
@pytest.mark.parametrize("at", [2, 5, 13])
def test_resume_is_bitwise_in_both_phases(tmp_path: Path, kind: type[Method], at: int) -> None:
    whole = train(kind, tmp_path / "whole")
    with pytest.raises(Stopped):
        train(kind, tmp_path / "cut", stop_at=at)
    again = train(kind, tmp_path / "cut")
    assert again.resumed_at == at
    one, other = method_state(whole.method), method_state(again.method)
    assert one.keys() == other.keys() and all(torch.equal(one[name], other[name]) for name in one)


def test_identity_flow_gives_the_one_sample_rate_and_leaves_codes_alone() -> None:
    """With all flow parameters zero, g is the identity and the rate is R-VAE's with the same draw
    in place of its expectation."""
    from benchmark.nn.ard import kl_ard, rate_ard

    method = build(RDPVAE)
    with torch.no_grad():
        for p in method.flow.parameters():
            p.zero_()
    torch.manual_seed(0)
    x = batch().x
    mean, log_var = method.posterior(x)
    noise = torch.randn_like(mean)
    z = mean + torch.exp(0.5 * log_var) * noise
    z0, log_det = method.flow(z)
    alpha = torch.rand(5) + 0.5
    one_sample = kl_ard(mean, log_var, alpha.log()).sum(1) + 0.5 * (
        alpha * (z.square() - mean.square() - log_var.exp())
    ).sum(1)
    assert torch.equal(z0, z) and not log_det.any()
    torch.testing.assert_close(
        rate_ard(log_var, z0, log_det, alpha.log()), one_sample, rtol=1e-5, atol=1e-5
    )  # float32
    assert torch.equal(method.decode(method.encode(x)), method.decoder(mean))


@pytest.mark.parametrize("kind", [RVAE, RDPVAE])
def test_samples_follow_the_inferred_prior(kind: type[Method]) -> None:
    method = build(kind)
    alpha = torch.tensor([0.25, 1.0, 4.0, 16.0, 100.0])
    method.relevance.mean.copy_(alpha)
    decoded: list[torch.Tensor] = []
    method.decoder.forward = lambda z: decoded.append(z) or torch.zeros(len(z), 1, 8, 8)
    torch.manual_seed(0)
    with torch.no_grad():
        method.sample(100_000)
        z0 = decoded[0] if kind is RVAE else method.flow(decoded[0])[0]
    torch.testing.assert_close(
        torch.cov(z0.T) * alpha.sqrt().outer(alpha.sqrt()), torch.eye(5), rtol=0, atol=0.05
    )
    if kind is RDPVAE:
        assert not torch.allclose(decoded[0].var(0) * alpha, torch.ones(5), rtol=0.02)


def test_discovery_reports_all_readings() -> None:
    method = build(RDPVAE)
    discovery = method.discover(batch().x)
    assert {
        "lstar_mean",
        "lstar_last",
        "lstar_draw",
        "lstar_90",
        "lstar_99",
        "participation_ratio",
        "gap",
        "gap_position",
        "active_units",
    } == set(discovery.extra)
    assert (
        int(discovery.active.sum()) == 5 == discovery.extra["lstar_mean"]
    )  # alpha is 1 before training
    assert discovery.extra["gap"] == 1.0 and discovery.flags == ("degenerate",)


@pytest.mark.parametrize("kind", [RVAE, RDPVAE])
def test_flags_tell_when_the_count_is_none(kind: type[Method]) -> None:
    """``degenerate``: log v_max - log v_min < 4 / sqrt(B), here a ratio of e; ``no_selection``: no
    joint step, which leaves every dimension active."""
    method, x = build(kind), batch().x
    for ratio, flags in ((2.6, ("degenerate",)), (2.8, ())):
        method.relevance.mean.copy_(torch.tensor([1.0, 1.0, 1.0, 1.0, ratio]))
        discovery = method.discover(x)
        assert discovery.flags == flags
        assert (
            discovery.extra["gap"] == pytest.approx(ratio)
            and discovery.extra["gap_position"] == 4.0
        )
    never = build(kind, burn_in=1.0)
    never.relevance.mean.copy_(torch.tensor([1.0, 1e3, 1e3, 1e3, 1e3]))
    assert never.discover(x).flags == ("no_selection",) and bool(never.discover(x).active.all())
    assert never.lstar_so_far(x) is None and build(kind, burn_in=0.95).lstar_so_far(x) == 5
    assert "no_selection" not in build(kind, burn_in=0.95).discover(x).flags


@pytest.mark.parametrize("kind", [RVAE, RDPVAE])
def test_order_in_the_file_does_not_decide_alpha(kind: type[Method]) -> None:
    """A split sorted by class (here two groups, of different scale) gives the alpha of the same
    images shuffled, to the chance of which image meets which noise; neighbours as sets do not."""
    rng = np.random.default_rng(1)
    stored = np.concatenate([0.2 * rng.random((512, 1, 8, 8)), 3.0 + rng.random((512, 1, 8, 8))])
    stored = stored.astype(np.float32)

    def alpha(images: np.ndarray, neighbours: bool = False) -> torch.Tensor:
        method = build(kind, ren_posterior="conjugate")
        split = TensorSplit(Split(images, (1, 8, 8)))
        if neighbours:
            split.sets = split.batches
        torch.manual_seed(0)
        method.conclude(split)
        return method.relevance.mean.log()

    shuffled = alpha(rng.permutation(stored))
    assert float((alpha(stored) - shuffled).abs().max()) < 0.2
    assert float((alpha(stored, neighbours=True) - shuffled).abs().max()) > 0.4


@pytest.mark.parametrize("sigma", ["learned", "optimal", "fixed"])
@pytest.mark.parametrize("kind", [DPVAE, RVAE, RDPVAE])
def test_decoder_variance_modes_train(kind: type[Method], sigma: str) -> None:
    method = build(kind, sigma=sigma)
    values = method.train_step(batch(), tick("joint"))
    assert all(bool(torch.isfinite(value).all()) for value in values.values())


def test_alpha_is_summarised_over_whole_training_sets_only() -> None:
    method = build(RVAE)
    sizes: list[int] = []
    original = method.set_posterior
    method.set_posterior = lambda x: sizes.append(len(x)) or original(x)
    method.conclude(TensorSplit(Split(DATA.stored[: BATCH * 3 + 5], DATA.shape)))
    assert sizes == [BATCH] * 3
