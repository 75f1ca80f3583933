"""``bench calibrate``: what every count of dimensions is worth, learned from records."""

from __future__ import annotations

from pathlib import Path

import click

from benchmark.cli import results_option

__all__ = ["calibrate"]


@click.command()
@results_option
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path, dir_okay=False),
    default=Path("calibration.json"),
    show_default=True,
    metavar="FILE",
    help="file to write",
)
def calibrate(results: Path, output: Path) -> None:
    """Learn from runs on data of known dimension what each voice is worth, for `bench dims`.

    Of the records in RESULTS those count that `bench table calibration` shows, of budget quick and
    seed 0 (as `bench dims` runs them), and the estimates beside them:

    \b
    bench run --suite known-dimension --results DIR
    bench data dims 'manifold,manifold[noise=0.2],...' --results DIR
    bench calibrate --results DIR -o calibration.json
    bench dims DATA --calibration calibration.json

    FILE holds what each voice said of each dataset, and how far the one answer is off where that
    dataset was left out. The one of the package is benchmark/data/calibration.json, made in the
    same way. Exit status: 0 written, 2 there are too few datasets of known dimension.
    """
    from benchmark.cli.output import save
    from benchmark.dims.calibrating import calibration_of

    calibration = calibration_of(results)
    save(output, calibration.to_json().encode())
    error = calibration.error
    click.echo(
        f"{len(calibration.spreads)} voices on {error.datasets} datasets of known dimension; each "
        f"dataset answered by the others: {error.held} of {error.answered} intervals at level "
        f"{calibration.level:g} hold the truth, median width {error.width:.2g} dimensions, median "
        f"error {error.absolute:.2g}"
    )
    for voice, spread in sorted(calibration.spreads.items(), key=lambda pair: pair[1]):
        datasets, alone = calibration.alone[voice]
        failed, runs = calibration.failures.get(voice, (0, 0))
        click.echo(
            f"    {voice:16} spread {100 * spread:3.0f} %, alone off by {alone:.2g} (median of "
            f"{datasets} datasets), {failed} of {runs} runs gave no answer"
        )
    click.echo(f"wrote {output}", err=True)
