"""How long a table of many records takes: generated records on disk, then ``bench table`` in a process of its own.

    python tests/performance/table.py [--records 10000] [--format latex] [--repeats 3]

Records are those of runs: twelve measurements each, seeds 0 to 4, methods with options, four datasets, several latent sizes and budgets, some of
them failed or diverged. Prints the seconds of each call from start to exit, split into the start of Python with its imports, reading the records,
making the table, and writing it in the format. Fails where torch was imported.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import platform
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmark.records import code_of
from benchmark.spec import Record, RunSpec

METHODS = ("pca", "vae", "dpvae", "r-vae", "r-dpvae", "rf-vae", "maskaae", "geco-l0", "flexae", "grae", "beta-vae", "mi-vae")
DATASETS = ("digits", "circle", "latent-8", "mnist")
BUDGETS = ("quick", "short", "paper")
METRICS = ("mse", "mse-sampled", "lstar", "lstar-90", "lstar-99", "active-units", "fd-raw", "nac", "precision", "recall", "mmd", "sw2")
TROUBLE = ("diverged", "failed", "killed", "timed-out")

CHILD = """
import json, sys, time
begun = time.perf_counter()
from benchmark.records import load_records
from benchmark.reporting import tables
from benchmark.reporting.render import RENDERERS
from benchmark.reporting.selection import Filters, select
import pandas, scipy.stats
marks = [time.perf_counter()]
records = select(load_records(sys.argv[1]), Filters(), sys.argv[1])
marks.append(time.perf_counter())
table = tables.build("summary", records)
marks.append(time.perf_counter())
text = RENDERERS[sys.argv[2]](table)
marks.append(time.perf_counter())
spans = [end - start for start, end in zip([begun, *marks], marks)]
print(json.dumps({"spans": spans, "rows": len(table.rows), "bytes": len(text), "torch": "torch" in sys.modules}))
"""


def generate(count: int, folder: Path) -> int:
    """Write ``count`` records below ``folder`` and return how many there are."""
    draw = random.Random(0)
    sizes = range(2, 2 + -(-count // (len(METHODS) * len(DATASETS) * len(BUDGETS) * 5)))
    grid = itertools.product(sizes, DATASETS, BUDGETS, METHODS, range(5))
    for latent_dim, dataset, budget, method, seed in itertools.islice(grid, count):
        spec = RunSpec(method, {}, dataset, {}, "d" * 64, latent_dim, seed, budget, 300, 128)
        trouble = draw.choice(TROUBLE) if draw.random() < 0.02 else None
        values = {} if trouble else {name: {"value": draw.random(), "unit": "", "n": 1000, "protocol": "generated"} for name in METRICS}
        discovery = None if trouble else {"relevance": [1.0] * latent_dim, "active": [True] * latent_dim, "flags": [], "extra": {}}
        record = Record(spec.document(), spec.key, code_of(method) or "", trouble or "done", measurements=values, discovery=discovery)
        (folder / spec.key).mkdir()
        (folder / spec.key / "record.json").write_text(record.to_json(), encoding="utf-8")
    return len(list(folder.iterdir()))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--records", type=int, default=10_000)
    parser.add_argument("--format", default="latex")
    parser.add_argument("--repeats", type=int, default=3)
    chosen = parser.parse_args()
    print(f"{platform.machine()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}, Python {platform.python_version()}")  # noqa: T201
    with tempfile.TemporaryDirectory() as name:
        print(f"{generate(chosen.records, Path(name))} records")  # noqa: T201
        for _ in range(chosen.repeats):
            started, spent = time.perf_counter(), os.times()
            done = subprocess.run([sys.executable, "-c", CHILD, name, chosen.format], capture_output=True, text=True, check=True)
            wall, now = time.perf_counter() - started, os.times()
            found = json.loads(done.stdout)
            if found["torch"]:
                raise SystemExit("torch was imported")
            imports, reading, making, writing = found["spans"]
            cpu = now.children_user - spent.children_user + now.children_system - spent.children_system
            parts = f"imports {imports:.2f}, reading {reading:.2f}, table {making:.2f}, {chosen.format} {writing:.2f}"
            print(f"{wall:.2f} s ({cpu:.2f} s of CPU): {parts}; {found['rows']} rows, {found['bytes']} bytes")  # noqa: T201


if __name__ == "__main__":
    main()
