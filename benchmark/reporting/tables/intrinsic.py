"""The table ``references``: how many dimensions each dataset has, by every estimator."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from benchmark.controls import DimensionReference, References
from benchmark.metrics.intrinsic import ESTIMATORS
from benchmark.reporting.cells.replicates import gather
from benchmark.reporting.cells.titles import intrinsic_dim
from benchmark.reporting.tables.beside import BAND_COLUMN, Beside
from benchmark.reporting.tables.document import ABSENT, Cell, Column, Note, Row, Table
from benchmark.spec import BenchError, Record

__all__ = ["estimates"]

_SHARES = ("95", "99")


def estimates(
    records: Iterable[Record], metrics: Sequence[str] = (), references: References | None = None
) -> Table:
    """Return a row per dataset of ``records``: the known dimension, each estimator's mean and
    spread over draws, PCA-95 and PCA-99."""
    if metrics:
        raise BenchError(
            "the table 'references' has no metrics to choose from; leave --metrics out"
        )
    beside = Beside(gather(records), references or References())
    columns = [Column("Dataset", ("dataset",)), Column("n", ("intrinsic dimension",), "right")]
    columns += [
        Column(title, (name, f"{name} spread"), "right") for name, (title, *_) in ESTIMATORS.items()
    ]
    columns += [
        BAND_COLUMN,
        *(Column(f"PCA-{share}", (f"pca-{share}",), "right") for share in _SHARES),
    ]
    columns += [Column("Draws", ("draws", "images per draw"), "right")]
    groups = tuple(
        (Row(_cells(dataset, reference, beside)),)
        for dataset, reference in beside.dimensions.items()
    )
    return Table(
        name="references",
        caption="Intrinsic dimension of the training images: mean over draws ± standard deviation.",
        columns=tuple(columns),
        groups=groups,
        notes=tuple(_notes(beside)),
        provenance=tuple(
            f"{dataset}: data {reference.data}"
            for dataset, reference in beside.dimensions.items()
            if reference
        ),
    )


def _cells(dataset: str, reference: DimensionReference | None, beside: Beside) -> tuple[Cell, ...]:
    intrinsic = intrinsic_dim(dataset)
    cells = [
        Cell(dataset, raw=(dataset,)),
        Cell(ABSENT if intrinsic is None else str(intrinsic), raw=(intrinsic,)),
    ]
    for name in ESTIMATORS:
        if reference is None or name not in reference.estimates:
            cells.append(Cell(ABSENT, raw=(None, None)))
        else:
            cells.append(
                Cell(
                    f"{reference.mean(name):.1f} ± {reference.spread(name):.1f}",
                    raw=(reference.mean(name), reference.spread(name)),
                )
            )
    cells.append(beside.band(dataset))
    cells += [
        Cell(
            ABSENT if reference is None else str(reference.pca[share]),
            raw=(None if reference is None else reference.pca[share],),
        )
        for share in _SHARES
    ]
    drawn = (None, None) if reference is None else (reference.draws, reference.points)
    return (
        *cells,
        Cell(
            ABSENT if reference is None else f"{reference.draws} × {reference.points:,}", raw=drawn
        ),
    )


def _notes(beside: Beside) -> Iterable[Note]:
    yield Note(
        "n is the known intrinsic dimension of the data; n (est.) the smallest and the largest "
        "mean."
    )
    yield Note(
        "; ".join(f"{title}: {source}" for title, source, _ in ESTIMATORS.values())
        + "; all by scikit-dimension."
    )
    yield Note("PCA-95, PCA-99: principal components that hold 95 and 99 % of the variance.")
    for dataset, reference in beside.dimensions.items():
        if reference is None:
            yield Note(
                f"The dimension of {dataset} was not estimated (`bench data dims` does that)."
            )
            continue
        for name, reason in reference.absent.items():
            yield Note(f"No {ESTIMATORS[name][0]} on {dataset}: {reason}.")
