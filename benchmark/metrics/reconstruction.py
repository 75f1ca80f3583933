"""Reconstruction error on the test split, averaged over the numbers of an image and over images
(pixels in [0, 1])."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from benchmark.metrics.base import Absent, Evidence, Metric

__all__ = ["EXPLAINED", "MSE", "MSE_MEAN_IMAGE", "MSE_SAMPLED", "MSE_SPREAD", "no_better_than_mean"]

EXPLAINED = 0.1
"""Share of the variance that a reconstruction explains at least, to count as one."""


def _mse(evidence: Evidence) -> tuple[float, int]:
    errors = evidence.squared_error
    return errors.mean(), len(errors)


def _mse_mean_image(evidence: Evidence) -> tuple[float, int]:
    errors = evidence.mean_image_error
    return errors.mean(), len(errors)


def no_better_than_mean(measurements: Mapping[str, Mapping[str, Any]]) -> bool:
    """Return whether the ``mse`` of a record's measurements is above nine tenths of its
    ``mse-mean-image``: what the method encodes explains less than a tenth of the variance. False
    where either is missing.

    A model that encodes nothing ends some hundredths on either side of the mean image. Active units
    do not tell it: their threshold is absolute, and codes of a small scale, as of ``ard-vae``,
    reconstruct without any.
    """
    if "mse" not in measurements or "mse-mean-image" not in measurements:
        return False
    reached, mean_image = (measurements[name]["value"] for name in ("mse", "mse-mean-image"))
    return bool(reached >= (1.0 - EXPLAINED) * mean_image)


def _mse_sampled(evidence: Evidence) -> tuple[float, int]:
    errors = evidence.sampled_squared_error
    if errors is None:
        raise Absent("the method has no posterior to sample codes from")
    return errors.mean(), len(errors)


def _mse_spread(evidence: Evidence) -> tuple[float, int]:
    low, high = np.quantile(evidence.squared_error, (0.05, 0.95))
    return float(high - low), len(evidence.squared_error)


MSE = Metric(
    name="mse",
    unit="squared data units",
    direction="min",
    tier="core",
    reference=(
        "mean over dimensions and images, as in table 2 of RENs (https://arxiv.org/abs/2205.13061)"
    ),
    compute=_mse,
    protocol=(
        "test split, decode(encode(x)) with the deterministic code (posterior mean), not clipped"
    ),
)

MSE_MEAN_IMAGE = Metric(
    name="mse-mean-image",
    unit="squared data units",
    direction="none",
    tier="core",
    reference="the best constant reconstruction by training data; ours",
    compute=_mse_mean_image,
    protocol=(
        "test split against the mean of all training images, not rounded; the same for every method"
    ),
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

MSE_SPREAD = Metric(
    name="mse-spread",
    unit="squared data units",
    direction="min",
    tier="full",
    reference=(
        "the tightness of the error histograms in figures 4, 6 and 7 of RENs "
        "(https://arxiv.org/abs/2205.13061), which are pictures; the number is ours"
    ),
    compute=_mse_spread,
    protocol=(
        "from the 5th to the 95th percentile over test data of the mean squared error of one, "
        "decode(encode(x)) with the deterministic code, not clipped"
    ),
)
