"""How cost grows: a step with L and with the size of images, planning and a second `bench run` with
the number of runs, `bench table` with the number of records; and how long commands take to start.

    python tests/performance/growth.py [--part steps,runs,records,start] [--records 1000,10000]

Prints a line for each size with its seconds, median and range over repeats, and for each series the
exponent b of seconds = a size^b between its last two sizes: 1 is linear.
"""

from __future__ import annotations

import argparse
import math
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from statistics import median

import numpy as np
import torch

from benchmark.planning.jobs import instance, load, plan
from benchmark.planning.reuse import Settings, divided
from benchmark.planning.suites import Grid
from benchmark.records import Store
from benchmark.running import job as jobs_module
from benchmark.training import runtime
from benchmark.training.trainer import Trainer

CPU = torch.device("cpu")


def seconds_of(call: Callable[[], object], repeats: int) -> list[float]:
    """Return the seconds of so many calls, after one that warms up."""
    call()
    taken = []
    for _ in range(repeats):
        begun = time.perf_counter()
        call()
        taken.append(time.perf_counter() - begun)
    return taken


def exponent(sizes: Sequence[float], seconds: Sequence[float]) -> float:
    """Return log(t2 / t1) / log(n2 / n1) of the last two points.

    >>> exponent([1, 10, 100], [9.0, 2.0, 20.0])
    1.0
    """
    return math.log(seconds[-1] / seconds[-2]) / math.log(sizes[-1] / sizes[-2])


def series(name: str, points: Iterable[tuple[int, list[float]]]) -> None:
    """Print the points of a series as they come, and its exponent."""
    sizes: list[float] = []
    middles: list[float] = []
    for size, taken in points:
        sizes.append(size)
        middles.append(median(taken))
        print(  # noqa: T201
            f"{name} {size:,}: {middles[-1]:.4g} s ({min(taken):.4g} to {max(taken):.4g})",
            flush=True,
        )
    if len(sizes) > 1:
        print(  # noqa: T201
            f"{name.rstrip(':')}: exponent {exponent(sizes, middles):.2f}", flush=True
        )


def step(method: str, side: int, latent_dim: int, steps: int) -> list[float]:
    """Return the seconds of outer steps of a method on square images."""
    with tempfile.TemporaryDirectory() as name:
        folder, draw = Path(name), np.random.default_rng(0)
        train, test = (draw.integers(0, 256, (n, side, side), dtype=np.uint8) for n in (400, 50))
        np.savez(folder / "images.npz", train=train, test=test)
        grid = Grid(
            [method], [f"npz:{folder}/images.npz"], [latent_dim], steps=1000, batch_size=100
        )
        (job,) = plan(grid, folder)
        splits = load(instance(job.dataset, job.data_dir))
        settings = Settings(folder, "cpu")
        take = jobs_module._trainer(job, settings, CPU, splits, Trainer)._stepping()
        return seconds_of(lambda: take(0), steps)


def steps(short: bool) -> None:
    """A step, by L and by the side of images."""
    repeats = 1 if short else 15
    for method in ("vae",) if short else ("vae", "r-vae", "maskaae"):
        sizes = (4, 8) if short else (8, 16, 32, 64, 128)
        series(
            f"step of {method} at L =", ((size, step(method, 28, size, repeats)) for size in sizes)
        )
    sides = (8, 16) if short else (16, 32, 64)
    series("step of vae, side", ((side, step("vae", side, 16, repeats)) for side in sides))


def runs(short: bool) -> None:
    """Planning a grid, and seeing that none of its runs is done."""

    def planned(count: int) -> Callable[[], object]:
        grid = Grid(["vae"], ["circle"], [2], seeds=count)
        return lambda: divided(plan(grid, Path()), Store(Path("/nowhere")))

    counts = (4, 8) if short else (100, 1000, 10_000)
    series(
        "plan of runs:",
        ((count, seconds_of(planned(count), 1 if short else 3)) for count in counts),
    )


def records(short: bool, counts: Sequence[int]) -> None:
    """`bench table` and a listing of the store, by the number of records."""
    from table import generate  # the script beside this one

    with tempfile.TemporaryDirectory() as name:
        folders = {count: Path(name) / str(count) for count in ((5, 10) if short else counts)}
        for count, folder in folders.items():
            folder.mkdir()
            assert generate(count, folder) == count
        repeats = 1 if short else 3
        series(
            "records read:",
            ((n, seconds_of(Store(folder).records, repeats)) for n, folder in folders.items()),
        )
        series(
            "bench table of records:",
            ((n, command(repeats, "table", "--results", str(f))) for n, f in folders.items()),
        )


def command(repeats: int, *words: str) -> list[float]:
    """Return the seconds of a command, from the start of Python to its exit."""

    def call() -> None:
        done = subprocess.run(
            [sys.executable, "-m", "benchmark", *words], capture_output=True, check=False
        )
        assert done.returncode == 0, done.stderr

    return seconds_of(call, repeats)


def start(short: bool) -> None:
    """How long commands take that do nothing yet."""
    dry = ["run", "--all", "--dry-run", "--results", "/nowhere"]
    for words in (["--help"], ["list", "methods"], ["show", "vae"], dry):
        taken = command(1 if short else 5, *words)
        middle, low, high = median(taken), min(taken), max(taken)
        print(  # noqa: T201
            f"bench {' '.join(words)}: {middle:.3g} s ({low:.3g} to {high:.3g})", flush=True
        )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--part", default="steps,runs,records,start")
    parser.add_argument("--records", default="1000,10000")
    parser.add_argument("--short", action="store_true", help="see that it works")
    chosen = parser.parse_args()
    runtime.make_deterministic()
    counts = [int(count) for count in chosen.records.split(",")]
    parts = {
        "steps": lambda: steps(chosen.short),
        "runs": lambda: runs(chosen.short),
        "records": lambda: records(chosen.short, counts),
        "start": lambda: start(chosen.short),
    }
    for part in chosen.part.split(","):
        parts[part]()


if __name__ == "__main__":
    main()
