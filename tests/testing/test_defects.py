"""Planted defects: each is caught by the check that should, with a message that says what to
change. The template itself passes."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

import pytest
from defects import DEFECTS, SOUND, STEP

from benchmark.testing import CHECKS, Candidate, CheckOutcome, outcomes

ALL = {check.name for check in CHECKS}


def examine(text: str, folder: Path, names: Collection[str]) -> dict[str, CheckOutcome]:
    """Return the outcomes of the checks ``names``."""
    assert set(names) <= ALL
    path = folder / "mine.py"
    path.write_text(text, encoding="utf-8")
    checks = [check for check in CHECKS if check.name in names]
    return {
        outcome.check.name: outcome for outcome in outcomes(Candidate(str(path), folder), checks)
    }


def test_the_template_passes(tmp_path: Path) -> None:
    by_check = examine(SOUND, tmp_path, ALL)
    assert [
        f"{name}: {outcome.message}"
        for name, outcome in by_check.items()
        if outcome.status == "failed"
    ] == []
    assert {name for name, outcome in by_check.items() if outcome.status == "skipped"} <= {
        "captured-cuda",
        "prunes",
    }


@pytest.mark.parametrize("defect", DEFECTS)
def test_defect_is_caught_where_it_should(defect: str, tmp_path: Path) -> None:
    names, says, changes = DEFECTS[defect]
    text = SOUND
    for old, new in changes:
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    by_check = examine(text, tmp_path, names.split())
    failed = {
        name: outcome.message for name, outcome in by_check.items() if outcome.status == "failed"
    }
    assert set(names.split()) <= failed.keys(), failed
    assert any(says in failed[name] for name in names.split()), failed


def test_a_step_that_fails_is_told_by_every_check_that_trains(tmp_path: Path) -> None:
    """Checks of the trained method look at it without gradients; training it takes them."""
    broken = SOUND.replace(STEP, "        raise ValueError('no time')\n" + STEP)
    by_check = examine(broken, tmp_path, ALL - {"processes"})  # which starts a process
    failed = {
        name: outcome.message for name, outcome in by_check.items() if outcome.status == "failed"
    }
    assert {"shapes", "deterministic-codes", "batch-size"} <= failed.keys()
    assert set(failed.values()) == {"ValueError: no time"}
