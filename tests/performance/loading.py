"""How long data takes to load, in seconds of the processor: the sprites of the default, every
sprite, and real MNIST where it is there.

    python tests/performance/loading.py [--data-dir DIR] [--repeats 3]

Prints the median, minimum and maximum over repeats. Where this was written: 0.04 s for 10,000
sprites, 2 s for all of them, 0.3 to 0.5 s for MNIST.
"""

from __future__ import annotations

import argparse
import os
import statistics
import time
from collections.abc import Callable
from pathlib import Path

from benchmark.datasets.mnist import MNIST
from benchmark.datasets.split import Splits
from benchmark.datasets.sprites import TOTAL, Sprites


def seconds(load: Callable[[], Splits]) -> float:
    """Return the processor seconds of one call."""
    begun = time.process_time()
    load()
    return time.process_time() - begun


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data-dir", type=Path, default=os.environ.get("BENCH_DATA"))
    parser.add_argument("--repeats", type=int, default=3)
    arguments = parser.parse_args()
    loads = {
        "sprites": Sprites().load,
        "all sprites": Sprites(Sprites.Options(count=TOTAL)).load,
    }
    if arguments.data_dir:
        loads["mnist"] = MNIST(data_dir=Path(arguments.data_dir)).load
    for name, load in loads.items():
        taken = [seconds(load) for _ in range(arguments.repeats)]
        text = f"{statistics.median(taken):.2f} s ({min(taken):.2f} to {max(taken):.2f})"
        print(f"{name}: {text}")  # noqa: T201


if __name__ == "__main__":
    main()
