"""Where samples and test images are compared: the data themselves for vectors, the features of a
frozen network for images."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from benchmark.metrics.base import Absent, Evidence
from benchmark.metrics.frechet import RAW_LIMIT, SAMPLES

__all__ = ["compared", "protocol_of"]


def _extractor(evidence: Evidence) -> str | None:
    """The kind of extractor for these data, None for vectors: the classifier trained on them where
    there is one, else Inception."""
    if len(evidence.shape) == 1:
        if math.prod(evidence.shape) > RAW_LIMIT:
            raise Absent(
                f"raw space is used for vectors of up to {RAW_LIMIT} numbers, "
                f"these have {math.prod(evidence.shape)}"
            )
        return None
    try:
        evidence.extractor("cnn")
    except Absent:
        evidence.extractor("inception")
        return "inception"
    return "cnn"


def compared(evidence: Evidence, least: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the reference, vectors or features of test images, and as many of samples, (n, d)
    each, n of 10,000 at most.

    :class:`Absent` where there are fewer than ``least``, or where a number is not finite.
    """
    kind = _extractor(evidence)
    if kind is None:
        n = min(SAMPLES, len(evidence.test_vectors))
        reference, samples = evidence.test_vectors[:n], evidence.sample_vectors(n)
    else:
        reference, samples = evidence.features(kind, "test"), evidence.features(kind, "samples")
    if min(len(reference), len(samples)) < least:
        raise Absent(
            f"{len(reference)} test images and {len(samples)} samples; "
            f"{least} of each are needed at least"
        )
    for name, vectors in (("test images", reference), ("samples", samples)):
        if not np.isfinite(vectors).all():
            raise Absent(f"{name} are not finite")
    return reference, samples


def protocol_of(settings: str) -> Callable[[Evidence], str]:
    """Return the function that puts space, counts, split and the metric's own ``settings``
    (``k=3``) into an id."""
    return lambda evidence: f"[{_space_and_counts(evidence)},{settings}]"


def _space_and_counts(evidence: Evidence) -> str:
    kind = _extractor(evidence)
    n = min(SAMPLES, len(evidence.test_vectors)) if kind is None else evidence.feature_count
    space = "space=raw" if kind is None else evidence.extractor(kind).options
    return f"{space},n={n},reference={n},split=test"
