"""``bench claims``: what the sources claim, and what records or their own figures say of it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from benchmark.cli import results_option

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from benchmark.reporting.claims.claims import Claim
    from benchmark.reporting.claims.verdicts import Verdict

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
