"""``bench table``: the numbers of records as a table in LaTeX, Markdown, CSV or HTML."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from benchmark.cli import results_option

if TYPE_CHECKING:
    from benchmark.reporting.tables.document import Table

__all__ = ["table"]

LISTS: dict[str, Any] = {"multiple": True, "metavar": "A,B"}


@click.command()
@click.argument("name", default="summary")
@click.option(
    "--methods",
    **LISTS,
    help="only these; a bare name takes every variant, 'vae[sigma=fixed]' one  [default: all]",
)
@click.option("--datasets", **LISTS, help="only these, likewise  [default: all]")
@click.option(
    "--metrics",
    **LISTS,
    help="only these columns; a measurement id where a metric has several  [default: all]",
)
@click.option("--budget", "budgets", **LISTS, help="only runs of these budgets  [default: all]")
@click.option("--latent-dims", **LISTS, help="only these latent sizes  [default: all]")
@click.option(
    "--format",
    "kind",
    type=click.Choice(["latex", "markdown", "csv", "html", "text"]),
    help="[default: by the suffix of -o, else latex]",
)
@click.option(
    "--on",
    "source",
    type=click.Choice(["records", "paper"]),
    default="records",
    show_default=True,
    help="runs, or figures as printed",
)
@click.option("--paper", is_flag=True, help="add the published value and whether ours agrees")
@click.option("--macros", is_flag=True, help="LaTeX macros for the numbers instead of a table")
@results_option
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="file to write: .tex .md .csv .html .txt  [default: stdout]",
)
def table(
    name: str,
    metrics: tuple[str, ...],
    kind: str | None,
    source: str,
    paper: bool,
    macros: bool,
    results: Path,
    output: Path | None,
    **filters: Any,
) -> None:
    """Make table NAME (default: summary; see `bench list tables`)."""
    from benchmark.cli.output import save
    from benchmark.reporting.catalogue.entries import check
    from benchmark.reporting.catalogue.tables import TABLES

    check("table", TABLES, name)
    render = _renderer(kind, output, macros)
    if source == "paper":
        from benchmark.reporting.papers.as_printed import printed_table

        _refuse(filters, metrics, paper)
        document = printed_table(name)
    else:
        document = _of_records(name, results, filters, metrics, paper)
    text = render(document)
    if output is None:
        click.echo(text, nl=False)
        return
    save(output, text.encode())
    runs = (
        "published figures"
        if source == "paper"
        else f"{sum(len(row.keys) for row in document.rows)} runs"
    )
    click.echo(f"wrote {output}: {len(document.rows)} rows from {runs}", err=True)


def _renderer(kind: str | None, output: Path | None, macros: bool) -> Callable[[Table], str]:
    """Return the function from a table to text that was asked for."""
    from benchmark.reporting.render import RENDERERS, format_of
    from benchmark.reporting.render.macros import render as render_macros
    from benchmark.spec import BenchError

    wanted = kind or ("latex" if output is None else format_of(output))
    if macros and wanted != "latex":
        raise BenchError(
            f"--macros writes LaTeX, not {wanted}; leave --format out, "
            "or name a file that ends with .tex"
        )
    return render_macros if macros else RENDERERS[wanted]


def _of_records(
    name: str,
    results: Path,
    filters: Mapping[str, tuple[str, ...]],
    metrics: tuple[str, ...],
    paper: bool,
) -> Table:
    """Return table ``name`` of the runs that the filters choose."""
    from benchmark.controls import References
    from benchmark.options import split_list
    from benchmark.records import load_records
    from benchmark.reporting import named_tables
    from benchmark.reporting.cells.selection import filters_of, select

    records = select(load_records(results), filters_of(filters), str(results))
    return named_tables.build(name, records, split_list(metrics), References(results), paper=paper)


def _refuse(filters: dict[str, tuple[str, ...]], metrics: tuple[str, ...], paper: bool) -> None:
    """Options that choose among runs mean nothing where published figures are shown as they were
    printed."""
    from benchmark.spec import BenchError

    options = [
        f"--{name}".replace("budgets", "budget").replace("_", "-")
        for name, texts in {**filters, "metrics": metrics}.items()
        if texts
    ] + (["--paper"] if paper else [])
    if options:
        raise BenchError(
            f"{options[0]} chooses among runs; --on paper shows a whole table as it was printed: "
            "leave one of the two out"
        )
