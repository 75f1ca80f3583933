"""Whether a critic's distance has flattened: the rule, and the flag of every method with a critic
of codes, on and off."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from baselines.flexae import FlexAE
from baselines.maskaae import MaskAAE
from baselines.wae_gan import WAEGAN
from benchmark.method import Batch, Method, Tick
from benchmark.nn.plateau import CRITIC_UNSETTLED, Plateau
from benchmark.training.checkpoint import method_state
from benchmark.training.host_reads import no_host_reads
from benchmark.training.runtime import construct

B = 4
KINDS: dict[str, tuple[type[Any], dict[str, Any]]] = {
    "maskaae": (MaskAAE, {}),
    "wae-gan": (WAEGAN, {}),
    "flexae": (FlexAE, {}),
    "flexae-sr": (FlexAE, {"image_critic": True}),
}
methods = pytest.mark.parametrize("name", KINDS)


def after(values: list[float]) -> Plateau:
    """A plateau that has seen ``values``, one per step of the run."""
    plateau = Plateau()
    for step, value in enumerate(values):
        plateau.add(torch.tensor(value), torch.tensor(step / len(values)))
    return plateau


def test_windows_are_the_last_fifth_and_the_one_before() -> None:
    means = after([float(step) for step in range(100)]).means().tolist()
    assert means == [sum(range(60, 80)) / 20, sum(range(80, 100)) / 20]


@pytest.mark.parametrize(
    ("before", "last", "flat"),
    [
        (1.0, 1.0, True),
        (1.0, 0.76, True),
        (1.0, 0.74, False),
        (0.74, 1.0, False),
        (-2.0, -2.1, True),
        (-0.5, 0.5, False),
        (0.0, 0.0, True),
    ],
)
def test_flat_is_within_a_quarter_of_the_larger(before: float, last: float, flat: bool) -> None:
    assert after([9.0] * 6 + [before] * 2 + [last] * 2).flat() is flat


@pytest.mark.parametrize("values", [[], [1.0], [1.0, 1.0]])
def test_what_was_not_seen_is_not_flat(values: list[float]) -> None:
    """Two steps of a run of two lie at 0 and 1/2: no window saw them."""
    assert not after(values).flat()


def build(name: str) -> tuple[Method, Batch]:
    kind, options = KINDS[name]
    size = {"shape": (7,), "latent_dim": 3, "steps": 10, "steps_per_epoch": 5, "batch_size": B}
    method = construct(kind, kind.Config(**options), 0, **size)
    count = B * method.config.batches_per_step
    x = torch.rand(count, 7, generator=torch.Generator().manual_seed(0))
    return method, Batch(x, torch.arange(count))


@methods
def test_steps_feed_the_distance_they_log_and_read_nothing_back(name: str) -> None:
    method, batch = build(name)
    logged: dict[str, list[torch.Tensor]] = {"wasserstein": [], "image_wasserstein": []}
    for progress in (0.5, 0.7, 0.9):
        tick = Tick(torch.tensor(9), torch.tensor(progress), "train")
        with no_host_reads():
            values = method.train_step(batch, tick)
        logged["wasserstein"].append(values.get("wasserstein", values.get("distance")))
        logged["image_wasserstein"].append(values.get("image_wasserstein"))
    plateaus = {n: part for n, part in method.named_children() if isinstance(part, Plateau)}
    names = {"plateau": "wasserstein", "image_plateau": "image_wasserstein"}
    assert set(plateaus) == set(names if name == "flexae-sr" else ["plateau"])
    for part, plateau in plateaus.items():
        _, *expected = logged[names[part]]
        torch.testing.assert_close(plateau.means(), torch.stack(expected).detach())
    assert {f"{part}.{buffer}" for part in plateaus for buffer in ("total", "count")} <= {
        key.partition("/")[2] for key in method_state(method)
    }


@methods
def test_flag_is_up_where_a_distance_moves_and_down_where_all_rest(name: str) -> None:
    method, batch = build(name)
    plateaus = [part for part in method.children() if isinstance(part, Plateau)]
    assert CRITIC_UNSETTLED in method.discover(batch.x).flags  # not trained at all
    for plateau in plateaus:
        plateau.count.fill_(10.0)
        plateau.total.copy_(torch.tensor([10.0, 10.5]))
    assert CRITIC_UNSETTLED not in method.discover(batch.x).flags
    for plateau in plateaus:
        rest = plateau.total.clone()
        plateau.total.copy_(torch.tensor([10.0, 20.0]))
        assert CRITIC_UNSETTLED in method.discover(batch.x).flags
        plateau.total.copy_(rest)
