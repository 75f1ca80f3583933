"""Records as a frame: rows, cells, labels, and what is stale."""

from __future__ import annotations

from dataclasses import replace

from made_records import SPEC, record

from benchmark.names import label
from benchmark.records import frame


def test_frame_has_one_row_per_measurement_and_one_for_a_run_without_any() -> None:
    failed = record(replace(SPEC, seed=1), status="failed", measurements={}, error="why")
    table = frame([record(), failed])
    assert table[["metric", "value", "seed", "status"]].astype(object).fillna(
        "-"
    ).values.tolist() == [
        ["mse", 0.5, 0, "done"],
        ["fd-raw", 2.0, 0, "done"],
        ["-", "-", 1, "failed"],
    ]
    assert table["cell"].nunique() == 1
    assert not table["stale"].any()


def test_frame_separates_cells_and_marks_stale_code() -> None:
    table = frame(
        [record(), record(replace(SPEC, steps=301)), record(replace(SPEC, seed=3), code="0" * 16)]
    )
    assert table["cell"].nunique() == 2
    assert table.groupby("seed")["stale"].all().to_dict() == {0: False, 3: True}


def test_frame_marks_stale_numbers_one_by_one() -> None:
    metrics = {**record().metrics, "fd-raw": "0" * 16}
    table = frame([record(metrics=metrics), record(replace(SPEC, seed=1), harness="0" * 16)])
    stale = {(row.seed, row.metric): row.stale for row in table.itertuples()}
    assert stale == {
        (0, "mse"): False,
        (0, "fd-raw"): True,
        (1, "mse"): True,
        (1, "fd-raw"): True,
    }


def test_runs_that_differ_in_a_taken_value_are_replicates() -> None:
    specs = [
        replace(SPEC, seed=seed, config={**SPEC.config, "gamma": 0.1 + seed}) for seed in (0, 1)
    ]
    assert frame([record(spec) for spec in specs])["cell"].nunique() == 2
    table = frame(
        [record(replace(spec, taken={"gamma": "vae: discovery.extra.gamma"})) for spec in specs]
    )
    assert table["cell"].nunique() == 1
    assert set(table["method"]) == {"vae[gamma=*]"}


def test_labels_show_what_differs_from_the_defaults() -> None:
    assert label("methods", "vae", SPEC.config) == "vae"
    assert (
        label("methods", "vae", {**SPEC.config, "sigma": "fixed", "gamma": 0.5})
        == "vae[gamma=0.5,sigma=fixed]"
    )
    assert label("datasets", "circle", {"noise": 0.05}) == "circle[noise=0.05]"
    assert label("methods", "unheard-of", {}) == "unheard-of"
