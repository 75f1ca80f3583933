"""Distances between sets of images in the features of a frozen network: FID (InceptionV3) and its
counterpart for small grey images (``fd-cnn``).

The id of each measurement carries the extractor, what was done to the images, the counts and the
split. The *floor* is the same distance taken of as many other real images (training images drawn
once), instead of samples: what a perfect generator would get.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import numpy as np

from benchmark.metrics.base import Absent, Evidence, Images, Metric
from benchmark.metrics.frechet import frechet_distance
from benchmark.metrics.moments import Moments

__all__ = [
    "FD_CNN",
    "FD_CNN_FLOOR",
    "FD_CNN_RECONSTRUCTION",
    "FID",
    "FID_FLOOR",
    "FID_RECONSTRUCTION",
    "feature_distance",
    "feature_metric",
    "remark",
]

_WORDS = {
    "samples": "samples of the method's prior against the test split",
    "reconstructions": "reconstructions decode(encode(x)) of the test split against the test split",
    "train": (
        "as many training images, drawn once for all runs, against the test split: "
        "what a perfect generator would get"
    ),
}


def _protocol(kind: str) -> Callable[[Evidence], str]:
    """Return the function that puts extractor, counts and split into an id."""

    def identify(evidence: Evidence) -> str:
        n = evidence.feature_count
        return f"[{evidence.extractor(kind).options},n={n},reference={n},split=test]"

    return identify


def feature_distance(evidence: Evidence, kind: str, of: Images) -> tuple[float, int, str]:
    """Return the Frechet distance between the features of images ``of`` a kind and of the test
    images, their number, and what to know of it."""
    evidence.extractor(kind)
    if evidence.feature_count < 2:
        raise Absent("a covariance needs two test images at least")
    reference, found = (Moments.of(evidence.features(kind, each)) for each in ("test", of))
    value = frechet_distance(found.mean, found.covariance, reference.mean, reference.covariance)
    return value, found.n, remark(found.covariance, reference.covariance, found.n)


def remark(found: np.ndarray, reference: np.ndarray, n: int) -> str:
    """Return in words where a covariance (D, D) of ``n`` images is singular in a way that matters;
    empty where it is not."""
    if not found.any():
        return "collapsed: all images have the same features"
    dim = len(found)
    ranks = [int(np.linalg.matrix_rank(each, hermitian=True)) for each in (found, reference)]
    if n <= dim:
        return (
            f"covariances are singular: {n} images for {dim} features, "
            f"ranks {ranks[0]} and {ranks[1]} (reference)"
        )
    if ranks[0] < ranks[1]:
        return f"the covariance is singular: rank {ranks[0]} of {dim}, the reference has {ranks[1]}"
    return ""


Compute = Callable[[Evidence, str, Images], tuple[float, int, str]]


def feature_metric(
    name: str,
    kind: str,
    of: Images,
    tier: Literal["core", "full"],
    reference: str,
    compute: Compute,
    *,
    unit: str = "squared feature units",
) -> Metric:
    """Return a metric of features, less is better; a floor has no direction, it is no property of
    the method."""
    return Metric(
        name=name,
        unit=unit,
        direction="none" if of == "train" else "min",
        tier=tier,
        reference=reference,
        compute=lambda evidence: compute(evidence, kind, of),
        protocol=f"{_WORDS[of]}; images clipped to [0, 1], float64",
        identify=_protocol(kind),
    )


_HEUSEL = (
    "Heusel et al., 2017 (https://arxiv.org/abs/1706.08500), "
    "in the protocol of https://github.com/mseitzer/pytorch-fid"
)
_OURS = (
    "the distance of Heusel et al., 2017, in the features of a small classifier trained on the "
    "data; not comparable with FID"
)

FID = feature_metric("fid", "inception", "samples", "full", _HEUSEL, feature_distance)
FID_RECONSTRUCTION = feature_metric(
    "fid-reconstruction", "inception", "reconstructions", "full", _HEUSEL, feature_distance
)
FID_FLOOR = feature_metric("fid-floor", "inception", "train", "full", _HEUSEL, feature_distance)
FD_CNN = feature_metric("fd-cnn", "cnn", "samples", "core", _OURS, feature_distance)
FD_CNN_RECONSTRUCTION = feature_metric(
    "fd-cnn-reconstruction", "cnn", "reconstructions", "core", _OURS, feature_distance
)
FD_CNN_FLOOR = feature_metric("fd-cnn-floor", "cnn", "train", "core", _OURS, feature_distance)
