"""Metrics for runs that are finished: their checkpoint is loaded, nothing is trained, and what the
record already says stays as it is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmark import registry
from benchmark.controls import InitialCounts, References
from benchmark.datasets.split import Splits
from benchmark.datasets.tensors import TensorSplit
from benchmark.evaluation import untrained
from benchmark.evaluation.evidence import evidence_told, plain
from benchmark.evaluation.factors import hand_factors
from benchmark.evaluation.impact import impacts
from benchmark.evaluation.measuring import measure
from benchmark.identity import metric_codes, outdated, outdated_metrics, same
from benchmark.machine import changes
from benchmark.metrics.base import Metric
from benchmark.metrics.reconstruction import no_better_than_mean
from benchmark.names import metric_of
from benchmark.options import parse_reference, suggest
from benchmark.planning.jobs import Job, instance, load
from benchmark.planning.uncounted import needless
from benchmark.records import Store
from benchmark.registry import Choice
from benchmark.running.environment import environment
from benchmark.running.lock import locked
from benchmark.spec import NO_BETTER_THAN_MEAN, PROTOCOL, BenchError, Record, RunSpec
from benchmark.training import checkpoint, runtime

if TYPE_CHECKING:
    import torch

    from benchmark.method import Method

__all__ = ["Added", "Evaluation", "choice_of", "chosen_metrics"]


@dataclass(frozen=True)
class Added:
    """What one run got: ids measured now, reasons of metrics that do not apply, and whether the
    record changed."""

    measured: Sequence[str] = ()
    absent: Mapping[str, str] = field(default_factory=dict)
    changed: bool = False


def chosen_metrics(names: Sequence[str]) -> list[Metric]:
    """Return the metrics called ``names``, every registered one where none is named; a wrong name
    is a ``BenchError``."""
    for name in names:
        if "[" in name:
            raise BenchError(
                f"'{name}' is the id of a measurement; give the metric's name, "
                f"'{name.partition('[')[0]}' (see `bench list metrics`)"
            )
    registered = [entry.name for entry in registry.entries("metrics")]
    wrong = [name for name in names if name not in registered]
    if wrong:
        raise BenchError(
            f"unknown metric '{wrong[0]}'{suggest(wrong[0], registered)} (see `bench list metrics`)"
        )
    return [
        registry.load(entry.target)
        for entry in registry.entries("metrics")
        if not names or entry.name in names
    ]


@dataclass
class Evaluation:
    """Adds ``metrics`` to records of ``store``. ``methods`` and ``datasets`` are what was asked
    for: there stand files of yours.

    ``force`` measures again what is there; else only what is missing, or was absent, is measured.
    """

    store: Store
    metrics: Sequence[Metric]
    data_dir: Path
    methods: Sequence[str] = ()
    datasets: Sequence[str] = ()
    device: str = "auto"
    force: bool = False
    _loaded: tuple[Any, Splits] | None = field(default=None, init=False, repr=False)

    def add(self, key: str) -> Added:
        """Measure what the run ``key`` lacks and write its record anew, under its lock;
        ``BenchError`` says why that cannot be."""
        folder = self.store.folder(key)
        with locked(folder, lambda: "busy") as held:
            if not held:
                raise BenchError(
                    "another process is at work on this run; try again when it is done"
                )
            record = self.store.read(key)
            if record is None:
                raise BenchError(f"its record is gone from '{folder}'")
            missing = self.missing(record)
            return self._add(record, missing) if missing else Added()

    def count(self, key: str) -> InitialCounts | str | None:
        """Count L* of untrained networks for the cell of the run ``key`` (no checkpoint is needed);
        in words why not, where that was done or says nothing."""
        record = self.store.read(key)
        if record is None:
            return "its record is gone"
        if reason := needless(record):
            return reason
        planned = self._job(record)
        stored = References(self.store.root).initial(record.spec, record.code)
        if not self.force and stored is not None and stored.complete:
            return "counted before"
        runtime.make_deterministic()
        device = runtime.use_device(self.device)
        return untrained.count_once(
            planned, record, self._splits(planned), self.store.root, device, force=self.force
        )

    def impacts(self, key: str) -> list[float]:
        """Return what each coordinate of the code changes in decoded test images, from the
        checkpoint of the run ``key``; ``BenchError`` says why that cannot be."""
        record = self.store.read(key)
        if record is None or record.status != "done" or record.spec["kind"] != "train":
            raise BenchError(
                f"'{key}' in '{self.store.root}' is no finished run of a method; "
                "name one (see `bench show`)"
            )
        planned = self._job(record)
        method, splits, device = self._trained(planned, record)
        return impacts(method.eval(), TensorSplit(splits.test, device))

    def _trained(self, planned: Job, record: Record) -> tuple[Method, Splits, torch.device]:
        """Return the method as its run left it, on its device, and its data."""
        runtime.make_deterministic()
        device = runtime.use_device(self.device)
        splits = self._splits(planned)
        method = runtime.build(planned, splits).to(device)
        checkpoint.load_state(method, checkpoint.final_state(record, self.store.folder(record.key)))
        return method, splits, device

    def missing(self, record: Record) -> list[Metric]:
        """Return the metrics that ``record`` lacks or that other code measured; all of them with
        ``force``."""
        fresh = {*map(metric_of, record.measurements)} - outdated_metrics(record)
        return [metric for metric in self.metrics if self.force or metric.name not in fresh]

    def renew(self, planned: Job, record: Record) -> Record:
        """Measure again what other code than is installed measured in the run of ``planned``, and
        store its record, which is returned; ``BenchError`` says why that cannot be."""
        stale = outdated_metrics(record)
        measured = {*map(metric_of, record.measurements)}
        for names, frugal in ((stale & measured, False), (stale - measured, True)):
            metrics = chosen_metrics(sorted(names)) if names else []
            if metrics:
                record = self._measured(planned, record, metrics, frugal)[0]
        self.store.write(record)
        return record

    def _add(self, record: Record, metrics: Sequence[Metric]) -> Added:
        planned = self._job(record)
        stale = outdated(record)
        if stale:
            raise BenchError(f"{stale}; make it again with `bench run`")
        changed, identifiers, absent = self._measured(planned, record, metrics)
        if changed != record:
            self.store.write(changed)
        return Added(identifiers, absent, changed != record)

    def _measured(
        self, planned: Job, record: Record, metrics: Sequence[Metric], frugal: bool = False
    ) -> tuple[Record, list[str], dict[str, str]]:
        """Return the record with ``metrics`` measured from the checkpoint, the ids of those and the
        reasons of those that do not apply. L* comes with the discovery that it counts."""
        method, splits, device = self._trained(planned, record)
        evaluator = evidence_told(planned, method, splits, self.store.root, device, frugal=frugal)
        measurements, absent = measure(hand_factors(evaluator, splits), metrics)
        names = {metric.name for metric in metrics}
        others = {
            identifier: measurement
            for identifier, measurement in record.measurements.items()
            if metric_of(identifier) not in names
        }
        reasons = {name: text for name, text in record.absent.items() if name not in names}
        changed = replace(
            record,
            measurements={**others, **measurements},
            absent=reasons | absent,
            metrics={**record.metrics, **metric_codes({**measurements, **absent})},
            environment=_environment(record, measurements, environment(device)),
            flags=_flags(record.flags, {**others, **measurements}),
        )
        if "lstar" in names:
            changed = replace(changed, discovery=plain(evaluator.discovery, method.null))
        return changed, list(measurements), absent

    def _job(self, record: Record) -> Job:
        """Return the job that made ``record``; ``BenchError`` where the installed code is
        another."""
        spec = RunSpec(**record.spec)
        if spec.protocol != PROTOCOL:
            raise BenchError(
                f"the run is of protocol {spec.protocol}, this version measures those of protocol "
                f"{PROTOCOL}; make it again with `bench run`"
            )
        method = choice_of("methods", spec.method, self.methods)
        if not same(method.entry.code, record.code):
            raise BenchError(
                f"the installed code of '{spec.method}' is not the one that trained it; "
                "make it again with `bench run`"
            )
        dataset = choice_of("datasets", spec.dataset, self.datasets)
        return Job(
            spec,
            Choice(method.entry, spec.config),
            Choice(dataset.entry, spec.options, dataset.argument),
            record.code,
            self.data_dir,
            record.harness,
        )

    def _splits(self, planned: Job) -> Splits:
        """Return the data of a run; those of the run before are kept, as most share them."""
        wanted = (
            planned.dataset.entry.target,
            dict(planned.dataset.options),
            planned.dataset.argument,
        )
        if self._loaded is None or self._loaded[0] != wanted:
            self._loaded = (wanted, load(instance(planned.dataset, planned.data_dir)))
        splits = self._loaded[1]
        if splits.digest != planned.spec.data:
            raise BenchError(
                f"the data of '{planned.spec.dataset}' in '{self.data_dir}' are not those it was "
                "trained on (see `bench data verify`)"
            )
        return splits


def choice_of(room: registry.Room, name: str, asked: Sequence[str]) -> Choice:
    """Return the entry behind the ``name`` in a spec: registered, or one of the files that were
    ``asked`` for."""
    for text in asked:
        reference = parse_reference(text)[0]
        if reference.endswith(".py") or ":" in reference:
            choice = registry.choose(room, text)
            if choice.name == name:
                return choice
    if ":" in name:
        raise BenchError(
            f"'{name}' was a file of yours; name it with --datasets, "
            f"as in --datasets {name.partition(':')[0]}:PATH/TO/FILE"
        )
    try:
        return Choice(registry.find(room, name), {})
    except BenchError:
        raise BenchError(
            f"'{name}' is not registered; if it was a file of yours, "
            f"name it with --{room} ./FILE.py"
        ) from None


def _flags(flags: Sequence[str], measurements: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """Return the record's flags; whether it is better than the mean image is judged anew."""
    others = [flag for flag in flags if flag != NO_BETTER_THAN_MEAN]
    return [NO_BETTER_THAN_MEAN, *others] if no_better_than_mean(measurements) else others


def _environment(
    record: Record, measured: Mapping[str, Any], now: Mapping[str, Any]
) -> dict[str, Any]:
    """Return the record's environment; where it is another than ``now``, with what differs, by the
    id of what was measured now."""
    kept = {name: value for name, value in record.environment.items() if name != "evaluations"}
    differs = {change.name: change.after for change in changes(kept, now)}
    later = {
        name: differences
        for name, differences in record.environment.get("evaluations", {}).items()
        if name not in measured
    }
    later |= dict.fromkeys(measured, differs) if differs else {}
    return {**kept, "evaluations": later} if later else kept
