"""The schema of a record, as it is shipped with the package."""

from __future__ import annotations

import json
from pathlib import Path

import benchmark

SCHEMA = json.loads(
    (Path(benchmark.__file__).parent / "data" / "record.schema.json").read_text(encoding="utf-8")
)
