"""Metrics that set samples beside as many test images: precision and recall in two ways, density
and coverage, two distances of distributions."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from benchmark.metrics.base import Absent, Evidence, Metric
from benchmark.metrics.discrepancy import PROJECTIONS, median_distance, mmd, sliced_wasserstein
from benchmark.metrics.manifold import Neighbours, neighbours
from benchmark.metrics.prd import CLUSTERS, RUNS, Curve, clustering_noise, mean_curve, prd_runs
from benchmark.metrics.space import compared, protocol_of

__all__ = [
    "COVERAGE",
    "DENSITY",
    "MMD",
    "PRD_PRECISION",
    "PRD_RECALL",
    "PRECISION",
    "RECALL",
    "SLICED_WASSERSTEIN",
]

LEAST = 6
"""Vectors of each kind at least: coverage looks for the fifth neighbour of each."""

Pair = tuple[np.ndarray, np.ndarray]


def _on_pair(
    measure: Callable[[np.ndarray, np.ndarray], float],
) -> Callable[[Evidence], tuple[float, int]]:
    """Return a metric's ``compute`` from a function of (reference, samples)."""

    def compute(evidence: Evidence) -> tuple[float, int]:
        reference, samples = compared(evidence, LEAST)
        return measure(reference, samples), len(samples)

    return compute


def _of_neighbours(score: Callable[[Neighbours], float]) -> Callable[[Evidence], tuple[float, int]]:
    """Return a metric's ``compute`` from the neighbours that all such metrics share."""

    def compute(evidence: Evidence) -> tuple[float, int]:
        reference, samples = compared(evidence, LEAST)
        result = evidence.once(
            "neighbours", lambda: neighbours(reference=reference, evaluated=samples)
        )
        return score(result), len(samples)

    return compute


def _prd(
    score: Callable[[Curve], float],
) -> Callable[[Evidence], tuple[float, int, str, float]]:
    """Return the ``compute`` of a ``score`` of the mean curve, with its standard error over the
    clusterings."""

    def compute(evidence: Evidence) -> tuple[float, int, str, float]:
        reference, samples = compared(evidence, LEAST)
        runs = evidence.once("prd", lambda: prd_runs(reference=reference, evaluated=samples))
        return score(mean_curve(runs)), len(samples), "", clustering_noise(runs, score)

    return compute


def _mmd(reference: np.ndarray, samples: np.ndarray) -> float:
    width = median_distance(reference)
    if width == 0.0:
        raise Absent("half of the test images coincide, so the kernel has no width")
    return mmd(reference, samples, width)


_PRD_SOURCE = "Sajjadi et al., 2018 (https://arxiv.org/abs/1806.00035)"
_KNN_SOURCE = "Kynkaanniemi et al., 2019 (https://arxiv.org/abs/1904.06991)"

PRD_PRECISION = Metric(
    name="prd-precision",
    unit="F score",
    direction="max",
    tier="full",
    reference=f"F_1/8 of {_PRD_SOURCE}",
    compute=_prd(lambda points: points.precision_like),
    protocol=(
        "largest F_1/8 of the mean curve of 10 clusterings into 20 clusters, "
        "samples evaluated against the test split"
    ),
    identify=protocol_of(f"clusters={CLUSTERS},runs={RUNS}"),
)

PRD_RECALL = Metric(
    name="prd-recall",
    unit="F score",
    direction="max",
    tier="full",
    reference=f"F_8 of {_PRD_SOURCE}",
    compute=_prd(lambda points: points.recall_like),
    protocol=(
        "largest F_8 of the mean curve of 10 clusterings into 20 clusters, "
        "samples evaluated against the test split"
    ),
    identify=protocol_of(f"clusters={CLUSTERS},runs={RUNS}"),
)

PRECISION = Metric(
    name="precision",
    unit="fraction",
    direction="max",
    tier="full",
    reference=_KNN_SOURCE,
    compute=_of_neighbours(lambda neighbours: neighbours.precision),
    protocol="samples within the third-neighbour balls of the test split",
    identify=protocol_of("k=3"),
)

RECALL = Metric(
    name="recall",
    unit="fraction",
    direction="max",
    tier="full",
    reference=_KNN_SOURCE,
    compute=_of_neighbours(lambda neighbours: neighbours.recall),
    protocol="test split within the third-neighbour balls of the samples",
    identify=protocol_of("k=3"),
)

DENSITY = Metric(
    name="density",
    unit="fraction",
    direction="max",
    tier="full",
    reference="Naeem et al., 2020 (https://arxiv.org/abs/2002.09797)",
    compute=_of_neighbours(lambda neighbours: neighbours.density),
    protocol=(
        "fifth-neighbour balls of the test split that a sample lies in, "
        "a fifth of their mean number; 1 for a perfect generator"
    ),
    identify=protocol_of("k=5"),
)

COVERAGE = Metric(
    name="coverage",
    unit="fraction",
    direction="max",
    tier="full",
    reference="Naeem et al., 2020 (https://arxiv.org/abs/2002.09797)",
    compute=_of_neighbours(lambda neighbours: neighbours.coverage),
    protocol="fifth-neighbour balls of the test split that hold a sample",
    identify=protocol_of("k=5"),
)

SLICED_WASSERSTEIN = Metric(
    name="sw2",
    unit="feature units",
    direction="min",
    tier="full",
    reference="Bonneel et al., 2015; 256 fixed directions",
    compute=_on_pair(sliced_wasserstein),
    protocol=(
        "root of the mean squared 2-Wasserstein distance of 256 projections, "
        "samples against the test split"
    ),
    identify=protocol_of(f"directions={PROJECTIONS}"),
)

MMD = Metric(
    name="mmd",
    unit="squared MMD",
    direction="min",
    tier="full",
    reference="Gretton et al., 2012, lemma 6",
    compute=_on_pair(_mmd),
    protocol=(
        "unbiased; Gaussian kernels of 0.5, 1 and 2 median distances of the test split, "
        "samples against the test split"
    ),
    identify=protocol_of("widths=0.5-1-2"),
)
