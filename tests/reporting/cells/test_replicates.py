"""Seeds of one cell are gathered, cells are never mixed, and labels belong to one cell each."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from reporting.making import FD, record, seeds

from benchmark.reporting.cells.one_code import without_other_code
from benchmark.reporting.cells.replicates import gather
from benchmark.reporting.figures.material import Material
from benchmark.spec import BenchError


def test_only_finished_runs_have_values_and_the_others_are_counted() -> None:
    runs = [
        *seeds([1.0, 3.0]),
        record(seed=2, status="diverged", values={"mse": 999.0}),
        record(seed=3, status="killed"),
    ]
    (cell,) = gather(reversed(runs))
    assert cell.values == {"mse": (1.0, 3.0)}
    assert (cell.finished, len(cell.keys), cell.trouble) == (2, 4, "1 diverged, 1 killed")
    assert cell.estimate("fd-raw") is None


def test_two_protocols_of_one_metric_in_a_cell_are_refused_until_one_is_chosen() -> None:
    other = "fd-raw[n=1024,reference=1024,split=test]"
    runs = [record(seed=0, values={FD: 1.0}), record(seed=1, values={other: 2.0})]
    with pytest.raises(BenchError, match="never averaged") as caught:
        gather(runs)
    assert (
        FD in str(caught.value) and other in str(caught.value) and "--metrics" in str(caught.value)
    )
    (cell,) = gather(runs, [other])
    assert cell.values == {"fd-raw": (2.0,)}
    assert gather(runs, ["fd-raw[n=360]"])[0].values == {"fd-raw": (1.0,)}


def test_values_of_different_cells_stay_apart() -> None:
    cells = gather(
        [
            *seeds([1.0, 1.0]),
            *seeds([2.0, 2.0], steps=50),
            *seeds([3.0, 3.0], config={"gamma": 0.5}),
        ]
    )
    assert [(cell.method, cell.values["mse"]) for cell in cells] == [
        ("vae (50 steps)", (2.0, 2.0)),
        ("vae (300 steps)", (1.0, 1.0)),
        ("vae[gamma=0.5]", (3.0, 3.0)),
    ]


def test_labels_say_every_difference_and_only_those() -> None:
    (first, second) = gather([record(steps=10, batch_size=64), record(steps=20, batch_size=32)])
    assert (first.method, second.method) == ("vae (10 steps, batch 64)", "vae (20 steps, batch 32)")
    apart = gather([record(latent_dim=8, steps=10), record(latent_dim=16, steps=20)])
    assert [cell.method for cell in apart] == [
        "vae",
        "vae",
    ]  # the latent size tells them apart already
    assert [cell.method for cell in gather([record(), record(budget="short", steps=9)])] == [
        "vae",
        "vae",
    ]


def test_other_data_under_the_same_name_is_another_dataset() -> None:
    cells = gather([record("pca"), record("vae", data="e" * 64)])
    assert [cell.dataset for cell in cells] == ["digits (data dddddddd)", "digits (data eeeeeeee)"]


def test_flags_are_those_of_any_seed() -> None:
    (cell,) = gather([record(), record(seed=1, flags=["no_selection"])])
    assert cell.flags == {"no_selection"} and not cell.stale
    assert not gather([record("mine", code="whatever")])[
        0
    ].stale  # the code of a method that is not registered here is not known


def test_stale_runs_are_shown_and_never_averaged_with_others() -> None:
    old = record(seed=1, values={"mse": 9.0}, flags=["no_selection"], code="another")
    (cell,) = gather([record(values={"mse": 1.0}), old, record(seed=2, status="killed")])
    assert cell.values == {"mse": (1.0,)} and cell.seeds == {"mse": (0,)} and not cell.flags
    assert (cell.stale, cell.left_out, cell.finished, len(cell.keys), cell.trouble) == (
        False,
        1,
        1,
        3,
        "1 killed, 1 stale",
    )
    (cell,) = gather(
        [
            old,
            record(seed=2, values={"mse": 3.0}, code="older"),
            record(seed=3, values={"mse": 8.0}, code="another"),
        ]
    )
    assert cell.values == {"mse": (9.0, 8.0)} and cell.seeds == {"mse": (1, 3)}
    assert (cell.stale, cell.left_out, cell.finished) == (True, 1, 2)


def test_versions_of_a_file_of_ones_own_are_never_averaged() -> None:
    versions = [(22.18, "first"), (1.197, "second"), (0.346, "second")]
    (cell,) = gather(
        [
            record("my-vae", seed=seed, values={"mse": value}, code=code)
            for seed, (value, code) in enumerate(versions)
        ]
    )
    assert cell.values == {"mse": (1.197, 0.346)} and cell.seeds == {"mse": (1, 2)}
    assert (cell.left_out, cell.finished, cell.stale) == (1, 2, False)
    assert cell.trouble == "1 of other code"
    (cell,) = gather([record("my-vae", seed=seed, code="one") for seed in range(3)])
    assert (cell.left_out, cell.finished, cell.trouble) == (0, 3, "")


def test_a_file_of_ones_own_is_called_by_the_options_that_were_given() -> None:
    run = record("my-vae", config={"rate": 0.1, "width": 8})
    names = [gather([replace(run, given=options)])[0].method for options in (None, [], ["rate"])]
    assert names == ["my-vae[rate=0.1,width=8]", "my-vae", "my-vae[rate=0.1]"]
    assert gather([replace(record(config={"sigma": "fixed"}), given=[])])[0].method == (
        "vae[sigma=fixed]"
    )


def test_runs_of_another_training_loop_are_stale() -> None:
    old = replace(record(seed=1, values={"mse": 9.0}), harness="0" * 16)
    (cell,) = gather([record(values={"mse": 1.0}), old])
    assert cell.values == {"mse": (1.0,)} and cell.trouble == "1 stale"
    (cell,) = gather([old])
    assert cell.stale and cell.is_stale("mse") and cell.values == {"mse": (9.0,)}


def test_numbers_of_another_code_of_their_metric_are_stale_one_by_one() -> None:
    fresh = record(values={"mse": 1.0, "lstar": 2.0})
    old = replace(
        record(seed=1, values={"mse": 9.0, "lstar": 8.0}),
        metrics={**fresh.metrics, "mse": "0" * 16},
    )
    (cell,) = gather([fresh, old])
    assert cell.values == {"mse": (1.0,), "lstar": (2.0, 8.0)}
    assert cell.stale_metrics == frozenset() and not cell.stale
    (cell,) = gather([old])
    assert cell.values == {"mse": (9.0,), "lstar": (8.0,)}
    assert cell.is_stale("mse") and not cell.is_stale("lstar") and not cell.stale


def test_missing_values_are_no_values() -> None:
    run = record(values={"mse": 1.0})
    run.measurements["kid"] = {"value": None, "unit": "", "n": 0, "protocol": ""}
    assert dict(gather([run])[0].values) == {"mse": (1.0,)}


def test_figures_show_no_run_of_other_code_than_their_cell_is_of(tmp_path: Path) -> None:
    """Two versions of one's own file: curves and pictures of the commoner stand; an unfinished run
    stays, and another cell has its own code."""
    codes = ("one", "two", "two")
    mine = [record("mine", seed=seed, code=code) for seed, code in enumerate(codes)]
    killed = record("mine", seed=3, status="killed", code="one")
    other = record("mine", "circle", 2, code="one")
    kept = [mine[1], mine[2], killed, other]
    assert without_other_code([*mine, killed, other]) == kept
    cells = Material.of([*mine, killed, other], tmp_path).cells
    assert {key for cell in cells for key in cell.keys} == {run.key for run in kept}
