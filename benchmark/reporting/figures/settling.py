"""L* while training: which answers have settled, and which still move when the run ends."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from benchmark.reporting.cells.replicates import Replicates
from benchmark.reporting.cells.titles import intrinsic_dim
from benchmark.reporting.figures.legend import legend
from benchmark.reporting.figures.material import Material
from benchmark.reporting.figures.style import BAND, INK, panels, plain
from benchmark.spec import UNSETTLED, BenchError

__all__ = ["lstar_vs_steps"]

_SERIES, _STEPS = "lstar", "lstar_step"
"""Names of the logged counts and of the outer steps they were taken at."""

Counts = tuple[np.ndarray, np.ndarray]


def lstar_vs_steps(material: Material) -> Figure:
    """Draw the counts of every seed against outer steps, one panel per dataset, latent size and
    budget; the last fifth of the run is shaded, dashed lines still moved in it."""
    groups: dict[tuple[str, int, str], list[tuple[Replicates, list[Counts]]]] = {}
    for cell in material.cells:
        series = _series(material, cell)
        if series and cell.setting in set(material.settings):
            groups.setdefault(cell.setting, []).append((cell, series))
    if not groups:
        raise BenchError(
            "no finished run of this choice logged L* while training (methods that select nothing "
            "do not, nor do older records); choose others, or do them again with "
            "`bench run --force`"
        )
    figure, axes = panels(len(groups), 2, width=5.4 if len(groups) == 1 else 3.6, height=2.4)
    for panel, (setting, cells) in zip(axes, groups.items(), strict=True):
        _panel(panel, setting, cells, material)
    legend(figure, _handles([cell for cells in groups.values() for cell, _ in cells], material), 4)
    return figure


def _series(material: Material, cell: Replicates) -> list[Counts]:
    """Return steps and counts of every finished seed that logged them."""
    logged = [
        material.curves(key)
        for key, status in zip(cell.keys, cell.statuses, strict=True)
        if status == "done"
    ]
    return [
        (arrays[_STEPS], np.asarray(arrays[_SERIES], dtype=np.float64))
        for arrays in logged
        if _SERIES in arrays and _STEPS in arrays and len(arrays[_STEPS])
    ]


def _panel(
    axes: Axes,
    setting: tuple[str, int, str],
    cells: Sequence[tuple[Replicates, list[Counts]]],
    material: Material,
) -> None:
    dataset, size, budget = setting
    last = max(float(steps[-1]) for _, series in cells for steps, _ in series)
    axes.axvspan(0.8 * last, last, color=BAND, zorder=0.5, linewidth=0)
    truth = intrinsic_dim(dataset)
    if truth is not None:
        axes.axhline(truth, color=INK, linewidth=1.0, linestyle=(0, (4, 2)), zorder=1.5)
    for position, (cell, series) in enumerate(cells):
        shift = 0.04 * size * (position / max(1, len(cells) - 1) - 0.5) / 4.0
        for steps, counts in series:
            axes.plot(
                steps,
                counts + shift,
                ":" if UNSETTLED in cell.all_flags else "-",
                color=material.looks[cell.method].colour,
                linewidth=1.2,
                drawstyle="steps-post",
                alpha=0.9,
            )
    axes.set_ylim(-0.03 * size, 1.06 * size)
    axes.set_xlim(0, last)
    axes.xaxis.set_major_locator(MaxNLocator(8, integer=True))
    axes.set_xlabel("outer steps")
    axes.set_ylabel("L*\n(dimensions)")
    words = f"{dataset}, L = {size}" + (f", {budget}" if len(material.budgets) > 1 else "")
    axes.set_title(plain(words, 60), loc="left")


def _handles(cells: Sequence[Replicates], material: Material) -> list[Artist]:
    handles: list[Artist] = []
    for name in dict.fromkeys(cell.method for cell in cells):
        unsettled = any(UNSETTLED in cell.all_flags for cell in cells if cell.method == name)
        handles.append(
            Line2D(
                [],
                [],
                color=material.looks[name].colour,
                linestyle=":" if unsettled else "-",
                label=plain(name) + (" (still moving)" if unsettled else ""),
            )
        )
    if any(intrinsic_dim(cell.dataset) is not None for cell in cells):
        dashed: dict[str, Any] = {"color": INK, "linewidth": 1.0, "linestyle": (0, (4, 2))}
        handles.append(Line2D([], [], **dashed, label="known dimension of the data"))
    return handles
