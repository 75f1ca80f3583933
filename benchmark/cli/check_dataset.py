"""``bench check-dataset``: does a dataset keep the promises that every dataset makes?"""

from __future__ import annotations

from pathlib import Path

import click

from benchmark.cli import data_dir_option

__all__ = ["check_dataset"]


@click.command("check-dataset")
@click.argument("reference", metavar="NAME|FILE.py")
@data_dir_option
@click.option("-v", "--verbose", is_flag=True, help="also say why a check was skipped")
def check_dataset(reference: str, data_dir: Path, verbose: bool) -> None:
    """Check a registered dataset, npz:FILE, images:FOLDER, or a file of yours, './my_data.py[n=3]'.

    Each line is one promise. Exit status: 0 all kept, 1 one is broken, 2 a mistake in the call.
    """
    import textwrap

    from benchmark.testing import outcomes
    from benchmark.testing.data import CHECKS, DataSource

    tally = {"passed": 0, "failed": 0, "skipped": 0}
    for outcome in outcomes(DataSource(reference, data_dir), CHECKS):
        tally[outcome.status] += 1
        click.echo(f"{outcome.status:<8}{outcome.check.name:<14}{outcome.check.promise}")
        if outcome.status == "failed" or (verbose and outcome.message):
            indent = " " * 8
            click.echo(
                textwrap.fill(outcome.message, 120, initial_indent=indent, subsequent_indent=indent)
            )
    click.echo(
        f"{reference}: {tally['passed']} passed, {tally['failed']} failed, "
        f"{tally['skipped']} skipped"
    )
    raise SystemExit(1 if tally["failed"] else 0)
