"""How many dimensions data have, by common estimators of intrinsic dimension and by principal
components. NumPy, and scikit-dimension on demand.

No estimator is right everywhere: those of nearest neighbours fall short of high dimensions, local
components count curvature as a dimension. Their spread is what an L* is read beside.
"""

from __future__ import annotations

import importlib.metadata
import warnings
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from benchmark.controls import DimensionReference
from benchmark.datasets.split import Split, Splits
from benchmark.metrics.moments import Moments
from benchmark.spec import BenchError, derive_seed

__all__ = ["DRAWS", "ESTIMATORS", "POINTS", "dimension_reference", "drawn", "pca_dimensions"]

POINTS, DRAWS = 2_000, 5
"""Images per draw at most (half of the training images where that is less, so that draws differ),
and draws."""

NEIGHBOURS, CENTRES = 50, 200
"""Local components: how many neighbours, and around how many images of a draw they are taken."""

_MOST_NUMBERS = 4_096
"""Images of up to so many numbers have their whole covariance taken; larger ones that of as many
images, through inner products."""

_CHUNK = 1_000


def _skdim() -> Any:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # numba warns of the compilers it does not find
            import skdim.id
    except ImportError:
        raise BenchError(
            "estimators of intrinsic dimension need scikit-dimension; "
            "run pip install '.[dims]' in a checkout (pip install 'lstar-bench[dims]' elsewhere)"
        ) from None
    return skdim.id


def _local_pca(points: np.ndarray) -> float:
    """Return the mean number of principal components of 50 neighbours that have more than 5 % of
    the first one's variance."""
    from sklearn.neighbors import NearestNeighbors

    around = NearestNeighbors(
        n_neighbors=min(NEIGHBOURS, len(points) - 1) + 1, algorithm="brute"
    ).fit(points)
    neighbours = around.kneighbors(points[:CENTRES], return_distance=False)
    return float(
        np.mean(
            _skdim()
            .lPCA(ver="FO", verbose=False)
            .fit_pw(points, precomputed_knn=neighbours)
            .dimension_pw_
        )
    )


ESTIMATORS: Mapping[str, tuple[str, str, Callable[[np.ndarray], float]]] = {
    "twonn": (
        "TwoNN",
        "Facco et al., 2017",
        lambda points: _skdim().TwoNN().fit(points).dimension_,
    ),
    "mle": (
        "MLE",
        "Levina and Bickel, 2004; 20 neighbours",
        lambda points: _skdim().MLE(K=20).fit(points).dimension_,
    ),
    "lpca": (
        "local PCA",
        "Fukunaga and Olsen, 1971; 50 neighbours of 200 images, components above 5 % of the first",
        _local_pca,
    ),
    "corrint": (
        "CorrInt",
        "Grassberger and Procaccia, 1983; 10 and 20 neighbours",
        lambda points: _skdim().CorrInt().fit(points).dimension_,
    ),
}
"""Name -> title, source, and the estimate of distinct points (n, D)."""


def drawn(split: Split, count: int = DRAWS, points: int = POINTS) -> Iterator[np.ndarray]:
    """Yield ``count`` seeded draws without replacement of ``points`` images as rows (n, D),
    float64, in random order, equal ones once.

    At distance zero an estimator by nearest neighbours has no value.
    """
    size = min(points, len(split) // 2)
    for draw in range(count):
        stream = np.random.Generator(np.random.PCG64(derive_seed(0, "dimensions", draw)))
        rows = split.vectors(np.sort(stream.choice(len(split), size, replace=False)))
        yield stream.permutation(np.unique(rows, axis=0))


NEARLY = 1e-6
"""Of the median distance to the nearest other image: what is nearer is nearly equal."""


def nearly_equal(split: Split) -> tuple[int, int]:
    """Return how many images of the first draw are nearly equal to another of it, which makes
    estimates by nearest neighbours small or absent, and of how many. Equal ones count once."""
    from sklearn.neighbors import NearestNeighbors

    points = next(drawn(split, 1))
    if len(points) < 2:
        return 0, len(points)
    with threadpool_limits(1):
        nearest = NearestNeighbors(n_neighbors=2).fit(points).kneighbors(points)[0][:, 1]
    return int((nearest <= NEARLY * np.median(nearest)).sum()), len(points)


def _estimate(name: str, points: np.ndarray) -> float:
    """Return one estimate; ``ValueError`` where it is none."""
    if len(points) <= NEIGHBOURS:
        raise ValueError(
            f"{len(points)} distinct images in a draw, more than {NEIGHBOURS} are needed"
        )
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        estimate = float(ESTIMATORS[name][2](points))
    if not np.isfinite(estimate):
        raise ValueError("the estimate is not finite")
    return estimate


def _spectrum(split: Split) -> tuple[np.ndarray, int]:
    """Return the eigenvalues of the covariance of images, largest first, and how many images it is
    of."""
    numbers = int(np.prod(split.shape))
    if numbers > _MOST_NUMBERS:
        rows = split.vectors(np.arange(min(len(split), _MOST_NUMBERS)))
        rows -= rows.mean(0)
        return np.linalg.eigvalsh(rows @ rows.T)[::-1].clip(min=0.0), len(rows)
    moments = Moments(numbers)
    moments.update(
        split.vectors(np.arange(start, min(start + _CHUNK, len(split))))
        for start in range(0, len(split), _CHUNK)
    )
    return np.linalg.eigvalsh(moments.scatter)[::-1].clip(min=0.0), len(split)


def pca_dimensions(split: Split) -> tuple[dict[str, int], int]:
    """Return how many principal components hold 95 and 99 % of the variance of the images, and how
    many images that is of; 0 for constant data.

    The covariance is summed in chunks of 1,000 images, in float64.
    """
    spectrum, count = _spectrum(split)
    total = spectrum.sum()
    shares = np.cumsum(spectrum) / total if total > 0 else np.ones(1)
    return {
        str(share): int(np.argmax(shares >= share / 100 - 1e-9)) + 1 if total > 0 else 0
        for share in (95, 99)
    }, count


def dimension_reference(
    name: str, splits: Splits, *, points: int = POINTS, draws: int = DRAWS
) -> DimensionReference:
    """Return the estimates on the training images of the dataset called ``name``; the same data
    give the same estimates.

    ``BenchError`` without scikit-dimension. An estimator without a value in some draw is absent,
    with the reason.
    """
    _skdim()
    estimates: dict[str, list[float]] = {name: [] for name in ESTIMATORS}
    absent: dict[str, str] = {}
    with threadpool_limits(1):
        for sample in drawn(splits.train, draws, points):
            for estimator in [estimator for estimator in ESTIMATORS if estimator not in absent]:
                try:
                    estimates[estimator].append(round(_estimate(estimator, sample), 4))
                except (ValueError, ArithmeticError, np.linalg.LinAlgError) as error:
                    absent[estimator] = " ".join(str(error).split())
        pca, images = pca_dimensions(splits.train)
    return DimensionReference(
        **{  # type: ignore[arg-type]  # fields by name
            "dataset": name,
            "data": splits.digest,
            "points": min(points, len(splits.train) // 2),
            "draws": draws,
        },
        estimates={
            estimator: values for estimator, values in estimates.items() if estimator not in absent
        },
        absent=absent,
        pca=pca,
        images=images,
        packages={
            package: importlib.metadata.version(package)
            for package in ("scikit-dimension", "scikit-learn", "numpy")
        },
    )
