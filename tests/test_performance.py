"""The scripts of tests/performance work; what they measure is told in docs/performance.md."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest
from performance.children import seconds_together
from performance.growth import exponent, series

FOLDER = Path(__file__).parent / "performance"


def short(script: str, *options: str) -> list[str]:
    """Return the lines of a script's short form."""
    call = [sys.executable, str(FOLDER / script), "--short", *options]
    done = subprocess.run(call, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def test_the_exponent_is_that_of_the_last_two_sizes(capsys: pytest.CaptureFixture[str]) -> None:
    assert exponent([1, 10, 100], [9.0, 2.0, 200.0]) == pytest.approx(2.0)
    series("work at n =", [(1000, [1.0, 3.0, 2.0]), (10_000, [20.0])])
    assert capsys.readouterr().out.splitlines() == [
        "work at n = 1,000: 2 s (1 to 3)",
        "work at n = 10,000: 20 s (20 to 20)",
        "work at n =: exponent 1.00",
    ]


MEET = """
import pathlib, sys, time
own, other = map(pathlib.Path, sys.argv[1:])
print("ready", flush=True)
sys.stdin.readline()
own.touch()
end = time.monotonic() + 20
while not other.exists():
    assert time.monotonic() < end, "the other has not begun"
    time.sleep(0.01)
"""


def test_processes_that_begin_together_run_at_the_same_time(tmp_path: Path) -> None:
    one, two = str(tmp_path / "one"), str(tmp_path / "two")
    call = [sys.executable, "-c", MEET]
    assert seconds_together([[*call, one, two], [*call, two, one]]) > 0.0


def test_a_process_that_fails_is_seen() -> None:
    failing = "import sys; print('ready', flush=True); sys.stdin.readline(); sys.exit(3)"
    with pytest.raises(AssertionError):
        seconds_together([[sys.executable, "-c", failing]])


@pytest.mark.slow
def test_growth_is_told_of_every_part() -> None:
    lines = short("growth.py")
    assert sum("exponent" in line for line in lines) == 5
    assert sum(line.startswith("bench ") and " s (" in line for line in lines) >= 4


@pytest.mark.slow
def test_two_workers_are_told_beside_bare_processes() -> None:
    first, last = short("workers.py")
    assert first.startswith("2 runs of 3 steps: workers ") and "; ratio " in last


@pytest.mark.slow
@pytest.mark.skipif(importlib.util.find_spec("pythae") is None, reason="pythae is not here")
def test_our_loop_is_told_beside_pythaes() -> None:
    first, *rest = short("pythae_beside.py")
    assert first.startswith("one run, images per second, ours / pythae's: ")
    assert rest[0].startswith("study of 2") and len(rest) == 3


@pytest.mark.slow
@pytest.mark.skipif(importlib.util.find_spec("prdc") is None, reason="prdc is not here")
def test_nearest_neighbours_have_the_values_of_prdc() -> None:
    from performance.neighbours import ours, theirs, vectors

    for size in ((50, 3), (300, 8), (700, 40)):
        sets = vectors(*size)
        assert ours(*sets) == pytest.approx(theirs(*sets), abs=1e-12)
    *_, last = short("neighbours.py")
    assert last.startswith("200 vectors of 8 numbers: prdc / ours = ")
    assert float(last.rpartition(" ")[2]) < 1e-12
