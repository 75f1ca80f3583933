"""Counts of dimensions in tables: from the smallest to the largest, never by an interval."""

from __future__ import annotations

import csv
import io

import pytest
from reporting.making import record, seeds

from benchmark.reporting.cells.replicates import gather
from benchmark.reporting.cells.titles import is_count
from benchmark.reporting.named_tables import build
from benchmark.reporting.render import RENDERERS
from benchmark.reporting.tables.best import best_of
from benchmark.spec import Record


def test_tables_write_counts_from_the_smallest_to_the_largest_and_say_so() -> None:
    table = build("summary", seeds([9.0, 8.0, 8.0], "grae", "lstar"))
    assert "8–9" in RENDERERS["markdown"](table) and "8–9" in RENDERERS["html"](table)
    assert r"$8\mbox{--}9$" in RENDERERS["latex"](table)
    assert any("smallest to the largest" in note.text for note in table.notes)
    (row,) = csv.DictReader(io.StringIO(RENDERERS["csv"](table)))
    assert row["lstar by seed"] == "9 8 8" and float(row["lstar"]) == pytest.approx(25 / 3)
    assert "lstar half width" not in row
    agreed = build("summary", seeds([8.0, 8.0], "grae", "lstar"))
    assert "| 8 |" in RENDERERS["markdown"](agreed)
    assert not any("smallest to the largest" in note.text for note in agreed.notes)


@pytest.mark.parametrize(
    ("metric", "count"),
    [
        *((name, True) for name in ("lstar", "lstar-draw", "lstar-90", "lstar-error", "gap-at")),
        *((name, False) for name in ("mse", "gap", "fd-raw", "of-mine")),
        ("active-units", True),
    ],
)
def test_what_is_counted_in_dimensions_is_a_count(metric: str, count: bool) -> None:
    assert is_count(metric) == count


def errors(method: str, value: float, n: int) -> list[Record]:
    return seeds([value] * n, method, "lstar-error", dataset="latent-8")


@pytest.mark.parametrize(("n", "best"), [(3, None), (5, None), (6, "grae")])
def test_a_count_is_best_where_permutations_of_its_pairs_say_so(n: int, best: str | None) -> None:
    """Of three pairs that all point one way, every eighth relabelling does."""
    winner = best_of(gather(errors("grae", 0.0, n) + errors("mi-vae", 1.0, n)), "lstar-error")
    assert (winner and winner.method) == best


def test_gap_and_where_it_is_have_columns() -> None:
    values = {"mse": 1.0, "lstar": 8.0, "gap": 17.0, "gap-at": 8.0}
    table = build("summary", [record("grae", values=values)])
    assert {"Gap", "Gap at"} <= {column.title for column in table.columns}
