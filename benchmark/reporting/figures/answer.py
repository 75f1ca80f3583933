"""The answer to the question of the field: how many dimensions each method finds, beside how many
there are.

One row per method, every seed a mark; nothing is averaged, because L* is a count.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import median
from typing import Any

from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from benchmark.controls import References
from benchmark.names import rank
from benchmark.reporting.cells.nulls import nulls_of
from benchmark.reporting.cells.replicates import Replicates
from benchmark.reporting.cells.titles import intrinsic_dim
from benchmark.reporting.figures.legend import legend
from benchmark.reporting.figures.material import Material
from benchmark.reporting.figures.style import BAND, FAINT, INK, Look, panels, plain, row_note
from benchmark.spec import BenchError

__all__ = ["by_distance", "lstar"]

_ROW = 0.21
"""Inches of one row."""

_WIDTH = 6.0
"""Inches of a figure of one panel: at 600 pixels its text still reads."""

_NULL = "#f0c9a8"
"""What a rule counts where there is nothing to find."""


def lstar(material: Material) -> Figure:
    """Draw L* of every method and seed, one panel per dataset, latent size and budget."""
    references = References(material.store.root)
    groups: dict[tuple[str, int, str], list[Replicates]] = {}
    for cell in material.cells:
        groups.setdefault(cell.setting, []).append(cell)
    if not any("lstar" in cell.values for cell in material.cells):
        raise BenchError(
            "no finished run of this choice has an L*; run `bench run` first, or choose others"
        )
    groups = dict(sorted(groups.items(), key=lambda group: intrinsic_dim(group[0][0]) is None))
    columns = 1 if len(groups) <= 3 else 2
    rows = max(len(cells) for cells in groups.values())
    figure, axes = panels(
        len(groups), columns, width=_WIDTH if columns == 1 else 5.0, height=_ROW * rows + 0.75
    )
    for panel, (setting, cells) in zip(axes, groups.items(), strict=True):
        _panel(panel, setting, cells, material, references)
    legend(figure, _handles(material, references), 3)
    return figure


def by_distance(cells: Sequence[Replicates], truth: int | None) -> list[Replicates]:
    """Return ``cells`` in the order of rows: answers nearest to the ``truth`` first (by L* where it
    is unknown), then those that bear a flag, methods that keep all by definition, and last those
    without a result."""

    def key(cell: Replicates) -> tuple[int, float, tuple[Any, ...]]:
        counts = cell.values.get("lstar", ())
        if not counts:
            return 3, math.inf, rank("methods", cell.method)
        group = 0
        if "no_selection" in cell.flags:
            group = 2
        elif cell.all_flags:
            group = 1
        distance = median(counts) if truth is None else abs(median(counts) - truth)
        return group, distance, rank("methods", cell.method)

    return sorted(cells, key=key)


def _panel(
    axes: Axes,
    setting: tuple[str, int, str],
    cells: Sequence[Replicates],
    material: Material,
    references: References,
) -> None:
    dataset, size, budget = setting
    truth = intrinsic_dim(dataset)
    ordered = by_distance(cells, truth)
    estimated = references.dimension(cells[0].data)
    if estimated is not None and estimated.band is not None:
        axes.axvspan(*estimated.band, color=BAND, zorder=0.5, linewidth=0)
    if truth is not None:
        axes.axvline(truth, color=INK, linewidth=1.1, linestyle=(0, (4, 2)), zorder=1.5)
    for row, cell in enumerate(ordered):
        _row(axes, row, cell, material.looks[cell.method], references)
    axes.set_yticks(range(len(ordered)), [plain(cell.method, 30) for cell in ordered])
    axes.set_ylim(len(ordered) - 0.4, -0.6)
    largest = max([size, *(value for cell in cells for value in cell.values.get("lstar", ()))])
    axes.set_xlim(-0.03 * largest, 1.03 * largest)
    axes.set_xticks(range(0, int(largest) + 1, _tick_step(largest)))
    axes.grid(axis="y", visible=False)
    axes.tick_params(axis="y", length=0)
    axes.set_xlabel("dimensions found, L*")
    words = f"{dataset}, L = {size}" + (f", {budget}" if len(material.budgets) > 1 else "")
    axes.set_title(plain(words, 60), loc="left")


def _tick_step(largest: float) -> int:
    """Return the power of two that leaves at most nine ticks from 0 to ``largest``."""
    return 2 ** max(0, math.ceil(math.log2(max(1.0, largest) / 8.0)))


def _row(axes: Axes, row: int, cell: Replicates, look: Look, references: References) -> None:
    """Draw one method: its null behind, a mark per seed, and its flags in words at the right."""
    counts = cell.values.get("lstar", ())
    if not counts:
        text = plain(cell.trouble or "no L*")
        across = axes.get_yaxis_transform()
        axes.text(0.02, row, text, transform=across, va="center", color=FAINT, size=7)
        return
    null = nulls_of(cell, references).readings.get("lstar")
    if null is not None:
        width = cell.latent_dim - null.low + 0.5
        axes.barh(row, width, left=null.low - 0.25, height=0.7, color=_NULL, zorder=0.8)
    hollow = "no_selection" in cell.flags
    shifts = _side_by_side(counts)
    axes.plot(
        list(counts),
        [row + shift for shift in shifts],
        look.marker,
        color=look.colour,
        markerfacecolor="white" if hollow else look.colour,
        linestyle="",
        zorder=3,
        clip_on=False,
    )
    remarks = sorted(flag.replace("_", " ") for flag in cell.all_flags - {"no_selection"})
    if remarks:
        more = f" + {len(remarks) - 1}" if len(remarks) > 1 else ""
        row_note(axes, row, remarks[0] + more)


def _side_by_side(counts: Sequence[float]) -> list[float]:
    """Return how far from the middle of its row each mark stands, so that equal counts of several
    seeds are all seen."""
    shifts = []
    for index, count in enumerate(counts):
        alike = [other for other, value in enumerate(counts) if value == count]
        step = min(0.22, 0.6 / max(1, len(alike) - 1))
        shifts.append(step * (alike.index(index) - (len(alike) - 1) / 2))
    return shifts


def _handles(material: Material, references: References) -> list[Artist]:
    """Return the legend: what marks, lines and bands mean; methods are named at their rows."""
    cells = material.cells
    dot: dict[str, Any] = {"color": INK, "marker": "o", "linestyle": ""}
    handles: list[Artist] = [Line2D([], [], **dot, label="one seed")]
    if any("no_selection" in cell.flags for cell in cells):
        open_dot = {**dot, "markerfacecolor": "white"}
        handles.append(Line2D([], [], **open_dot, label="keeps all by definition"))
    if any(intrinsic_dim(cell.dataset) is not None for cell in cells):
        dashed: dict[str, Any] = {"color": INK, "linewidth": 1.1, "linestyle": (0, (4, 2))}
        handles.append(Line2D([], [], **dashed, label="known dimension of the data"))
    if any((estimated := references.dimension(cell.data)) and estimated.band for cell in cells):
        handles.append(Patch(facecolor=BAND, label="estimates of it"))
    if any(nulls_of(cell, references).text for cell in cells):
        handles.append(Patch(facecolor=_NULL, label="null: where there is nothing to find"))
    return handles
