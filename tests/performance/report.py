"""What a report costs: records, curves and artifacts of many runs are made up, then ``bench
report`` is timed in a process of its own.

    python tests/performance/report.py [--records 500] [--keep DIR]

The runs are every headline method on images of digits, and on points, over several latent sizes and
seeds, with curves of 150 entries (two scalars, two per dimension), artifacts as a run leaves them,
and a failed run in fifty. Prints seconds of the clock and of the processor, the size of the report,
and whether torch was imported (it must not be).
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from itertools import count, islice, product
from pathlib import Path

import numpy as np

from benchmark import registry
from benchmark.identity import code_of, harness_code, metric_codes
from benchmark.records import Store
from benchmark.spec import Record, RunSpec

ENTRIES = 150
SIZES = {"digits": (8, 16, 32, 64), "latent-8": (8, 16), "circle": (2,)}
NUMBERS = {"latent-8": 64, "circle": 2}
MEASURED = {
    "mse": 0.03,
    "mse-sampled": 0.04,
    "lstar": 9.0,
    "lstar-90": 8.0,
    "lstar-99": 12.0,
    "active-units": 9.0,
}

PROGRAM = (
    "import sys, benchmark.cli.report as c; c.report(sys.argv[1:], standalone_mode=False); "
    "print('torch' in sys.modules)"
)


def specs() -> Iterator[RunSpec]:
    """Every headline method at every place, seed after seed."""
    methods = [entry.name for entry in registry.METHODS if entry.headline]
    places = [(dataset, size) for dataset, sizes in SIZES.items() for size in sizes]
    schedule = {"budget": "short", "steps": 1500, "batch_size": 128}
    for seed in count():
        for (dataset, size), method in product(places, methods):
            common = {"config": {}, "options": {}, "data": "d" * 64, **schedule}
            yield RunSpec(method=method, dataset=dataset, latent_dim=size, seed=seed, **common)


def leave(store: Store, spec: RunSpec, number: int) -> None:
    """Write the record of a run, and what lies beside it."""
    rng, size = np.random.default_rng(number), spec.latent_dim
    failed = number % 50 == 49
    record = made_up(rng, spec)
    if failed:
        record = replace(record, status="failed", measurements={}, discovery=None, error="made up")
    store.write(record)
    folder = store.folder(spec.key)
    step = np.arange(1, ENTRIES + 1) * 10
    curves = {
        "loss": rng.random(ENTRIES),
        "nll": rng.random(ENTRIES),
        "kl": rng.random((ENTRIES, size)),
        "alpha": rng.random((ENTRIES, size)),
    }
    np.savez_compressed(folder / "curves.npz", step=step, **curves)
    if failed:
        (folder / "log.txt").write_text("made up\n" * 100, encoding="utf-8")
        return
    np.savez_compressed(folder / "artifacts.npz", **arrays(rng, spec))


def made_up(rng: np.random.Generator, spec: RunSpec) -> Record:
    """Return the record of a run that ended well."""
    size = spec.latent_dim
    measurements = {
        name: {"value": value * (1 + rng.random()), "unit": "", "n": 360, "protocol": "made up"}
        for name, value in MEASURED.items()
    }
    discovery = {
        "relevance": rng.random(size).tolist(),
        "active": (rng.random(size) > 0.5).tolist(),
        "flags": [],
        "extra": {},
    }
    environment = {
        "python": "3.11.7",
        "packages": {"torch": "2.8.0", "numpy": "2.4.0"},
        "cpu": "made up",
        "commit": "c" * 40,
    }
    return Record(
        spec.document(),
        spec.key,
        code_of(spec.method) or "",
        "done",
        measurements,
        {},
        discovery,
        environment=environment,
        harness=harness_code(),
        metrics=metric_codes(measurements),
    )


def arrays(rng: np.random.Generator, spec: RunSpec) -> dict[str, np.ndarray]:
    """Pictures of 28x28 images, the commonest size, or clouds of points."""
    rows = 360 if spec.dataset in NUMBERS else 32
    codes = {
        "codes": rng.normal(size=(rows, spec.latent_dim)).astype(np.float32),
        "code_covariance": np.cov(rng.normal(size=(spec.latent_dim, 99))),
    }
    if spec.dataset in NUMBERS:
        clouds = {
            name: rng.normal(size=(rows, NUMBERS[spec.dataset])).astype(np.float32)
            for name in ("inputs", "samples", "reconstructions")
        }
        return {**clouds, **codes}
    counts = {"inputs": 32, "samples": 64, "reconstructions": 32, "neighbours": 8}
    tiles = {name: smooth(rng, number) for name, number in counts.items()}
    return {**tiles, **codes, "traversals": smooth(rng, 64).reshape(8, 8, 1, 28, 28)}


def smooth(rng: np.random.Generator, number: int) -> np.ndarray:
    """Images as hard to compress as digits are: strokes on black."""
    strokes = rng.random((number, 1, 7, 7)) > 0.7
    return (np.kron(strokes, np.ones((4, 4))) * rng.integers(100, 256, (number, 1, 28, 28))).astype(
        np.uint8
    )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--records", type=int, default=500)
    parser.add_argument("--keep", type=Path, help="folder to make the records and the report in")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        root = options.keep or Path(scratch)
        for number, spec in enumerate(islice(specs(), options.records)):
            leave(Store(root / "runs"), spec, number)
        started, before = time.perf_counter(), os.times()
        command = [
            sys.executable,
            "-c",
            PROGRAM,
            "--results",
            str(root / "runs"),
            "-o",
            str(root / "report"),
        ]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        seconds, after = time.perf_counter() - started, os.times()
        used = (
            after.children_user
            + after.children_system
            - before.children_user
            - before.children_system
        )
        size = sum(path.stat().st_size for path in (root / "report").rglob("*") if path.is_file())
        imported = done.stdout.strip() == "True"
        print(  # noqa: T201
            f"{options.records} records: {seconds:.1f} s of the clock, "
            f"{used:.1f} s of the processor, {size / 1e6:.1f} MB, torch imported: {imported}"
        )


if __name__ == "__main__":
    main()
