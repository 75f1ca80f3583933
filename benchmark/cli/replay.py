"""``bench replay``: a stored run is done again and compared bit by bit."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from benchmark.cli import Device, data_dir_option, results_option

if TYPE_CHECKING:
    from benchmark.running.compare import BitComparison
    from benchmark.running.replay import Replay
    from benchmark.running.stored import Stored

__all__ = ["replay"]

_NAMES_SHOWN = 4
"""Names a line lists before it counts the rest."""


@click.command()
@click.argument("records", nargs=-1, required=True, metavar="RECORD...")
@click.option("--method", metavar="FILE.py", help="the file of your own that the run was made with")
@click.option(
    "--dataset",
    metavar="NAME",
    help="the data of your own that the run was made with: npz:FILE, images:FOLDER, FILE.py",
)
@click.option(
    "--workers", type=click.IntRange(1), help="runs at once  [default: one per core; 1 on a GPU]"
)
@click.option(
    "--device",
    type=Device(),
    help="[default: the kind that the record was made on]",
)
@data_dir_option
@results_option
def replay(
    records: tuple[str, ...],
    method: str | None,
    dataset: str | None,
    workers: int | None,
    device: str | None,
    data_dir: Path,
    results: Path,
) -> None:
    """Do each RECORD's run again in a temporary folder and compare: a record.json, its folder, or
    the key of a run in --results.

    Everything the record holds is compared: measurements, discovery, and, where they lie beside it,
    curves, pictures and the checkpoint. The verdict is 'bit-equal', 'within the seed interval'
    (other bits, for a reason that is named, and no further from the other stored seeds than one
    more seed would be), 'differs', or 'cannot tell'. Exit status: 0 bit-equal or within, 1 a run
    differs, 2 a mistake in the call, 3 cannot tell.
    """
    from benchmark.cli.progress import signals, watcher
    from benchmark.cli.tally import default_workers
    from benchmark.running import replay as replaying
    from benchmark.running.stored import job_of

    runs, unreadable = _located(records, results)
    count = min(len(runs), workers or default_workers(device or "cpu"))
    with signals() as received, watcher(len(runs)) as events:
        ended = replaying.replay(
            runs,
            lambda record: job_of(record, data_dir, method, dataset),
            count,
            device,
            events,
            lambda: len(received),
        )
    for outcome in ended:
        click.echo("\n".join(_lines(outcome)))
    if received:
        click.echo("interrupted; nothing is kept of replays", err=True)
        raise SystemExit(128 + received[0])
    raise SystemExit(_summary(ended, unreadable))


def _summary(ended: Sequence[Replay], unreadable: int) -> int:
    """Print how many replays ended with which verdict; the exit status."""
    verdicts = Counter(outcome.verdict for outcome in ended)
    if unreadable:
        verdicts["cannot tell"] += unreadable
    counts = ", ".join(f"{count} {verdict}" for verdict, count in verdicts.items())
    lost = f", {unreadable} could not be read" if unreadable else ""
    click.echo(f"{len(ended)} replayed{lost}: {counts}")
    if verdicts["differs"]:
        return 1
    return 3 if verdicts["cannot tell"] else 0


def _located(texts: Sequence[str], results: Path) -> tuple[list[Stored], int]:
    """Return the runs that can be read and how many cannot, each of them told on stderr;
    ``BenchError`` where none can."""
    from benchmark.running.stored import locate
    from benchmark.spec import BenchError

    runs, reasons = [], []
    for text in texts:
        try:
            runs.append(locate(text, results))
        except BenchError as error:
            reasons.append(error)
    if not runs:
        raise reasons[0]
    for reason in reasons:
        click.echo(f"left out: {reason}", err=True)
    return runs, len(reasons)


def _lines(outcome: Replay) -> list[str]:
    lines = [f"{outcome.stored.record.key}: {outcome.verdict}{_because(outcome)}"]
    if outcome.comparison is not None:
        lines += _parts(outcome.comparison)
        for gap in outcome.comparison.gaps:
            low, high = outcome.intervals.get(gap.identifier, (None, None))
            interval = (
                f"; another seed lies in {low:.6g} to {high:.6g}"
                if low is not None
                else "; fewer than two other stored seeds, so no interval"
            )
            lines.append(
                f"    {gap.identifier}: {_number(gap.stored)} stored, "
                f"{_number(gap.repeated)} now{interval}"
            )
    if not outcome.stored.untouched:
        lines.append(
            "    record.json is not as this program wrote it: it was edited or written by another "
            "tool"
        )
    idle = [str(change) for change in outcome.changes if not change.decides]
    return lines + ([f"    also changed, which decides no bits: {', '.join(idle)}"] if idle else [])


def _because(outcome: Replay) -> str:
    if outcome.reason:
        return f", because {outcome.reason}"
    deciding = [str(change) for change in outcome.changes if change.decides]
    if outcome.verdict == "bit-equal":
        return f", although {', '.join(deciding)}" if deciding else ""
    if deciding:
        return f", because {', '.join(deciding)}"
    return (
        ", and nothing that the record tells explains it: it was edited, or the harness changed, "
        "or runs are not repeatable here"
    )


def _parts(comparison: BitComparison) -> list[str]:
    lines = []
    for part in comparison.parts:
        if part.missing:
            lines.append(f"    {part.name}: not beside the record, not compared")
            continue
        differing = f"; differing: {_some(part.differing)}" if part.differing else ""
        new = f"; not in the record: {_some(part.new)}" if part.new else ""
        if part.total or differing or new:
            lines.append(
                f"    {part.name}: {max(part.total - len(part.differing), 0)} of {part.total} "
                f"equal{differing}{new}"
            )
    return lines


def _some(names: tuple[str, ...]) -> str:
    more = len(names) - _NAMES_SHOWN
    return ", ".join(names[:_NAMES_SHOWN]) + (f" and {more} more" if more > 0 else "")


def _number(value: float | None) -> str:
    return "none" if value is None else repr(value)
