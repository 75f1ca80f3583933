"""Data in the plane and what a model makes of it, after figure 4 of "RENs: Relevance Encoding
Networks" (https://arxiv.org/abs/2205.13061)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from textwrap import wrap
from typing import Any

import numpy as np
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter

from benchmark.reporting.cells.replicates import Replicates
from benchmark.reporting.figures.layout import EvenPanels
from benchmark.reporting.figures.material import Material
from benchmark.reporting.figures.style import DATA, plain
from benchmark.spec import BenchError

__all__ = ["toy"]

_SIZE = 1.75
"""Inches of a panel."""

MOST_ROWS = 16
"""Rows of a picture that shows all of a cell."""

Arrays = Mapping[str, np.ndarray]


def toy(material: Material) -> Figure:
    """Draw a row per cell (its first finished seed) and the panels of ``PANELS``; points carry the
    colour of their angle in the data.

    More cells than ``MOST_ROWS`` are a row per method and a column per dataset, of reconstructions
    alone, with their mean distance.
    """
    by_cell = [(cell, material.artifacts(cell)) for cell in material.cells]
    rows = [
        (cell, arrays)
        for cell, arrays in by_cell
        if arrays.get("inputs", np.empty(0)).shape[1:] == (2,) and "codes" in arrays
    ]
    if not rows:
        raise BenchError(
            "no finished run of this choice has data in the plane; "
            "choose --datasets circle,one-moon (run again if records are old)"
        )
    with rc_context({"axes.grid": False}):
        if len(rows) > MOST_ROWS:
            return _side_by_side(rows, material)
        return _drawn([(_name(cell, material.remark(cell)), arrays) for cell, arrays in rows])


def _side_by_side(cells: Sequence[tuple[Replicates, Arrays]], material: Material) -> Figure:
    """Return reconstructions by method and data."""
    by_cell = {(cell.method, cell.setting): (cell, arrays) for cell, arrays in cells}
    methods, columns = (list(dict.fromkeys(keys)) for keys in zip(*by_cell, strict=True))
    size = (len(columns) * _SIZE, len(methods) * _SIZE * 1.15 + 0.4)
    figure = Figure(figsize=size, layout=EvenPanels())
    panels = figure.subplots(len(methods), len(columns), squeeze=False)
    for axes, title in zip(panels[0], _titles(columns), strict=True):
        axes.set_title(title)
    for line, method in zip(panels, methods, strict=True):
        line[0].set_ylabel(plain(method, 24))
        for axes, column in zip(line, columns, strict=True):
            if (method, column) not in by_cell:
                axes.set(xticks=[], yticks=[], xlabel="no run", box_aspect=1)
                continue
            cell, arrays = by_cell[method, column]
            _reconstruction(axes, arrays)
            distance = f"mean distance {_distances(arrays).mean():.3g}"
            axes.set_xlabel("\n".join([distance, *wrap(material.remark(cell), 24)]))
    return figure


def _titles(columns: Sequence[tuple[str, int, str]]) -> list[str]:
    """Return what columns are called: the dataset, and L and budget where there are several."""
    _, latent_dims, budgets = zip(*columns, strict=True)
    return [
        "\n".join(
            [plain(dataset, 20)]
            + [f"L = {latent_dim}"] * (len(set(latent_dims)) > 1)
            + [budget] * (len(set(budgets)) > 1)
        )
        for dataset, latent_dim, budget in columns
    ]


def _drawn(rows: Sequence[tuple[str, Arrays]]) -> Figure:
    figure = Figure(
        figsize=(len(PANELS) * _SIZE, len(rows) * _SIZE * 1.08 + 0.2), layout=EvenPanels()
    )
    for across, (title, draw) in zip(
        figure.subplots(len(rows), len(PANELS), squeeze=False).T, PANELS.items(), strict=True
    ):
        across[0].set_title(title)
        for axes, (name, arrays) in zip(across, rows, strict=True):
            draw(axes, arrays)
            if draw is _data:
                axes.set_ylabel(name)
    return figure


def _name(cell: Replicates, remark: str) -> str:
    lines = (plain(cell.method, 24), plain(cell.dataset, 24), remark)
    return "\n".join(filter(None, lines))


def _angles(arrays: Arrays) -> np.ndarray:
    return np.arctan2(arrays["inputs"][:, 1], arrays["inputs"][:, 0])


def _data(axes: Axes, arrays: Arrays) -> None:
    _plane(axes, arrays, arrays["inputs"], _angles(arrays), behind=False)


def _reconstruction(axes: Axes, arrays: Arrays) -> None:
    _plane(axes, arrays, arrays["reconstructions"], _angles(arrays))


def _samples(axes: Axes, arrays: Arrays) -> None:
    _plane(axes, arrays, arrays["samples"], None)


def _plane(
    axes: Axes,
    arrays: Arrays,
    points: np.ndarray,
    angles: np.ndarray | None,
    *,
    behind: bool = True,
) -> None:
    """Draw points over the data, in the window of the data."""
    data = arrays["inputs"]
    if behind:
        axes.scatter(data[:, 0], data[:, 1], s=3, color=DATA, linewidths=0)
    _coloured(axes, points, angles)
    middle, reach = (data.max(0) + data.min(0)) / 2, 0.6 * np.ptp(data, axis=0).max()
    axes.set(
        xlim=(middle[0] - reach, middle[0] + reach),
        ylim=(middle[1] - reach, middle[1] + reach),
        aspect="equal",
        xticks=[],
        yticks=[],
    )
    axes.spines[:].set(visible=True, color="#dddddd")


def _coloured(axes: Axes, points: np.ndarray, angles: np.ndarray | None) -> None:
    colour: dict[str, Any] = {"color": "#333333"}
    if angles is not None:
        colour = {"c": angles, "cmap": _wheel(), "vmin": -np.pi, "vmax": np.pi}
    axes.scatter(points[:, 0], points[:, 1], s=3, linewidths=0, **colour)


@cache
def _wheel() -> ListedColormap:
    """Hues of one lightness, the last next to the first."""
    from seaborn import husl_palette

    return ListedColormap(husl_palette(256, s=0.9, l=0.55))


def _latent(axes: Axes, arrays: Arrays) -> None:
    """The first two coordinates of the codes; a single one is drawn against the angle."""
    codes = arrays["codes"]
    points = codes[:, :2] if codes.shape[1] > 1 else np.column_stack((codes[:, 0], _angles(arrays)))
    _coloured(axes, points, _angles(arrays))
    axes.set(xlabel="$z_1$", ylabel="$z_2$" if codes.shape[1] > 1 else "angle", box_aspect=1)


def _distances(arrays: Arrays) -> np.ndarray:
    return np.linalg.norm(arrays["inputs"] - arrays["reconstructions"], axis=1)


def _errors(axes: Axes, arrays: Arrays) -> None:
    """Distances of points to their reconstructions, with their mean."""
    distance = _distances(arrays)
    axes.stairs(*np.histogram(distance, bins=30), fill=True, color="#949494")
    axes.set_ylim(bottom=0)
    axes.axvline(distance.mean(), color="#333333", linewidth=1)
    axes.set(xlabel=f"mean distance {distance.mean():.3g}", yticks=[], box_aspect=1)
    axes.locator_params(axis="x", nbins=3)
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.spines["left"].set_visible(False)


PANELS: Mapping[str, Callable[[Axes, Arrays], None]] = {
    "data": _data,
    "reconstruction": _reconstruction,
    "samples": _samples,
    "latent space": _latent,
    "error": _errors,
}
