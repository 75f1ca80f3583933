"""The table of dimension counts: every reading of a rule, beside the interval that chance gives."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from reporting.making import record

from benchmark.metrics.dimension import smallest_share
from benchmark.metrics.null import null_interval
from benchmark.reporting.cells.replicates import gather
from benchmark.reporting.named_tables import build
from benchmark.reporting.tables import notes
from benchmark.reporting.tables.dimensions import with_readings
from benchmark.reporting.tables.document import Table
from benchmark.spec import Record

SPEC_TABLE = {
    (10, 0.693): (1, 6, 9),
    (15, 0.693): (1, 8, 12),
    (16, 0.693): (1, 8, 12),
    (32, 0.693): (1, 13, 22),
    (64, 0.693): (1, 20, 38),
    (10, 1.0): (3, 8, 9),
    (15, 1.0): (4, 11, 13),
    (16, 1.0): (4, 11, 14),
    (32, 1.0): (7, 21, 25),
    (64, 1.0): (12, 38, 47),
}
"""Percentiles 5, 50, 95 found independently of this code."""


@pytest.mark.parametrize(("size", "k"), SPEC_TABLE)
def test_null_intervals_are_those_found_independently(size: int, k: float) -> None:
    interval, expected = null_interval(size, k), SPEC_TABLE[size, k]
    assert (
        max(abs(a - b) for a, b in zip(interval, expected, strict=True)) <= 1
    )  # two simulations of 10,000 draws


@pytest.mark.parametrize(
    ("size", "mean"), [(10, 10.0), (15, 14.7), (16, 15.4), (32, 30.2), (64, 60.1)]
)
def test_at_half_a_batch_of_100_chance_gives_nearly_every_dimension(size: int, mean: float) -> None:
    low, _, high = null_interval(size, 50.0)
    assert low <= round(mean) <= high and high - low <= 2


def test_null_interval_applies_the_rule_of_the_methods() -> None:
    stream = np.random.Generator(np.random.PCG64(0))
    counts = [smallest_share(1 / stream.gamma(1.0, 1.0, size=16), 0.95) for _ in range(10_000)]
    assert null_interval(16, 1.0) == tuple(np.percentile(counts, [5, 50, 95], method="nearest"))


def ren(seed: int, **extra: float) -> Record:
    counts = {"lstar": extra["lstar_mean"], "active-units": 8.0, "lstar-90": 7.0, "lstar-99": 9.0}
    run = record("r-dpvae", "latent-8", 16, seed, values={"mse": 1.0, **counts})
    return replace(run, discovery={**run.discovery, "extra": extra})


def test_readings_of_a_rule_are_stale_where_its_count_is() -> None:
    fresh = ren(0, lstar_mean=8.0, lstar_last=9.0)
    old = replace(fresh, metrics={**fresh.metrics, "lstar": "0" * 16})
    for run, marks in ((fresh, ()), (old, (notes.STALE,))):
        table = build("dimensions", [run], ["lstar", "lstar-mean", "lstar-last", "lstar-90"])
        marks_by_metric = {
            column.metric: set(cell.marks) & {notes.STALE}
            for column, cell in zip(table.columns, table.rows[0].cells, strict=True)
            if column.metric
        }
        assert all(
            marks_by_metric[name] == set(marks) for name in ("lstar", "lstar-mean", "lstar-last")
        )
        assert marks_by_metric["lstar-90"] == set()


def test_readings_of_two_codes_are_not_averaged() -> None:
    runs = [ren(seed, lstar_mean=8.0 + seed) for seed in range(3)]
    codes = ("0" * 16, "1" * 16, "1" * 16)
    old = [replace(r, metrics={**r.metrics, "lstar": c}) for r, c in zip(runs, codes, strict=True)]
    (cell,) = gather(map(with_readings, old))
    assert cell.values["lstar"] == cell.values["lstar-mean"] == (9.0, 10.0)


def rows_error(table: Table) -> dict[str, float]:
    """|L* - n| of each method; the records were made before it was measured."""
    error_index = [column.title for column in table.columns].index("|L* − n|")
    return {row.cells[3].text: row.cells[error_index].estimate.mean for row in table.rows}


def test_table_shows_every_reading_beside_truth_and_null() -> None:
    records = [
        ren(seed, lstar_mean=8.0 + seed, lstar_last=9.0, lstar_draw=5.0, participation_ratio=3.3)
        for seed in (0, 1)
    ]
    table = build(
        "dimensions",
        [
            *records,
            record(
                "vae", "latent-8", 16, values={"mse": 1.0, "lstar": 16.0}, flags=["no_selection"]
            ),
        ],
    )
    titles = [column.title for column in table.columns]
    assert titles[:5] == ["Dataset", "n", "L", "Method", "Seeds"]
    assert titles[5:] == [
        "L*",
        "L* (mean)",
        "L* (last)",
        "L* (draw)",
        "L*90",
        "L*99",
        "|L* − n|",
        "Active units",
        "Null",
    ]
    assert rows_error(table) == {"r-dpvae": 0.5, "vae": 8.0}
    rows = {row.cells[3].text: dict(zip(titles, row.cells, strict=True)) for row in table.rows}
    assert rows["r-dpvae"]["n"].text == "8"
    assert rows["r-dpvae"]["L* (mean)"].estimate.mean == 8.5
    assert rows["r-dpvae"]["Null"].text.startswith("≥ 15, gap ≤ 1.")
    assert rows["vae"]["Null"].text == "–" == rows["vae"]["L* (draw)"].text
    assert any("chance relevances" in note.text for note in table.notes)
