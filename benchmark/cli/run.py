"""``bench run``: like make, it does what is missing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from benchmark.cli import Device, Real, data_dir_option, results_option
from benchmark.cli.first_lines import first_lines
from benchmark.cli.tally import Tally, announce_plan, default_workers

if TYPE_CHECKING:
    from benchmark.running.suite import SuiteRun

__all__ = ["run", "sizes_of"]

OWN = {"everything", "methods", "datasets", "latent_dims"}
"""Options that do not go with ``--suite``, which has its own grid."""

SCALES = {"seeds", "budget", "steps", "batch_size"}
"""Options that scale a suite."""

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
    "--device", type=Device(), default="auto", show_default=True, help="auto, cpu, cuda or cuda:N"
)
@click.option("--eager", is_flag=True, help="on a GPU: capture no step (the bits are the same)")
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
    help="where runs are carried out: processes (of this machine), lanes[runs=N] (of one "
    "process, for a GPU), ray[address=HOST:PORT], slurm[partition=..,time=..,mem=..,gpus=..]",
)
@click.option(
    "--shard", metavar="I/N", help="the I-th of N equal parts of the grid or the suite, from 1"
)
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
    from benchmark.exports.trackers import require

    if options["log"]:
        require(options["log"])
    chosen = _chosen(suite, everything, methods, datasets, latent_dims, options)
    tally = Tally(chosen, log=bool(options["log"]))
    if options["dry_run"] or options["estimate"]:
        _look_ahead(chosen, tally, options)
        return
    for part in chosen.parts():
        tally.announce(part)
        if tally.carry_out(part, options["workers"]):
            break
    status = tally.summary(options["results"])
    if tally.signal is None:
        chosen.count_untrained(_complain, _say_counting, every_budget=everything)
        if everything:
            first_lines(options["results"], chosen.stages[0].grid.datasets[0])
    raise SystemExit(status)


def _look_ahead(chosen: SuiteRun, tally: Tally, options: dict[str, Any]) -> None:
    """Say what would run, or what it would cost; nothing is carried out."""
    from benchmark.cli.run_cost import estimate, stand_in

    for part in chosen.parts():
        tally.announce(part)
        if options["dry_run"]:
            announce_plan(part)
        if options["estimate"]:
            tally.todo += [*part.todo, *map(stand_in, part.waiting)]
    tally.announce_absent()
    if options["estimate"]:
        workers = options["workers"] or default_workers(options["device"])
        raise SystemExit(estimate(tally.todo, tally.kept, workers, options["device"], chosen.seen))


def _say_counting() -> None:
    click.echo("counting untrained networks, beside which tables show what was found", err=True)


def _complain(text: str) -> None:
    click.echo(text, err=True)


def _chosen(
    suite: str | None,
    everything: bool,
    methods: tuple[str, ...],
    datasets: tuple[str, ...],
    latent_dims: tuple[str, ...],
    options: dict[str, Any],
) -> SuiteRun:
    """Return what was asked for: a suite scaled to the options that were given, or a grid."""
    from benchmark.cli.show_suite import checked_suite
    from benchmark.options import split_list
    from benchmark.planning.reuse import Settings
    from benchmark.planning.shards import shard_of
    from benchmark.planning.suites import narrowed, scaled
    from benchmark.running.executors import executor_of
    from benchmark.running.suite import SuiteRun

    executor = executor_of(options["executor"])
    names_of_settings = ("results", "device", "time_limit", "checkpoint_every", "force", "eager")
    settings = Settings(*(options[name] for name in names_of_settings))
    asked = _asked()
    names, sources, sizes = split_list(methods), split_list(datasets), sizes_of(latent_dims)
    if suite is None and not everything:
        chosen = SuiteRun.of_grid(
            _grid(names, sources, sizes, options), options["data_dir"], settings
        )
    elif suite is not None and asked & OWN:
        raise click.UsageError(
            "--suite has its own grid; give it without --all, --methods, --datasets or "
            "--latent-dims"
        )
    else:
        scale = {name: options[name] for name in asked & SCALES}
        own = narrowed(checked_suite(suite or HEADLINE), names, sources, sizes)
        chosen = SuiteRun.of_suite(scaled(own, **scale), options["data_dir"], settings)
    chosen.executor = executor
    if options["shard"] is not None:
        chosen.shard = shard_of(options["shard"])
    return chosen


def _asked() -> set[str]:
    """Return the names of the options that choose or scale runs and that were typed."""
    source = click.get_current_context().get_parameter_source
    return {name for name in SCALES | OWN if source(name) is ParameterSource.COMMANDLINE}


def sizes_of(latent_dims: tuple[str, ...]) -> list[int]:
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
