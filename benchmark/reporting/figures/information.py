"""Mutual information and divergence over training, after figures 4.8 and 4.9 of Serdega, master's
thesis, KAIST, 2019."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from benchmark.reporting.figures.curves import LoggedCurve, lines_of, panel
from benchmark.reporting.figures.curves import handles as line_handles
from benchmark.reporting.figures.legend import legend
from benchmark.reporting.figures.material import Material
from benchmark.reporting.figures.style import INK, panels, plain
from benchmark.spec import BenchError

__all__ = ["TITLES", "information"]

TITLES: Mapping[str, str] = {
    "mi": "information bound (nats)",
    "kl_c": "KL of the category (nats)",
    "kl": "KL of the code (nats)",
}
"""Logged quantities, in the order of the panels."""

_Panel = tuple[str, int, str]
"""Dataset, latent size and logged quantity."""


def information(material: Material) -> Figure:
    """Draw the bound on the mutual information and the divergences of methods that log both; a
    dashed line at ln K for K categories."""
    kept = _with_bound(lines_of(material, tuple(TITLES)))
    keys = [
        (*data, name)
        for data in dict.fromkeys(setting[:2] for setting in material.settings)
        for name in TITLES
        if kept.get((*data, name))
    ]
    if not keys:
        raise BenchError(
            "no run of this choice logged a bound on mutual information; "
            "choose --methods mi-vae,mi-vae-joint"
        )
    names = [name for name in TITLES if any(key[2] == name for key in keys)]
    figure, axes = panels(len(keys), len(names) if _full(keys, names) else 3, width=2.9, height=2.1)
    dashes, ceilings = material.dashes(), _ceilings(material)
    for axis, (dataset, size, name) in zip(axes, keys, strict=True):
        lines = kept[dataset, size, name]
        panel(axis, lines, dashes, material.looks)
        heights = {ceilings[line.series] for line in lines if line.series in ceilings}
        _decorate(axis, f"{dataset}, L = {size}", name, sorted(heights))
    every_line = [line for key in keys for line in kept[key]]
    colours = {line.series: material.looks[line.method].colour for line in every_line}
    below = line_handles(colours, dashes, any(not line.finished for line in every_line))
    legend(figure, [*below, *_ceiling_handles(ceilings, colours)], 4)
    return figure


def _with_bound(lines: Mapping[_Panel, Sequence[LoggedCurve]]) -> dict[_Panel, list[LoggedCurve]]:
    """Return the lines of series that logged a bound on the mutual information, by panel."""
    bounded = {
        (dataset, size, line.series)
        for (dataset, size, name), of_panel in lines.items()
        if name == "mi"
        for line in of_panel
    }
    return {
        (dataset, size, name): [
            line for line in of_panel if (dataset, size, line.series) in bounded
        ]
        for (dataset, size, name), of_panel in lines.items()
    }


def _full(keys: Sequence[tuple[str, int, str]], names: Sequence[str]) -> bool:
    """Whether every dataset has every quantity, so that a row may be a dataset."""
    return len(keys) == len(names) * len({key[:2] for key in keys})


def _ceilings(material: Material) -> dict[str, float]:
    """Return ln K of each series with K categories."""
    counts = {
        material.series(cell): cell.spec["config"].get("categories") for cell in material.cells
    }
    return {
        name: math.log(count)
        for name, count in counts.items()
        if isinstance(count, int) and count > 1
    }


def _decorate(axes: Axes, title: str, name: str, ceilings: Sequence[float]) -> None:
    axes.set_title(plain(title))
    axes.set_xlabel("outer steps")
    axes.set_ylabel(TITLES[name])
    if name == "kl":
        return
    for ceiling in ceilings:
        axes.axhline(ceiling, color=INK, linewidth=0.8, linestyle=(0, (4, 2)))
        low, high = axes.get_ylim()
        axes.set_ylim(low, max(high, 1.08 * ceiling))


def _ceiling_handles(ceilings: Mapping[str, float], series: Mapping[str, str]) -> list[Line2D]:
    if not set(ceilings) & set(series):
        return []
    dashed = (0, (4, 2))
    label = "ln K, K categories"
    return [Line2D([], [], color=INK, linewidth=0.8, linestyle=dashed, label=label)]
