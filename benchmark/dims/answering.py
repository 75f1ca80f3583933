"""Asking the voices and weighing what they say: estimators, principal components and trained
methods, to one answer with an interval, or to none."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from benchmark import registry
from benchmark.calibration.calibration import Calibration
from benchmark.calibration.combination import LEVEL
from benchmark.calibration.data_answer import DataAnswer, VoiceReport
from benchmark.controls import DimensionReference, References
from benchmark.datasets.split import Splits
from benchmark.dims.plan import Asked, Trust, asked, latent_dims_for, trusted
from benchmark.dims.weighing import weighed
from benchmark.identity import outdated
from benchmark.metrics.intrinsic import ESTIMATORS, dimension_reference, nearly_equal
from benchmark.names import label
from benchmark.planning.jobs import Described, Job, instance, load
from benchmark.planning.reuse import Settings, divided
from benchmark.records import Store
from benchmark.reporting.cells.nulls import nulls_of
from benchmark.reporting.cells.replicates import gather
from benchmark.reporting.cells.trials import NOTHING, judged
from benchmark.running.processes import Events, run_jobs
from benchmark.spec import Record

__all__ = ["Question", "ask", "estimates"]

NOT_DONE = "not done in"
"""How the reason begins for which a run that time was too short for is left out."""

RUNS_END = 0.95
"""The share of the time after which runs are stopped: they reach the edge of a step, and what was
said is weighed."""

SHARE = 0.8
"""Of the time that is left, what runs may take by the rough figures there are."""


@dataclass(frozen=True)
class Question:
    """What is asked of the dataset called ``reference`` (as ``bench run --datasets`` takes it).

    ``latent_dims`` empty: two, by the estimates; ``methods`` None: those that the calibration
    trusts, empty: no method is trained; ``steps`` None: those of the calibration. ``minutes``
    is how long it may take.
    """

    reference: str
    data_dir: Path
    settings: Settings
    latent_dims: Sequence[int] = ()
    methods: Sequence[str] | None = None
    steps: int | None = None
    minutes: float = 10.0
    workers: int = 1


def ask(
    question: Question,
    calibration: Calibration | None,
    events: Events | None = None,
    interrupted: Callable[[], int] = lambda: 0,
    tell: Callable[[str], None] = lambda text: None,
) -> DataAnswer:
    """Return the answer on the data, with what every voice said; runs and estimates stay in the
    results folder, where the next call meets them again.

    Runs that are not done when the time is up stop at the edge of a step and are left out;
    ``interrupted`` is that of :func:`benchmark.running.processes.run_jobs`, ``tell`` hears what is
    about to be done.
    """
    begun = time.monotonic()
    for method in question.methods or ():
        registry.choose("methods", method)
    choice = registry.choose("datasets", question.reference)
    splits = load(instance(choice, question.data_dir))
    facts = _facts(label("datasets", choice.name, choice.options), splits)
    store = Store(question.settings.results)
    store.ensure_writable()
    tell(f"{facts.dataset}: {facts.items:,} items of {facts.numbers:,} numbers; estimating")
    reference = estimates(facts.dataset, splits, References(store.root))
    deadline = begun + RUNS_END * 60.0 * question.minutes
    plan = _plan(question, calibration, choice, splits, reference, deadline)
    if plan.jobs:
        tell(f"{len(plan.jobs)} runs, about {plan.seconds:.0f} s of a core")
    stop = _stopping(interrupted, deadline)
    reports = [*_of_data(reference), *_of_methods(plan, question, store, events or Events(), stop)]
    answer = weighed(reports, calibration, facts)
    remarks = [*answer.remarks, *_remarks(splits, reports)]
    return replace(answer, remarks=tuple(remarks), seconds=round(time.monotonic() - begun, 1))


def _facts(name: str, splits: Splits) -> DataAnswer:
    """The answer before anybody was heard."""
    numbers = math.prod(splits.train.shape)
    return DataAnswer(name, splits.digest, len(splits.train), numbers, (), LEVEL)


def _plan(
    question: Question,
    calibration: Calibration | None,
    choice: registry.Choice,
    splits: Splits,
    reference: DimensionReference,
    deadline: float,
) -> Asked:
    """Return the runs for which there is time until ``deadline``."""
    return asked(
        _asked_for(question, calibration),
        choice,
        question.reference,
        Described(splits.digest, len(splits.train), tuple(splits.train.shape)),
        question.latent_dims or latent_dims_for(reference),
        SHARE * (deadline - time.monotonic()) * question.workers,
        question.data_dir,
        question.steps,
    )


def _stopping(interrupted: Callable[[], int], deadline: float) -> Callable[[], int]:
    """Return how often runs were asked to stop: by the user, or once by the clock."""
    return lambda: interrupted() or int(time.monotonic() > deadline)


def _asked_for(question: Question, calibration: Calibration | None) -> Trust:
    """Return the methods that were named, else those that the calibration trusts."""
    if question.methods is None:
        return trusted(calibration)
    spreads = {} if calibration is None else calibration.spreads
    unknown = max(spreads.values(), default=0.0) + 1.0
    return Trust({name: spreads.get(name, unknown) for name in question.methods}, {})


def estimates(
    name: str, splits: Splits, references: References, *, force: bool = False
) -> DimensionReference:
    """Return what estimators and principal components say of the data: what is known of them in
    ``references``, else it is estimated and kept there."""
    reference = None if force else references.dimension(splits.digest)
    if reference is None:
        reference = dimension_reference(name, splits)
        references.write(reference)
    return reference


def _of_data(reference: DimensionReference) -> list[VoiceReport]:
    """Return what was said without a network: the mean over the draws."""
    reports = []
    for name, (title, *_) in ESTIMATORS.items():
        if name in reference.absent:
            reports.append(VoiceReport(title, left_out=f"no estimate: {reference.absent[name]}"))
        elif name in reference.estimates:
            reports.append(_counted(VoiceReport(title, count=reference.mean(name))))
    for share, count in sorted(reference.pca.items()):
        reports.append(_counted(VoiceReport(f"PCA-{share}", count=float(count))))
    return reports


def _counted(report: VoiceReport) -> VoiceReport:
    return report if report.count and report.count > 0 else replace(report, left_out=NOTHING)


def _of_methods(
    plan: Asked,
    question: Question,
    store: Store,
    events: Events,
    stop: Callable[[], int],
) -> list[VoiceReport]:
    """Do the runs that have no finished record, and return what each said, and why the others were
    not heard."""
    todo, _, unreadable = divided(plan.jobs, store)
    if todo:
        run_jobs(todo, question.settings, min(question.workers, len(todo)), events, stop)
    jobs = {job.spec.key: job for job in plan.jobs}
    records: dict[str, Record] = {
        key: record
        for key in jobs
        if key not in unreadable
        and (record := store.read(key)) is not None
        and not outdated(record)
    }
    heard = _judged_runs(records, References(store.root))
    lacking = [
        _lacking(job, unreadable.get(key, f"{NOT_DONE} {question.minutes:g} minutes"))
        for key, job in jobs.items()
        if key not in records
    ]
    return [*heard, *lacking, *plan.left_out]


def _lacking(job: Job, reason: str) -> VoiceReport:
    voice = job.method.label(job.spec.config)
    return VoiceReport(voice, job.spec.latent_dim, left_out=reason, key=job.spec.key)


def _judged_runs(records: dict[str, Record], references: References) -> list[VoiceReport]:
    """Return what each run said, judged as in the calibration: left out where it did not end, bears
    a flag, or counts inside its null."""
    reports = []
    for cell in gather(list(records.values()), ("lstar",)):
        null = nulls_of(cell, references).readings.get("lstar")
        for key in cell.keys:
            count, reasons = judged(records[key], null)
            words = ", ".join(reasons)
            reports.append(VoiceReport(cell.method, cell.latent_dim, count, words, key=key))
    return reports


def _remarks(splits: Splits, reports: Sequence[VoiceReport]) -> list[str]:
    """Return what else is to be known of the data and of what was asked."""
    remarks = []
    late = sum(report.left_out.startswith(NOT_DONE) for report in reports)
    if late:
        remarks.append(
            f"runs that were not done in time: {late}; the same command goes on with them"
        )
    near, count = nearly_equal(splits.train)
    if near:
        remarks.append(
            f"{near:,} of {count:,} items are nearly equal to another: estimates by nearest "
            "neighbours suffer"
        )
    return remarks
