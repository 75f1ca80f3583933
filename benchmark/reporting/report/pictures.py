"""What a run left to look at: grids of images as PNG data URIs, vectors as points in the plane of
the test data."""

from __future__ import annotations

import base64
import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np
from markupsafe import Markup
from PIL import Image

from benchmark.reporting.figures.mosaic import (
    POINTS,
    Plane,
    in_pairs,
    in_rows,
    is_image,
    mosaic,
)
from benchmark.reporting.report.charts import scatter

__all__ = ["Picture", "data_uri", "pictures", "png_bytes"]

Arrays = Mapping[str, np.ndarray]

_COLUMNS = 8
_TARGET = 420
"""Pixels across that a small grid is enlarged to, by a whole factor, so that its pixels stay
square."""


@dataclass(frozen=True)
class Picture:
    """A picture and what it shows. ``content`` is a whole ``<img>`` or ``<svg>`` element."""

    title: str
    caption: str
    content: Markup


def data_uri(png: bytes) -> str:
    """Return a PNG file as an address that holds it."""
    return "data:image/png;base64," + base64.b64encode(png).decode()


def pictures(arrays: Arrays, remark: str = "") -> list[Picture]:
    """Return what the artifacts of a run show, ``remark`` before every caption; nothing for arrays
    that are no pictures or that are not there."""
    if not _whole(arrays, "inputs"):
        return []
    drawn = list(_of_images(arrays) if is_image(arrays["inputs"]) else _of_vectors(arrays))
    covariance = arrays.get("code_covariance")
    if (
        covariance is not None
        and covariance.ndim == 2
        and 1 < len(covariance) == covariance.shape[1]
        and np.isfinite(covariance).all()
    ):
        drawn.append(_correlation(covariance))
    return [
        replace(picture, caption=": ".join(filter(None, (remark, picture.caption))))
        for picture in drawn
    ]


def _whole(arrays: Arrays, *names: str) -> bool:
    return all(
        name in arrays and len(arrays[name]) and arrays[name].ndim in (2, 4) for name in names
    )


def _of_images(arrays: Arrays) -> Iterator[Picture]:
    if _whole(arrays, "samples"):
        samples = arrays["samples"][:64]
        yield _tiles(
            "Samples",
            "drawn from the method's own prior, in the order of the draws",
            mosaic(samples, min(_COLUMNS, len(samples))),
        )
    if _whole(arrays, "reconstructions"):
        yield _tiles(
            "Reconstructions",
            "test images, each above its reconstruction",
            in_pairs(arrays["inputs"][:32], arrays["reconstructions"][:32], _COLUMNS),
        )
    rows = arrays.get("traversals")
    if rows is not None and rows.ndim == 5 and rows.size:
        yield _tiles(
            "Traversals",
            "each row moves one latent dimension by -2 to 2 standard deviations, the most "
            "relevant first",
            in_rows(rows),
        )
    if _whole(arrays, "samples", "neighbours"):
        yield _tiles(
            "Nearest training images",
            "samples, each above the training image nearest to it",
            in_pairs(arrays["samples"], arrays["neighbours"], _COLUMNS),
        )


def _tiles(title: str, caption: str, picture: np.ndarray) -> Picture:
    grey = bool((picture == picture[:, :, :1]).all())
    pixels = picture[:, :, 0] if grey else picture
    return Picture(title, caption, _image(pixels, f"{title}: {caption}"))


def png_bytes(pixels: np.ndarray) -> bytes:
    """Return pixels, uint8 (h, w) in grey or (h, w, 3) in colour, as a PNG file."""
    buffer = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(pixels)).save(buffer, format="PNG", compress_level=6)
    return buffer.getvalue()


def _image(pixels: np.ndarray, words: str) -> Markup:
    height, width = pixels.shape[:2]
    factor = max(1, _TARGET // width)
    element = '<img class="pixels" src="{}" width="{}" height="{}" alt="{}" decoding="async">'
    return Markup(element).format(
        data_uri(png_bytes(pixels)), factor * width, factor * height, words
    )


def _of_vectors(arrays: Arrays) -> Iterator[Picture]:
    inputs = arrays["inputs"]
    plane = Plane.of(inputs)
    where = "in the plane"
    if inputs.shape[1] != 2:
        where = f"the first two principal directions of {inputs.shape[1]} numbers"
    data = plane.project(inputs[:POINTS])
    for name, title in (("samples", "Samples"), ("reconstructions", "Reconstructions")):
        if _whole(arrays, name):
            points = plane.project(arrays[name][:POINTS])
            words = f"{title} over test data, {where}{_outside(plane, points)}"
            layers = (("dots data", data), ("dots", points))
            yield Picture(title, words, scatter(words, plane.limits, layers))
    codes = arrays.get("codes")
    if codes is not None and codes.ndim == 2 and codes.shape[1] > 1 and len(codes):
        latent = Plane.of(codes)
        words = "codes of test data"
        if codes.shape[1] != 2:
            words += f", the first two principal directions of {codes.shape[1]} dimensions"
        points = latent.project(codes[:POINTS])
        yield Picture("Latent space", words, scatter(words, latent.limits, (("dots", points),)))


def _outside(plane: Plane, points: np.ndarray) -> str:
    """Return in words how many of ``points`` (n, 2) lie outside the limits of ``plane``."""
    outside = len(points) - int(plane.contains(points).sum())
    return f"; {outside} of {len(points)} points outside" if outside else ""


def _correlation(covariance: np.ndarray) -> Picture:
    """Draw the correlations of the codes: blue -1, white 0, orange 1; a dimension without variance
    is grey."""
    spread = np.sqrt(np.clip(np.diag(covariance), 0.0, None))
    with np.errstate(divide="ignore", invalid="ignore"):
        correlation = np.clip(covariance / np.outer(spread, spread), -1.0, 1.0)
    towards = np.where(correlation[..., None] >= 0, np.array([213, 94, 0]), np.array([1, 115, 178]))
    colours = 255 + np.abs(np.nan_to_num(correlation))[..., None] * (towards - 255)
    colours[~np.isfinite(correlation)] = 200
    caption = (
        "of the latent dimensions over the test split: orange 1, white 0, blue -1, "
        "grey where a dimension is constant"
    )
    return Picture(
        "Correlation of the codes",
        caption,
        _image(colours.round().astype(np.uint8), f"Correlation {caption}"),
    )
