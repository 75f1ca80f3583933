"""``bench table``: the numbers of records as a table in LaTeX, Markdown, CSV or HTML."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from benchmark.cli import results_option

__all__ = ["table"]

LISTS: dict[str, Any] = {"multiple": True, "metavar": "A,B"}


@click.command()
@click.argument("name", default="summary")
@click.option("--methods", **LISTS, help="only these; a bare name takes every variant, 'vae[sigma=fixed]' one  [default: all]")
@click.option("--datasets", **LISTS, help="only these, likewise  [default: all]")
@click.option("--metrics", **LISTS, help="only these columns; a measurement id where a metric has several  [default: all]")
@click.option("--budget", "budgets", **LISTS, help="only runs of these budgets  [default: all]")
@click.option("--format", "kind", type=click.Choice(["latex", "markdown", "csv", "html"]), help="[default: by the suffix of -o, else latex]")
@results_option
@click.option("-o", "--output", type=click.Path(path_type=Path), metavar="FILE", help="file to write: .tex .md .csv .html  [default: stdout]")
def table(name: str, metrics: tuple[str, ...], kind: str | None, results: Path, output: Path | None, **filters: tuple[str, ...]) -> None:
    """Make table NAME (default: summary; see `bench list tables`)."""
    from benchmark.options import split_list
    from benchmark.records import load_records
    from benchmark.references import References
    from benchmark.reporting import catalogue, tables
    from benchmark.reporting.output import save
    from benchmark.reporting.render import RENDERERS, format_of
    from benchmark.reporting.selection import Filters, select

    catalogue.check("table", catalogue.TABLES, name)
    render = RENDERERS[kind or ("latex" if output is None else format_of(output))]
    chosen = Filters(**{kind: split_list(texts) for kind, texts in filters.items()})
    document = tables.build(name, select(load_records(results), chosen, str(results)), split_list(metrics), References(results))
    text = render(document)
    if output is None:
        click.echo(text, nl=False)
        return
    save(output, text.encode())
    click.echo(f"wrote {output}: {len(document.rows)} rows from {sum(len(row.keys) for row in document.rows)} runs", err=True)
