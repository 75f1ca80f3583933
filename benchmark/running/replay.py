"""Replay: a stored run is done again in a folder of its own, and what comes out is compared with
what was stored. Imports no torch."""

from __future__ import annotations

import contextlib
import json
import tempfile
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Literal

from benchmark import registry
from benchmark.files import read_plain
from benchmark.machine import Change, changes
from benchmark.names import cell_of
from benchmark.options import parse_reference
from benchmark.planning.jobs import OWN_DATA, Job, instance, load
from benchmark.planning.reuse import Settings
from benchmark.records import LARGEST, Store, read_record
from benchmark.registry import Choice
from benchmark.running.compare import BitComparison, compare, within
from benchmark.running.processes import Events, JobOutcome, run_jobs
from benchmark.spec import PROTOCOL, BenchError, Record, RunSpec

__all__ = ["Replay", "Stored", "Unreplayable", "job_of", "locate", "replay"]

ReplayVerdict = Literal["bit-equal", "within the seed interval", "differs", "cannot tell"]


class Unreplayable(Exception):
    """The run cannot be done again here, and why."""


@dataclass(frozen=True)
class Stored:
    """A record, the folder it lies in, and whether its file is byte for byte what this program
    writes."""

    record: Record
    folder: Path
    untouched: bool = True

    @classmethod
    def read(cls, path: Path) -> Stored | None:
        """Return the record in the file ``path``, None where there is none."""
        record = read_record(path)
        if record is None:
            return None
        text = read_plain(path, LARGEST).decode()
        written = json.dumps(json.loads(text), indent=1, sort_keys=True) + "\n"
        return cls(record, path.parent, text == written)

    def other_seeds(self) -> list[Record]:
        """The finished runs beside it that differ in the seed alone and were made by the same
        code."""
        cell = cell_of(self.record.spec)
        found = Store(self.folder.parent).records()
        mine = (self.record.code, self.record.harness, cell)
        return [
            each
            for each in found
            if each.status == "done"
            and each.key != self.record.key
            and (each.code, each.harness, cell_of(each.spec)) == mine
        ]


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


def locate(text: str, results: Path) -> Stored:
    """Return the run that ``text`` names: a record.json, its folder, or the key (its beginning
    suffices) of a run in ``results``."""
    path = Path(text)
    file = path / "record.json" if path.is_dir() else path
    if path.is_dir() and not file.is_file() and next(path.glob("*/record.json"), None):
        raise BenchError(
            f"'{text}' is a folder of runs; name those to do again, as '{text}/KEY', or all of them: {path}/*"
        )
    if path.suffix == ".json" or file.is_file():
        stored = Stored.read(file)
        if stored is None:
            raise BenchError(
                f"there is no record '{file}'; name a record.json, its folder, or a key in '{results}'"
            )
        return stored
    found = sorted(
        each.parent.name
        for each in results.glob("*/record.json")
        if each.parent.name.startswith(text)
    )
    if len(found) != 1:
        told = (
            f"is the beginning of {len(found)} runs, the first {found[0]}; give more of the key"
            if found
            else "is no record, no folder and no run"
        )
        raise BenchError(
            f"'{text}' {told} in '{results}' (`bench run` makes records; another folder: --results)"
        )
    stored = Stored.read(results / found[0] / "record.json")
    assert stored is not None
    return stored


def job_of(
    record: Record, data_dir: Path, method: str | None = None, dataset: str | None = None
) -> Job:
    """Return the job that makes ``record`` again, by this version's protocol. ``method`` and
    ``dataset`` are files of yours where the run was made with one.

    :class:`Unreplayable` where the method, an option or the data of the run are not here.
    """
    spec = replace(RunSpec(**record.spec), protocol=PROTOCOL)
    room: registry.Room = "methods" if spec.kind == "train" else "studies"
    try:
        entry = registry.find(room, method or spec.method)
    except BenchError as error:
        hint = "" if method else "; if it was a file of yours, name it with --method FILE.py"
        raise Unreplayable(f"{error}{hint}") from None
    source = _source(spec, dataset)
    if entry.name != spec.method:
        raise BenchError(
            f"the record is of '{spec.method}', but --method names '{entry.name}'; name the file it was made with"
        )
    for each, given, kind in ((entry, spec.config, room), (source.entry, spec.options, "datasets")):
        options = {field.name: field for field in each.source.fields(registry.OPTIONS_CLASS[kind])}
        unknown = sorted(given.keys() - options.keys())
        if unknown:
            raise Unreplayable(
                f"the installed '{each.name}' has no option '{unknown[0]}'; install the version that made the record"
            )
        for name, value in given.items():
            if not options[name].allows(value):
                raise Unreplayable(
                    f"option '{name}' of '{each.name}' is {value!r:.60}, expected {options[name].expected}; the record was edited, or other code made it"
                )
    return Job(spec, Choice(entry, dict(spec.config)), source, entry.code, data_dir)


def _source(spec: RunSpec, given: str | None) -> Choice:
    """Return the data of a run; ``given`` names a file of yours.

    :class:`Unreplayable` where the data are not here and ``given`` does not say where."""
    if spec.dataset == OWN_DATA.name:
        return OWN_DATA
    if given is not None:
        choice = registry.choose("datasets", given)
        if choice.name == spec.dataset:
            return replace(choice, options=dict(spec.options))
    kind, colon, _ = spec.dataset.partition(":")
    if colon:
        form = f"name it with --dataset {kind}:PATH"
        told = f", not '{given}'" if given is not None else ""
        raise Unreplayable(f"the data of the run were a file, '{spec.dataset}'{told}; {form}")
    try:
        return Choice(registry.find("datasets", kind), dict(spec.options))
    except BenchError as error:
        hint = "if it was a file of yours, name it with --dataset FILE.py"
        raise Unreplayable(f"{error}; {hint}") from None


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

    ``jobs`` makes the job of a record (:func:`job_of`); where it cannot, nobody can tell of that
    run, and the others go on. ``device`` None is the kind of device that the record was made on.
    """
    found: dict[int, Replay] = {}
    groups: dict[str, dict[int, Job]] = defaultdict(dict)
    for place, run in enumerate(runs):
        try:
            job = jobs(run.record)
            _check(run.record, job)
        except (Unreplayable, BenchError) as reason:
            found[place] = Replay(run, "cannot tell", reason=str(reason))
        except _OtherData as reason:
            change = Change("data", run.record.spec["data"][:12], str(reason))
            found[place] = Replay(
                run,
                "differs",
                changes=(change,),
                reason="the data are others, so the run was not done again",
            )
        else:
            groups[
                device
                or ("cpu" if run.record.environment.get("device", "cpu") == "cpu" else "auto")
            ][place] = job
    for kind, members in groups.items():
        with tempfile.TemporaryDirectory(prefix="bench-replay-") as folder:
            settings = Settings(Path(folder), device=kind)
            outcomes = run_jobs(
                list({job.spec.key: job for job in members.values()}.values()),
                settings,
                workers,
                events or Events(),
                interrupted,
            )
            ended = {
                outcome.job.spec.key: outcome
                for outcome in outcomes
                if outcome.status != "interrupted"
            }
            for place, job in members.items():
                if job.spec.key in ended:
                    measure_alike(runs[place].record, job, settings)
                    found[place] = _judge(runs[place], ended[job.spec.key], Store(settings.results))
    return [found[place] for place in sorted(found)]


class _OtherData(Exception):
    """The data have another digest now, which is the text."""


@cache
def _digest(
    name: str, options: tuple[tuple[str, object], ...], argument: str | None, data_dir: Path
) -> str:
    return load(
        instance(Choice(registry.find("datasets", name), dict(options), argument), data_dir)
    ).digest


def _check(record: Record, job: Job) -> None:
    """Raise where doing the run again would tell nothing."""
    if record.status not in ("done", "diverged"):
        raise Unreplayable(
            f"the run ended as '{record.status}', so there is nothing to compare; `bench run` tries it again"
        )
    if not record.environment:
        raise Unreplayable("the record tells nothing of the environment it was made in")
    chosen = job.dataset
    own = chosen.entry.name == OWN_DATA.name
    digest = (
        job.spec.data
        if own
        else _digest(
            chosen.entry.name, tuple(sorted(chosen.options.items())), chosen.argument, job.data_dir
        )
    )
    if digest != job.spec.data:
        raise _OtherData(digest[:12])


def measure_alike(stored: Record, job: Job, settings: Settings) -> None:
    """Measure in the new run what ``bench evaluate`` added to the ``stored`` one; what is still
    missing then is a difference."""
    store = Store(settings.results)
    again = store.read(job.spec.key)
    if again is None or again.status != "done":
        return
    names = [
        {parse_reference(identifier)[0] for identifier in record.measurements}
        for record in (stored, again)
    ]
    lacking = [
        entry.name for entry in registry.entries("metrics") if entry.name in names[0] - names[1]
    ]
    if not lacking:
        return
    from benchmark.running.evaluate import Evaluation, chosen_metrics  # imports torch

    own = [job.method.entry.target] if job.method.entry.target.endswith(".py") else []
    data = [f"{job.dataset.entry.name}:{job.dataset.argument}"] if job.dataset.argument else []
    with contextlib.suppress(BenchError):
        Evaluation(store, chosen_metrics(lacking), job.data_dir, own, data, settings.device).add(
            job.spec.key
        )


def _judge(run: Stored, outcome: JobOutcome, store: Store) -> Replay:
    found = store.read(outcome.job.spec.key)
    if found is None or outcome.status not in ("done", "diverged"):
        return Replay(
            run, "cannot tell", reason=f"the replay ended as '{outcome.status}': {outcome.error}"
        )
    comparison = compare(run.record, found, run.folder, store.folder(found.key))
    told = _told(run.record, found)
    if comparison.equal:
        return Replay(run, "bit-equal", comparison, told)
    fits, intervals = within(comparison.gaps, run.other_seeds())
    explained = any(change.decides for change in told)
    same_end = run.record.status == found.status
    return Replay(
        run,
        "within the seed interval" if fits and explained and same_end else "differs",
        comparison,
        told,
        intervals,
    )


def _told(stored: Record, found: Record) -> tuple[Change, ...]:
    """What differs between the two records that could explain a difference in their numbers, code
    and protocol first."""
    codes = {
        "protocol": (stored.spec["protocol"], PROTOCOL),
        "code": (stored.code, found.code),
        "harness": (stored.harness, found.harness),
        **{
            f"code of {name}": (code, found.metrics[name])
            for name, code in sorted(stored.metrics.items())
            if name in found.metrics
        },
    }
    first = [Change(name, *pair) for name, pair in codes.items() if pair[0] not in ("", pair[1])]
    return (*first, *changes(stored.environment, found.environment))
