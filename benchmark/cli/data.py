"""``bench data``: what data is here, fetching it, checking it, and estimating its dimension."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from benchmark.cli import data_dir_option, results_option

if TYPE_CHECKING:
    from benchmark.controls import DimensionReference

__all__ = ["data"]

INCEPTION = "inception"


@click.group()
def data() -> None:
    """List, fetch and verify data, and estimate its dimension."""


@data.command("list")
@data_dir_option
def list_data(data_dir: Path) -> None:
    """List the datasets, and the weights that FID needs, and whether they can be loaded here."""
    from benchmark import registry

    for entry in registry.entries("datasets"):
        state = (
            "needs a file"
            if entry.source.constants.get("takes_file")
            else _state(entry.name, data_dir)
        )
        click.echo(f"{entry.name:15} {state:12} {entry.summary}")
    click.echo(
        f"{INCEPTION:15} {_inception_state(data_dir):12} weights of InceptionV3, "
        "which FID and KID need"
    )


@data.command()
@click.argument("name")
@data_dir_option
def fetch(name: str, data_dir: Path) -> None:
    """Download dataset NAME, or the weights that FID needs (NAME is then inception), into the data
    folder."""
    from benchmark import registry
    from benchmark.planning.jobs import instance

    if name == INCEPTION:
        from benchmark.extractors import inception

        click.echo(f"{INCEPTION}: {inception.fetch(data_dir)}")
        return
    choice = registry.choose("datasets", name)
    if not choice.entry.source.defines("fetch"):
        click.echo(f"'{name}' needs no download")
        return
    instance(choice, data_dir).fetch()
    click.echo(f"{name}: {_verify(name, data_dir)}")


@data.command()
@click.argument("names", nargs=-1)
@data_dir_option
def verify(names: tuple[str, ...], data_dir: Path) -> None:
    """Load datasets, or the weights of FID (default: all that is here), check their checksums and
    print the digest that is part of run keys."""
    from benchmark import registry

    here = [
        entry.name
        for entry in registry.entries("datasets")
        if not entry.source.constants.get("takes_file")
    ]
    default = [name for name in here if _state(name, data_dir) == "here"] + (
        [INCEPTION] if _inception_state(data_dir) == "here" else []
    )
    for name in names or default:
        click.echo(
            f"{name}: "
            f"{_verify_inception(data_dir) if name == INCEPTION else _verify(name, data_dir)}"
        )


@data.command()
@click.argument("names", metavar="DATA...", nargs=-1, required=True)
@click.option("--force", is_flag=True, help="estimate again what is known")
@data_dir_option
@results_option
def dims(names: tuple[str, ...], force: bool, data_dir: Path, results: Path) -> None:
    """Estimate the intrinsic dimension of data, kept in RESULTS/references for tables to show
    beside L*: the estimators of `bench dims`, for several datasets, without an answer.

    DATA are as those of `bench dims`: files, folders of images, names. Four estimators of
    scikit-dimension on five seeded draws of at most 2,000 training images, and the principal
    components that hold 95 and 99 % of the variance. What is known of the same data, here or in the
    package, is not estimated again.
    """
    from benchmark import registry
    from benchmark.controls import References
    from benchmark.dims.answering import estimates
    from benchmark.dims.data_source import reference_of
    from benchmark.metrics.intrinsic import nearly_equal
    from benchmark.names import label
    from benchmark.options import split_list
    from benchmark.planning.jobs import instance, load

    references = References(results)
    for name in split_list(names):
        choice = registry.choose("datasets", reference_of(name, results / "data"))
        splits = load(instance(choice, data_dir))
        known_as = label("datasets", choice.name, choice.options)
        click.echo(_told(name, estimates(known_as, splits, references, force=force)))
        near, count = nearly_equal(splits.train)
        if near:
            click.echo(
                f"    {near:,} of {count:,} images are nearly equal to another: "
                "estimates by nearest neighbours suffer"
            )


def _told(name: str, reference: DimensionReference) -> str:
    from benchmark.metrics.intrinsic import ESTIMATORS

    parts = [
        f"{title} {reference.mean(estimator):.1f} ± {reference.spread(estimator):.1f}"
        for estimator, (title, *_) in ESTIMATORS.items()
        if estimator in reference.estimates
    ]
    parts += [
        f"{ESTIMATORS[estimator][0]} absent ({reason})"
        for estimator, reason in reference.absent.items()
    ]
    parts += [f"PCA-{share} {count}" for share, count in reference.pca.items()]
    band = "no estimate" if reference.band is None else "{:.1f} to {:.1f}".format(*reference.band)
    return f"{name}: {band} ({', '.join(parts)}; {reference.draws} draws of {reference.points})"


def _state(name: str, data_dir: Path) -> str:
    from benchmark import registry
    from benchmark.planning.jobs import instance
    from benchmark.spec import BenchError, MissingData

    if not registry.find("datasets", name).source.defines("fetch"):
        return "here"
    try:
        instance(registry.choose("datasets", name), data_dir).load()
    except MissingData:
        return "missing"
    except BenchError:
        return "damaged"
    return "here"


def _verify(name: str, data_dir: Path) -> str:
    from benchmark import registry
    from benchmark.planning.jobs import instance, load

    splits = load(instance(registry.choose("datasets", name), data_dir))
    return (
        f"{len(splits.train)} train, {len(splits.test)} test, shape "
        f"{'x'.join(map(str, splits.train.shape))}, digest {splits.digest[:16]}"
    )


def _inception_state(data_dir: Path) -> str:
    from benchmark.extractors import weights

    return "here" if weights.kept([data_dir]) or weights.published(data_dir) else "missing"


def _verify_inception(data_dir: Path) -> str:
    from benchmark.extractors import weights
    from benchmark.spec import MissingData

    path = weights.kept([data_dir]) or weights.published(data_dir)
    if path is None:
        raise MissingData(
            f"the weights of InceptionV3 are missing: looked in '{data_dir}'; "
            "run `bench data fetch inception`"
        )
    weights.read_pinned(path)
    return f"{path.name}, checksum as pinned"
