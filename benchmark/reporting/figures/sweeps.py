"""A metric against the provisioned latent size: one panel per dataset, one line per method, mean
and 95% t interval over seeds.

For L* the figure also shows what it is read beside: the intrinsic dimension, known and estimated,
the whole code, and what a rule finds where there is nothing to find.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullLocator

from benchmark.controls import References
from benchmark.reporting.cells.nulls import nulls_of
from benchmark.reporting.cells.replicates import Replicates
from benchmark.reporting.cells.titles import intrinsic_dim, title, unit
from benchmark.reporting.figures.legend import legend
from benchmark.reporting.figures.material import Dashes, Material
from benchmark.reporting.figures.metric import check_measured, one_metric, stand_in_note
from benchmark.reporting.figures.style import BAND, INK, Look, message, panels, plain

__all__ = [
    "draw_line",
    "lstar_vs_latent_dim",
    "metric_vs_latent_dim",
    "scale_values",
    "titled_with_unit",
]


def metric_vs_latent_dim(material: Material) -> Figure:
    """Draw the one metric that is asked for (default ``mse``) against L on a binary logarithmic
    axis."""
    return _sweep(material, one_metric(material))


def lstar_vs_latent_dim(material: Material) -> Figure:
    """Draw L* against L beside the intrinsic dimension, known or estimated, the line L* = L, and
    the nulls of the methods' rules."""
    return _sweep(material, "lstar", References(material.store.root))


def _sweep(material: Material, metric: str, references: References | None = None) -> Figure:
    check_measured(material, metric)
    datasets: dict[str, list[Replicates]] = defaultdict(list)
    for cell in material.cells:
        datasets[cell.dataset].append(cell)
    figure, axes = panels(len(datasets), 3, width=2.7, height=2.1)
    styles = material.dashes()
    for index, (dataset, cells) in enumerate(datasets.items()):
        kept = [cell for cell in cells if metric in cell.values]
        _panel(axes[index], kept, metric, styles, material, references)
        _decorate(axes[index], dataset, metric, first=index % 3 == 0)
        if references is not None:
            _beside(axes[index], kept, references)
    handles = [*_handles(material, styles, metric), *_handles_beside(material, references)]
    legend(figure, handles, 6, stand_in_note(material, metric) if references is None else "")
    return figure


def _beside(axes: Axes, cells: Sequence[Replicates], references: References) -> None:
    """Draw the line L* = L, and the band of the estimators of the data's dimension."""
    sizes = sorted({cell.latent_dim for cell in cells})
    if not sizes:
        return
    all_sizes = np.geomspace(sizes[0] / 1.25, sizes[-1] * 1.25, 100)
    axes.plot(all_sizes, all_sizes, ":", color=INK, linewidth=0.8, zorder=1.5)
    axes.set_ylim(-0.03 * sizes[-1], 1.06 * sizes[-1])
    axes.yaxis.set_major_locator(MaxNLocator(6, integer=True))
    band = _band(cells[0], references)
    if band is not None:
        axes.axhspan(*band, color=BAND, linewidth=0, zorder=0.5)


def _band(cell: Replicates, references: References) -> tuple[float, float] | None:
    reference = references.dimension(cell.data)
    return None if reference is None else reference.band


def _chance(
    axes: Axes,
    xs: Sequence[float],
    cells: Sequence[Replicates],
    colour: str,
    references: References,
) -> None:
    """Draw behind each point a bar over the counts that the method's rule gives where there is
    nothing to find."""
    for x, cell in zip(xs, cells, strict=True):
        null = nulls_of(cell, references).readings.get("lstar")
        if null is not None:
            bar = axes.plot([x, x], [null.low, cell.latent_dim], color=colour)[0]
            bar.set(linewidth=5.0, alpha=0.18, solid_capstyle="butt", zorder=0.8)


def _panel(
    axes: Axes,
    cells: Sequence[Replicates],
    metric: str,
    styles: dict[str, Dashes],
    material: Material,
    references: References | None,
) -> None:
    if not cells:
        message(axes, "no finished run")
    series: dict[str, list[Replicates]] = defaultdict(list)
    for cell in cells:
        series[material.series(cell)].append(cell)
    spread = min(0.06, 0.3 / max(1, len(styles)))
    for index, name in enumerate(styles):
        if name in series:
            look = material.looks[series[name][0].method]
            shift = 2.0 ** (spread * (index - (len(styles) - 1) / 2))
            points = [cell.latent_dim * shift for cell in series[name]]
            draw_line(axes, points, series[name], metric, look, styles[name])
            if references is not None:
                _chance(axes, points, series[name], look.colour, references)
    _scales(axes, cells, metric)


def draw_line(
    axes: Axes,
    xs: Sequence[float],
    cells: Sequence[Replicates],
    metric: str,
    look: Look,
    dashes: Dashes,
) -> None:
    """Draw one series at ``xs``: means joined by a line, error bars, and hollow markers where L*
    is L by definition."""
    intervals = list(filter(None, (cell.estimate(metric) for cell in cells)))
    means = [interval.mean for interval in intervals]
    axes.plot(xs, means, linestyle=dashes, color=look.colour, alpha=0.85)
    axes.errorbar(
        xs,
        means,
        yerr=np.transpose([interval.reach for interval in intervals]),
        fmt="none",
        ecolor=look.colour,
        elinewidth=1.0,
        capsize=2.0,
    )
    for x, mean, cell in zip(xs, means, cells, strict=True):
        hollow = metric == "lstar" and "no_selection" in cell.flags
        axes.plot(
            [x],
            [mean],
            look.marker,
            color=look.colour,
            markerfacecolor="white" if hollow else look.colour,
        )


def _scales(axes: Axes, cells: Sequence[Replicates], metric: str) -> None:
    sizes = sorted({cell.latent_dim for cell in cells}) or [1]
    axes.set_xscale("log", base=2)
    axes.set_xlim(sizes[0] / 1.25, sizes[-1] * 1.25)
    axes.set_xticks(sizes, _labels(sizes))
    axes.xaxis.set_minor_locator(NullLocator())
    scale_values(axes, [value for cell in cells for value in cell.values[metric]], metric)


def scale_values(axes: Axes, values: Sequence[float], metric: str) -> None:
    """Choose the axis of ``values``: from 0 for dimensions, logarithmic where they span more than a
    power of ten, else of 2 % at least."""
    if unit(metric) == "dimensions":
        axes.set_ylim(0.0, max([axes.get_ylim()[1], *(1.06 * value for value in values)]))
        axes.yaxis.set_major_locator(MaxNLocator(6, integer=True))
        return
    if not values:
        return
    least, most = min(values), max(values)
    if 0 < 10 * least < most < 1e6 * least:  # beyond that small ones are rounding: they flatten all
        axes.set_yscale("log")
        if most < 100 * least:
            axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
            axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
            axes.yaxis.set_minor_locator(NullLocator())
    else:
        _widen(axes)


def _widen(axes: Axes) -> None:
    """Show at least a fiftieth of the values' size, so that rounding looks like none, and numbers
    in full."""
    low, high = axes.get_ylim()
    middle, least = (low + high) / 2.0, 0.01 * max(abs(low), abs(high))
    if high - low < 2.0 * least:
        axes.set_ylim(middle - least, middle + least)
    axes.ticklabel_format(axis="y", useOffset=False)


def _labels(sizes: Sequence[int]) -> list[str]:
    """Return the tick labels: every size, except those that would stand too close to the one
    before."""
    span = max(1.0, math.log2(sizes[-1] / sizes[0]))
    labels, last = [], -math.inf
    for size in sizes:
        clear = math.log2(size) - last > 0.08 * span
        labels.append(str(size) if clear else "")
        last = math.log2(size) if clear else last
    return labels


def _decorate(axes: Axes, dataset: str, metric: str, *, first: bool) -> None:
    axes.set_title(plain(dataset))
    axes.set_xlabel("latent size L")
    if first:
        axes.set_ylabel(titled_with_unit(metric))
    intrinsic = intrinsic_dim(dataset)
    if intrinsic is not None and unit(metric) == "dimensions":
        axes.axhline(intrinsic, color=INK, linewidth=0.8, linestyle=(0, (4, 2)), zorder=1.5)


def titled_with_unit(metric: str) -> str:
    """Return what stands beside an axis of ``metric``: its title, and its unit below."""
    name = plain(title(metric))
    return f"{name}\n({unit(metric)})" if unit(metric) else name


def _handles(material: Material, styles: dict[str, Dashes], metric: str) -> list[Artist]:
    cells = {material.series(cell): cell for cell in material.cells}
    handles: list[Artist] = []
    for name, dashes in styles.items():
        look = material.looks[cells[name].method]
        handles.append(
            Line2D(
                [], [], color=look.colour, marker=look.marker, linestyle=dashes, label=plain(name)
            )
        )
    if unit(metric) == "dimensions":
        if any(intrinsic_dim(cell.dataset) is not None for cell in material.cells):
            dashed: dict[str, Any] = {"color": INK, "linewidth": 0.8, "linestyle": (0, (4, 2))}
            handles.append(Line2D([], [], **dashed, label="intrinsic dimension"))
        if metric == "lstar" and any("no_selection" in cell.flags for cell in material.cells):
            hollow: dict[str, Any] = {"color": INK, "marker": "o", "markerfacecolor": "white"}
            label = "by definition, not found"
            handles.append(Line2D([], [], **hollow, linestyle="", label=label))
    return handles


def _handles_beside(material: Material, references: References | None) -> list[Artist]:
    if references is None:
        return []
    handles: list[Artist] = [
        Line2D([], [], color=INK, linewidth=0.8, linestyle=":", label="L* = L")
    ]
    if any(nulls_of(cell, references).text for cell in material.cells):
        label = "null of the method's rule"
        handles.append(Line2D([], [], color=INK, linewidth=5.0, alpha=0.25, label=label))
    if any(_band(cell, references) for cell in material.cells):
        handles.append(Patch(facecolor=BAND, label="estimates of the dimension of the data"))
    return handles
