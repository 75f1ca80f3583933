"""Precision, recall, density and coverage by nearest neighbours: ours beside the package prdc 0.2,
alternating in one process.

    pip install --no-deps --target /tmp/prdc prdc==0.2
    PYTHONPATH=.:/tmp/prdc python tests/performance/neighbours.py [--pairs 5] [--images 10000]

Both get the same vectors, which stand for the features of as many test images and samples. prdc has
one k for all four numbers, so it is called with 3 and with 5, as the metrics have them; linear
algebra has one thread, and the threads that prdc starts itself (8 for the distances) are its own.
Prints both values, and the ratio of processor times and of wall-clock times (median, minimum and
maximum over pairs).
"""

from __future__ import annotations

import argparse
import contextlib
import io
import time
from collections.abc import Callable
from statistics import median

import numpy as np
from threadpoolctl import threadpool_limits

from benchmark.metrics.manifold import Neighbours, neighbours

K, K_COVERAGE = 3, 5

Scores = tuple[float, float, float, float]


def vectors(images: int, dim: int) -> tuple[np.ndarray, np.ndarray]:
    """Return reference and evaluated vectors (images, dim): of two normal distributions, a little
    apart, on axes of falling width."""
    rng, width = np.random.default_rng(0), np.linspace(1.0, 0.1, dim)
    reference, evaluated = (rng.normal(shift, width, size=(images, dim)) for shift in (0.0, 0.1))
    return reference, evaluated


def ours(reference: np.ndarray, evaluated: np.ndarray) -> Scores:
    """Return the four numbers by our function."""
    scores: Neighbours = neighbours(
        reference=reference, evaluated=evaluated, k=K, k_coverage=K_COVERAGE
    )
    return scores.precision, scores.recall, scores.density, scores.coverage


def theirs(reference: np.ndarray, evaluated: np.ndarray) -> Scores:
    """Return the four numbers by prdc, which prints how many vectors it was given."""
    from prdc import compute_prdc

    with contextlib.redirect_stdout(io.StringIO()):
        first, second = (compute_prdc(reference, evaluated, k) for k in (K, K_COVERAGE))
    return first["precision"], first["recall"], second["density"], second["coverage"]


def timed(score: Callable[..., Scores], *sets: np.ndarray) -> tuple[Scores, float, float]:
    """Return the values, the processor seconds and the wall-clock seconds."""
    wall, processor = time.perf_counter(), time.process_time()
    values = score(*sets)
    return values, time.process_time() - processor, time.perf_counter() - wall


def spread(ratios: list[float]) -> str:
    return f"{median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f})"


def report(images: int, dim: int, pairs: int) -> None:
    """Time so many pairs of calls and print what they gave and took."""
    sets = vectors(images, dim)
    processor, wall, gaps = [], [], []
    for pair in range(pairs):
        order = (ours, theirs) if pair % 2 else (theirs, ours)
        times = {score: timed(score, *sets) for score in order}
        (own, cpu, seconds), (other, other_cpu, other_seconds) = times[ours], times[theirs]
        processor.append(other_cpu / cpu)
        wall.append(other_seconds / seconds)
        gaps.append(max(abs(a - b) for a, b in zip(own, other, strict=True)))
        print(  # noqa: T201
            f"pair {pair}: ours {cpu:.1f} s of a processor, prdc {other_cpu:.1f} s", flush=True
        )
    names = ("precision", "recall", "density", "coverage")
    scores = (f"{name} {value:.6g}" for name, value in zip(names, own, strict=True))
    print(", ".join(scores))  # noqa: T201
    print(  # noqa: T201
        f"{images} vectors of {dim} numbers: prdc / ours = {spread(processor)} in processor time, "
        f"{spread(wall)} in wall-clock time; values differ by {max(gaps):.1e}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--pairs", type=int, default=5)
    parser.add_argument("--images", type=int, default=10_000)
    parser.add_argument("--dim", type=int, default=64)
    parser.add_argument("--short", action="store_true", help="see that it works")
    options = parser.parse_args()
    size = (200, 8, 2) if options.short else (options.images, options.dim, options.pairs)
    with threadpool_limits(1):
        report(*size)


if __name__ == "__main__":
    main()
