"""Pictures of what a model makes: samples, reconstructions, nearest training data, and paths
through its latent space.

Images are tiles; vectors are points and lines in the plane of their first two principal directions.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from benchmark.reporting.figures.grid import Arrays, Panels, grid
from benchmark.reporting.figures.material import Material
from benchmark.reporting.figures.mosaic import POINTS, Plane, in_pairs, in_rows, is_image, mosaic
from benchmark.reporting.figures.style import DATA, INK

__all__ = [
    "category_traversals",
    "interpolations",
    "neighbours",
    "reconstructions",
    "rewarded",
    "rewarded_line",
    "samples",
    "traversals",
]

_SIDE, _PAIRS = 5, 6
"""Tiles along a panel's side; inputs beside each other above their reconstructions, in half as many
rows of pairs."""

_NEIGHBOURS = 4
"""Samples beside each other above their nearest training images."""


def samples(material: Material) -> Figure:
    """Draw samples of every method, and the test data above them."""
    panels = Panels(_samples, ("inputs", "samples"), "no samples", data=_data)
    return grid(
        material,
        panels,
        material.artifacts,
        _legend("test data", "samples, in the colour of the method"),
    )


def reconstructions(material: Material) -> Figure:
    """Draw test inputs with their reconstructions: images in pairs, the input above; points joined
    by a line."""
    panels = Panels(_reconstructions, ("inputs", "reconstructions"), "no reconstructions")
    return grid(
        material,
        panels,
        material.artifacts,
        _legend("input", "reconstruction, in the colour of the method"),
    )


def neighbours(material: Material) -> Figure:
    """Draw samples with the nearest training data: images in pairs, the sample above; points joined
    by a line."""
    panels = Panels(_neighbours, ("inputs", "samples", "neighbours"), "no nearest training data")
    return grid(
        material,
        panels,
        material.artifacts,
        _legend("nearest training point", "sample, in the colour of the method"),
    )


def traversals(material: Material) -> Figure:
    """Draw the path of one code coordinate per row, the most relevant first, over -2 to 2 standard
    deviations from the first test image."""
    panels = Panels(_traversals, ("inputs", "traversals"), "no traversals", size=(1.75, 1.75))
    return grid(
        material,
        panels,
        material.artifacts,
        _legend("test data", "path of a coordinate, from the dot on; the wider the more relevant"),
    )


def rewarded(material: Material) -> Figure:
    """Draw what two components that a method rewards change, both from -3 to 3 in the first test
    image: the first down, the second across; where there is one, that one from -5 to 5."""
    return _of_rewarded(material, "rewarded_plane", (1.75, 1.75))


def rewarded_line(material: Material) -> Figure:
    """Draw what the first component that a method rewards changes, from -5 to 5, a test image per
    row."""
    return _of_rewarded(material, "rewarded_line", (2.8, 1.25))


def _of_rewarded(material: Material, name: str, size: tuple[float, float]) -> Figure:
    def draw(axes: Axes, arrays: Arrays, colour: str) -> None:
        _moved(axes, arrays, arrays.get(name, arrays["rewarded_line"]), colour)

    panels = Panels(draw, ("inputs", "rewarded_line"), "no rewarded components", size=size)
    return grid(
        material, panels, material.artifacts, _legend("test data", "images at other values")
    )


def interpolations(material: Material) -> Figure:
    """Draw the straight line between the codes of two test images, one pair per row."""
    panels = Panels(
        _interpolations, ("inputs", "interpolations"), "no interpolations", size=(2.2, 1.15)
    )
    return grid(
        material,
        panels,
        material.artifacts,
        _legend("test data", "path between two codes, in the colour of the method"),
    )


def category_traversals(material: Material) -> Figure:
    """Draw test images, one per row, decoded with each value of the categorical variable in
    turn."""
    panels = Panels(
        _category_traversals,
        ("inputs", "category_traversals"),
        "no categorical variable",
        size=(2.8, 1.25),
    )
    return grid(
        material,
        panels,
        material.artifacts,
        _legend("test data", "images with each category, in the colour of the method"),
    )


def _data(axes: Axes, arrays: Arrays, colour: str) -> None:
    _cloud(axes, arrays["inputs"], colour, behind=arrays["inputs"])


def _samples(axes: Axes, arrays: Arrays, colour: str) -> None:
    _cloud(axes, arrays["samples"], colour, behind=arrays["inputs"])


def _cloud(axes: Axes, vectors: np.ndarray, colour: str, *, behind: np.ndarray) -> None:
    """Draw images as tiles, or vectors as points above those of the data."""
    if is_image(vectors):
        _tiles(axes, mosaic(vectors[: _SIDE * _SIDE], _SIDE))
        return
    plane = Plane.of(behind)
    _points(axes, plane, behind, DATA)
    if vectors is not behind:
        _points(axes, plane, vectors, colour)
    _frame(axes, plane, vectors)


def _reconstructions(axes: Axes, arrays: Arrays, colour: str) -> None:
    inputs, outputs = arrays["inputs"], arrays["reconstructions"]
    if is_image(inputs):
        count = _PAIRS * _PAIRS // 2
        _tiles(axes, in_pairs(inputs[:count], outputs[:count], _PAIRS))
        return
    _joined(axes, Plane.of(inputs), inputs[:200], outputs[:200], colour)


def _neighbours(axes: Axes, arrays: Arrays, colour: str) -> None:
    drawn, nearest = arrays["samples"], arrays["neighbours"]
    if is_image(drawn):
        _tiles(axes, in_pairs(drawn, nearest, _NEIGHBOURS))
        return
    plane = Plane.of(arrays["inputs"])
    _points(axes, plane, arrays["inputs"], "#ececec")
    _joined(axes, plane, nearest, drawn[: len(nearest)], colour)


def _joined(axes: Axes, plane: Plane, starts: np.ndarray, ends: np.ndarray, colour: str) -> None:
    count = min(len(starts), len(ends))
    pairs = np.stack([plane.project(starts[:count]), plane.project(ends[:count])])
    axes.add_collection(
        LineCollection(list(pairs.swapaxes(0, 1)), colors=DATA, linewidths=0.5, zorder=1),
        autolim=False,
    )
    _points(axes, plane, starts[:count], DATA)
    _points(axes, plane, ends[:count], colour)
    _frame(axes, plane, ends[:count])


def _traversals(axes: Axes, arrays: Arrays, colour: str) -> None:
    _paths(
        axes,
        arrays,
        arrays["traversals"],
        colour,
        widths=np.linspace(2.0, 0.6, len(arrays["traversals"])),
    )


def _interpolations(axes: Axes, arrays: Arrays, colour: str) -> None:
    _paths(
        axes,
        arrays,
        arrays["interpolations"],
        colour,
        widths=np.full(len(arrays["interpolations"]), 1.2),
    )


def _category_traversals(axes: Axes, arrays: Arrays, colour: str) -> None:
    _moved(axes, arrays, arrays["category_traversals"], colour)


def _moved(axes: Axes, arrays: Arrays, images: np.ndarray, colour: str) -> None:
    """Draw images (rows, columns, *shape) as tiles, vectors as points."""
    if is_image(arrays["inputs"]):
        _tiles(axes, in_rows(images))
        return
    _cloud(axes, images.reshape(-1, images.shape[-1]), colour, behind=arrays["inputs"])


def _paths(
    axes: Axes, arrays: Arrays, paths: np.ndarray, colour: str, *, widths: np.ndarray
) -> None:
    """Draw paths (rows, steps, *shape): images as rows of tiles, vectors as lines that begin with a
    dot."""
    if is_image(arrays["inputs"]):
        _tiles(axes, in_rows(paths))
        return
    plane = Plane.of(arrays["inputs"])
    _points(axes, plane, arrays["inputs"], DATA)
    for path, width in zip(paths, widths, strict=True):
        points = plane.project(path)
        axes.plot(points[:, 0], points[:, 1], color=colour, linewidth=width, zorder=2.5)
        axes.plot(points[:1, 0], points[:1, 1], ".", color=colour, markersize=4, zorder=2.6)
    _frame(axes, plane, paths.reshape(-1, paths.shape[-1]))


def _tiles(axes: Axes, picture: np.ndarray) -> None:
    axes.imshow(picture, interpolation="nearest")
    axes.set_axis_off()


def _points(axes: Axes, plane: Plane, vectors: np.ndarray, colour: str) -> None:
    points = plane.project(vectors[:POINTS])
    axes.scatter(
        points[:, 0],
        points[:, 1],
        s=4 if len(points) > 100 else 9,
        color=colour,
        linewidths=0,
        alpha=0.8,
        zorder=2,
    )


def _frame(axes: Axes, plane: Plane, vectors: np.ndarray) -> None:
    """Show the region of the data, the same for every method, and say how many points lie outside
    of it."""
    (left, right), (low, high) = plane.limits
    axes.set(xlim=(left, right), ylim=(low, high), xticks=[], yticks=[], aspect="equal")
    axes.spines[:].set(visible=True, color="#dddddd")
    outside = len(vectors) - int(plane.contains(plane.project(vectors)).sum())
    if outside:
        box = {"facecolor": "white", "linewidth": 0, "pad": 1, "alpha": 0.85}
        axes.text(
            0.97,
            0.03,
            f"{outside} outside",
            transform=axes.transAxes,
            ha="right",
            va="bottom",
            fontsize=6,
            bbox=box,
            zorder=3,
        )


def _legend(*words: str) -> Callable[[Sequence[Arrays]], list[Artist]]:
    """Return what makes the legend of grey and coloured points; none where all data are images."""

    def handles(every_arrays: Sequence[Arrays]) -> list[Artist]:
        if all(is_image(arrays["inputs"]) for arrays in every_arrays):
            return []
        return [
            Line2D([], [], marker="o", linestyle="", color=colour, label=text)
            for colour, text in zip((DATA, INK), words, strict=True)
        ]

    return handles
