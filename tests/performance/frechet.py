"""The 2048-d Frechet step of FID: symmetric eigenvalues here, a matrix square root in pytorch-fid,
alternating in one process on one thread.

    python tests/performance/frechet.py [--pairs 3] [--dim 2048] [--images 10000]

Both get the moments of the same two sets of random features, correlated and clipped at zero as
Inception's are. Prints both values, and the ratio of processor times and of wall-clock times
(median, minimum and maximum over pairs).
"""

from __future__ import annotations

import argparse
import statistics
import time
import warnings
from collections.abc import Callable

import numpy as np
from pytorch_fid.fid_score import calculate_frechet_distance
from threadpoolctl import threadpool_limits

from benchmark.metrics.frechet import frechet_distance
from benchmark.metrics.moments import Moments


def features(rng: np.random.Generator, images: int, dim: int, shift: float) -> Moments:
    """Moments of correlated features whose spectrum falls off, clipped at zero."""
    mix = rng.normal(size=(dim, dim)) * np.linspace(1.0, 0.01, dim)[:, None] / np.sqrt(dim)
    moments_seen = Moments(dim)
    moments_seen.update(
        np.maximum(rng.normal(shift, 1.0, size=(min(500, images - start), dim)) @ mix + 0.2, 0.0)
        for start in range(0, images, 500)
    )
    return moments_seen


def timed(distance: Callable[..., float], *moments: np.ndarray) -> tuple[float, float, float]:
    """Return the value, the processor seconds and the wall-clock seconds."""
    wall, processor = time.perf_counter(), time.process_time()
    value = float(distance(*moments))
    return value, time.process_time() - processor, time.perf_counter() - wall


def spread(ratios: list[float]) -> str:
    return f"{statistics.median(ratios):.1f} ({min(ratios):.1f} to {max(ratios):.1f})"


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--pairs", type=int, default=3)
    parser.add_argument("--dim", type=int, default=2048)
    parser.add_argument("--images", type=int, default=10_000)
    options = parser.parse_args()
    rng = np.random.Generator(np.random.PCG64(0))
    with threadpool_limits(1), warnings.catch_warnings():
        warnings.simplefilter(
            "ignore", DeprecationWarning
        )  # SciPy's, on the argument that 1.18 takes away
        first, second = (features(rng, options.images, options.dim, shift) for shift in (0.0, 0.1))
        moments = (first.mean, first.covariance, second.mean, second.covariance)
        processor, wall = [], []
        for pair in range(options.pairs):
            order = (
                (frechet_distance, calculate_frechet_distance)
                if pair % 2
                else (calculate_frechet_distance, frechet_distance)
            )
            times = {distance: timed(distance, *moments) for distance in order}
            (ours, cpu, seconds), (theirs, cpu_theirs, seconds_theirs) = (
                times[frechet_distance],
                times[calculate_frechet_distance],
            )
            processor.append(cpu_theirs / cpu)
            wall.append(seconds_theirs / seconds)
            print(  # noqa: T201
                f"pair {pair}: {ours:.9g} in {cpu:.1f} s, pytorch-fid {theirs:.9g} in "
                f"{cpu_theirs:.1f} s (processor)",
                flush=True,
            )
    print(  # noqa: T201
        f"{options.dim} features: pytorch-fid / ours = {spread(processor)} in processor time, "
        f"{spread(wall)} in wall-clock time; values differ by "
        f"{abs(ours - theirs) / abs(theirs):.1e}"
    )


if __name__ == "__main__":
    main()
