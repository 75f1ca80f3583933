"""``bench check``: are today's runs worse than the baseline's?"""

from __future__ import annotations

from pathlib import Path

import click

from benchmark.cli import results_option

__all__ = ["check"]


@click.command()
@click.option(
    "--baseline",
    "file",
    type=click.Path(path_type=Path),
    metavar="FILE",
    required=True,
    help="what `bench baseline` wrote",
)
@click.option("--strict", is_flag=True, help="a cell that cannot be told ends with status 3")
@click.option("--statistical", is_flag=True, help="test seeds even where bits could be compared")
@click.option(
    "--format",
    "kind",
    type=click.Choice(["text", "junit", "github"]),
    default="text",
    show_default=True,
)
@results_option
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="file to write  [default: stdout]",
)
def check(
    file: Path, strict: bool, statistical: bool, kind: str, results: Path, output: Path | None
) -> None:
    """Judge the runs in --results against a baseline, cell by cell: worse, not worse, better, or
    cannot tell.

    Where a run has the key of the baseline's and was made on the same machine class, its bits must
    agree; elsewhere a one-sided test over the seeds decides, corrected for the number of cells.
    Exit status: 0 nothing is worse, 1 a cell is worse, 2 a mistake in the call, 3 no verdict: runs
    are missing or broken.
    """
    from benchmark.cli.output import save
    from benchmark.records import load_records
    from benchmark.reporting.gate.baseline_file import read
    from benchmark.reporting.gate.check import check as judge
    from benchmark.reporting.gate.check import exit_status
    from benchmark.reporting.gate.formats import FORMATS, text

    baseline = read(file)
    judgements = judge(baseline, load_records(results), exact=not statistical)
    if output is None:
        click.echo(FORMATS[kind](judgements, baseline), nl=False)
    else:
        save(output, FORMATS[kind](judgements, baseline).encode())
        click.echo(text(judgements, baseline), nl=False)
    raise SystemExit(exit_status(judgements, strict=strict))
