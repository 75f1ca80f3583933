"""L* of untrained networks: 32 values, addressed one by one, what theory says where it says
something, and a reason where there are none."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from click.testing import CliRunner
from harness import CPU

from baselines.maskaae import MaskAAE
from benchmark.budgets import BUDGETS
from benchmark.cli import cli
from benchmark.controls import References
from benchmark.datasets.split import Split, Splits
from benchmark.evaluation.untrained import NETWORKS, count_once, initial_counts
from benchmark.method import Discovery
from benchmark.planning.jobs import Job, instance, load, plan
from benchmark.planning.suites import Grid
from benchmark.planning.uncounted import uncounted, wanted
from benchmark.records import Store
from benchmark.running.untrained_counts import count_untrained
from benchmark.spec import Record


def job(method: str, latent_dim: int = 5, **grid: object) -> tuple[Job, Splits]:
    (planned,) = plan(Grid([method], ["circle"], [latent_dim], steps=20, **grid), Path())
    return planned, load(instance(planned.dataset, planned.data_dir))


def finished(planned: Job, *flags: str) -> Record:
    discovery = {"relevance": [], "active": [], "flags": list(flags), "extra": {}}
    return Record(
        planned.spec.document(), planned.spec.key, planned.code, "done", {}, {}, discovery
    )


def test_there_are_32_values_and_they_vary_where_chance_decides() -> None:
    counts = initial_counts(*job("maskaae"), CPU)  # masks start anywhere
    assert len(counts.values) == NETWORKS == 32 and counts.images == 512
    assert len(set(counts.values)) > 1 and all(0 <= value <= 5 for value in counts.values)
    assert len(counts.gaps) == 32 and min(counts.gaps) > 1.0 and len(set(counts.gaps)) > 30
    assert counts == replace(initial_counts(*job("maskaae"), CPU), seconds=counts.seconds)


@pytest.mark.parametrize(
    "method", ["maskaae", "mi-vae"]
)  # the values of one vary, the rule of the other draws codes
def test_a_value_depends_on_its_place_alone(method: str) -> None:
    planned, splits = job(method, 16)
    whole = initial_counts(planned, splits, CPU, 6).values
    assert len(set(whole)) > 1 or method == "mi-vae"
    torch.manual_seed(5)
    assert initial_counts(planned, splits, CPU, 3).values == whole[:3]
    other = replace(
        planned, spec=replace(planned.spec, seed=3)
    )  # another seed: another order of batches
    assert initial_counts(other, splits, CPU, 6).values == whole
    turned = replace(splits.train, stored=splits.train.stored[::-1].copy())
    assert (
        initial_counts(planned, Splits(turned, splits.test), CPU, 6).values == whole
    )  # another order of the training images


@pytest.mark.parametrize("size", [1, 20])
def test_an_untrained_r_vae_keeps_what_equal_relevances_keep(size: int) -> None:
    counts = initial_counts(*job("r-vae", size), CPU, 3)
    assert counts.values == [math.ceil(0.95 * size)] * 3
    never = initial_counts(*job("r-vae[burn_in=1.0]", size), CPU, 3)
    assert never.values == [size] * 3  # no joint step: nothing is selected


def test_cells_counted_before_gaps_were_are_counted_again(tmp_path: Path) -> None:
    planned, splits = job("maskaae", 2)
    counts = count_once(planned, finished(planned), splits, tmp_path, CPU)
    assert counts is not None and counts.complete
    References(tmp_path).write(replace(counts, gaps=()))
    assert count_once(planned, finished(planned), splits, tmp_path, CPU) is not None
    assert count_once(planned, finished(planned), splits, tmp_path, CPU) is None


@pytest.mark.parametrize(("method", "expected"), [("geco-l0", 4), ("rf-vae-port", 0)])
def test_rules_on_values_that_start_the_same_give_one_answer(method: str, expected: int) -> None:
    assert set(initial_counts(*job(method, 4), CPU, 3).values) == {expected}


def test_a_rule_without_a_value_leaves_the_reason(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    planned, splits = job("maskaae", 2)
    nan = Discovery(torch.tensor([float("nan"), 1.0]), torch.tensor([True, True]))
    monkeypatch.setattr(MaskAAE, "discover", lambda self, x: nan)
    counts = count_once(planned, finished(planned), splits, tmp_path, CPU)
    assert (
        counts is not None and counts.values == [] and "relevances are not finite" in counts.absent
    )
    assert References(tmp_path).initial(planned.spec.document(), planned.code) == counts


def test_cells_are_counted_once_whatever_the_seed(tmp_path: Path) -> None:
    planned, splits = job("maskaae", 2)
    assert count_once(planned, finished(planned), splits, tmp_path, CPU) is not None
    again = replace(planned, spec=replace(planned.spec, seed=9))
    assert count_once(again, finished(again), splits, tmp_path, CPU) is None
    assert count_once(again, finished(again), splits, tmp_path, CPU, force=True) is not None
    assert len(list((tmp_path / "references").iterdir())) == 1


@pytest.mark.parametrize(
    ("method", "flags", "expected"),
    [
        ("vae", ["no_selection"], False),
        ("r-vae", [], False),
        ("r-vae[ren_posterior=conjugate]", [], True),
        ("rf-vae", [], False),
        ("grae", [], True),
    ],
)
def test_only_rules_that_select_and_have_no_null_of_their_own_are_counted(
    method: str, flags: list[str], expected: bool
) -> None:
    record = finished(job(method)[0], *flags)
    assert wanted(record) == expected
    assert not wanted(replace(record, status="diverged"))


def test_closed_forms_are_not_counted() -> None:
    (planned,) = plan(Grid(["pca"], ["circle"], budget="smoke"), Path())
    assert not wanted(finished(planned))


def test_no_more_images_are_seen_than_said(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = []
    discover = MaskAAE.discover
    monkeypatch.setattr(
        MaskAAE, "discover", lambda self, x: seen.append(len(x)) or discover(self, x)
    )
    planned, splits = job("maskaae", 2)
    small = Split(splits.test.stored[:7], (2,), labels=np.arange(7))
    initial_counts(planned, splits, CPU, 1)
    initial_counts(planned, Splits(splits.train, small), CPU, 1)
    assert seen == [512, 7]


def test_evaluate_counts_each_cell_once_from_the_record_alone(tmp_path: Path) -> None:
    for seed in (0, 1):
        planned, _ = job("maskaae", 3)
        Store(tmp_path).write(finished(replace(planned, spec=replace(planned.spec, seed=seed))))
    for summary in ("1 cells: 1 counted, 0 failed", "1 cells: 0 counted, 0 failed"):
        done = CliRunner().invoke(
            cli, ["evaluate", "--null", "--results", str(tmp_path), "--device", "cpu"]
        )
        assert done.exit_code == 0 and summary in done.output, done.output
    counts = References(tmp_path).initial(planned.spec.document(), planned.code)
    assert counts is not None and len(counts.values) == 32


def test_evaluate_tells_what_cannot_be_counted(tmp_path: Path) -> None:
    planned, _ = job("maskaae", 3)
    Store(tmp_path).write(replace(finished(planned), code="0" * 16))
    done = CliRunner().invoke(
        cli, ["evaluate", "--null", "--results", str(tmp_path), "--device", "cpu"]
    )
    assert (
        done.exit_code == 1
        and "1 failed" in done.output
        and "the installed code of 'maskaae' is not the one" in done.output
    )


@pytest.mark.parametrize("pays", [True, False])
def test_untrained_networks_of_longer_budgets_are_counted_after_the_runs(
    tmp_path: Path, pays: bool
) -> None:
    assert (BUDGETS["short"].full, BUDGETS["quick"].full) == (True, False)
    planned, _ = job("maskaae", 2)
    planned = replace(planned, spec=replace(planned.spec, budget="short" if pays else "quick"))
    seeds = [replace(planned, spec=replace(planned.spec, seed=seed)) for seed in (0, 1)]
    store = Store(tmp_path)
    assert uncounted(seeds, store) == []  # nothing was run
    for replicate in seeds:
        store.write(finished(replicate))
    assert uncounted(seeds, store) == (seeds[:1] if pays else [])  # one for the cell
    assert uncounted(seeds, store, every_budget=True) == seeds[:1]
    complaints: list[str] = []
    count_untrained(uncounted(seeds, store), tmp_path, "cpu", complaints.append)
    counts = References(tmp_path).initial(planned.spec.document(), planned.code)
    assert complaints == [] and (counts is not None) == pays
    assert uncounted(seeds, store) == []
