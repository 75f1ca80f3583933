"""``bench merge``: results of several machines into one folder."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import click

__all__ = ["merge"]


@click.command()
@click.argument(
    "sources", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="DIR..."
)
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    required=True,
    metavar="DIR",
    help="the results folder they are brought into; what it holds stays",
)
def merge(sources: tuple[Path, ...], output: Path) -> None:
    """Bring the runs of several results folders into one.

    A run that stands in several is one where all bits that both hold are equal. Where they are
    not, the one that came first stays, and what differs is named. Folders that are merged are only
    read. Exit status: 0 all is in the output, 1 something is not, 2 a mistake in the call.
    """
    from benchmark.running.merge import TROUBLE
    from benchmark.running.merge import merge as merged

    verdicts: Counter[str] = Counter()
    for merged_run in merged(sources, output):
        verdicts[merged_run.verdict] += 1
        if merged_run.verdict in TROUBLE:
            click.echo(
                f"{merged_run.verdict}: {merged_run.source / merged_run.name}: {merged_run.reason}",
                err=True,
            )
    counts = [f"{count} {verdict}" for verdict, count in sorted(verdicts.items())]
    click.echo(f"{', '.join(counts) or 'nothing to merge'}; records in {output}")
    raise SystemExit(int(any(verdicts[name] for name in TROUBLE)))
