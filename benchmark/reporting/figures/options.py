"""A metric against an option of a method, after figure 4 of Kumar and Poole, ICML 2020, which sets
FID against beta."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from benchmark.names import base_name
from benchmark.reporting.cells.replicates import Replicates
from benchmark.reporting.figures.legend import legend
from benchmark.reporting.figures.material import Material
from benchmark.reporting.figures.metric import one_metric, stand_in_note
from benchmark.reporting.figures.style import looks, panels, plain
from benchmark.reporting.figures.sweeps import draw_line, scale_values, titled_with_unit
from benchmark.reporting.figures.ticks import number_ticks
from benchmark.spec import BenchError

__all__ = ["metric_vs_option", "varied"]

_ACROSS = 1.9
"""Inches from the first to the last number on the axis of a panel."""


def metric_vs_option(material: Material) -> Figure:
    """Draw the one metric that is asked for (default ``mse``) against the numeric option with most
    values, a panel per dataset and latent size."""
    metric = one_metric(material)
    option = varied(material.cells)
    swept = _swept(material.cells, metric, option)
    by_size: dict[tuple[str, int], list[Replicates]] = defaultdict(list)
    for cell in swept:
        by_size[cell.dataset, cell.latent_dim].append(cell)
    if not by_size:
        raise BenchError(
            f"no method of this choice has '{metric}' at two values of '{option}'; run more, "
            "or name another metric with --metric"
        )
    methods = sorted({base_name(cell.method) for cell in swept})
    figure, axes = panels(len(by_size), 3, width=2.7, height=2.1)
    for panel, ((dataset, size), cells) in zip(axes, by_size.items(), strict=True):
        _panel(panel, cells, metric, option, methods)
        panel.set_title(plain(f"{dataset}, L = {size}"))
    for panel in axes[::3]:
        panel.set_ylabel(titled_with_unit(metric))
    legend(
        figure,
        [
            Line2D([], [], color=look.colour, marker=look.marker, label=plain(name))
            for name, look in looks(methods).items()
        ],
        6,
        stand_in_note(material, metric),
    )
    return figure


def _swept(cells: Iterable[Replicates], metric: str, option: str) -> list[Replicates]:
    """Return the cells that have ``metric``, of methods that have it at two values of ``option``
    at least."""
    values: dict[str, set[float]] = defaultdict(set)
    measured = []
    for cell in cells:
        number = _number(cell, option)
        if metric in cell.values and number is not None:
            values[base_name(cell.method)].add(number)
            measured.append(cell)
    return [cell for cell in measured if len(values[base_name(cell.method)]) > 1]


def varied(cells: Iterable[Replicates]) -> str:
    """Return the numeric option that takes most values within one method, the first by name of
    equals; :class:`BenchError` where none varies."""
    values: dict[tuple[str, str], set[float]] = defaultdict(set)
    for cell in cells:
        for option in cell.spec["config"]:
            number = _number(cell, option)
            if number is not None:
                values[option, base_name(cell.method)].add(number)
    counts = {
        (option, method): len(numbers)
        for (option, method), numbers in values.items()
        if len(numbers) > 1
    }
    if not counts:
        raise BenchError(
            "no method of this choice has runs at two values of a numeric option; "
            "make some with `bench run --methods 'grae[beta=0.1],grae'`"
        )
    return min(counts, key=lambda pair: (-counts[pair], pair))[0]


def _number(cell: Replicates, option: str) -> float | None:
    """Return the value of a numeric option of ``cell``; None where it has none."""
    value = cell.spec["config"].get(option)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return None if option in cell.spec.get("taken", {}) else float(value)


def _panel(
    axes: Axes, cells: Sequence[Replicates], metric: str, option: str, names: Sequence[str]
) -> None:
    numbers: set[float] = set()
    for name, look in looks(names).items():
        line: list[tuple[float, Replicates]] = []
        for cell in cells:
            number = _number(cell, option)
            if base_name(cell.method) == name and number is not None:
                line.append((number, cell))
        if line:
            line.sort(key=_first)
            values, of_method = zip(*line, strict=True)
            draw_line(axes, values, of_method, metric, look, "-")
            numbers.update(values)
    number_ticks(axes, sorted(numbers), _ACROSS)
    axes.set_xlabel(plain(option))
    scale_values(axes, [value for cell in cells for value in cell.values[metric]], metric)


def _first(pair: tuple[float, Replicates]) -> float:
    return pair[0]
