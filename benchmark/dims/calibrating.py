"""A calibration from records: what every voice said of data of known dimension, as ``bench dims``
would hear it."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

from benchmark.calibration.calibration import Calibration, packaged, read_calibration
from benchmark.controls import References
from benchmark.identity import harness_code
from benchmark.records import load_records
from benchmark.reporting.cells.trials import cases_of, trials_of
from benchmark.spec import BenchError, Record

__all__ = ["calibration_of", "chosen_calibration"]

SEED = 0
"""The seed whose runs are heard: ``bench dims`` trains one seed, and the mean of several would seem
more certain than that is."""

BUDGET = "quick"
"""The budget whose steps ``bench dims`` takes."""


def calibration_of(folder: Path) -> Calibration:
    """Return what the records and estimates in the results folder teach; ``BenchError`` where they
    are of too few datasets of known dimension.

    Runs count as in the table ``calibration`` (of the installed code, ended, without a flag,
    outside their null), of budget quick and seed 0; ``failures`` counts all seeds.
    """
    records = [record for record in load_records(folder) if _counts(record)]
    references = References(folder)
    alone = trials_of([run for run in records if run.spec["seed"] == SEED], references)
    by_key = {record.key: record for record in records}
    codes = {trial.voice: by_key[trial.keys[0]].code for trial in alone if trial.keys}
    failures: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    for trial in trials_of(records, references):
        pair = failures[trial.voice]
        pair[0] += trial.failed
        pair[1] += trial.runs
    pairs = {voice: (failed, runs) for voice, (failed, runs) in sorted(failures.items())}
    try:
        return Calibration.of(cases_of(alone), codes, harness_code(), pairs)
    except BenchError as error:
        raise BenchError(f"no calibration from '{folder}': {error}") from None


def _counts(record: Record) -> bool:
    return record.spec["kind"] == "train" and record.spec["budget"] == BUDGET


def chosen_calibration(path: Path | None) -> Calibration | None:
    """Return the calibration in a file, or made from a folder of records; with no path that of the
    package, None where it has none."""
    if path is None:
        return packaged()
    return calibration_of(path) if path.is_dir() else read_calibration(path)
