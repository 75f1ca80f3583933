"""One loop over the stages of a suite, for the command and for Python: what is missing is run,
stage by stage, then the untrained networks of its cells are counted."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from benchmark.planning.jobs import Job, Seen, plan
from benchmark.planning.reuse import Settings, divided
from benchmark.planning.shards import share
from benchmark.planning.stages import (
    MissingRuns,
    Waiting,
    available,
    open_runs,
    resolve,
    together,
)
from benchmark.planning.suites import Grid, Stage, Suite
from benchmark.planning.uncounted import uncounted
from benchmark.records import Store
from benchmark.running.executors import Executor, executor_of
from benchmark.running.processes import Events, JobOutcome
from benchmark.running.untrained_counts import count_untrained
from benchmark.spec import Record

__all__ = ["SuitePart", "SuiteRun"]


@dataclass(frozen=True)
class SuitePart:
    """Stages that may run together: their ``jobs``, those of them that are to be done (``todo``),
    the records that make others unnecessary (``kept``), runs that wait for what no earlier run
    gave, and, by their keys, why the records of the rest cannot be read (``unreadable``)."""

    jobs: Sequence[Job]
    todo: Sequence[Job]
    kept: Sequence[Record]
    waiting: Sequence[Waiting]
    unreadable: Mapping[str, str]


@dataclass
class SuiteRun:
    """A suite, or one grid, planned on the data that are here. ``missing`` are the runs left out
    for want of data; ``shard`` is (part, parts), from 1: see
    :func:`benchmark.planning.shards.share`."""

    stages: Sequence[Stage]
    data_dir: Path
    settings: Settings
    missing: Sequence[MissingRuns] = ()
    shard: tuple[int, int] = (1, 1)
    seen: Seen = field(default_factory=dict)
    executor: Executor = field(default_factory=lambda: executor_of("processes"))
    jobs: list[Job] = field(default_factory=list)

    @classmethod
    def of_grid(cls, grid: Grid, data_dir: Path, settings: Settings) -> SuiteRun:
        """Return the run of one grid, whose data must be here."""
        return cls([Stage(grid)], data_dir, settings)

    @classmethod
    def of_suite(cls, suite: Suite, data_dir: Path, settings: Settings) -> SuiteRun:
        """Return the run of a suite on the data that are here, every stage planned once so that a
        mistake is told before anything runs."""
        seen: Seen = {}
        choices = [available(stage, data_dir, seen) for stage in suite.stages]
        stages = [stage for stage, _ in choices if stage is not None]
        for stage in stages:
            plan(stage.grid, data_dir, seen)
        missing = [runs for _, absent in choices for runs in absent]
        return cls(stages, data_dir, settings, missing, seen=seen)

    @property
    def store(self) -> Store:
        """Where the records lie."""
        return Store(self.settings.results)

    def parts(self) -> Iterator[SuitePart]:
        """Yield what is to be done, part by part: the options of a part may come from the records
        of the one before, so what these left is read when the part is asked for."""
        runs = [open_runs(stage, self.data_dir, self.seen) for stage in self.stages]
        own = iter(share(runs, self.shard))
        for stages in together(self.stages):
            planned = [resolve(next(own), self.store) for _ in stages]
            jobs = list({job.spec.key: job for ready, _ in planned for job in ready}.values())
            todo, kept, unreadable = divided(jobs, self.store, force=self.settings.force)
            self.jobs += [job for job in jobs if job.spec.key not in unreadable]
            waiting = [run for _, blocked in planned for run in blocked]
            yield SuitePart(jobs, todo, kept, waiting, unreadable)

    def prepare(self, part: SuitePart) -> None:
        """See that results can be written (``BenchError`` where they cannot), and leave for each
        run that waits a record that says for what."""
        if part.todo or part.waiting:
            self.store.ensure_writable()
        for run in part.waiting:
            with contextlib.suppress(OSError):  # a full disk; whoever reads the part knows of it
                self.store.write(run.record())

    def carry_out(
        self,
        part: SuitePart,
        workers: int,
        events: Events,
        interrupted: Callable[[], int] = lambda: 0,
    ) -> list[JobOutcome]:
        """Run what is to be done of a part that was prepared, and return how each run ended."""
        if not part.todo:
            return []
        return self.executor.run_jobs(part.todo, self.settings, workers, events, interrupted)

    def count_untrained(
        self,
        tell: Callable[[str], None] = lambda text: None,
        begun: Callable[[], None] = lambda: None,
        *,
        every_budget: bool = False,
    ) -> None:
        """Count untrained networks of the cells that were run or kept, where that says something
        and was not done; ``begun`` is called where there is one. Budgets that do not pay for tier
        full are left out, unless ``every_budget``."""
        jobs = uncounted(self.jobs, self.store, every_budget=every_budget)
        if jobs:
            begun()
            count_untrained(jobs, self.settings.results, self.settings.device, tell)
