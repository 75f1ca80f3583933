"""Replay: a stored run is done again in a folder of its own, and what comes out is compared with
what was stored. Imports no torch."""

from __future__ import annotations

import contextlib
import tempfile
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Literal

from benchmark import registry
from benchmark.machine import Change, changes
from benchmark.options import parse_reference
from benchmark.planning.jobs import OWN_DATA, Job, instance, load
from benchmark.planning.reuse import Settings
from benchmark.records import Store
from benchmark.registry import Choice
from benchmark.running.compare import BitComparison, compare, within
from benchmark.running.processes import Events, JobOutcome, run_jobs
from benchmark.running.stored import Stored, Unreplayable
from benchmark.spec import PROTOCOL, BenchError, Record

__all__ = ["Replay", "replay"]

ReplayVerdict = Literal["bit-equal", "within the seed interval", "differs", "cannot tell"]


@dataclass(frozen=True)
class Replay:
    """What became of one replay: the facts that differ, the seed interval of each differing
    measurement, and the reason where nothing was run."""

    stored: Stored
    verdict: ReplayVerdict
    comparison: BitComparison | None = None
    changes: tuple[Change, ...] = ()
    intervals: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    reason: str = ""


def replay(
    runs: Sequence[Stored],
    jobs: Callable[[Record], Job],
    workers: int,
    device: str | None = None,
    events: Events | None = None,
    interrupted: Callable[[], int] = lambda: 0,
) -> list[Replay]:
    """Do every run again, each in its own process, and return what became of each, in order; those
    that were interrupted are left out.

    ``jobs`` makes the job of a record (:func:`benchmark.running.stored.job_of`); where it cannot,
    nobody can tell of that run, and the others go on. ``device`` None is the kind of device that
    the record was made on.
    """
    replays: dict[int, Replay] = {}
    by_device: dict[str, dict[int, Job]] = defaultdict(dict)
    for number, run in enumerate(runs):
        job = _job_or_reason(run, jobs)
        if isinstance(job, Replay):
            replays[number] = job
        else:
            by_device[device or _device_of(run.record)][number] = job
    for kind, members in by_device.items():
        with tempfile.TemporaryDirectory(prefix="bench-replay-") as folder:
            settings = Settings(Path(folder), device=kind)
            unique = {job.spec.key: job for job in members.values()}
            outcomes = run_jobs(
                list(unique.values()), settings, workers, events or Events(), interrupted
            )
            ended = {run.job.spec.key: run for run in outcomes if run.status != "interrupted"}
            for number, job in members.items():
                if job.spec.key in ended:
                    measure_alike(runs[number].record, job, settings)
                    outcome = ended[job.spec.key]
                    replays[number] = _judge(runs[number], outcome, Store(settings.results))
    return [replays[number] for number in sorted(replays)]


def _job_or_reason(run: Stored, jobs: Callable[[Record], Job]) -> Job | Replay:
    """Return the job that does a run again, or what can be said where that would tell nothing."""
    try:
        job = jobs(run.record)
        _check(run.record, job)
    except (Unreplayable, BenchError) as reason:
        return Replay(run, "cannot tell", reason=str(reason))
    except _OtherData as digest:
        change = Change("data", run.record.spec["data"][:12], str(digest))
        why = "the data are others, so the run was not done again"
        return Replay(run, "differs", changes=(change,), reason=why)
    return job


def _device_of(record: Record) -> str:
    """Return the kind of device that a record was made on."""
    return "cpu" if record.environment.get("device", "cpu") == "cpu" else "auto"


class _OtherData(Exception):
    """The data have another digest now, which is the text."""


@cache
def _digest(
    name: str, options: tuple[tuple[str, object], ...], argument: str | None, data_dir: Path
) -> str:
    choice = Choice(registry.find("datasets", name), dict(options), argument)
    return load(instance(choice, data_dir)).digest


def _check(record: Record, job: Job) -> None:
    """Raise where doing the run again would tell nothing."""
    if record.status not in ("done", "diverged"):
        raise Unreplayable(
            f"the run ended as '{record.status}', so there is nothing to compare; `bench run` "
            "tries it again"
        )
    if not record.environment:
        raise Unreplayable("the record tells nothing of the environment it was made in")
    chosen = job.dataset
    if chosen.entry.name == OWN_DATA.name:
        return
    options = tuple(sorted(chosen.options.items()))
    digest = _digest(chosen.entry.name, options, chosen.argument, job.data_dir)
    if digest != job.spec.data:
        raise _OtherData(digest[:12])


def measure_alike(stored: Record, job: Job, settings: Settings) -> None:
    """Measure in the new run what ``bench evaluate`` added to the ``stored`` one; what is still
    missing then is a difference."""
    store = Store(settings.results)
    again = store.read(job.spec.key)
    if again is None or again.status != "done":
        return
    lacking = _metrics_of(stored) - _metrics_of(again)
    names = [entry.name for entry in registry.entries("metrics") if entry.name in lacking]
    if not names:
        return
    from benchmark.running.evaluate import Evaluation, chosen_metrics  # imports torch

    own = [job.method.entry.target] if job.method.entry.target.endswith(".py") else []
    data = [f"{job.dataset.entry.name}:{job.dataset.argument}"] if job.dataset.argument else []
    with contextlib.suppress(BenchError):
        metrics = chosen_metrics(names)
        evaluation = Evaluation(store, metrics, job.data_dir, own, data, settings.device)
        evaluation.add(job.spec.key)


def _metrics_of(record: Record) -> set[str]:
    """Return the names of the metrics that a record has."""
    return {parse_reference(identifier)[0] for identifier in record.measurements}


def _judge(run: Stored, outcome: JobOutcome, store: Store) -> Replay:
    again = store.read(outcome.job.spec.key)
    if again is None or outcome.status not in ("done", "diverged"):
        reason = f"the replay ended as '{outcome.status}': {outcome.error}"
        return Replay(run, "cannot tell", reason=reason)
    comparison = compare(run.record, again, run.folder, store.folder(again.key))
    differences = _differences(run.record, again)
    if comparison.equal:
        return Replay(run, "bit-equal", comparison, differences)
    fits, intervals = within(comparison.gaps, run.other_seeds())
    explained = any(change.decides for change in differences)
    same_end = run.record.status == again.status
    verdict: ReplayVerdict = "differs"
    if fits and explained and same_end:
        verdict = "within the seed interval"
    return Replay(run, verdict, comparison, differences, intervals)


def _differences(stored: Record, again: Record) -> tuple[Change, ...]:
    """What differs between the two records that could explain a difference in their numbers, code
    and protocol first."""
    codes = {
        "protocol": (stored.spec["protocol"], PROTOCOL),
        "code": (stored.code, again.code),
        "harness": (stored.harness, again.harness),
    }
    for name, code in sorted(stored.metrics.items()):
        if name in again.metrics:
            codes[f"code of {name}"] = (code, again.metrics[name])
    changed = [
        Change(name, before, now)
        for name, (before, now) in codes.items()
        if before not in ("", now)
    ]
    return (*changed, *changes(stored.environment, again.environment))
