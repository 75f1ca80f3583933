"""What one sees while runs go on: bars for the grid and for each run on a terminal, one line per
ended run elsewhere."""

from __future__ import annotations

import signal
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import click
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from benchmark.cli.printable import Printable
from benchmark.planning.jobs import Job
from benchmark.running.processes import Events, JobOutcome

__all__ = ["signals", "watcher"]


class Watcher(Events):
    """What is told of runs while they go on; ``cut_off`` once nobody reads it any more."""

    def __init__(self) -> None:
        self.cut_off = False


class _Lines(Watcher):
    """One line per ended run."""

    def __init__(self, total: int) -> None:
        super().__init__()
        self.total, self.count = total, 0

    def announced(self, text: str) -> None:
        click.echo(text, err=True)

    def ended(self, outcome: JobOutcome) -> None:
        self.count += 1
        try:
            click.echo(f"[{self.count}/{self.total}] {outcome.status:8} {outcome.job.label}")
        except BrokenPipeError:
            self.cut_off = True


class _Bars(Watcher):
    """A bar for the grid with the time it will take, and one for each run under way with its
    loss."""

    def __init__(self, progress: Progress, total: int) -> None:
        super().__init__()
        self.progress = progress
        self.grid = progress.add_task("grid", total=total, loss="")
        self.bars: dict[str, TaskID] = {}
        self.done = 0
        self.under_way: dict[str, float] = {}

    def announced(self, text: str) -> None:
        self.progress.console.print(text, markup=False, highlight=False)

    def started(self, job: Job) -> None:
        self.bars[job.spec.key] = self.progress.add_task(
            job.label, total=max(1, job.spec.steps), loss=""
        )

    def progressed(self, job: Job, step: int, values: Mapping[str, float]) -> None:
        loss = f"loss {values['loss']:.4g}" if "loss" in values else ""
        self.progress.update(self.bars[job.spec.key], completed=step, loss=loss)
        self.under_way[job.spec.key] = step / max(1, job.spec.steps)
        self._advance()

    def ended(self, outcome: JobOutcome) -> None:
        self.progress.remove_task(self.bars.pop(outcome.job.spec.key))
        self.under_way.pop(outcome.job.spec.key, None)
        self.done += 1
        self._advance()
        if outcome.status != "done":
            self.progress.console.print(f"{outcome.status}: {outcome.job.label}", markup=False)

    def _advance(self) -> None:
        """The grid moves with every run under way, so that its time left is known before the first
        one ends."""
        self.progress.update(self.grid, completed=self.done + sum(self.under_way.values()))


@contextmanager
def watcher(total: int) -> Iterator[Watcher]:
    """Yield the events to hand to the executor for ``total`` runs."""
    out = sys.stdout
    # a guarded one writes out the control characters that bars are drawn with
    console = Console(file=out.unfiltered if isinstance(out, Printable) else None)
    if not console.is_terminal:
        yield _Lines(total)
        return
    columns = (
        TextColumn("{task.description}", markup=False),  # brackets are options, not markup
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
    )
    with Progress(
        *columns, TextColumn("{task.fields[loss]}", markup=False), console=console, transient=True
    ) as progress:
        yield _Bars(progress, total)


SAME = 0.5
"""Seconds in which a second signal is the first one again: `timeout` sends it to the process and
to its group."""


@contextmanager
def signals() -> Iterator[list[int]]:
    """Yield the list into which SIGINT and SIGTERM are put while the block lasts, instead of ending
    it."""
    received: list[int] = []
    last = -SAME

    def receive(number: int, frame: object) -> None:
        nonlocal last
        if time.monotonic() - last > SAME:
            received.append(number)
        last = time.monotonic()

    previous = {
        number: signal.signal(number, receive) for number in (signal.SIGINT, signal.SIGTERM)
    }
    try:
        yield received
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)
