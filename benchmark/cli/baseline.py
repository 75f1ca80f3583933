"""``bench baseline``: what later runs are held against."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from benchmark.cli import Real, results_option

__all__ = ["baseline"]

LISTS: dict[str, Any] = {"multiple": True, "metavar": "A,B"}


@click.command()
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    metavar="FILE",
    required=True,
    help="file to write, FILE.json",
)
@click.option(
    "--methods",
    **LISTS,
    help="only these; a bare name takes every variant, 'vae[sigma=fixed]' one  [default: all]",
)
@click.option("--datasets", **LISTS, help="only these, likewise  [default: all]")
@click.option("--metrics", **LISTS, help="guard these  [default: every metric with a better side]")
@click.option("--budget", "budgets", **LISTS, help="only runs of these budgets  [default: all]")
@click.option("--latent-dims", **LISTS, help="only these latent sizes  [default: all]")
@click.option(
    "--alpha",
    type=Real(0, 1, min_open=True, max_open=True),
    default=0.05,
    show_default=True,
    help="chance of any false alarm",
)
@click.option(
    "--power",
    type=Real(0, 1, min_open=True, max_open=True),
    default=0.8,
    show_default=True,
    help="of the effects stated",
)
@results_option
def baseline(
    output: Path,
    metrics: tuple[str, ...],
    alpha: float,
    power: float,
    results: Path,
    **filters: tuple[str, ...],
) -> None:
    """Write finished runs to FILE, seed by seed, with the smallest worsening that `bench check`
    will see in each cell.

    A cell that could never be found worse (too few seeds, no room) is an error: a gate that cannot
    close is none.
    """
    from benchmark.cli.output import save
    from benchmark.options import split_list
    from benchmark.records import load_records
    from benchmark.reporting.cells.selection import filters_of, select
    from benchmark.reporting.gate.baseline import make
    from benchmark.reporting.gate.formats import cells_text

    baseline_made = make(
        select(load_records(results), filters_of(filters), str(results)),
        split_list(metrics),
        alpha=alpha,
        power=power,
    )
    save(output, baseline_made.to_json().encode())
    click.echo(cells_text(baseline_made), nl=False)
    click.echo(
        f"wrote {output}: {len(baseline_made.cells)} cells; chance of any false alarm {alpha:g}"
    )
