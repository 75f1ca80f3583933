"""How much the active coordinates of the code still move together."""

from __future__ import annotations

import numpy as np

from benchmark.metrics.base import Absent, Evidence, Metric

__all__ = ["NAC", "normalised_absolute_correlation"]

_TINY = 1e-8
"""Variance below which a coordinate is constant and left out."""


def normalised_absolute_correlation(codes: np.ndarray) -> float:
    r"""Return the mean absolute correlation between different columns of ``codes`` (N, k), 0..1.

    .. math:: \frac{1}{k (k - 1)} \sum_{i \ne j} \frac{|C_{ij}|}{\sqrt{C_{ii} C_{jj}}}

    Columns of variance below 1e-8 are left out; :class:`Absent` where fewer than two are left.
    Independent columns have about
    sqrt(2 / (pi N)), not 0.
    """
    codes = np.asarray(codes, dtype=np.float64)
    if codes.ndim != 2 or len(codes) < 2:
        raise Absent(
            f"codes have shape {codes.shape}; a correlation needs (N, k) with N of two at least"
        )
    if not np.isfinite(codes).all():
        raise Absent("codes are not finite")
    moving = codes[:, codes.var(0, ddof=1) >= _TINY]
    k = moving.shape[1]
    if k < 2:
        raise Absent(
            f"{codes.shape[1]} active dimensions, {codes.shape[1] - k} of them constant; "
            "a correlation needs two"
        )
    standard = (moving - moving.mean(0)) / moving.std(0, ddof=1)
    correlation = standard.T @ standard / (len(codes) - 1)
    return float((np.abs(correlation).sum() - np.trace(correlation)) / (k * (k - 1)))


def _nac(evidence: Evidence) -> tuple[float, int, str]:
    codes = evidence.codes[:, evidence.active]
    value, constant = (
        normalised_absolute_correlation(codes),
        int((codes.var(0, ddof=1) < _TINY).sum()),
    )
    return (
        value,
        len(codes),
        f"{constant} of {codes.shape[1]} active dimensions constant, left out" if constant else "",
    )


NAC = Metric(
    name="nac",
    unit="correlation",
    direction="min",
    tier="full",
    reference=(
        "name and numbers as in the MaskAAE talk (P. A. P., 'RAE landscape'); "
        "no formula is given there, so correlation is our reading"
    ),
    compute=_nac,
    protocol=(
        "deterministic codes of the test split, active dimensions; about sqrt(2 / (pi n)) "
        "for independent ones"
    ),
    identify=lambda evidence: f"[n={len(evidence.codes)},split=test]",
)
