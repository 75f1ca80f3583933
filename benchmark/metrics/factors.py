r"""How well single coordinates of the code stand for single known factors of the data: MIG and DCI.

Codes (N, L) are the deterministic ones, factors (N, F) indices of known values. Both are
definitions of the literature:

- mutual information gap (Chen, Li, Grosse, Duvenaud, "Isolating Sources of Disentanglement in
  VAEs", 2018), of binned codes as in Locatello et al., 2019: with I the mutual information of a
  coordinate, in 20 bins of equal width between its ends, and a factor, H the entropy of the factor,

  .. math:: \frac{1}{F} \sum_k \frac{1}{H(v_k)} (\max_j I(z_j; v_k) - \text{second largest}_j)

- disentanglement, completeness, informativeness (Eastwood and Williams, "A Framework for the
  Quantitative Evaluation of Disentangled Representations", 2018): R (L, F) holds how much of a
  factor's prediction by a forest of regression trees each coordinate brings, a column sums to 1.

  .. math:: D = \sum_i \rho_i (1 - H_F(R_{i \cdot})),
      \quad C = \frac{1}{F} \sum_k (1 - H_L(R_{\cdot k}))

  H_K is the entropy to base K of a row or column that is made to sum to 1, rho_i the share of row i
  in R. Informativeness is the error of the prediction: root mean square over the factor's standard
  deviation, 0 where it is exact, 1 where the mean does as well.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import partial
from typing import Protocol

import numpy as np

from benchmark.metrics.base import Absent, Evidence, Metric

__all__ = [
    "DCI_COMPLETENESS",
    "DCI_DISENTANGLEMENT",
    "DCI_INFORMATIVENESS",
    "HANDED",
    "MIG",
    "Known",
    "Prediction",
    "completeness",
    "disentanglement",
    "mutual_information",
    "mutual_information_gap",
    "predict",
]

HANDED = "codes beside factors"
"""Under this name (:meth:`Evidence.once`) stands a :class:`Known`, where factors are known."""

BINS = 20
"""Of equal width, for each coordinate."""

TREES = 10
"""In a forest."""

DEPTHS = (4, 8, 16)
"""Of trees, the one of least error on a tenth of the training images."""


class Known(Protocol):
    """Codes float64 (N, L) beside factors (N, F): of training images, and of test images."""

    @property
    def train(self) -> tuple[np.ndarray, np.ndarray]: ...

    @property
    def test(self) -> tuple[np.ndarray, np.ndarray]: ...


@dataclass(frozen=True)
class Prediction:
    """Forests that predict factors from codes: ``importance`` (L, F), columns that sum to 1 (0
    where no tree splits), and ``error`` (F,) on test images."""

    importance: np.ndarray
    error: np.ndarray


def mutual_information(one: np.ndarray, other: np.ndarray) -> float:
    """Return the mutual information of two columns of integers (N,), in nats, by their counts."""
    (_, first), (_, second) = (np.unique(column, return_inverse=True) for column in (one, other))
    joint = np.zeros((first.max() + 1, second.max() + 1))
    np.add.at(joint, (first, second), 1.0 / len(first))
    return _entropy(joint.sum(0)) + _entropy(joint.sum(1)) - _entropy(joint.ravel())


def _entropy(shares: np.ndarray) -> float:
    """Return the entropy in nats of shares that sum to 1."""
    positive = shares[shares > 0.0]
    return float(-(positive * np.log(positive)).sum())


def mutual_information_gap(codes: np.ndarray, factors: np.ndarray) -> float:
    """Return the gap, 0 to 1, of codes (N, L) and factors (N, F); a code of one coordinate has no
    second, which counts as 0. Factors of a single value are left out; :class:`Absent` where no
    factor varies."""
    binned = [np.digitize(code, np.histogram_bin_edges(code, BINS)[1:-1]) for code in codes.T]
    gaps = []
    for factor in _varying(factors).T:
        shared = [mutual_information(code, factor) for code in binned]
        second, first = sorted([0.0, *shared])[-2:]
        gaps.append((first - second) / mutual_information(factor, factor))
    return float(np.mean(gaps))


def predict(
    train: tuple[np.ndarray, np.ndarray], test: tuple[np.ndarray, np.ndarray]
) -> Prediction:
    """Return what forests learn from ``train`` and how they do on ``test``, pairs of codes (N, L)
    and factors (N, F). Factors of a single training value are left out."""
    moving = _moving(train[1])
    pairs = zip(train[1][:, moving].T, test[1][:, moving].T, strict=True)
    forests = [_forest(train[0], train_factor, test[0], asked) for train_factor, asked in pairs]
    importance, error = zip(*forests, strict=True)
    return Prediction(np.stack(importance, axis=1), np.array(error))


def _forest(
    codes: np.ndarray, factor: np.ndarray, others: np.ndarray, asked: np.ndarray
) -> tuple[np.ndarray, float]:
    """Return the importance (L,) of coordinates for one factor, and the error on other codes."""
    from sklearn.ensemble import RandomForestRegressor

    def error(forest: RandomForestRegressor, codes: np.ndarray, factor: np.ndarray) -> float:
        wrong = forest.predict(codes) - factor
        return math.sqrt(float((wrong**2).mean())) / spread

    spread = float(factor.std())
    kept = max(1, len(codes) // 10)
    forests = {
        depth: RandomForestRegressor(TREES, max_depth=depth, random_state=0).fit(
            codes[kept:], factor[kept:]
        )
        for depth in DEPTHS
    }
    best = min(DEPTHS, key=lambda depth: error(forests[depth], codes[:kept], factor[:kept]))
    return forests[best].feature_importances_, error(forests[best], others, asked)


def disentanglement(importance: np.ndarray) -> float:
    """Return D, 0 to 1: whether each coordinate matters for one factor alone; ``importance`` is
    (L, F). Coordinates that matter for none have no weight, and where none matters D is 0."""
    weights = importance.sum(1)
    if not weights.any():
        return 0.0
    return float(np.average([_concentration(row) for row in importance], weights=weights))


def completeness(importance: np.ndarray) -> float:
    """Return C, 0 to 1: whether each factor is told by one coordinate alone; ``importance`` is
    (L, F)."""
    return float(np.mean([_concentration(column) for column in importance.T]))


def _concentration(amounts: np.ndarray) -> float:
    """Return 1 - the entropy of amounts (K,) to base K: 1 where all is in one (or there is one), 0
    where all are equal, or nothing."""
    total = float(amounts.sum())
    if total <= 0.0:
        return 0.0
    return 1.0 if len(amounts) == 1 else 1.0 - _entropy(amounts / total) / math.log(len(amounts))


def _moving(factors: np.ndarray) -> np.ndarray:
    """Return which factors (F,) have more than one value."""
    moving = (factors != factors[:1]).any(0)
    if not moving.any():
        raise Absent("no factor of the data varies")
    return moving


def _varying(factors: np.ndarray) -> np.ndarray:
    return factors[:, _moving(factors)]


def _known(evidence: Evidence) -> Known:
    return evidence.once(HANDED, _unknown)


def _unknown() -> Known:
    raise Absent("the factors of the data are not known")


def _finite(evidence: Evidence) -> Known:
    handed = _known(evidence)
    if not all(np.isfinite(codes).all() for codes, _ in (handed.train, handed.test)):
        raise Absent("codes are not finite")
    return handed


def _gap(evidence: Evidence) -> tuple[float, int]:
    codes, factors = _finite(evidence).train
    return mutual_information_gap(codes, factors), len(codes)


def _prediction(evidence: Evidence) -> Prediction:
    handed = _finite(evidence)
    return evidence.once("factors predicted from codes", lambda: predict(handed.train, handed.test))


def _counts(evidence: Evidence) -> str:
    handed = _known(evidence)
    return f"[n={len(handed.train[0])},test={len(handed.test[0])}]"


_EASTWOOD = "Eastwood and Williams, 2018"

_FORESTS = (
    "random forests of 10 regression trees fitted to deterministic codes of training images, depth "
    "4, 8 or 16 by a held-out tenth; factors as indices"
)

MIG = Metric(
    name="mig",
    unit="fraction",
    direction="max",
    tier="full",
    reference="Chen, Li, Grosse, Duvenaud, 2018; of binned codes as in Locatello et al., 2019",
    compute=_gap,
    protocol="deterministic codes of training images in 20 bins of equal width per coordinate",
    identify=lambda evidence: f"[n={len(_known(evidence).train[0])},split=train,bins={BINS}]",
)

_dci = partial(
    Metric,
    unit="fraction",
    direction="max",
    tier="full",
    reference=_EASTWOOD,
    protocol=_FORESTS,
    identify=_counts,
)

DCI_DISENTANGLEMENT = _dci(
    name="dci-disentanglement",
    compute=lambda evidence: (
        disentanglement(_prediction(evidence).importance),
        len(_known(evidence).train[0]),
    ),
)

DCI_COMPLETENESS = _dci(
    name="dci-completeness",
    compute=lambda evidence: (
        completeness(_prediction(evidence).importance),
        len(_known(evidence).train[0]),
    ),
)

DCI_INFORMATIVENESS = _dci(
    name="dci-informativeness",
    unit="normalised error",
    direction="min",
    reference=f"{_EASTWOOD}; an error, so less is more informative",
    compute=lambda evidence: (
        float(_prediction(evidence).error.mean()),
        len(_known(evidence).test[0]),
    ),
    protocol=(
        f"{_FORESTS}; root mean square error on test images over the standard deviation, "
        "mean over factors"
    ),
)
