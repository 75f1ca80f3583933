"""The sprites of dSprites, drawn from a rule: 3 shapes x 6 scales x 40 orientations x 32 x 32
positions = 737,280 binary images of 64 x 64 pixels.

The original (L. Matthey, I. Higgins, D. Hassabis, A. Lerchner, "dSprites: Disentanglement testing
Sprites dataset", 2017, https://github.com/google-deepmind/dsprites-dataset) came without its
renderer. The rule below was inferred from the 320 frames of the GIF animation published beside it.
The canvas has side 1, y points down, e = 0.3:

| shape | outline before it is scaled, turned and moved |
|---|---|
| square | (+-e/2, +-e/2) |
| ellipse | 100 vertices (1.33 e/2 cos t, e/2 / 1.33 sin t), t = 2 pi k / 100 |
| heart | 150 vertices (e sin^3 t / 2, -e (h(t) / 29 + 0.075)), t = 2 pi k / 150 |

    h(t) = 13 cos t - 5 cos 2t - 2 cos 3t - cos 4t
    vertex = scale (u cos a + v sin a, -u sin a + v cos a) + centre, rounded to 1/256 pixel

A pixel is 1 where its centre lies inside the polygon; a centre exactly on an edge is inside where
that is a left or a bottom edge.

*The same bits on every machine.* From the rounded vertices on, everything is integer arithmetic. No
coordinate comes closer than 2.8e-7 of a step of 1/256 pixel to where its rounding would change, and
double precision errs by about 1e-11 of a step, whichever variant of sine and cosine is used.
"""

from __future__ import annotations

import math

import numpy as np

__all__ = [
    "CENTRES",
    "FACTORS",
    "GRID",
    "ORIENTATIONS",
    "SCALES",
    "SHAPES",
    "SIDE",
    "corners",
    "fill",
    "render",
    "vertices",
]

SIDE = 64
"""Pixels along each side of the canvas."""

STEP = 256
"""Vertices lie on a grid of 1 / STEP pixel."""

SIZE = 0.3
"""Side of the square at scale 1, in sides of the canvas."""

SHAPES = ("square", "ellipse", "heart")
SCALES = 0.5 + 0.1 * np.arange(6)
ORIENTATIONS = 2 * math.pi * np.arange(40) / 39
"""Angles in radians; the first and the last are the same, as in the original."""

CENTRES = 0.25 + 0.5 * np.arange(32) / 31
"""Positions of the centre, in sides of the canvas; the original gives them as posX and posY from 0
to 1."""

FACTORS = ("shape", "scale", "orientation", "posX", "posY")
GRID = (len(SHAPES), len(SCALES), len(ORIENTATIONS), len(CENTRES), len(CENTRES))
"""Number of values of each factor; the canonical order of the images is the C order of this
grid."""

CHUNK = 1024
"""Images drawn at a time, so that intermediate arrays stay in the cache."""


def corners(shape: str) -> np.ndarray:
    """Return the outline (V, 2) of a shape at scale 1, not turned, around the origin, in sides of
    the canvas."""
    if shape == "square":
        return SIZE / 2 * np.array([(1.0, 1.0), (-1.0, 1.0), (-1.0, -1.0), (1.0, -1.0)])
    if shape == "ellipse":
        t = 2 * math.pi * np.arange(100) / 100
        return SIZE / 2 * np.stack((1.33 * np.cos(t), np.sin(t) / 1.33), axis=1)
    t = 2 * math.pi * np.arange(150) / 150
    sine = np.sin(t)
    height = (13 * np.cos(t) - 5 * np.cos(2 * t) - 2 * np.cos(3 * t) - np.cos(4 * t)) / 29 + 0.075
    return SIZE * np.stack((sine * sine * sine / 2, -height), axis=1)


def vertices(shape: str) -> np.ndarray:
    """Return the coordinates (2, 6, 40, 32, V) of all outlines of a shape in steps of 1/256 pixel,
    not yet rounded.

    The axes: x or y, scale, orientation, position along that coordinate, vertex.
    """
    u, v = corners(shape).T
    cosine, sine = np.cos(ORIENTATIONS)[:, None], np.sin(ORIENTATIONS)[:, None]
    turned = np.stack((u * cosine + v * sine, -u * sine + v * cosine))
    scaled = SCALES[:, None, None] * turned[:, None]
    return SIDE * STEP * (scaled[:, :, :, None] + CENTRES[:, None])


def fill(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Return the pixels inside N polygons with vertices x, y (N, V), whole steps of 1/256 pixel:
    rows (N, 64) of 64 bits, the first pixel highest.

    Row r is cut where the line through its centres, y = 256 r + 128, crosses an edge; a crossing
    between the pixels c - 1 and c flips every pixel from c on. An edge from (x0, y0) to (x1, y1)
    crosses the rows with min(y0, y1) < 256 r + 128 <= max(y0, y1), each at

        c = ceil((x0 - 128 + (256 r + 128 - y0) (x1 - x0) / (y1 - y0)) / 256)

    in exact integers, which puts centres on a left edge and on a bottom edge inside. Outlines must
    keep within the canvas.
    """
    count, sides = x.shape
    x, y, row = (
        x.ravel(),
        y.ravel(),
        (y.ravel() - STEP // 2) >> 8,  # the last row whose centres are not below the vertex
    )
    following = np.arange(count * sides) + 1
    following[sides - 1 :: sides] -= sides
    crossed = np.abs(row[following] - row)
    start = np.flatnonzero(crossed)
    end, times = following[start], crossed[start]
    ahead = np.cumsum(times) - times
    rows = np.arange(times.sum()) - np.repeat(ahead - np.minimum(row[start], row[end]) - 1, times)
    x0, y0, dx, dy, polygon = (
        np.repeat(column, times)
        for column in (x[start], y[start], x[end] - x[start], y[end] - y[start], start // sides)
    )
    numerator = (x0 - STEP // 2) * dy + (STEP * rows + STEP // 2 - y0) * dx
    columns = -(-numerator // (STEP * dy))
    bits = np.zeros(count * SIDE, dtype=np.uint64)
    np.bitwise_xor.at(
        bits, polygon * SIDE + rows, np.uint64(2**64 - 1) >> columns.astype(np.uint64)
    )
    return bits.reshape(count, SIDE)


def render(factors: np.ndarray) -> np.ndarray:
    """Return the images with the given factor values (N, 5), indices into each factor's values:
    packed bits (N, 512), uint8, row after row."""
    packed = np.empty((len(factors), SIDE * SIDE // 8), dtype=np.uint8)
    for number, shape in enumerate(SHAPES):
        chosen = np.flatnonzero(factors[:, 0] == number)
        x, y = np.rint(vertices(shape)).astype(np.int64)
        for begin in range(0, len(chosen), CHUNK):
            rows = chosen[begin : begin + CHUNK]
            _, scale, orientation, across, down = factors[rows].T
            bits = fill(x[scale, orientation, across], y[scale, orientation, down])
            packed[rows] = bits.astype(">u8").view(np.uint8).reshape(len(rows), -1)
    return packed
