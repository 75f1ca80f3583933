"""``bench report``: everything that is known of a folder of records, as pages to read."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from benchmark.cli import results_option

__all__ = ["report"]

LISTS: dict[str, Any] = {"multiple": True, "metavar": "A,B"}


@click.command()
@click.option(
    "--methods",
    **LISTS,
    help="only these; a bare name takes every variant, 'vae[sigma=fixed]' one  [default: all]",
)
@click.option("--datasets", **LISTS, help="only these, likewise  [default: all]")
@click.option("--budget", "budgets", **LISTS, help="only runs of these budgets  [default: all]")
@click.option("--latent-dims", **LISTS, help="only these latent sizes  [default: all]")
@results_option
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    default=Path("report"),
    show_default=True,
    metavar="DIR",
    help="folder to write",
)
def report(results: Path, output: Path, **filters: tuple[str, ...]) -> None:
    """Make a report: DIR/index.html, a page per run, and the tables as .tex and .csv.

    The pages need no network. A folder that is there is replaced if it is a report and left alone
    if it is anything else.
    """
    from benchmark.records import load_records
    from benchmark.reporting.cells.selection import filters_of, select
    from benchmark.reporting.report import folder
    from benchmark.reporting.report.site import site

    folder.check(output)
    chosen = filters_of(filters)
    records = load_records(results)
    chosen_records = select(records, chosen, str(results), studies=True) if records else []
    count = folder.write(output, site(chosen_records, results))
    click.echo(
        f"wrote {output / 'index.html'} and {count - 1} files beside it from {len(chosen_records)} "
        "runs",
        err=True,
    )
