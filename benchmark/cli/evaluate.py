"""``bench evaluate``: metrics for finished runs, without training."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from benchmark.cli import Device, data_dir_option, results_option

if TYPE_CHECKING:
    from benchmark.running.evaluate import Evaluation
    from benchmark.spec import Record

__all__ = ["evaluate"]

FAILED = object()
"""What a run that could not be evaluated gives."""

LISTS: dict[str, Any] = {"multiple": True, "metavar": "A,B"}


@click.command()
@click.option(
    "--metrics", **LISTS, help="metrics to add (see `bench list metrics`)  [default: all]"
)
@click.option(
    "--methods",
    **LISTS,
    help=(
        "only runs of these; a bare name takes every variant, ./my_vae.py a file of yours  "
        "[default: all]"
    ),
)
@click.option("--datasets", **LISTS, help="only runs on these, likewise; npz:FILE  [default: all]")
@click.option("--budget", "budgets", **LISTS, help="only runs of these budgets  [default: all]")
@click.option("--latent-dims", **LISTS, help="only these latent sizes  [default: all]")
@click.option(
    "--null",
    is_flag=True,
    help=(
        "count L* of 32 untrained networks, and their gaps, per method, "
        "dataset and latent size instead; no checkpoint is needed"
    ),
)
@click.option("--device", type=Device(), default="auto", show_default=True)
@data_dir_option
@results_option
@click.option("--force", is_flag=True, help="measure again what the records already say")
def evaluate(
    metrics: tuple[str, ...],
    null: bool,
    device: str,
    data_dir: Path,
    results: Path,
    force: bool,
    **filters: tuple[str, ...],
) -> None:
    """Add metrics to finished runs from their checkpoints.

    What a record already says stays as it is, bit for bit; a metric that does not apply is told
    with its reason. The code and data must be those that the run was made with. Exit status: 0 all
    well, 1 a run could not be evaluated, 2 a mistake in the call, 130 interrupted.
    """
    from benchmark.options import split_list
    from benchmark.records import Store, load_records
    from benchmark.reporting.cells.selection import filters_of, select
    from benchmark.running.evaluate import Evaluation, chosen_metrics

    wanted = filters_of(filters)
    chosen = chosen_metrics(split_list(metrics))
    records = select(load_records(results), wanted, str(results))
    done = sorted(
        (record for record in records if record.status == "done"),
        key=lambda record: (record.spec["dataset"], record.key),
    )
    evaluation = Evaluation(
        Store(results), chosen, data_dir, wanted.methods, wanted.datasets, device, force
    )
    if null:
        raise SystemExit(_count(evaluation, done))
    raise SystemExit(_add(evaluation, done, len(records) - len(done)))


def _add(evaluation: Evaluation, records: Sequence[Record], unfinished: int) -> int:
    """Add the metrics to every one of ``records``; the exit status. ``unfinished`` runs are told
    beside them."""
    changed = failed = 0
    for record in records:
        started = time.perf_counter()
        outcome = _one(evaluation.add, record.key)
        failed += outcome is FAILED
        if outcome is not FAILED and (outcome.measured or outcome.absent):
            changed += outcome.changed
            click.echo(f"{record.key}: {_told(outcome)}; {time.perf_counter() - started:.1f} s")
    click.echo(
        f"{len(records) + unfinished} runs: {changed} records changed, "
        f"{len(records) - changed - failed} as before, {failed} failed"
        f"{f', {unfinished} not finished' if unfinished else ''}; "
        f"records in {evaluation.store.root}"
    )
    return 1 if failed else 0


def _count(evaluation: Evaluation, records: Sequence[Record]) -> int:
    """Count untrained networks for every cell of ``records`` that lacks it; the exit status."""
    from benchmark.controls import InitialCounts, untrained_spec
    from benchmark.spec import digest

    counted = failed = 0
    reasons: Counter[str] = Counter()
    cells = {
        digest({"cell": untrained_spec(record.spec), "code": record.code}): record
        for record in reversed(records)
    }
    for record in reversed(cells.values()):
        counts = _one(evaluation.count, record.key)
        failed += counts is FAILED
        if isinstance(counts, str):
            reasons[counts] += 1
        if isinstance(counts, InitialCounts):
            counted += 1
            summary = (
                f"{counts.interval[0]} to {counts.interval[2]}, median {counts.interval[1]}, "
                f"of {len(counts.values)} networks"
                if counts.interval
                else counts.absent
            )
            click.echo(f"{counts.title}: {summary}; {counts.seconds:.1f} s")
    click.echo(
        f"{len(cells)} cells: {counted} counted, {failed} failed"
        f"{''.join(f', {count} not: {reason}' for reason, count in reasons.items())}; "
        f"counts in {evaluation.store.root / 'references'}"
    )
    return 1 if failed else 0


def _one(evaluate: Callable[[str], Any], key: str) -> Any:
    """Evaluate one run; ``FAILED``, and a line on stderr, where that cannot be."""
    from benchmark.spec import BenchError

    try:
        return evaluate(key)
    except BenchError as error:
        click.echo(f"failed: {key}: {error}", err=True)
    except Exception as error:  # one run's failure is not another's
        click.echo(
            f"failed: {key}: {type(error).__name__}: {' '.join(str(error).split())}", err=True
        )
    return FAILED


def _told(outcome: Any) -> str:
    names = [identifier.partition("[")[0] for identifier in outcome.measured]
    parts = [f"measured {', '.join(names)}"] if names else []
    for reason in dict.fromkeys(outcome.absent.values()):
        lacking = [name for name, text in outcome.absent.items() if text == reason]
        parts.append(f"no {', '.join(lacking)}: {reason}")
    return "; ".join(parts)
