"""``bench run --estimate``: what a grid would cost, told from probes."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from benchmark.planning.jobs import Described, Job
    from benchmark.planning.stages import Waiting
    from benchmark.running.cost import CostGroup
    from benchmark.spec import Record

__all__ = ["estimate", "stand_in"]


def stand_in(waiting: Waiting) -> Job:
    """Return the job of a run that waits for a value of an earlier one, with the option's default
    in its place: it costs as much."""
    from benchmark import registry

    job = waiting.job
    defaults = {
        field.name: field.default
        for field in job.method.entry.source.fields(registry.OPTIONS_CLASS["methods"])
    }
    config = {
        name: defaults.get(name) if value is None else value
        for name, value in job.spec.config.items()
    }
    return replace(
        job, spec=replace(job.spec, config=config), method=replace(job.method, options=config)
    )


def estimate(
    todo: Sequence[Job],
    kept: Sequence[Record],
    workers: int,
    device: str,
    seen: Mapping[str, Described],
) -> int:
    """Probe one run of those alike in ``todo``, print what all of them would cost, and return the
    exit status. ``seen``: what planning knows of the datasets."""
    from benchmark.cli.progress import signals
    from benchmark.running.cost import LIMIT, groups
    from benchmark.running.estimate import measure

    begun = time.monotonic()
    alike = groups(todo, {data.digest: data[1:] for data in seen.values() if data.shape})
    with signals() as received:
        if alike:
            click.echo(
                f"probing {len(alike)} of {len(todo)} runs, {LIMIT:.0f} s for all together at most",
                err=True,
            )
        probed = measure(
            alike, min(workers, max(1, len(alike))), device, interrupted=lambda: len(received)
        )
    if received:
        click.echo("interrupted; an estimate writes nothing, so nothing is left", err=True)
        return 128 + received[0]
    _print(probed, kept)
    _total(probed, len(kept), workers, time.monotonic() - begun)
    for group in probed:
        if group.error:
            click.echo(
                f"the probe of {' on '.join(group.name)} ended early: {group.error}", err=True
            )
    return 3 if any(group.cost is None for group in probed) else 0


def _print(probed: Sequence[CostGroup], kept: Sequence[Record]) -> None:
    """Print one row for each group and for what is finished of no group."""
    cached = Counter((record.spec["method"], record.spec["dataset"]) for record in kept)
    rows: list[tuple[str, ...]] = [
        ("method", "dataset", "L", "runs", "cached", "one run", "hours", "memory", "disk")
    ]
    for group in probed:
        pairs = dict.fromkeys((job.spec.method, job.spec.dataset) for job in group.jobs)
        rows.append(_row(group, sum(cached.pop(pair, 0) for pair in pairs)))
    rows += [
        (method, dataset, "", "0", str(count), "", "", "", "")
        for (method, dataset), count in cached.items()
    ]
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    for row in rows:
        cells = (
            text.ljust(width) if column < 2 else text.rjust(width)
            for column, (text, width) in enumerate(zip(row, widths, strict=True))
        )
        click.echo("  ".join(cells).rstrip())


def _row(group: CostGroup, cached: int) -> tuple[str, ...]:
    sizes = sorted({job.spec.latent_dim for job in group.jobs})
    size = f"{sizes[0]}" if len(sizes) == 1 else f"{sizes[0]}-{sizes[-1]}"
    head = (*group.name, size, str(len(group.jobs)), str(cached))
    if group.cost is None:
        return (*head, "unknown", "", "", "")
    more = "about " if group.rough else "> " if group.cost.evaluation is None else ""
    mean = group.seconds / len(group.jobs)
    return (
        *head,
        f"{more}{_seconds(mean)}",
        f"{group.seconds / 3600:.3g}",
        _size(group.cost.memory),
        _size(group.cost.disk * len(group.jobs)),
    )


def _total(probed: Sequence[CostGroup], cached: int, workers: int, spent: float) -> None:
    """One line for everything: runs are as long as the longest at least, and the ``workers``
    hungriest may meet."""
    costs = [group.cost for group in probed if group.cost is not None]
    longest = max(
        (
            group.cost.seconds(job.spec.steps)
            for group in probed
            if group.cost
            for job in group.jobs
        ),
        default=0.0,
    )
    seconds = max(sum(group.seconds for group in probed) / workers, longest)
    hungriest = sorted(
        (cost.memory for group, cost in _known(probed) for _ in group.jobs), reverse=True
    )[:workers]
    disk = sum(cost.disk * len(group.jobs) for group, cost in _known(probed))
    runs = sum(len(group.jobs) for group in probed)
    unknown = len(costs) < len(probed) or any(cost.evaluation is None for cost in costs)
    rough = any(group.rough for group in probed)
    least = "at least " if unknown else "about " if rough else ""
    click.echo(
        f"{runs} to run, {cached} finished before: {least}{seconds / 3600:.3g} hours with "
        f"{workers} workers, {_size(sum(hungriest))} of memory, {_size(disk)} of disk "
        f"(probed in {_seconds(spent)})"
    )


def _known(probed: Sequence[CostGroup]) -> list[tuple[CostGroup, Any]]:
    return [(group, group.cost) for group in probed if group.cost is not None]


def _seconds(value: float) -> str:
    return (
        f"{value:.3g} s"
        if value < 120
        else f"{value / 60:.3g} min"
        if value < 7200
        else f"{value / 3600:.3g} h"
    )


def _size(value: int) -> str:
    return (
        f"{value / 1e9:.3g} GB"
        if value >= 1e9
        else f"{value / 1e6:.3g} MB"
        if value >= 1e6
        else f"{value / 1e3:.3g} kB"
    )
