"""Writes pool.json, what 64 seeds of three smoke cells measured, from the records of

bench run --suite tests/golden/pool.toml --results DIR && python tests/golden/make_pool.py DIR
"""

from __future__ import annotations

import json
import sys
from collections import defaultdict
from pathlib import Path

from benchmark.records import load_records

METRICS = ("mse", "fd-raw")


def main(results: str) -> None:
    """Write the values of each cell by seed, and the code that made them."""
    values: dict[tuple[str, str, int, str], list[float]] = defaultdict(list)
    codes = {}
    for record in sorted(load_records(results), key=lambda record: record.spec["seed"]):
        spec = record.spec
        codes[spec["method"]] = record.code
        for name, measurement in record.measurements.items():
            if name.partition("[")[0] in METRICS:
                values[spec["method"], spec["dataset"], spec["latent_dim"], name].append(
                    measurement["value"]
                )
    names = ("method", "dataset", "latent_dim", "metric")
    cells = [
        {**dict(zip(names, cell, strict=True)), "values": numbers}
        for cell, numbers in sorted(values.items())
    ]
    path = Path(__file__).with_name("pool.json")
    path.write_text(json.dumps({"codes": codes, "cells": cells}, indent=1) + "\n", encoding="utf-8")
    sys.stdout.write(f"wrote {path}: {[len(cell['values']) for cell in cells]} values\n")


if __name__ == "__main__":
    main(sys.argv[1])
