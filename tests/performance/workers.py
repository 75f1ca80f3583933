"""Two workers of `bench run` against one, beside what two bare processes reach against one.

    python tests/performance/workers.py [--runs 40] [--steps 300] [--repeats 3]

A bare process imports what a run needs and then carries its share of the runs out one after the
other by the same function, without a pool, a server or a pipe. All four are timed in turn in one
call, from when processes have imported; prints the speed-ups and their ratio, median and range over
repeats. Wants two cores that nothing else uses.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

from children import seconds_together

from benchmark.planning.jobs import Job, plan
from benchmark.planning.reuse import Settings
from benchmark.planning.suites import Grid
from benchmark.running.processes import Events, run_jobs


def planned(runs: int, steps: int) -> list[Job]:
    """Return the grid: as many seeds as runs."""
    return plan(Grid(["vae"], ["digits"], [16], seeds=runs, steps=steps), Path())


def pooled(jobs: list[Job], workers: int) -> float:
    """Return the seconds of the pool."""
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(Path(folder), "cpu")
        run_jobs(planned(1, 1), settings, 1, Events())  # the server has imported afterwards
        begun = time.perf_counter()
        outcomes = run_jobs(jobs, settings, workers, Events())
        seconds = time.perf_counter() - begun
    assert all(outcome.status == "done" for outcome in outcomes)
    return seconds


def bare(runs: int, steps: int, processes: int) -> float:
    """Return the seconds of bare processes."""
    with tempfile.TemporaryDirectory() as folder:
        call = [sys.executable, __file__, "--runs", str(runs), "--steps", str(steps)]
        return seconds_together(
            [[*call, "--share", str(number), str(processes), folder] for number in range(processes)]
        )


def share(jobs: list[Job], folder: Path) -> None:
    """Carry runs out in this process, once somebody says so."""
    from benchmark.running.job import execute

    settings = Settings(folder, "cpu")
    execute(planned(1, 1)[0], settings)
    print("ready", flush=True)  # noqa: T201
    sys.stdin.readline()
    for job in jobs:
        record = execute(job, settings)
        assert record is not None and record.status == "done"


def spread(values: list[float]) -> str:
    """Return median and range."""
    return f"{median(values):.3f} ({min(values):.3f} to {max(values):.3f})"


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--runs", type=int, default=40)
    parser.add_argument("--steps", type=int, default=300)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--short", action="store_true", help="see that it works")
    parser.add_argument("--share", nargs=3, metavar=("PLACE", "PROCESSES", "FOLDER"))
    chosen = parser.parse_args()
    if chosen.short:
        chosen.runs, chosen.steps, chosen.repeats = 2, 3, 1
    jobs = planned(chosen.runs, chosen.steps)
    if chosen.share:
        number, processes, folder = chosen.share
        share(jobs[int(number) :: int(processes)], Path(folder))
        return
    pool, processes_, rest = [], [], []
    for _ in range(chosen.repeats):
        one, two = pooled(jobs, 1), pooled(jobs, 2)
        single, double = (bare(chosen.runs, chosen.steps, count) for count in (1, 2))
        pool.append(one / two)
        processes_.append(single / double)
        rest.append(pool[-1] / processes_[-1])
        print(  # noqa: T201
            f"{chosen.runs} runs of {chosen.steps} steps: workers {one:.1f} s, {two:.1f} s; "
            f"bare {single:.1f} s, {double:.1f} s",
            flush=True,
        )
    print(  # noqa: T201
        f"two workers against one {spread(pool)}; two bare processes against one "
        f"{spread(processes_)}; ratio {spread(rest)}"
    )


if __name__ == "__main__":
    main()
