"""Runs that did not end well, with what is known of why."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmark.names import labels
from benchmark.reporting.report.runs import command, log_tail
from benchmark.spec import Record

__all__ = ["Failure", "failures"]


@dataclass(frozen=True)
class Failure:
    """A run that is not done: what it was, its error in one line, the end of its log, and the
    command that tries again."""

    record: Record
    method: str
    dataset: str
    log: str
    command: str


def failures(records: Sequence[Record], results: Path) -> list[Failure]:
    """Return the runs of ``records`` that are not done, in their order."""
    return [
        Failure(
            record,
            *labels(record.spec, record.given),
            log_tail(results / record.key),
            command(record),
        )
        for record in records
        if record.status != "done"
    ]
