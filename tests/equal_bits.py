"""Whether runs carried out elsewhere have the records and files of those carried out here."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from benchmark.planning.jobs import Job
from benchmark.records import Store
from benchmark.running.compare import compare


def assert_equal_bits(jobs: Sequence[Job], one: Path, other: Path) -> None:
    """Fail unless every job is done in both results folders, with equal bits."""
    for job in jobs:
        key = job.spec.key
        records = [Store(results).read(key) for results in (one, other)]
        assert all(record is not None and record.status == "done" for record in records), records
        assert compare(*records, one / key, other / key).equal, key
