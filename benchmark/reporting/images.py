"""Grids of samples and reconstructions: one row per method, one column per dataset; images as tiles, vectors as points."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from benchmark.reporting.material import Material, methods_of
from benchmark.reporting.mosaic import Plane, alternate, is_image, mosaic
from benchmark.reporting.style import DATA, INK, legend, message, plain
from benchmark.spec import BenchError

__all__ = ["reconstructions", "samples"]

_ACROSS, _SIZE = 6, 1.55
"""Columns before they wrap; inches of a panel."""

_SIDE, _PAIRS = 5, 6
"""Tiles along a panel's side; inputs beside each other above their reconstructions, in half as many rows of pairs."""

Arrays = Mapping[str, np.ndarray]
Draw = Callable[[Axes, Arrays, str], None]

_TEST_DATA = "test data"


@dataclass(frozen=True)
class Column:
    """One dataset at one latent size: the arrays of each method, and what is written where a method has none."""

    heading: str
    arrays: Mapping[str, Arrays]
    reasons: Mapping[str, str]

    def any_arrays(self) -> bool:
        """Whether any method left arrays."""
        return bool(self.arrays)

    def holds_vectors(self) -> bool:
        """Whether the data are vectors, drawn as points."""
        return any(not is_image(found["inputs"]) for found in self.arrays.values())


def samples(material: Material) -> Figure:
    """Draw samples of every method, and the test data above them."""
    return _grid(material, _samples, with_data=True, needed=("inputs", "samples"))


def reconstructions(material: Material) -> Figure:
    """Draw test inputs with their reconstructions: images in pairs, the input above; points joined by a line."""
    return _grid(material, _reconstructions, with_data=False, needed=("inputs", "reconstructions"))


def _samples(axes: Axes, arrays: Arrays, colour: str) -> None:
    _cloud(axes, arrays["samples"], colour, behind=arrays["inputs"])


def _cloud(axes: Axes, shown: np.ndarray, colour: str, *, behind: np.ndarray) -> None:
    """Draw images as tiles, or vectors as points above those of the data."""
    if is_image(shown):
        _tiles(axes, mosaic(shown[: _SIDE * _SIDE], _SIDE))
        return
    plane = Plane.of(behind)
    _points(axes, plane, behind, DATA)
    if shown is not behind:
        _points(axes, plane, shown, colour)
    _frame(axes, plane, shown)


def _reconstructions(axes: Axes, arrays: Arrays, colour: str) -> None:
    inputs, outputs = arrays["inputs"], arrays["reconstructions"]
    if is_image(inputs):
        count = _PAIRS * _PAIRS // 2
        _tiles(axes, mosaic(alternate(inputs[:count], outputs[:count], _PAIRS), _PAIRS, pairs=True))
        return
    plane = Plane.of(inputs)
    count = min(len(inputs), len(outputs), 200)
    ends = np.stack([plane.project(inputs[:count]), plane.project(outputs[:count])])
    axes.plot(ends[:, :, 0], ends[:, :, 1], color=DATA, linewidth=0.5, zorder=1)
    _points(axes, plane, inputs[:count], DATA)
    _points(axes, plane, outputs[:count], colour)
    _frame(axes, plane, outputs[:count])


def _tiles(axes: Axes, picture: np.ndarray) -> None:
    axes.imshow(picture, interpolation="nearest")
    axes.set_axis_off()


def _points(axes: Axes, plane: Plane, vectors: np.ndarray, colour: str) -> None:
    points = plane.project(vectors)
    axes.scatter(points[:, 0], points[:, 1], s=4 if len(points) > 100 else 9, color=colour, linewidths=0, alpha=0.8, zorder=2)


def _frame(axes: Axes, plane: Plane, shown: np.ndarray) -> None:
    """Show the region of the data, the same for every method, and say how many points lie outside of it."""
    (left, right), (low, high) = plane.limits
    axes.set(xlim=(left, right), ylim=(low, high), xticks=[], yticks=[], aspect="equal")
    axes.spines[:].set(visible=True, color="#dddddd")
    points = plane.project(shown)
    inside = (points > [left, low]).all(1) & (points < [right, high]).all(1)
    outside = len(points) - int(inside.sum())
    if outside:
        box = {"facecolor": "white", "linewidth": 0, "pad": 1, "alpha": 0.85}
        axes.text(0.97, 0.03, f"{outside} outside", transform=axes.transAxes, ha="right", va="bottom", fontsize=6, bbox=box, zorder=3)


def _grid(material: Material, draw: Draw, *, with_data: bool, needed: tuple[str, ...]) -> Figure:
    """Return the grid of panels: a column per dataset (its largest latent size, unless sizes were named), wrapped in blocks."""
    places = set(material.places)
    methods = methods_of(cell for cell in material.cells if cell.place in places)
    columns = [_column(material, place, methods, needed) for place in material.places]
    if not any(map(Column.any_arrays, columns)):
        raise BenchError(f"no finished run of this choice left {' and '.join(needed)} in an artifacts.npz; run `bench run` again")
    rows = [*([_TEST_DATA] if with_data else []), *methods]
    across = min(_ACROSS, len(columns))
    blocks = -(-len(columns) // across)
    figure = Figure(figsize=(across * _SIZE + 0.4, blocks * (len(rows) * _SIZE + 0.25) + 0.3), layout="constrained")
    figure.get_layout_engine().set(w_pad=0.03, h_pad=0.03, wspace=0.02, hspace=0.02)  # type: ignore[union-attr]
    axes = figure.subplots(blocks * len(rows), across, squeeze=False)
    for unused in axes[-len(rows) :, across - (blocks * across - len(columns)) :].flat:
        unused.set_axis_off()
    for number, column in enumerate(columns):
        top, left = number // across * len(rows), number % across
        axes[top, left].set_title(column.heading)
        for row, name in enumerate(rows):
            panel: Axes = axes[top + row, left]
            panel.grid(False)
            if left == 0:
                panel.annotate(plain(name, 20), (0, 0.5), (-4, 0), "axes fraction", "offset points", rotation=90, ha="right", va="center")
            _panel(panel, column, name, draw, material.looks[name].colour if name in material.looks else DATA)
    if any(column.holds_vectors() for column in columns):
        legend(figure, _handles(with_data), 2)
    return figure


def _column(material: Material, place: tuple[str, int, str], methods: Sequence[str], needed: Sequence[str]) -> Column:
    cells = {cell.method: cell for cell in material.cells if cell.place == place}
    arrays = {method: material.artifacts(cell) for method, cell in cells.items()}
    complete = {method: found for method, found in arrays.items() if all(name in found and len(found[name]) for name in needed)}
    reasons = {method: cells[method].trouble or "no artifacts" if method in cells else "missing" for method in methods}
    dataset, size, budget = place
    heading = plain(dataset, 24) + f"\nL = {size}" + (f", {plain(budget, 16)}" if len(material.budgets) > 1 else "")
    return Column(heading, complete, reasons)


def _panel(axes: Axes, column: Column, name: str, draw: Draw, colour: str) -> None:
    if name == _TEST_DATA and column.any_arrays():
        inputs = next(iter(column.arrays.values()))["inputs"]
        _cloud(axes, inputs, DATA, behind=inputs)
    elif name in column.arrays:
        draw(axes, column.arrays[name], colour)
    else:
        axes.set_axis_off()
        message(axes, column.reasons.get(name, ""))


def _handles(with_data: bool) -> list[Line2D]:
    words = ("test data", "samples, in the colour of the method") if with_data else ("input", "reconstruction, in the colour of the method")
    return [Line2D([], [], marker="o", linestyle="", color=colour, label=text) for colour, text in zip((DATA, INK), words, strict=True)]
