"""RF-VAE and the port RENs used, step by step: who moves what and when, what the discriminator is
shown, where indicators end."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import pytest
import torch
from torch import Tensor

from baselines.rf_vae import RFVAE
from baselines.rf_vae_port import RFVAEPort
from benchmark.method import Batch, Method, Tick
from benchmark.nn.optim import Adam
from benchmark.training.checkpoint import method_state
from benchmark.training.runtime import construct

L, BATCH = 4, 8
both = pytest.mark.parametrize("kind", [RFVAE, RFVAEPort])


def build(kind: type[Method] = RFVAE, steps: int = 100, **config: Any) -> Any:
    return construct(
        kind, replace(kind.Config(), **config), 0, shape=(64,), latent_dim=L, steps=steps
    )


def batch() -> Batch:
    return Batch(
        torch.rand(2 * BATCH, 64, generator=torch.Generator().manual_seed(0)),
        torch.arange(2 * BATCH),
    )


def tick(phase: str = "train") -> Tick:
    return Tick(torch.tensor(0), torch.tensor(0.0), phase)


@both
@pytest.mark.parametrize("phase", ["warm-up", "train"])
def test_each_half_of_a_step_moves_its_own(
    kind: type[Method], phase: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    method = build(kind)
    descend, moved = method.descend, []

    def watch(loss: Tensor, *players: Any) -> None:
        before = {name: tensor.clone() for name, tensor in method_state(method).items()}
        descend(loss, *players)
        changed = [
            name
            for name, tensor in method_state(method).items()
            if not torch.equal(tensor, before[name])
        ]
        moved.append({"/".join(name.split(".")[0].split("/")[:2]) for name in changed})

    monkeypatch.setattr(method, "descend", watch)
    method.train_step(batch(), tick(phase))
    trained = {"indicators"} if phase == "train" else set()
    first = {f"method/{name}" for name in {"encoder", "decoder"} | trained} | {
        f"player/{name}" for name in {"model"} | trained
    }
    assert moved == [first, {"method/discriminator", "player/discriminator"}]


def test_indicators_and_their_optimiser_keep_every_bit_while_they_wait() -> None:
    method = build()
    before = {
        name: tensor.clone()
        for name, tensor in method_state(method).items()
        if "indicators" in name
    }
    method.train_step(batch(), tick("warm-up"))
    after = method_state(method)
    assert len(before) == 4 and all(
        torch.equal(tensor, after[name]) for name, tensor in before.items()
    )
    assert method.players["indicators"].updates == 0
    method.train_step(batch(), tick())
    assert method.players["indicators"].updates == 1


def codes_seen(method: Any, monkeypatch: pytest.MonkeyPatch) -> tuple[list[Tensor], list[Tensor]]:
    """What the discriminator is shown in one step: model's codes, joint, permuted; and for each the
    relevances in force."""
    seen, relevances = [], []

    def watch(module: Any, inputs: tuple[Tensor, ...]) -> None:
        seen.append(inputs[0].detach().clone())
        relevances.append(method.indicators().detach().clone())

    method.discriminator.register_forward_pre_hook(watch)
    torch.manual_seed(1)
    method.train_step(batch(), tick())
    return seen, relevances


def permuted(a: Tensor, b: Tensor) -> bool:
    """Whether ``a`` has the columns of ``b``, each in another order, so that no row of ``b`` is
    left."""
    rows_left = bool((a[:, None] == b[None]).all(-1).any())
    return torch.equal(a.sort(0).values, b.sort(0).values) and not rows_left


def test_discriminator_is_shown_codes_of_the_second_batch_only(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    method = build(lr_indicators=0.5)
    seen, relevances = codes_seen(method, monkeypatch)
    torch.manual_seed(1)
    torch.randn(BATCH, L)  # the draw of the model's half
    mean, log_var = method.posterior(batch().x[BATCH:])
    expected = relevances[1] * (mean + torch.exp(0.5 * log_var) * torch.randn(BATCH, L))
    torch.testing.assert_close(seen[1], expected.detach())
    assert permuted(seen[2], seen[1])
    assert not torch.equal(relevances[0], relevances[1])


def test_port_shows_the_codes_the_model_was_judged_by_beside_permuted_ones_of_the_second_batch(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    method = build(RFVAEPort, lr_indicators=0.1)
    seen, relevances = codes_seen(method, monkeypatch)
    torch.manual_seed(1)
    torch.randn(BATCH, L)
    mean, log_var = method.posterior(batch().x[BATCH:])
    expected = relevances[2] * (mean + torch.exp(0.5 * log_var) * torch.randn(BATCH, L)).detach()
    assert torch.equal(seen[1], seen[0])
    assert permuted(seen[2].round(decimals=5), expected.round(decimals=5))
    assert not torch.equal(relevances[0], relevances[2])


@pytest.mark.parametrize(
    ("kind", "config", "steps", "expected"),
    [
        (RFVAE, {}, 5000, (Adam(1e-3), Adam(2e-3), Adam(1e-4, (0.5, 0.9)), 500)),
        (RFVAE, {"mode": "reference"}, 5000, (Adam(1e-4), Adam(1e-4), Adam(1e-4, (0.5, 0.9)), 0)),
        (
            RFVAE,
            {"lr": 5e-4, "lr_indicators": 1e-2, "warm_up": 0.5},
            5000,
            (Adam(5e-4), Adam(1e-2), Adam(1e-4, (0.5, 0.9)), 2500),
        ),
        (RFVAEPort, {}, 5000, (Adam(1e-3), Adam(2e-3, (0.5, 0.9)), Adam(1e-4, (0.5, 0.9)), 0)),
        (
            RFVAEPort,
            {"mode": "reference"},
            5000,
            (Adam(1e-4), Adam(1e-4, (0.5, 0.9)), Adam(1e-4, (0.5, 0.9)), 0),
        ),
        (
            RFVAEPort,
            {"warm_up": 0.2},
            5000,
            (Adam(1e-3), Adam(2e-3, (0.5, 0.9)), Adam(1e-4, (0.5, 0.9)), 1000),
        ),
    ],
)
def test_step_sizes_and_warm_up_of_each_mode(
    kind: type[Method], config: dict[str, Any], steps: int, expected: tuple[Any, ...]
) -> None:
    method = build(kind, steps=steps, **config)
    assert (
        tuple(method.players[name].optimiser for name in ("model", "indicators", "discriminator"))
        == expected[:3]
    )
    start = expected[3]
    waits = kind is RFVAE and config.get("mode") != "reference"
    then = "waiting" if waits else "train"
    assert (method.phase(max(start - 1, 0)), method.phase(start)) == (
        "warm-up" if start else then,
        then,
    )
    last = steps * 3 // 4 if waits else start
    assert method.phase(last) == "train" and (not last or method.phase(last - 1) != "train")


@pytest.mark.parametrize("settled", [True, False])
def test_while_waiting_the_indicators_move_only_once_the_kl_has_settled(settled: bool) -> None:
    method = build(eta_s=0.0 if settled else 1e6)  # the threshold: everything above, or nothing
    method.kl.averages.fill_(5.0)
    start = {name: t.clone() for name, t in method_state(method).items()}
    torch.manual_seed(0)
    method.train_step(batch(), Tick(torch.tensor(200), torch.tensor(0.0), "waiting"))
    changed = {n for n, t in method_state(method).items() if not torch.equal(t, start[n])}
    assert bool(method.kl.settled) is settled
    assert any("indicators" in name for name in changed) is settled
    assert {"encoder", "decoder", "discriminator"} <= {
        name.partition("/")[2].partition(".")[0] for name in changed if name.startswith("method")
    }
    assert ("warm_up_too_short" in method.discover(batch().x).flags) is not settled


def test_nothing_has_settled_while_both_averages_are_over_the_same_steps() -> None:
    for step in (0, 30, 199, 200):
        method = build()
        method.kl.averages.fill_(5.0)
        method.kl.observe(torch.full((L,), 5.0), torch.tensor(step), judge=True)
        assert bool(method.kl.settled) is (step == 200)


def test_once_settled_the_indicators_train_whatever_the_kl_does() -> None:
    method = build(eta_s=1e6)
    method.kl.settled.fill_(True)
    method.train_step(batch(), tick("waiting"))
    assert bool(method.kl.settled) and method.players["indicators"].updates == 1


def test_a_waiting_step_of_a_settled_run_is_a_training_step() -> None:
    ends = []
    for phase in ("waiting", "train"):
        method = build()
        method.kl.settled.fill_(True)
        torch.manual_seed(0)
        method.train_step(batch(), tick(phase))
        ends.append({name: t.clone() for name, t in method_state(method).items()})
    assert all(torch.equal(tensor, ends[1][name]) for name, tensor in ends[0].items())


def test_averages_begin_with_the_first_kl_and_follow_at_two_paces() -> None:
    method = build()
    first, second = torch.rand(2, L)
    method.kl.observe(first, torch.tensor(0), judge=False)
    assert torch.equal(method.kl.averages, first.expand(2, L))
    method.kl.observe(second, torch.tensor(10_000), judge=False)
    expected = torch.stack([first + w * (second - first) for w in (0.02, 0.005)])
    torch.testing.assert_close(method.kl.averages, expected)


def test_runs_that_never_wait_are_never_too_short() -> None:
    for method in (build(mode="reference"), build(RFVAEPort), build(latest=0.0)):
        assert "warm_up_too_short" not in method.discover(batch().x).flags


def after_steps(method: Any, count: int = 30) -> Any:
    torch.manual_seed(2)
    for _ in range(count):
        method.train_step(batch(), tick())
    return method


def test_indicators_stay_inside_the_unit_interval_at_any_rate() -> None:
    r = after_steps(build(lr_indicators=0.5)).indicators.exact()
    assert float(r.min()) > 0.0 and float(r.max()) < 1.0


def test_port_ends_in_nan_where_an_indicator_leaves_unless_it_is_clamped() -> None:
    """Adam's first step has the length of the rate: one of 0.6 leaves (0, 1) from one half to
    either side."""
    published, clamped = (
        after_steps(build(RFVAEPort, lr_indicators=0.6, clamp=clamp), 5) for clamp in (False, True)
    )
    assert bool(published.indicators().isnan().any())
    assert (
        bool(torch.isfinite(clamped.indicators()).all())
        and float(clamped.indicators().detach().max()) < 1.0
    )
    assert all(bool(torch.isfinite(p).all()) for p in clamped.parameters())


def test_port_without_information_settles_where_sum_and_entropy_balance() -> None:
    """At KL = 0 and no total correlation: eta_s + eta_h logit(r) = 0, r = sigmoid(-1) = 0.269 for
    every dimension."""
    method = build(RFVAEPort, gamma=0.0, lr=0.0, lr_indicators=1e-2)
    with torch.no_grad():
        for p in method.encoder[-1].parameters():
            p.zero_()
    after_steps(method, 100)
    torch.testing.assert_close(
        method.indicators().detach(), torch.full((L,), 1 / (1 + math.e)), rtol=0, atol=1e-3
    )
    assert "degenerate" in method.discover(batch().x).flags
