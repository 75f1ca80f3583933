"""The small pictures a run leaves: samples, reconstructions, codes, traversals, interpolations,
nearest training images, and the matrices behind heat maps. At most 300 kB."""

from __future__ import annotations

import io
import math
from collections.abc import Mapping

import numpy as np
import torch
from torch import Tensor

from benchmark.datasets.tensors import TensorSplit
from benchmark.evaluation.evaluator import CHUNK, Evaluator
from benchmark.metrics.categorical import contingency
from benchmark.nn.jacobian import all_grams

__all__ = ["LIMIT", "artifacts", "npz_bytes"]

LIMIT = 300_000
"""Bytes of ``artifacts.npz`` at most."""

_COUNTS = {"samples": 64, "inputs": 32, "neighbours": 8}
_TRAVERSAL_ROWS, _STEPS = 8, 8
_PATHS = 4
"""Interpolations, and rows of category traversals."""

_LINE, _PLANE = 10, 7
"""Values of a rewarded component along a line, and of each of two in a plane."""

_COLUMNS = 2048
"""Columns of Jacobians that a mean Gram matrix is made of at most; of 64 images at most and 8 at
least."""

_BINS = 20
"""Equal parts of 0 to 1 in which category probabilities are counted."""

_WHOLE = ("code_covariance", "jacobian_gram", "contingency", "classes", "category_histogram")
"""Arrays of which no rows are left out; a matrix too large for a small picture is left out
whole."""

_MATRIX = LIMIT // 4
"""Bytes of a matrix at most."""

_POINTS = 1024
"""Vectors are drawn as clouds, so more of them are kept."""


def artifacts(evidence: Evaluator, train: TensorSplit) -> dict[str, np.ndarray]:
    """Return named arrays: images as uint8 (n, *shape), vectors as float32; as many of each as fit
    within the limit.

    ``neighbours`` holds the training image nearest (Euclidean) to each of the first samples;
    ``rewarded_line`` and ``rewarded_plane`` what the components that a method rewards change, see
    :func:`_rewarded`; ``traversals`` rows of one code coordinate each, most relevant first, moved
    over -2..2 standard deviations around the code of the first of ``inputs``, (rows, 8, *shape);
    ``interpolations`` the images at 8 equal steps along the straight line between the codes of two
    test images, those of ``inputs`` in turn, (4, 8, *shape); ``codes`` the counted coordinates of
    the inputs' codes, (n, L); ``code_covariance`` (L, L) of the whole test split; ``jacobian_gram``
    (L, L), the mean of J'J over some test images, J the decoder's Jacobian in the counted
    coordinates, not there where the decoder cannot be differentiated in forward mode.
    :func:`_categorical` adds what a categorical variable gives.
    """
    image = len(evidence.shape) == 3
    counts = _COUNTS if image else {**_COUNTS, "samples": _POINTS, "inputs": _POINTS}
    samples = torch.cat(list(evidence.samples(counts["samples"])))
    inputs = evidence.test.some(counts["inputs"])
    with torch.no_grad():
        codes = evidence.method.encode(inputs)
        arrays = {
            "samples": samples,
            "inputs": inputs,
            "reconstructions": evidence.method.decode(codes),
        }
        arrays["traversals"] = _traversals(evidence, min(evidence.latent_dim, _TRAVERSAL_ROWS))
        arrays["interpolations"] = _interpolations(evidence, codes)
        arrays |= _rewarded(evidence, codes[:_PATHS])
        if evidence.category_probabilities is not None:
            arrays["category_traversals"] = _category_traversals(evidence, codes[:_PATHS])
    arrays["neighbours"] = _neighbours(samples[: counts["neighbours"]], train)
    kept = {name: _stored(tensor, image=image) for name, tensor in arrays.items()}
    kept["codes"] = _stored(codes[:, : evidence.latent_dim], image=False)
    kept["code_covariance"] = evidence.code_covariance().astype(np.float32)
    return _within_limit(kept | _jacobian_gram(evidence) | _categorical(evidence))


def npz_bytes(arrays: Mapping[str, np.ndarray]) -> bytes:
    """Return the arrays as a compressed npz file, without pickle and with the same bytes each
    time."""
    buffer = io.BytesIO()
    np.savez_compressed(buffer, allow_pickle=False, **arrays)
    return buffer.getvalue()


def _within_limit(arrays: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Keep the same share of every array's rows, as large as the limit allows; a matrix too large
    to be a small picture is left out."""
    arrays = {
        name: array
        for name, array in arrays.items()
        if name not in _WHOLE or array.nbytes <= _MATRIX
    }
    share = 1.0
    while True:
        kept = {
            name: array if name in _WHOLE else array[: max(1, int(share * len(array)))]
            for name, array in arrays.items()
        }
        size = len(npz_bytes(kept))
        if size <= LIMIT or share < 1e-4:
            return kept
        share *= 0.95 * LIMIT / size


def _traversals(evidence: Evaluator, rows: int) -> Tensor:
    base = evidence.method.encode(evidence.test.some(1))
    spread = torch.from_numpy(np.sqrt(evidence.code_moments[0])).to(base)
    order = torch.argsort(evidence.discovery.relevance, descending=True, stable=True)[:rows]
    codes = base.repeat(rows, _STEPS, 1)
    offsets = torch.linspace(-2.0, 2.0, _STEPS, device=base.device)
    for row, coordinate in enumerate(order.tolist()):
        codes[row, :, coordinate] += offsets * spread[coordinate]
    images = evidence.method.decode(codes.flatten(0, 1))
    return images.view(rows, _STEPS, *evidence.shape)


def _interpolations(evidence: Evaluator, codes: Tensor) -> Tensor:
    pairs = codes[: 2 * min(_PATHS, max(1, len(codes) // 2))]
    start, end = pairs[::2].unsqueeze(1), pairs[1::2].unsqueeze(1)
    share = torch.linspace(0.0, 1.0, _STEPS, device=codes.device).view(1, -1, 1)
    between = start[: len(end)] * (1.0 - share) + end * share
    return evidence.method.decode(between.flatten(0, 1)).view(len(end), _STEPS, *evidence.shape)


def _category_traversals(evidence: Evaluator, codes: Tensor) -> Tensor:
    """Return the images of ``codes`` with each category in turn in place of their own, (rows, K,
    *shape)."""
    rows, size = len(codes), codes.shape[1] - evidence.latent_dim
    categories = torch.eye(size, device=codes.device).expand(rows, size, size)
    counted = codes[:, None, : evidence.latent_dim].expand(rows, size, evidence.latent_dim)
    return evidence.method.decode(torch.cat((counted, categories), dim=2).flatten(0, 1)).view(
        rows, size, *evidence.shape
    )


def _rewarded(evidence: Evaluator, codes: Tensor) -> dict[str, Tensor]:
    """Return, of a method that rewards components of its code (``chosen``), ``rewarded_line``: the
    first of them at ten values from -5 to 5 in each of ``codes``, (rows, 10, *shape), and where
    there are two ``rewarded_plane``: both at seven values from -3 to 3 in the first code, (7, 7,
    *shape). Nothing of other methods."""
    chosen = getattr(evidence.method, "chosen", None)
    if not isinstance(chosen, Tensor):
        return {}
    places = chosen.tolist()
    line = codes.unsqueeze(1).repeat(1, _LINE, 1)
    line[:, :, places[0]] = torch.linspace(-5.0, 5.0, _LINE, device=codes.device)
    moved_codes = {"rewarded_line": line}
    if len(places) > 1:
        values = torch.linspace(-3.0, 3.0, _PLANE, device=codes.device)
        plane = codes[:1].repeat(_PLANE, _PLANE, 1)
        plane[:, :, places[0]] = values.unsqueeze(1)
        plane[:, :, places[1]] = values
        moved_codes["rewarded_plane"] = plane
    return {
        name: evidence.method.decode(moved.flatten(0, 1)).view(*moved.shape[:2], *evidence.shape)
        for name, moved in moved_codes.items()
    }


@torch.no_grad()
def _jacobian_gram(evidence: Evaluator) -> dict[str, np.ndarray]:
    size = evidence.latent_dim
    if 4 * size * size > _MATRIX:
        return {}
    codes = evidence.method.encode(evidence.test.some(min(64, max(8, _COLUMNS // size))))

    def decode(counted: Tensor) -> Tensor:
        return evidence.method.decode(
            torch.cat((counted, rest), dim=1) if rest.shape[1] else counted
        )

    grams = []
    for part in codes.split(max(1, _COLUMNS // size)):
        rest = part[:, size:]
        try:
            grams.append(all_grams(decode, part[:, :size]))
        except RuntimeError:
            return {}
    return {"jacobian_gram": torch.cat(grams).double().mean(0).to(torch.float32).cpu().numpy()}


def _categorical(evidence: Evaluator) -> dict[str, np.ndarray]:
    """Return, of the test images, ``category_histogram`` (K, 20): how many have a probability of
    each category in equal parts of 0 to 1; and where there are labels ``contingency`` (K, C): how
    many have each pair of likeliest category and class, and the ``classes`` (C,)."""
    probabilities = evidence.category_probabilities
    if probabilities is None or evidence.categories is None:
        return {}
    places = np.minimum((probabilities * _BINS).astype(np.int64), _BINS - 1)
    size = probabilities.shape[1]
    arrays = {
        "category_histogram": np.stack(
            [np.bincount(column, minlength=_BINS) for column in places.T]
        ).astype(np.uint32)
    }
    if evidence.labels is not None:
        classes = np.unique(np.concatenate(evidence.labels))
        coded = np.searchsorted(classes, evidence.labels[1])
        arrays["classes"] = classes
        arrays["contingency"] = contingency(
            evidence.categories[1], coded, (size, len(classes))
        ).astype(np.uint32)
    return arrays


def _neighbours(samples: Tensor, train: TensorSplit) -> Tensor:
    best = torch.full((len(samples),), math.inf, device=samples.device)
    nearest = torch.zeros_like(samples)
    for x in train.batches(10 * CHUNK):
        distance, index = torch.cdist(samples.flatten(1), x.flatten(1)).min(1)
        closer = distance < best
        best = torch.where(closer, distance, best)
        nearest = torch.where(closer.view(-1, *[1] * (nearest.dim() - 1)), x[index], nearest)
    return nearest


def _stored(tensor: Tensor, *, image: bool) -> np.ndarray:
    if image:
        return (tensor.clamp(0.0, 1.0) * 255.0).round().to(torch.uint8).cpu().numpy()
    return tensor.to(torch.float32).cpu().numpy()
