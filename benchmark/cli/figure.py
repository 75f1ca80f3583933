"""``bench figure``: records, curves and artifacts as a picture."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from benchmark.cli import results_option

if TYPE_CHECKING:
    from benchmark.spec import Record

__all__ = ["figure"]

LISTS: dict[str, Any] = {"multiple": True, "metavar": "A,B"}


@click.command()
@click.argument("name")
@click.option(
    "--methods",
    **LISTS,
    help="only these; a bare name takes every variant, 'vae[sigma=fixed]' one  [default: all]",
)
@click.option("--datasets", **LISTS, help="only these, likewise  [default: all]")
@click.option(
    "--metric",
    "names",
    **LISTS,
    help="what to show: a metric (default mse), for curves logged quantities (default loss)",
)
@click.option("--budget", "budgets", **LISTS, help="only runs of these budgets  [default: all]")
@click.option(
    "--latent-dims",
    **LISTS,
    help=(
        "only these latent sizes  [default: the largest of each dataset, "
        "all of them in metric-vs-latent-dim]"
    ),
)
@results_option
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="file to write: .png .pdf .svg  [default: NAME.png]",
)
def figure(
    name: str,
    names: tuple[str, ...],
    results: Path,
    output: Path | None,
    **filters: tuple[str, ...],
) -> None:
    """Draw figure NAME (see `bench list figures`)."""
    from benchmark.options import split_list
    from benchmark.records import load_records
    from benchmark.reporting.catalogue.entries import check
    from benchmark.reporting.catalogue.figures import FIGURES

    check("figure", FIGURES, name)

    from benchmark.reporting.cells.selection import filters_of, select
    from benchmark.reporting.figures import draw

    chosen = filters_of(filters)
    path = output or Path(f"{name}.png")
    kind = draw.kind_of(path)
    records = select(load_records(results), chosen, str(results), study=FIGURES[name].study or None)
    _draw(name, records, results, split_list(names), bool(chosen.latent_dims), path, kind)


def _draw(
    name: str,
    records: Sequence[Record],
    results: Path,
    names: Sequence[str],
    every_size: bool,
    path: Path,
    kind: str,
) -> None:
    """Draw figure ``name`` of ``records``, without those of other code, and write it to
    ``path``."""
    from benchmark.cli.output import save
    from benchmark.identity import current, outdated
    from benchmark.reporting.cells.one_code import without_other_code
    from benchmark.reporting.figures import draw
    from benchmark.reporting.figures.material import Material
    from benchmark.spec import BenchError

    fresh = current(records)
    if not fresh:
        raise BenchError(
            f"all {len(records)} runs of this choice are stale ({outdated(records[0])}); "
            "run the same `bench run` again"
        )
    material = Material.of(records, results, names, every_size=every_size)
    drawable = without_other_code(fresh)
    left = _left_out(records, len(fresh) - len(drawable))
    try:
        drawn = draw.draw(name, material, kind)
    except BenchError as error:
        raise BenchError(f"{error}{left}") from None
    save(path, drawn)
    click.echo(f"wrote {path} from {len(drawable)} runs{left}", err=True)


def _left_out(records: Sequence[Record], other: int) -> str:
    """Return what of a choice no figure shows: what other code made than is installed, and the
    ``other`` runs, of other code than most of their cell."""
    from benchmark.identity import outdated, outdated_metrics

    stale = sum(bool(outdated(record)) for record in records)
    old = sorted(
        {name for record in records if not outdated(record) for name in outdated_metrics(record)}
    )
    left = f"; {stale} stale runs left out" if stale else ""
    left += f"; {other} runs of other code left out" if other else ""
    return left + (f"; stale numbers left out: {', '.join(old)}" if old else "")
