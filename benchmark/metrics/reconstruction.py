"""Reconstruction error on the test split, averaged over the numbers of an image and over images
(pixels in [0, 1])."""

from __future__ import annotations

from benchmark.metrics.base import Absent, Evidence, Metric

__all__ = ["MSE", "MSE_SAMPLED"]


def _mse(evidence: Evidence) -> tuple[float, int]:
    errors = evidence.squared_error
    return errors.mean(), len(errors)


def _mse_sampled(evidence: Evidence) -> tuple[float, int]:
    errors = evidence.sampled_squared_error
    if errors is None:
        raise Absent("the method has no posterior to sample codes from")
    return errors.mean(), len(errors)


MSE = Metric(
    name="mse",
    unit="squared data units",
    direction="min",
    tier="core",
    reference="mean over dimensions and images, as in table 2 of RENs (https://arxiv.org/abs/2205.13061)",
    compute=_mse,
    protocol="test split, decode(encode(x)) with the deterministic code (posterior mean), not clipped",
)

MSE_SAMPLED = Metric(
    name="mse-sampled",
    unit="squared data units",
    direction="min",
    tier="core",
    reference="mean over dimensions and images; RENs do not say which code their table uses",
    compute=_mse_sampled,
    protocol="test split, one posterior draw of the code per image, not clipped",
)
