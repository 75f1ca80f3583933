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
    for found in merged(sources, output):
        verdicts[found.verdict] += 1
        if found.verdict in TROUBLE:
            click.echo(f"{found.verdict}: {found.source / found.name}: {found.reason}", err=True)
    told = [f"{count} {verdict}" for verdict, count in sorted(verdicts.items())]
    click.echo(f"{', '.join(told) or 'nothing to merge'}; records in {output}")
    raise SystemExit(int(any(verdicts[name] for name in TROUBLE)))
