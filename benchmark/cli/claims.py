"""``bench claims``: what the sources claim, and what records or their own figures say of it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from benchmark.cli import data_dir_option, results_option

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from benchmark.reporting.claims.claims import Claim
    from benchmark.reporting.claims.verdicts import Verdict
    from benchmark.reporting.tables.document import Table

__all__ = ["claims"]


@click.command()
@click.argument("names", nargs=-1)
@click.option(
    "--on",
    "source",
    type=click.Choice(["records", "paper"]),
    default="records",
    show_default=True,
    help="judge by runs or printed figures",
)
@click.option(
    "--format",
    "kind",
    type=click.Choice(["text", "latex", "markdown", "csv", "html", "json"]),
    help="[default: by -o, else text]",
)
@click.option("--every", is_flag=True, help="in text: every comparison of each claim")
@click.option(
    "--wanted",
    metavar="SUITE",
    help="instead: the runs of SUITE that claims without a verdict wait for, cheapest first",
)
@data_dir_option
@results_option
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="file to write: .tex .md .csv .html .json .txt",
)
def claims(
    names: tuple[str, ...],
    source: str,
    kind: str | None,
    every: bool,
    wanted: str | None,
    data_dir: Path,
    results: Path,
    output: Path | None,
) -> None:
    """Judge the claims of the sources: all, or those whose names begin with one of NAMES."""
    from benchmark.cli.output import save
    from benchmark.controls import References
    from benchmark.records import load_records
    from benchmark.reporting.claims.table import counted
    from benchmark.reporting.claims.verdicts import published_verdicts, verdicts

    chosen = _chosen(names)
    if wanted is not None:
        _say_wanted(_wanted(wanted, chosen, results, data_dir), kind, output)
        return
    render = _renderer(kind, output, source, every)
    judged = (
        published_verdicts(chosen)
        if source == "paper"
        else verdicts(load_records(results), chosen, References(results))
    )
    text = render(judged)
    if output is None:
        click.echo(text, nl=False)
        return
    save(output, text.encode())
    click.echo(f"wrote {output}: {counted(judged)}", err=True)


def _wanted(name: str, chosen: Sequence[Claim], results: Path, data_dir: Path) -> Table:
    """Return the runs of the suite called ``name`` that the chosen claims wait for, as a table; a
    results folder that is not there holds no run."""
    from benchmark.cli.show_suite import checked_suite
    from benchmark.controls import References
    from benchmark.planning.progress import done_by, planned
    from benchmark.records import load_records
    from benchmark.reporting.claims.verdicts import verdicts
    from benchmark.reporting.claims.wanted import cheapest_first, offers, wanted_table

    records = load_records(results) if results.is_dir() else []
    judged = verdicts(records, chosen, References(results))
    open_claims = [verdict.claim for verdict in judged if verdict.ruling == "not run"]
    offered = offers(open_claims, planned(checked_suite(name), data_dir))
    priced = cheapest_first(offered, done_by(records))
    served = {line.offer.claim.name for line in priced}
    without = [
        claim for claim in open_claims if claim.name not in served and not claim.printed_only
    ]
    return wanted_table(priced, len(judged) - len(open_claims), without, name)


def _say_wanted(table: Table, kind: str | None, output: Path | None) -> None:
    """Print the table, or write it to ``output``."""
    from benchmark.cli.output import save
    from benchmark.reporting.render import RENDERERS, format_of
    from benchmark.spec import BenchError

    wanted = kind or ("text" if output is None else format_of(output))
    if wanted not in RENDERERS:
        raise BenchError(
            f"--wanted writes {', '.join(RENDERERS)}, not {wanted}; name one of them with --format"
        )
    text = RENDERERS[wanted](table)
    if output is None:
        click.echo(text, nl=False)
        return
    save(output, text.encode())
    click.echo(f"wrote {output}: {len(table.rows)} claims", err=True)


def _chosen(names: tuple[str, ...]) -> Sequence[Claim]:
    from benchmark.options import suggest
    from benchmark.reporting.claims.claims import claims as known
    from benchmark.spec import BenchError

    claims = known()
    for name in names:
        if not any(claim.name.startswith(name) for claim in claims):
            raise BenchError(
                f"no claim is called '{name}'{suggest(name, [claim.name for claim in claims])} "
                "(`bench claims --on paper` shows all)"
            )
    return [claim for claim in claims if not names or claim.name.startswith(names)]


def _renderer(
    kind: str | None, output: Path | None, source: str, every: bool
) -> Callable[[Sequence[Verdict]], str]:
    """The function from verdicts to text that was asked for."""
    from benchmark.reporting.claims.table import as_json, as_text, claims_table, claims_tables
    from benchmark.reporting.render import RENDERERS, format_of

    plain = {".json": "json", ".txt": "text"}
    kind = kind or (
        "text" if output is None else plain.get(output.suffix.lower()) or format_of(output)
    )
    if kind == "json":
        return as_json
    if kind == "text":
        return lambda judged: as_text(judged, every=every)
    on = "records" if source == "records" else "published figures"
    if kind == "latex":  # floats do not break over pages
        return lambda judged: "\n".join(map(RENDERERS[kind], claims_tables(judged, on)))
    return lambda judged: RENDERERS[kind](claims_table(judged, on))
