"""What chance gives: intervals found independently, both sides of the null, and what a method may
declare."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

from benchmark import registry
from benchmark.metrics.dimension import relevance_gap, smallest_share
from benchmark.metrics.null import (
    Null,
    accidents,
    declared_null,
    null_gap,
    null_interval,
    null_rows,
    resolved,
    untrained_null,
)

EQUAL = math.inf


@pytest.mark.parametrize("size", [1, 2, 9, 10, 16, 20, 32, 64])
def test_equal_relevances_and_a_tenth_of_them_dead_are_inside(size: int) -> None:
    null = declared_null(size, EQUAL, 64.0, 0.95)
    for dead in range(accidents(size) + 1):
        relevance = np.r_[np.ones(size - dead), np.zeros(dead)]
        assert null.holds(smallest_share(relevance, 0.95), relevance_gap(relevance)[0])


@pytest.mark.parametrize("size", [2, 10, 16, 32, 64])
def test_a_quarter_dead_is_a_find(size: int) -> None:
    dead = max(1, size // 4)
    relevance = np.r_[np.ones(size - dead), np.zeros(dead)]
    null = declared_null(size, EQUAL, 64.0, 0.95)
    assert not null.holds(smallest_share(relevance, 0.95), relevance_gap(relevance)[0])


@pytest.mark.parametrize("concentration", [1.0, 64.0])
@pytest.mark.parametrize("size", [2, 16, 64])
def test_draws_of_the_null_are_outside_it_in_five_of_a_hundred_at_most(
    size: int, concentration: float
) -> None:
    null = declared_null(size, concentration, concentration, 0.95)
    stream = np.random.default_rng(7)
    draws = 1.0 / stream.gamma(concentration, 1.0 / concentration, (2000, size))
    outside = [not null.holds(smallest_share(draw, 0.95), relevance_gap(draw)[0]) for draw in draws]
    assert np.mean(outside) <= 0.05
    gaps = [relevance_gap(draw)[0] for draw in draws]
    assert np.mean(np.array(gaps) > null_gap(size, concentration)) == pytest.approx(0.05, abs=0.02)


def test_both_sides_have_to_be_passed() -> None:
    null = Null(15, 1.2)
    assert not null.holds(9, 4.0)
    assert null.holds(15, 4.0) and null.holds(9, 1.2) and null.holds(16, 1.0)
    assert not null.holds(9) and null.holds(15)  # no relevances: the count alone
    assert not Null(15, None).holds(9, 1.0)  # no gaps of the null: likewise


def test_a_null_of_untrained_networks_is_their_extremes_and_never_one_dead_dimension() -> None:
    assert untrained_null(16, [14, 15, 16], [1.1, 7.0, 2.0]) == Null(14, 7.0, 3)
    assert untrained_null(16, [16] * 32, [1.0] * 32) == Null(15, 1.0, 32)
    assert untrained_null(9, [9], []) == Null(9, None, 1)


ROWS = (
    {"options": {"scale": "one"}, "relevances": 1.0},
    {"readings": ("lstar-draw",), "relevances": "half-batch"},
    {"readings": ("lstar-last",), "relevances": "untrained"},
    {"relevances": "equal"},
)


@pytest.mark.parametrize(
    ("reading", "options", "expected"),
    [
        ("lstar", {}, (EQUAL, 50.0, 0.95)),
        ("lstar-90", {}, (EQUAL, 50.0, 0.90)),
        ("lstar", {"scale": "one"}, (1.0, 1.0, 0.95)),
        ("lstar", {"scale": "half"}, (EQUAL, 50.0, 0.95)),
        ("lstar-draw", {}, (50.0, 50.0, 0.95)),
        ("lstar-last", {}, None),
    ],
)
def test_the_first_row_that_fits_counts(
    reading: str, options: dict[str, str], expected: tuple[float, float, float] | None
) -> None:
    assert resolved(ROWS, reading, options, 100) == expected
    assert resolved(ROWS[:1], reading, {}, 100) is None


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ({"relevances": "sometimes"}, "'sometimes'; expected 'equal'"),
        ({"relevances": -1.0}, "-1.0; expected"),
        ({"relevance": "equal"}, "no field 'relevance'"),
        ("equal", "'equal'; expected rows"),
        ({"relevances": True}, "True; expected 'equal'"),
        ({"relevances": 1e-9}, "1e-09; expected 'equal'"),
        ({"relevances": float("inf")}, "inf; expected 'equal'"),
        ({"relevances": "equal", "share": 2}, "share 2; expected a number above 0, at most 1"),
        ({"relevances": "equal", "share": "a"}, "share 'a'; expected a number"),
        ({"relevances": "equal", "readings": "lstar-90"}, "readings 'lstar-90'; expected a list"),
        ({"relevances": "equal", "options": ["a"]}, r"options \['a'\]; expected values by name"),
    ],
)
def test_rows_that_mean_nothing_are_named(row: object, message: str) -> None:
    """Also those behind the row that counts."""
    for rows in ([row], [{"relevances": "equal"}, row]):
        with pytest.raises(ValueError, match=message):
            resolved(rows, "lstar", {}, 128)


def test_nulls_of_registered_methods_are_read_without_import_and_a_record_knows_its_own() -> None:
    assert null_rows("r-vae", None) == null_rows("r-dpvae", {"extra": {}}) != ()
    assert null_rows("vae", None) == () == null_rows("nobody", None)
    assert null_rows("r-vae", {"null": []}) == []


def test_every_declared_null_can_be_read() -> None:
    declared = 0
    for entry in registry.METHODS:
        rows = null_rows(entry.name, None)
        declared += bool(rows)
        for reading in ("lstar", "lstar-draw", "lstar-99"):
            resolved(rows, reading, {}, 128)
    assert declared >= 3


def test_a_file_of_ones_own_declares_a_null_in_its_class(tmp_path: Path) -> None:
    file = tmp_path / "mine.py"
    file.write_text(
        "from benchmark.method import Method\n\n\nclass Mine(Method):\n"
        "    null = ({'relevances': 'equal'},)\n"
    )
    source = registry.find("methods", str(file)).source
    assert resolved(source.constants["null"], "lstar", {}, 64) == (EQUAL, 32.0, 0.95)


def test_the_null_of_one_dimension_has_no_gap() -> None:
    assert null_gap(1, 64.0) == 1.0
    assert null_interval(1, 64.0) == (1, 1, 1)
    assert declared_null(1, EQUAL, 64.0, 0.95).holds(1, 1.0)
