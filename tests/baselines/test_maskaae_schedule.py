"""MaskAAE: its warm-up, ramp, rates and decay, and its verdict."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from maskaae_runs import MASK, L, batch, build, images, losses, moved, set_mask, tick

from baselines.maskaae import MaskAAE
from benchmark.datasets.split import Split
from benchmark.datasets.tensors import TensorSplit
from benchmark.training.checkpoint import method_state
from benchmark.training.host_reads import no_host_reads


def test_mask_waits_in_the_warm_up_while_the_others_move() -> None:
    method = build()
    assert [method.phase(step) for step in (0, 99, 100, 299)] == [
        "warm-up",
        "warm-up",
        "train",
        "train",
    ]
    state = [tensor.clone() for tensor in method.mask_player.state_dict().values()]
    assert moved(method, lambda: method.train_step(batch(method), tick(99, "warm-up"))) == {
        "encoder",
        "decoder",
        "critic",
    }
    assert all(
        torch.equal(a, b)
        for a, b in zip(state, method.mask_player.state_dict().values(), strict=True)
    )
    names = [name for name, _ in losses(method, "warm-up")]
    assert names == ["autoencoder", *["critic"] * 5, "encoder"]


def test_ramp_begins_after_the_warm_up() -> None:
    method = build(latent_dim=16, steps=4000)
    assert (method.warm_up, method.period) == (100, 14)
    weights = {
        step: float(method.train_step(batch(method), tick(step))["weight"])
        for step in (0, 100, 155, 156, 3999)
    }
    assert weights == {0: 0.125, 100: 0.125, 155: 0.125, 156: 0.25, 3999: 2048.0}


@pytest.mark.parametrize(
    ("config", "steps", "rates", "warm_up", "period"),
    [
        ({}, 300, (5e-4, 1e-4, 1e-4, 40 / 300), 100, 1),
        ({}, 4000, (5e-4, 1e-4, 1e-4, 0.01), 100, 4),
        ({}, 100_000, (5e-4, 1e-4, 1e-4, 5e-4), 100, 112),
        ({"lr": 1e-3, "mask_lr": 0.2, "warm_up": 0}, 12, (1e-3, 2e-4, 2e-4, 0.2), 0, 1),
        ({}, 12, (5e-4, 1e-4, 1e-4, 40 / 12), 4, 1),
        ({"schedule": "reference"}, 10_000, (5e-4, 1e-4, 1e-4, 5e-4), 0, 75),
    ],
)
def test_rates_and_schedule(
    config: dict[str, Any], steps: int, rates: tuple[float, ...], warm_up: int, period: int
) -> None:
    method = build(steps=steps, **config)
    assert list(method.players) == ["autoencoder", "critic", "encoder", "mask"]
    assert [player.optimiser.lr for player in method.players.values()] == pytest.approx(
        rates, rel=1e-12
    )
    assert (method.warm_up, method.period) == (warm_up, period)


@pytest.mark.parametrize(
    ("config", "steps", "scaled"),
    [
        ({"schedule": "reference"}, 9999, True),
        ({"schedule": "reference"}, 10_000, False),
        ({}, 12, False),
    ],
)
def test_the_codes_schedule_is_scaled_and_flagged_in_a_run_too_short_for_it(
    config: dict[str, Any], steps: int, scaled: bool
) -> None:
    method, relative = build(steps=steps, **config), build(steps=steps)
    assert ("schedule_scaled" in method.discover(batch(method).x).flags) == scaled
    if scaled:
        assert (method.warm_up, method.period) == (relative.warm_up, relative.period)


def rates(method: MaskAAE) -> dict[str, set[float]]:
    return {
        name: {float(rate) for rate in player.state["rate"]}
        for name, player in method.players.items()
    }


def test_decay_divides_two_rates_by_five_once_and_on_the_device() -> None:
    method = build(lr_decay=True, warm_up=2)
    before, whole = rates(method), batch(method)
    for step in (5, 6):
        now = tick(step)
        with no_host_reads():
            method.train_step(whole, now)
        assert rates(method) == before
    for step in (7, 8, 9):  # 2 + 5R with R = 1
        now = tick(step)
        with no_host_reads():
            method.train_step(whole, now)
        after = rates(method)
        assert {name: after[name] == before[name] for name in before} == {
            "autoencoder": False,
            "critic": True,
            "encoder": True,
            "mask": False,
        }
        for name in ("autoencoder", "mask"):
            assert (
                max(after[name])
                == min(after[name])
                == pytest.approx(min(before[name]) / 5.0, rel=1e-6)
            )  # float32
    assert "player/mask/rate/mask.a" in method_state(method)


def test_verdict_counts_masks_and_tells_the_start_and_the_undecided() -> None:
    method, x = build(), images((7,))
    method.prepare(TensorSplit(Split(x.numpy(), (7,))))
    discovery = method.discover(x)
    assert discovery.extra == {
        "undecided": 3.0,
        "initial": 3.0,
        "rec_weight": 100.0,
    }  # a > ln 2: 0.7, 2 and 5
    assert discovery.active.tolist() == [False, True, True, True, True]
    torch.testing.assert_close(discovery.relevance, 1.0 - torch.exp(-torch.tensor(MASK)))
    assert discovery.flags == ("undecided", "critic_unsettled")  # no critic was trained
    set_mask(method, (0.0, 0.05, 3.0, 100.0, 5.0))
    discovery = method.discover(x)
    assert (
        discovery.flags,
        discovery.extra["undecided"],
        discovery.extra["initial"],
        int(discovery.active.sum()),
    ) == (("critic_unsettled",), 0.0, 3.0, 3)
    set_mask(method, (0.0,) * L)
    assert int(method.discover(x).active.sum()) == 0  # all masked is a legal verdict, and told
    assert method.discover(x).flags == ("collapsed", "critic_unsettled")
