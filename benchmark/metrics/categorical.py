"""How well a categorical latent variable, learned without labels, sorts images into the classes of
the data."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy.optimize import linear_sum_assignment

from benchmark.metrics.base import Absent, Evidence, Metric

__all__ = ["ACCURACY", "ACCURACY_MAJORITY", "NO_CLASS", "contingency", "majority", "one_to_one"]

NO_CLASS = -1
"""What a category stands for that was given none; images in it count as wrong."""


def contingency(categories: np.ndarray, classes: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Return how many images have each pair, ``size`` = (K, C): categories (N,) in 0..K-1, classes
    (N,) in 0..C-1."""
    counts = np.zeros(size, dtype=np.int64)
    np.add.at(counts, (categories, classes), 1)
    return counts


def one_to_one(counts: np.ndarray) -> np.ndarray:
    """Return the class (K,) of each category where no two share one and as many images as possible
    are right; others get ``NO_CLASS``.

    The assignment problem on ``counts`` (K, C), solved exactly (Kuhn, 1955;
    scipy.optimize.linear_sum_assignment).
    """
    found = np.full(len(counts), NO_CLASS)
    categories, classes = linear_sum_assignment(counts, maximize=True)
    found[categories] = classes
    return found


def majority(counts: np.ndarray) -> np.ndarray:
    """Return the commonest class (K,) in each category, the lower one of equals; an empty category
    gets ``NO_CLASS``. ``counts`` is (K, C)."""
    return np.where(counts.sum(1) > 0, counts.argmax(1), NO_CLASS)


def _accuracy(evidence: Evidence, rule: Callable[[np.ndarray], np.ndarray]) -> tuple[float, int]:
    if evidence.labels is None:
        raise Absent("the data have no labels")
    if evidence.categories is None:
        raise Absent("the method has no categorical variable")
    (train, test), labels = evidence.categories, evidence.labels
    names, coded = np.unique(np.concatenate(labels), return_inverse=True)
    classes, truth = np.split(coded, [len(labels[0])])
    size = (int(max(train.max(), test.max())) + 1, len(names))
    meaning = rule(contingency(train, classes, size))
    return float((meaning[test] == truth).mean()), len(test)


ACCURACY = Metric(
    name="accuracy",
    unit="fraction",
    direction="max",
    tier="core",
    reference=(
        "as in section 4.4.2 of Serdega, master's thesis, KAIST, 2019; "
        "which does not state the map from categories to classes"
    ),
    compute=lambda evidence: _accuracy(evidence, one_to_one),
    protocol=(
        "likeliest category on the test split; each category is one class, "
        "matched on the labels of the training split"
    ),
)

ACCURACY_MAJORITY = Metric(
    name="accuracy-majority",
    unit="fraction",
    direction="max",
    tier="core",
    reference="as in section 4.4.2 of Serdega, master's thesis, KAIST, 2019; the other usual map",
    compute=lambda evidence: _accuracy(evidence, majority),
    protocol=(
        "likeliest category on the test split; each category is its commonest class on the "
        "training split"
    ),
)
