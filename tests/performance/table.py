"""How long a table of many records takes: generated records on disk, then ``bench table`` in a
process of its own.

    python tests/performance/table.py [--records 10000] [--format latex] [--repeats 3]

Records are as long as those of runs, about 5 KB: every option with its default, twelve measurements
with protocols, what was absent, environment, timing; seeds 0 to 4, four datasets, several latent
sizes and budgets, some failed or diverged. Prints the seconds of each call from the start of Python
to its exit. Fails where torch was imported.
"""

from __future__ import annotations

import argparse
import itertools
import os
import platform
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmark import registry
from benchmark.identity import code_of, harness_code, metric_codes
from benchmark.spec import Record, RunSpec

METHODS = (
    "pca",
    "vae",
    "dpvae",
    "r-vae",
    "r-dpvae",
    "rf-vae",
    "maskaae",
    "geco-l0",
    "flexae",
    "grae",
    "beta-vae",
    "mi-vae",
)
DATASETS = ("digits", "circle", "latent-8", "mnist")
BUDGETS = ("quick", "short", "paper")
METRICS = (
    "mse",
    "mse-sampled",
    "lstar",
    "lstar-90",
    "lstar-99",
    "active-units",
    "fd-raw",
    "nac",
    "precision",
    "recall",
    "mmd",
    "sw2",
)
TROUBLE = ("diverged", "failed", "killed", "timed-out")
PROTOCOL = (
    "generated: a line as long as those that say what a measurement was made of and how it was made"
)
ABSENT = dict.fromkeys(
    ("fd-cnn", "fd-cnn-floor", "accuracy", "accuracy-majority"),
    "the data have no labels, and no classifier was trained on them",
)
TIMING = {
    "train_seconds": 4.242178817999957,
    "evaluate_seconds": 0.24029427599998598,
    "images_seen": 38400,
    "outer_steps": 300,
}
ENVIRONMENT = {
    **{
        name: f"as long as the {name} of a machine"
        for name in ("architecture", "blas", "commit", "cpu", "libc", "platform", "python")
    },
    **dict.fromkeys(("cuda", "cudnn", "gpu_capability")),
    "determinism": {
        "cublas_workspace": ":4096:8",
        "cudnn_benchmark": False,
        "cudnn_deterministic": True,
        "tf32": False,
    },
    "packages": dict.fromkeys(
        ("numpy", "safetensors", "scikit-learn", "scipy", "torch", "torchvision"), "1.23.4"
    ),
}

CHILD = """
import sys
from benchmark.cli import main
try:
    main()
finally:
    print("torch" if "torch" in sys.modules else "no torch", file=sys.stderr)
"""


def defaults(room: registry.Room, name: str) -> dict[str, Any]:
    """Return every option of a method or dataset with its default."""
    entry = registry.find(room, name)
    return {
        **{
            field.name: field.default for field in entry.source.fields(registry.OPTIONS_CLASS[room])
        },
        **entry.preset,
    }


def generate(count: int, folder: Path) -> int:
    """Write ``count`` records below ``folder`` and return how many there are."""
    draw = random.Random(0)
    sizes = range(2, 2 + -(-count // (len(METHODS) * len(DATASETS) * len(BUDGETS) * 5)))
    grid = itertools.product(sizes, DATASETS, BUDGETS, METHODS, range(5))
    for latent_dim, dataset, budget, method, seed in itertools.islice(grid, count):
        spec = RunSpec(
            method,
            defaults("methods", method),
            dataset,
            defaults("datasets", dataset),
            "d" * 64,
            latent_dim,
            seed,
            budget,
            300,
            128,
        )
        (folder / spec.key).mkdir()
        text = made_up(spec, draw).to_json()
        (folder / spec.key / "record.json").write_text(text, encoding="utf-8")
    return len(list(folder.iterdir()))


def made_up(spec: RunSpec, draw: random.Random) -> Record:
    """Return the record of a run, of two in a hundred one that did not end well."""
    trouble = draw.choice(TROUBLE) if draw.random() < 0.02 else None
    about = {"unit": "dimensions", "n": 1000, "protocol": PROTOCOL}
    values = {} if trouble else {name: {"value": draw.random(), **about} for name in METRICS}
    relevance = [draw.random() for _ in range(spec.latent_dim)]
    active = [True] * spec.latent_dim
    discovery = {"relevance": relevance, "active": active, "flags": [], "extra": {}}
    return Record(
        spec.document(),
        spec.key,
        code_of(spec.method) or "",
        trouble or "done",
        values,
        ABSENT,
        None if trouble else discovery,
        TIMING,
        ENVIRONMENT,
        harness=harness_code(),
        metrics=metric_codes({**values, **ABSENT}),
    )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--records", type=int, default=10_000)
    parser.add_argument("--format", default="latex")
    parser.add_argument("--repeats", type=int, default=3)
    chosen = parser.parse_args()
    print(  # noqa: T201
        f"{platform.machine()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}, "
        f"Python {platform.python_version()}"
    )
    with tempfile.TemporaryDirectory() as name:
        print(f"{generate(chosen.records, Path(name))} records")  # noqa: T201
        for _ in range(chosen.repeats):
            print(timed(name, chosen.format))  # noqa: T201


def timed(results: str, kind: str) -> str:
    """Make the table once and return how long it took, in words."""
    started, spent = time.perf_counter(), os.times()
    environment = {
        name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"
    }  # as installed: compiled once
    call = [sys.executable, "-c", CHILD, "table", "--results", results, "--format", kind]
    done = subprocess.run(call, capture_output=True, text=True, check=True, env=environment)
    wall, now = time.perf_counter() - started, os.times()
    if not done.stderr.endswith("no torch\n"):
        raise SystemExit(f"torch was imported; {done.stderr}")
    user, system = now.children_user - spent.children_user, now.children_system
    cpu = user + system - spent.children_system
    return f"{wall:.2f} s ({cpu:.2f} s of CPU), {len(done.stdout)} bytes of {kind}"


if __name__ == "__main__":
    main()
