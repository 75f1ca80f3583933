"""What ``bench run`` says of a suite while it runs, and how it ends: the counts and the exit
status."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from benchmark.cli import CutOff

if TYPE_CHECKING:
    from benchmark.planning.jobs import Job
    from benchmark.planning.stages import Waiting
    from benchmark.records import Store
    from benchmark.running.processes import JobOutcome
    from benchmark.running.suite import SuitePart, SuiteRun
    from benchmark.spec import Record

__all__ = ["Tally", "announce_changed", "announce_plan", "default_workers"]

CUT_OFF = (
    "nobody reads the output any more (as after `| head`), so the runs were stopped; what finished "
    "is kept, and the same command goes on from the last checkpoints"
)


def announce_plan(part: SuitePart) -> None:
    """Say which runs of a part would run, which are done and which wait."""
    left = {job.spec.key for job in part.todo}
    for job in part.jobs:
        if job.spec.key in part.unreadable:
            continue
        what = "run   " if job.spec.key in left else "cached"
        click.echo(f"{what}  {job.spec.key}  {job.spec.steps} outer steps of {job.spec.batch_size}")
    for key, reason in part.unreadable.items():
        click.echo(f"left    {key}: {reason}")
    for run in part.waiting:
        click.echo(f"waits   {run.job.label}: {run.reason}")
    waiting = f", {len(part.waiting)} waiting" if part.waiting else ""
    cached = len(part.jobs) - len(part.todo) - len(part.unreadable)
    out = f", {len(part.unreadable)} left out as unreadable" if part.unreadable else ""
    click.echo(f"{len(part.todo)} to run, {cached} finished before{out}{waiting}")


def announce_changed(todo: Sequence[Job], store: Store) -> None:
    """Say of which runs the stored record is of other code, one line for each kind of change."""
    from benchmark.planning.reuse import CHANGES, changed

    kinds = {job.spec.key: changed(job, store) for job in todo}
    for kind, words in CHANGES.items():
        keys = [key for key, change in kinds.items() if change == kind]
        if keys:
            click.echo(
                f"changed code: {len(keys)} of these runs {words}; the records of before are kept "
                f"beside the new ones as replaced-*.json; the first is {keys[0]}",
                err=True,
            )


def _logged(events: Any, results: Path) -> Any:
    """Return watchers that tell ``events`` and TensorBoard the same."""
    from benchmark.exports.live import LiveTensorboard, Several

    return Several(events, LiveTensorboard(results.parent / "tensorboard"))


class Tally:
    """What became of the jobs of all parts of ``chosen``."""

    def __init__(self, chosen: SuiteRun, *, log: bool = False) -> None:
        self.chosen, self.log = chosen, log
        self.count = 0
        self.kept: list[Record] = []
        self.todo: list[Job] = []
        self.ended: list[JobOutcome] = []
        self.waiting: list[Waiting] = []
        self.unreadable: dict[str, str] = {}
        self.signal: int | None = None
        self.earlier: set[str] = set()

    def announce(self, part: SuitePart) -> None:
        """Count what is planned, and say what other versions and other code left of it."""
        self._add(part)
        self._announce_earlier(part.jobs)
        announce_changed(part.todo, self.chosen.store)

    def _add(self, part: SuitePart) -> None:
        self.count += len(part.jobs) + len(part.waiting)
        self.kept += part.kept
        self.waiting += part.waiting
        self.unreadable |= part.unreadable

    def carry_out(self, part: SuitePart, workers: int | None) -> bool:
        """Run the jobs under progress bars; whether a signal interrupted them."""
        from benchmark.cli.progress import signals, watcher

        self.chosen.prepare(part)
        count = len(part.todo)
        if not count:
            return False
        if workers is None and self.chosen.executor.local:
            workers = default_workers(self.chosen.settings.device)
        at_once = min(count, workers or count, self.chosen.executor.most or count)
        with signals() as received, watcher(count) as events:
            runs, processes = (
                f"{number} {word}{'s' * (number != 1)}"
                for number, word in ((count, "run"), (at_once, "worker"))
            )
            click.echo(f"{runs} on {processes}; they start once torch is loaded", err=True)
            watchers = _logged(events, self.chosen.settings.results) if self.log else events
            self.ended += self.chosen.carry_out(
                part, at_once, watchers, lambda: len(received) + events.cut_off
            )
            if events.cut_off:
                raise CutOff(CUT_OFF)
        self.signal = received[0] if received else None
        return bool(received)

    def _announce_earlier(self, jobs: Sequence[Job]) -> None:
        """Say once of each run in the store that an earlier protocol made that it stays as it
        is."""
        from benchmark.planning.reuse import earlier
        from benchmark.spec import PROTOCOL

        store = self.chosen.store
        runs = earlier(jobs, store)
        new = sorted(runs.keys() - self.earlier)
        self.earlier |= runs.keys()
        if new:
            versions = ", ".join(str(version) for version in sorted({runs[key] for key in new}))
            click.echo(
                f"earlier protocol: {len(new)} of these runs stand in '{store.root}' as made by "
                f"protocol {versions}, the first {new[0]}; this version trains by protocol "
                f"{PROTOCOL} (see CHANGELOG.md), so they stay as they are and none is resumed",
                err=True,
            )

    def announce_absent(self) -> None:
        """Say which runs lack their data, once for each dataset."""
        for reason in dict.fromkeys(missing.reason for missing in self.chosen.missing):
            alike = [missing for missing in self.chosen.missing if missing.reason == reason]
            count = sum(missing.runs for missing in alike)
            click.echo(
                f"no data {alike[0].dataset}: {count} runs left out: {reason}",
                err=True,
            )

    def _bad(self, ended: Sequence[JobOutcome]) -> list[tuple[str, str, str | None]]:
        """Return key, status and error of every run that did not go well."""
        bad: list[tuple[str, str, str | None]] = [
            (outcome.job.spec.key, outcome.status, outcome.error)
            for outcome in ended
            if outcome.status != "done"
        ]
        bad += [
            (record.key, f"{record.status} before", record.error)
            for record in self.kept
            if record.status != "done"
        ]
        bad += [(run.job.spec.key, "blocked", run.reason) for run in self.waiting]
        return bad + [(key, "left out", reason) for key, reason in self.unreadable.items()]

    def summary(self, results: Path) -> int:
        """Say how it went and return the exit status."""
        ended = [
            outcome
            for outcome in self.ended
            if outcome.status != "interrupted" or self.signal is None
        ]
        bad = self._bad(ended)
        for key, status, error in bad:
            click.echo(f"{status}: {key}: {error}", err=True)
        self.announce_absent()
        well = [outcome for outcome in ended if outcome.status == "done"]
        done = sum(outcome.trained for outcome in well)
        again = f"{len(well) - done} measured again, " if len(well) > done else ""
        lacking = sum(missing.runs for missing in self.chosen.missing)
        left = f", {lacking} left out for want of data" if lacking else ""
        click.echo(
            f"{self.count + lacking} runs: {done} done now, {again}{len(self.kept)} finished "
            f"before, {len(bad)} failed{left}; records in {results}"
        )
        if self.signal is not None:
            click.echo("interrupted; the same command goes on from the last checkpoints", err=True)
            return 128 + self.signal
        if bad:
            click.echo(
                "failed runs: `bench show KEY` tells more; the same command tries again (diverged "
                "ones only with --force)",
                err=True,
            )
        return 1 if bad or lacking else 0


def default_workers(device: str) -> int:
    """One run per core on CPU; on a GPU one at a time."""
    if device != "cpu":
        import torch

        if torch.cuda.is_available():
            return 1
        if device.startswith("cuda"):
            from benchmark.training.runtime import resolve_device

            resolve_device(device)
    from benchmark.running.cores import usable_cores

    return usable_cores()
