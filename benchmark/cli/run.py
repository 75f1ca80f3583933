"""``bench run``: like make, it does what is missing."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from benchmark.cli import CutOff, Real, data_dir_option, results_option
from benchmark.cli.first_lines import count_nulls, first_lines

if TYPE_CHECKING:
    from benchmark.planning.jobs import Seen

__all__ = ["default_workers", "run"]

OWN = {"everything", "methods", "datasets", "latent_dims", "shard"}
"""Options that do not go with ``--suite``, which has its own grid."""

SCALES = {"seeds", "budget", "steps", "batch_size"}
"""Options that scale a suite."""

CUT_OFF = (
    "nobody reads the output any more (as after `| head`), so the runs were stopped; what finished "
    "is kept, and the same command goes on from the last checkpoints"
)

HEADLINE = "headline"
"""The suite that ``--all`` runs."""

LISTS: dict[str, Any] = {"multiple": True, "metavar": "A,B"}


class SeedCount(click.IntRange):
    """A number of seeds; a list of seeds is refused with the count that was meant."""

    def convert(self, value: Any, param: Any, ctx: Any) -> Any:
        parts = [part.strip() for part in str(value).split(",")]
        if len(parts) > 1 and all(part.isdecimal() for part in parts):
            self.fail(
                f"'{value}' is a list; --seeds takes how many seeds, counted from 0: --seeds "
                f"{len(parts)} runs {', '.join(map(str, range(len(parts))))}",
                param,
                ctx,
            )
        return super().convert(value, param, ctx)


@click.command()
@click.option(
    "--all",
    "everything",
    is_flag=True,
    help="the suite headline: eleven methods on latent-8, digits, circle",
)
@click.option(
    "--suite", metavar="NAME", help="a suite, or a file FILE.toml (see `bench list suites`)"
)
@click.option(
    "--methods",
    **LISTS,
    help="methods, options in brackets: 'pca,vae[sigma=fixed]', or a file ./my_vae.py",
)
@click.option("--datasets", **LISTS, help="datasets: 'digits,circle[noise=0.05]', npz:FILE")
@click.option("--latent-dims", **LISTS, help="provisioned latent sizes L  [default: the dataset's]")
@click.option(
    "--seeds",
    type=SeedCount(1),
    default=1,
    show_default=True,
    help="number of seeds, 0 upwards",
)
@click.option("--budget", default="quick", show_default=True, help="smoke, quick, short or paper")
@click.option("--steps", type=click.IntRange(1), help="outer steps, instead of a budget's")
@click.option(
    "--batch-size",
    type=click.IntRange(1),
    help="images per batch, instead of the method's or the dataset's",
)
@click.option(
    "--workers", type=click.IntRange(1), help="runs at once  [default: one per core; 1 on a GPU]"
)
@click.option(
    "--device", type=click.Choice(["auto", "cpu", "cuda"]), default="auto", show_default=True
)
@click.option(
    "--time-limit",
    type=Real(0, min_open=True),
    metavar="S",
    help="seconds per run; a later call goes on from there",
)
@click.option(
    "--checkpoint-every",
    type=Real(0),
    default=30.0,
    show_default=True,
    metavar="S",
    help="seconds between checkpoints",
)
@click.option(
    "--executor",
    default="processes",
    show_default=True,
    help="where runs are carried out: processes (of this machine), or ray[address=HOST:PORT]",
)
@click.option("--shard", metavar="I/N", help="the I-th of N equal parts of the grid, from 1")
@click.option(
    "--log",
    type=click.Choice(["tensorboard"]),
    help="also write progress for TensorBoard, to RESULTS/../tensorboard",
)
@data_dir_option
@results_option
@click.option("--dry-run", is_flag=True, help="say what would run")
@click.option(
    "--estimate",
    is_flag=True,
    help="say what it would cost: hours, memory, disk, from 45 s of probes of runs alike at most",
)
@click.option("--force", is_flag=True, help="run again even what is finished")
def run(
    everything: bool,
    suite: str | None,
    methods: tuple[str, ...],
    datasets: tuple[str, ...],
    latent_dims: tuple[str, ...],
    **options: Any,
) -> None:
    """Train and evaluate every combination that has no finished record yet.

    Finished runs are skipped, interrupted ones resume where they stood, a failing run leaves its
    record while the others go on. A suite has its own grid; --seeds, --budget, --steps and
    --batch-size scale it for a try, and the records say so. Its runs on data that is not here are
    left out and reported. Exit status: 0 all well, 1 a run failed or could not be made, 2 a mistake
    in the call, 130 or 143 interrupted.
    """
    from benchmark.cli.run_cost import estimate, stand_in
    from benchmark.exports.trackers import require
    from benchmark.planning.reuse import divided
    from benchmark.planning.stages import resolve, together
    from benchmark.records import Store
    from benchmark.running.executors import executor_of

    options["executor"] = executor_of(options["executor"])
    if options["log"]:
        require(options["log"])
    store, tally = Store(options["results"]), Tally()
    seen: Seen = {}
    stages, tally.absent = _stages(suite, everything, methods, datasets, latent_dims, options, seen)
    for part in together(stages):
        planned = [resolve(stage, options["data_dir"], store, seen) for stage in part]
        jobs = _shard(
            list({job.spec.key: job for ready, _ in planned for job in ready}.values()),
            options["shard"],
        )
        waiting = [each for _, blocked in planned for each in blocked]
        todo, kept, unreadable = divided(jobs, store, force=options["force"])
        tally.add(jobs, kept, waiting, unreadable)
        tally.announce_earlier(jobs, store)
        announce_changed(todo, store)
        if options["dry_run"]:
            _announce(jobs, todo, waiting, unreadable)
        if options["estimate"]:
            tally.todo += todo + [stand_in(each) for each in waiting]
        if options["dry_run"] or options["estimate"]:
            continue
        if todo or waiting:
            store.ensure_writable()
        for each in waiting:
            with contextlib.suppress(OSError):  # a full disk; the summary tells of it all the same
                store.write(each.record())
        if tally.carry_out(todo, options):
            break
    if options["dry_run"] or options["estimate"]:
        tally.announce_absent()
    if options["estimate"]:
        raise SystemExit(
            estimate(
                tally.todo,
                tally.kept,
                options["workers"] or default_workers(options["device"]),
                options["device"],
                seen,
            )
        )
    if not options["dry_run"]:
        status = tally.summary(options["results"])
        if everything and tally.signal is None:
            count_nulls(options["results"], options["data_dir"])
            first_lines(options["results"], stages[0].grid.datasets[0])
        raise SystemExit(status)


def _stages(
    suite: str | None,
    everything: bool,
    methods: tuple[str, ...],
    datasets: tuple[str, ...],
    latent_dims: tuple[str, ...],
    options: dict[str, Any],
    seen: Seen,
) -> tuple[list[Any], list[Any]]:
    """Return the stages to run, every one of them planned once so that a mistake is told before
    anything runs, and what lacks its data."""
    from benchmark.cli.show_suite import checked_suite
    from benchmark.options import split_list
    from benchmark.planning.jobs import plan
    from benchmark.planning.stages import available
    from benchmark.planning.suites import Stage, narrowed, scaled

    given = click.get_current_context().get_parameter_source
    asked = {name for name in SCALES | OWN if given(name) is ParameterSource.COMMANDLINE}
    chosen, sources, sizes = split_list(methods), split_list(datasets), _sizes(latent_dims)
    if suite is None and not everything:
        return [Stage(_grid(chosen, sources, sizes, options))], []
    if suite is not None and asked & OWN:
        raise click.UsageError(
            "--suite has its own grid; give it without --all, --methods, --datasets, "
            "--latent-dims or --shard"
        )
    scale = {name: options[name] for name in asked & SCALES}
    asked_for = scaled(narrowed(checked_suite(suite or HEADLINE), chosen, sources, sizes), **scale)
    found = [available(stage, options["data_dir"], seen) for stage in asked_for.stages]
    stages = [stage for stage, _ in found if stage is not None]
    for stage in stages:
        plan(stage.grid, options["data_dir"], seen)
    return stages, [each for _, absent in found for each in absent]


def _sizes(latent_dims: tuple[str, ...]) -> list[int]:
    from benchmark.options import split_list
    from benchmark.spec import BenchError

    sizes = split_list(latent_dims)
    for size in sizes:
        if not size.isdecimal() or int(size) < 1:
            raise BenchError(
                f"--latent-dims holds '{size}'; expected whole numbers from 1, as in "
                "--latent-dims 16,32"
            )
    return [int(size) for size in sizes]


def _grid(
    methods: list[str], datasets: list[str], latent_dims: list[int], options: dict[str, Any]
) -> Any:
    from benchmark.planning.suites import Grid
    from benchmark.spec import BenchError

    if not (methods and datasets):
        raise BenchError(
            "nothing to run: give --all, or both --methods and --datasets (see `bench list`)"
        )
    scale = {name: options[name] for name in ("seeds", "budget", "steps", "batch_size")}
    return Grid(methods=methods, datasets=datasets, latent_dims=latent_dims, **scale)


def _shard(jobs: list[Any], text: str | None) -> list[Any]:
    from benchmark.spec import BenchError

    if text is None:
        return jobs
    part, slash, parts = text.partition("/")
    if (
        not slash
        or not part.isdecimal()
        or not parts.isdecimal()
        or not 1 <= int(part) <= int(parts)
    ):
        raise BenchError(f"--shard is '{text}'; expected I/N with 1 <= I <= N, as in --shard 2/4")
    return jobs[int(part) - 1 :: int(parts)]


def _announce(
    jobs: list[Any], todo: list[Any], waiting: list[Any], unreadable: dict[str, str]
) -> None:
    missing = {job.spec.key for job in todo}
    for job in jobs:
        if job.spec.key not in unreadable:
            click.echo(
                f"{'run   ' if job.spec.key in missing else 'cached'}  {job.spec.key}  {job.spec.steps} outer steps of {job.spec.batch_size}"
            )
    for key, reason in unreadable.items():
        click.echo(f"left    {key}: {reason}")
    for each in waiting:
        click.echo(f"waits   {each.job.label}: {each.reason}")
    cached = len(jobs) - len(todo) - len(unreadable)
    left = f", {len(unreadable)} left out as unreadable" if unreadable else ""
    click.echo(
        f"{len(todo)} to run, {cached} finished before{left}{f', {len(waiting)} waiting' if waiting else ''}"
    )


def announce_changed(todo: list[Any], store: Any) -> None:
    """Say of which runs the stored record is of other code, one line for each kind of change."""
    from benchmark.planning.reuse import CHANGES, changed

    kinds = {job.spec.key: changed(job, store) for job in todo}
    for kind, told in CHANGES.items():
        keys = [key for key, found in kinds.items() if found == kind]
        if keys:
            click.echo(
                f"changed code: {len(keys)} of these runs {told}; the records of before are kept "
                f"beside the new ones as replaced-*.json; the first is {keys[0]}",
                err=True,
            )


def _logged(events: Any, results: Path) -> Any:
    """Return watchers that tell ``events`` and TensorBoard the same."""
    from benchmark.exports.live import LiveTensorboard, Several

    return Several(events, LiveTensorboard(results.parent / "tensorboard"))


class Tally:
    """What became of the jobs of all stages."""

    def __init__(self) -> None:
        self.count = 0
        self.kept: list[Any] = []
        self.todo: list[Any] = []
        self.ended: list[Any] = []
        self.waiting: list[Any] = []
        self.absent: list[Any] = []
        self.unreadable: dict[str, str] = {}
        self.signal: int | None = None
        self.earlier: set[str] = set()

    def add(
        self, jobs: list[Any], kept: list[Any], waiting: list[Any], unreadable: dict[str, str]
    ) -> None:
        self.count += len(jobs) + len(waiting)
        self.kept += kept
        self.waiting += waiting
        self.unreadable |= unreadable

    def carry_out(self, todo: list[Any], options: dict[str, Any]) -> bool:
        """Run the jobs under progress bars; whether a signal interrupted them."""
        from benchmark.cli.progress import signals, watcher
        from benchmark.planning.reuse import Settings

        if not todo:
            return False
        settings = Settings(
            options["results"],
            options["device"],
            options["time_limit"],
            options["checkpoint_every"],
            options["force"],
        )
        executor = options["executor"]
        workers = options["workers"] or (
            default_workers(options["device"]) if executor.local else len(todo)
        )
        workers = min(len(todo), workers)
        log = options["log"]
        with signals() as received, watcher(len(todo)) as events:
            runs, processes = (
                f"{n} {word}{'s' * (n != 1)}"
                for n, word in ((len(todo), "run"), (workers, "worker"))
            )
            click.echo(f"{runs} on {processes}; they start once torch is loaded", err=True)
            self.ended += executor.run_jobs(
                todo,
                settings,
                workers,
                _logged(events, options["results"]) if log else events,
                interrupted=lambda: len(received) + events.cut_off,
            )
            if events.cut_off:
                raise CutOff(CUT_OFF)
        self.signal = received[0] if received else None
        return bool(received)

    def announce_earlier(self, jobs: list[Any], store: Any) -> None:
        """Say once of each run in the store that an earlier protocol made that it stays as it
        is."""
        from benchmark.planning.reuse import earlier
        from benchmark.spec import PROTOCOL

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
        for reason in dict.fromkeys(each.reason for each in self.absent):
            alike = [each for each in self.absent if each.reason == reason]
            click.echo(
                f"no data {alike[0].dataset}: {sum(each.runs for each in alike)} runs left out: {reason}",
                err=True,
            )

    def summary(self, results: Path) -> int:
        """Say how it went and return the exit status."""
        ended = [
            outcome
            for outcome in self.ended
            if outcome.status != "interrupted" or self.signal is None
        ]
        bad = [
            (outcome.job.spec.key, outcome.status, outcome.error)
            for outcome in ended
            if outcome.status != "done"
        ]
        bad += [
            (record.key, f"{record.status} before", record.error)
            for record in self.kept
            if record.status != "done"
        ]
        bad += [(each.job.spec.key, "blocked", each.reason) for each in self.waiting]
        bad += [(key, "left out", reason) for key, reason in self.unreadable.items()]
        for key, status, error in bad:
            click.echo(f"{status}: {key}: {error}", err=True)
        self.announce_absent()
        well = [outcome for outcome in ended if outcome.status == "done"]
        done = sum(outcome.trained for outcome in well)
        again = f"{len(well) - done} measured again, " if len(well) > done else ""
        lacking = sum(each.runs for each in self.absent)
        left = f", {lacking} left out for want of data" if lacking else ""
        click.echo(
            f"{self.count + lacking} runs: {done} done now, {again}{len(self.kept)} finished before, {len(bad)} failed{left}; records in {results}"
        )
        if self.signal is not None:
            click.echo("interrupted; the same command goes on from the last checkpoints", err=True)
            return 128 + self.signal
        if bad:
            click.echo(
                "failed runs: `bench show KEY` tells more; the same command tries again (diverged ones only with --force)",
                err=True,
            )
        return 1 if bad or lacking else 0


def default_workers(device: str) -> int:
    """One run per core on CPU; on a GPU one at a time."""
    if device != "cpu":
        import torch

        if torch.cuda.is_available():
            return 1
        if device == "cuda":
            from benchmark.training.runtime import resolve_device

            resolve_device(device)
    from benchmark.running.cores import usable_cores

    return usable_cores()
