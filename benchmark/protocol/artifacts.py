"""The small pictures a run leaves: samples, reconstructions, codes, traversals, nearest training images. At most 300 kB."""

from __future__ import annotations

import io
import math
from collections.abc import Mapping

import numpy as np
import torch
from torch import Tensor

from benchmark.datasets.tensors import TensorSplit
from benchmark.protocol.evaluator import CHUNK, Evaluator

__all__ = ["LIMIT", "artifacts", "npz_bytes"]

LIMIT = 300_000
"""Bytes of ``artifacts.npz`` at most."""

_COUNTS = {"samples": 64, "inputs": 32, "neighbours": 8}
_TRAVERSAL_ROWS, _TRAVERSAL_STEPS = 8, 8
_POINTS = 1024
"""Vectors are drawn as clouds, so more of them are kept."""


def artifacts(evidence: Evaluator, train: TensorSplit) -> dict[str, np.ndarray]:
    """Return named arrays: images as uint8 (n, *shape), vectors as float32; as many of each as fit within the limit.

    ``neighbours`` holds the training image nearest (Euclidean) to each of the first samples; ``traversals`` rows of one code coordinate
    each, most relevant first, moved over -2..2 standard deviations around the code of the first test image, (rows, 8, *shape); ``codes``
    the counted coordinates of the inputs' codes, (n, L).
    """
    counts = _COUNTS if len(evidence.shape) == 3 else {**_COUNTS, "samples": _POINTS, "inputs": _POINTS}
    samples = torch.cat(list(evidence.samples(counts["samples"])))
    inputs = evidence.test.head(counts["inputs"])
    with torch.no_grad():
        codes = evidence.method.encode(inputs)
        arrays = {"samples": samples, "inputs": inputs, "reconstructions": evidence.method.decode(codes)}
        arrays["traversals"] = _traversals(evidence, min(evidence.latent_dim, _TRAVERSAL_ROWS))
    arrays["neighbours"] = _neighbours(samples[: counts["neighbours"]], train)
    kept = {name: _stored(tensor, image=len(evidence.shape) == 3) for name, tensor in arrays.items()}
    kept["codes"] = _stored(codes[:, : evidence.latent_dim], image=False)
    kept["code_covariance"] = evidence.code_covariance().astype(np.float32)
    return _within_limit(kept)


def npz_bytes(arrays: Mapping[str, np.ndarray]) -> bytes:
    """Return the arrays as a compressed npz file, without pickle and with the same bytes each time."""
    buffer = io.BytesIO()
    np.savez_compressed(buffer, allow_pickle=False, **arrays)
    return buffer.getvalue()


def _within_limit(arrays: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Keep the same share of every array's rows, as large as the limit allows; a covariance too large to be a small picture is left out."""
    if arrays["code_covariance"].nbytes > LIMIT // 4:
        arrays = {name: array for name, array in arrays.items() if name != "code_covariance"}
    share = 1.0
    while True:
        kept = {name: array if name == "code_covariance" else array[: max(1, int(share * len(array)))] for name, array in arrays.items()}
        size = len(npz_bytes(kept))
        if size <= LIMIT or share < 1e-4:
            return kept
        share *= 0.95 * LIMIT / size


def _traversals(evidence: Evaluator, rows: int) -> Tensor:
    base = evidence.method.encode(evidence.test.head(1))
    spread = torch.from_numpy(np.sqrt(evidence.code_moments[0])).to(base)
    order = torch.argsort(evidence.discovery.relevance, descending=True, stable=True)[:rows]
    codes = base.repeat(rows, _TRAVERSAL_STEPS, 1)
    offsets = torch.linspace(-2.0, 2.0, _TRAVERSAL_STEPS, device=base.device)
    for row, coordinate in enumerate(order.tolist()):
        codes[row, :, coordinate] += offsets * spread[coordinate]
    images = evidence.method.decode(codes.flatten(0, 1))
    return images.view(rows, _TRAVERSAL_STEPS, *evidence.shape)


def _neighbours(samples: Tensor, train: TensorSplit) -> Tensor:
    best = torch.full((len(samples),), math.inf, device=samples.device)
    found = torch.zeros_like(samples)
    for x in train.batches(10 * CHUNK):
        distance, index = torch.cdist(samples.flatten(1), x.flatten(1)).min(1)
        closer = distance < best
        best = torch.where(closer, distance, best)
        found = torch.where(closer.view(-1, *[1] * (found.dim() - 1)), x[index], found)
    return found


def _stored(tensor: Tensor, *, image: bool) -> np.ndarray:
    if image:
        return (tensor.clamp(0.0, 1.0) * 255.0).round().to(torch.uint8).cpu().numpy()
    return tensor.to(torch.float32).cpu().numpy()
