"""A metric against the provisioned latent size: one panel per dataset, one line per method, mean and 95% t interval over seeds."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

from benchmark.reporting.datasets import intrinsic_dim
from benchmark.reporting.material import Material
from benchmark.reporting.metrics import title, unit
from benchmark.reporting.replicates import Replicates
from benchmark.reporting.selection import base_name
from benchmark.reporting.style import INK, Look, legend, message, panels, plain
from benchmark.spec import BenchError

__all__ = ["metric_vs_latent_dim"]


def metric_vs_latent_dim(material: Material) -> Figure:
    """Draw the one metric that is asked for (default ``mse``) against L on a binary logarithmic axis."""
    if len(material.names) > 1:
        raise BenchError(f"this figure shows one metric, given were {', '.join(material.names)}; name one with --metric")
    metric = base_name(material.names[0]) if material.names else "mse"
    if not any(metric in cell.values for cell in material.cells):
        raise BenchError(f"no finished run of this choice has the metric '{metric}'; there are {', '.join(material.measured) or 'none'}")
    datasets: dict[str, list[Replicates]] = defaultdict(list)
    for cell in material.cells:
        datasets[cell.dataset].append(cell)
    figure, axes = panels(len(datasets), 3, width=2.7, height=2.1)
    styles = material.dashes()
    for place, (dataset, cells) in enumerate(datasets.items()):
        _panel(axes[place], [cell for cell in cells if metric in cell.values], metric, styles, material)
        _decorate(axes[place], dataset, metric, first=place % 3 == 0)
    legend(figure, _handles(material, styles, metric), 6)
    return figure


def _panel(axes: Axes, cells: Sequence[Replicates], metric: str, styles: dict[str, str], material: Material) -> None:
    if not cells:
        message(axes, "no finished run")
    series: dict[str, list[Replicates]] = defaultdict(list)
    for cell in cells:
        series[material.series(cell)].append(cell)
    spread = min(0.06, 0.3 / max(1, len(styles)))
    for place, name in enumerate(styles):
        if name in series:
            look = material.looks[series[name][0].method]
            _line(axes, series[name], metric, look, styles[name], 2.0 ** (spread * (place - (len(styles) - 1) / 2)))
    _scales(axes, cells, metric)


def _line(axes: Axes, cells: Sequence[Replicates], metric: str, look: Look, dashes: str, shift: float) -> None:
    """Draw one series, moved sideways by the factor ``shift`` so that error bars do not hide each other."""
    sizes = [cell.latent_dim * shift for cell in cells]
    found = [estimate for cell in cells if (estimate := cell.estimate(metric))]
    means = [each.mean for each in found]
    axes.plot(sizes, means, dashes, color=look.colour, alpha=0.85)
    axes.errorbar(sizes, means, yerr=[each.half_width or 0.0 for each in found], fmt="none", ecolor=look.colour, elinewidth=1.0, capsize=2.0)
    for size, mean, cell in zip(sizes, means, cells, strict=True):
        hollow = metric == "lstar" and "no_selection" in cell.flags
        axes.plot([size], [mean], look.marker, color=look.colour, markerfacecolor="white" if hollow else look.colour)


def _scales(axes: Axes, cells: Sequence[Replicates], metric: str) -> None:
    sizes = sorted({cell.latent_dim for cell in cells}) or [1]
    axes.set_xscale("log", base=2)
    axes.set_xlim(sizes[0] / 1.25, sizes[-1] * 1.25)
    axes.set_xticks(sizes, _labels(sizes))
    axes.xaxis.set_minor_locator(NullLocator())
    values = [value for cell in cells for value in cell.values[metric]]
    if unit(metric) == "dimensions":
        axes.set_ylim(bottom=0)
    elif values and 0 < 10 * min(values) < max(values) < 1e6 * min(values):  # beyond that the small ones are rounding, and flatten the rest
        axes.set_yscale("log")
        if max(values) < 100 * min(values):
            axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
            axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
            axes.yaxis.set_minor_locator(NullLocator())


def _labels(sizes: Sequence[int]) -> list[str]:
    """Return the tick labels: every size, except those that would stand too close to the one before."""
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
        axes.set_ylabel(f"{plain(title(metric))}\n({unit(metric)})" if unit(metric) else plain(title(metric)))
    known = intrinsic_dim(dataset)
    if known is not None and unit(metric) == "dimensions":
        axes.axhline(known, color=INK, linewidth=0.8, linestyle=(0, (4, 2)), zorder=1.5)


def _handles(material: Material, styles: dict[str, str], metric: str) -> list[Line2D]:
    cells = {material.series(cell): cell for cell in material.cells}
    handles = []
    for name, dashes in styles.items():
        shown = material.looks[cells[name].method]
        handles.append(Line2D([], [], color=shown.colour, marker=shown.marker, linestyle=dashes, label=plain(name)))
    if unit(metric) == "dimensions":
        if any(intrinsic_dim(cell.dataset) is not None for cell in material.cells):
            handles.append(Line2D([], [], color=INK, linewidth=0.8, linestyle=(0, (4, 2)), label="intrinsic dimension"))
        if metric == "lstar" and any("no_selection" in cell.flags for cell in material.cells):
            handles.append(Line2D([], [], color=INK, marker="o", markerfacecolor="white", linestyle="", label="by definition, not found"))
    return handles
