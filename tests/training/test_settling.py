"""L* is counted now and then while training: the run keeps its bits, the counts are resumed, and a
run whose count still moves is flagged."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from harness import CPU, Honest, identical, outcome, split, trainer
from torch import nn

from baselines.beta_vae import BetaVAE
from benchmark.datasets.tensors import TensorSplit
from benchmark.method import Discovery
from benchmark.planning.jobs import plan
from benchmark.planning.reuse import Settings
from benchmark.planning.suites import Grid
from benchmark.running.job import execute
from benchmark.spec import UNSETTLED
from benchmark.training.runtime import construct
from benchmark.training.settling import Counter, is_unsettled, points
from benchmark.training.trainer import Stopped


@pytest.mark.parametrize(("steps", "count"), [(3000, 30), (300, 10), (20, 5), (3, 3), (7001, 30)])
def test_counts_are_made_at_equal_distances_and_at_the_end(steps: int, count: int) -> None:
    steps_counted = sorted(points(steps))
    assert len(steps_counted) == count and steps_counted[-1] == steps and steps_counted[0] >= 1
    assert max(np.diff([0, *steps_counted])) - min(np.diff([0, *steps_counted])) <= 1


@pytest.mark.parametrize(
    ("counts", "expected"),
    [
        ([1, 2, 3, 4, 5, 6, 7, 8, 8, 8], False),
        ([1, 2, 3, 4, 5, 6, 7, 8, 8, 9], True),
        ([8, 8, 8, 8, 8, 8, 8, 8, 9, 8], True),
        ([1, 1, 1, 1, 1, 1, 1, 2, 3, 3], True),
        ([8, 8, 8, 8, 8, 8, 8, 8, 8, math.nan], True),
        ([math.nan, 8, 8, 8, 8, 8, 8, 8, 8, 8], False),
        ([], False),
    ],
)
def test_a_count_that_changed_in_the_last_fifth_is_unsettled(
    counts: list[float], expected: bool
) -> None:
    steps = 10.0 * np.arange(1, len(counts) + 1)
    assert is_unsettled(steps, np.array(counts), 100) is expected


def test_the_window_begins_with_the_last_count_before_it() -> None:
    steps = np.array([50.0, 70.0, 90.0, 100.0])
    assert is_unsettled(steps, np.array([3.0, 4.0, 5.0, 5.0]), 100)
    assert not is_unsettled(steps, np.array([4.0, 5.0, 5.0, 5.0]), 100)


def test_a_first_count_in_the_last_fifth_is_unsettled() -> None:
    assert is_unsettled(np.array([90.0, 100.0]), np.array([5.0, 5.0]), 100)
    assert not is_unsettled(np.array([80.0, 100.0]), np.array([5.0, 5.0]), 100)


class Silent(Honest):
    """What Honest does, without counts."""

    def lstar_so_far(self, x: torch.Tensor) -> None:
        return None


class Noisy(Honest):
    """Draws, drops and averages where it counts."""

    def build(self) -> None:
        super().build()
        self.normal, self.drop = nn.BatchNorm1d(6), nn.Dropout(0.5)
        self.normal.requires_grad_(False)
        self.drop.eval()

    def train_step(self, batch: Any, tick: Any) -> dict[str, torch.Tensor]:
        self.normal(batch.x)
        return super().train_step(batch, tick)

    def lstar_so_far(self, x: torch.Tensor) -> torch.Tensor | None:
        return (self.drop(self.normal(x + torch.randn_like(x))).var(0) > 1.0).sum()


class NoisySilent(Noisy):
    def lstar_so_far(self, x: torch.Tensor) -> None:
        return None


@pytest.mark.parametrize(("kind", "silent"), [(Honest, Silent), (Noisy, NoisySilent)])
def test_counting_changes_no_bit_of_a_run(kind: Any, silent: Any, tmp_path: Path) -> None:
    counted, other = (
        trainer(method_class, tmp_path / method_class.__name__) for method_class in (kind, silent)
    )
    counted.fit(), other.fit()
    mine, theirs = outcome(counted), outcome(other)
    assert mine.keys() - theirs.keys() == {"curve/lstar", "curve/lstar_step"}
    assert identical({name: mine[name] for name in theirs}, theirs)
    assert counted.curves()["lstar_step"].tolist() == [4, 8, 12, 16, 20]
    modes = {name: module.training for name, module in counted.method.named_modules()}
    assert modes == {name: module.training for name, module in other.method.named_modules()}


def test_a_method_that_selects_nothing_has_no_counts(tmp_path: Path) -> None:
    class Whole(Honest):
        def discover(self, x: torch.Tensor) -> Discovery:
            discovery = super().discover(x)
            return Discovery(discovery.relevance, discovery.active, flags=("no_selection",))

    run = trainer(Whole, tmp_path / "c")
    run.fit()
    assert "lstar" not in run.curves() and not run.unsettled


class Late(Noisy):
    """Selects nothing until its last steps but four."""

    def lstar_so_far(self, x: torch.Tensor) -> torch.Tensor | None:
        return super().lstar_so_far(x) if float(self.gate.state["step"][0]) > 7 else None


@pytest.mark.parametrize("at", [3, 4, 5, 19])
@pytest.mark.parametrize(("kind", "counted"), [(Noisy, [4, 8, 12, 16, 20]), (Late, [16, 20])])
def test_a_resumed_run_has_the_counts_of_one_left_alone(
    kind: Any, counted: list[int], at: int, tmp_path: Path
) -> None:
    whole = trainer(kind, tmp_path / "whole")
    whole.fit()
    first = trainer(kind, tmp_path / "cut")
    first.stop = lambda: "enough" if first.step == at else None
    with pytest.raises(Stopped):
        first.fit()
    again = trainer(kind, tmp_path / "cut")
    again.fit()
    assert whole.curves()["lstar_step"].tolist() == counted
    assert again.resumed_at == at and identical(outcome(whole), outcome(again))


@pytest.mark.parametrize("moves", [True, False])
def test_a_run_that_moves_at_the_end_is_unsettled(moves: bool, tmp_path: Path) -> None:
    class Counting(Honest):
        def build(self) -> None:
            super().build()
            self.register_buffer("done", torch.zeros(()))

        def train_step(self, batch: Any, tick: Any) -> dict[str, torch.Tensor]:
            self.done += 1
            return super().train_step(batch, tick)

        def lstar_so_far(self, x: torch.Tensor) -> torch.Tensor:
            return self.done if moves else self.done.clamp(max=16.0)

    run = trainer(Counting, tmp_path / "c")
    run.fit()
    assert run.unsettled is moves


def test_a_rule_that_fails_while_training_is_no_count_and_ends_no_run(tmp_path: Path) -> None:
    class Failing(Honest):
        def lstar_so_far(self, x: torch.Tensor) -> torch.Tensor:
            raise ValueError("not yet")

    run = trainer(Failing, tmp_path / "c")
    run.fit()
    assert np.isnan(run.curves()["lstar"]).all() and run.unsettled


def test_images_are_drawn_once_by_the_seed() -> None:
    method = construct(Honest, Honest.Config(), 0, shape=(6,), latent_dim=3, steps=20)
    data = TensorSplit(split(2000))
    one, same, other = (Counter(method, data, seed, 3000, CPU).images for seed in (0, 0, 1))
    assert len(one) == 256 and torch.equal(one, same) and not torch.equal(one, other)
    assert len(Counter(method, data, 0, 300, CPU).images) == 64


def test_names_of_the_series_are_not_the_methods(tmp_path: Path) -> None:
    class Taking(Honest):
        def train_step(self, batch: Any, tick: Any) -> dict[str, torch.Tensor]:
            return {**super().train_step(batch, tick), "lstar": torch.zeros(())}

    with pytest.raises(RuntimeError, match="returned 'lstar', which the curves use"):
        trainer(Taking, tmp_path / "c").fit()


@pytest.mark.parametrize("moves", [True, False])
def test_the_record_tells_and_the_curves_hold_the_counts(
    moves: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (job,) = plan(Grid(["beta-vae"], ["circle"], latent_dims=[2], budget="smoke"), Path())
    said = iter(range(100))
    monkeypatch.setattr(
        BetaVAE, "lstar_so_far", lambda self, x: torch.tensor(float(next(said) if moves else 2))
    )
    record = execute(job, Settings(tmp_path, device="cpu"))
    assert record is not None and (UNSETTLED in record.flags) is moves
    with np.load(tmp_path / record.key / "curves.npz") as curves:
        assert curves["lstar_step"].tolist() == [4, 8, 12, 16, 20]
        assert curves["lstar"].tolist() == ([0, 1, 2, 3, 4] if moves else [2] * 5)
