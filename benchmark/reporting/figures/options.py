"""A metric against an option of a method, after figure 4 of Kumar and Poole, ICML 2020, which sets
FID against beta."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

from benchmark.names import base_name
from benchmark.reporting.cells.replicates import Replicates
from benchmark.reporting.cells.titles import title, unit
from benchmark.reporting.figures.legend import legend
from benchmark.reporting.figures.material import Material
from benchmark.reporting.figures.style import looks, panels, plain
from benchmark.reporting.figures.sweeps import draw_line, one_metric, scale_values
from benchmark.spec import BenchError

__all__ = ["metric_vs_option", "varied"]


def metric_vs_option(material: Material) -> Figure:
    """Draw the one metric that is asked for (default ``mse``) against the numeric option with most
    values, a panel per dataset and latent size."""
    metric = one_metric(material)
    option = varied(material.cells)
    cells = [
        cell
        for cell in material.cells
        if metric in cell.values and _number(cell, option) is not None
    ]
    values: dict[str, set[float | None]] = defaultdict(set)
    for cell in cells:
        values[base_name(cell.method)].add(_number(cell, option))
    swept = sorted(method for method, found in values.items() if len(found) > 1)
    places: dict[tuple[str, int], list[Replicates]] = defaultdict(list)
    for cell in cells:
        if base_name(cell.method) in swept:
            places[cell.dataset, cell.latent_dim].append(cell)
    if not places:
        raise BenchError(
            f"no method of this choice has '{metric}' at two values of '{option}'; run more, "
            "or name another metric with --metric"
        )
    figure, axes = panels(len(places), 3, width=2.7, height=2.1)
    for place, (panel, ((dataset, size), found)) in enumerate(
        zip(axes, places.items(), strict=True)
    ):
        _panel(panel, found, metric, option, swept)
        panel.set_title(plain(f"{dataset}, L = {size}"))
        if place % 3 == 0:
            panel.set_ylabel(
                f"{plain(title(metric))}\n({unit(metric)})"
                if unit(metric)
                else plain(title(metric))
            )
    shown = looks(swept)
    legend(
        figure,
        [
            Line2D([], [], color=shown[name].colour, marker=shown[name].marker, label=plain(name))
            for name in swept
        ],
        6,
    )
    return figure


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
        (option, method): len(found) for (option, method), found in values.items() if len(found) > 1
    }
    if not counts:
        raise BenchError(
            "no method of this choice has runs at two values of a numeric option; "
            "make some with `bench run --methods 'grae[beta=0.1],grae'`"
        )
    return min(counts, key=lambda pair: (-counts[pair], pair))[0]


def _number(cell: Replicates, option: str) -> float | None:
    value = cell.spec["config"].get(option)
    return (
        float(value)
        if isinstance(value, int | float)
        and not isinstance(value, bool)
        and option not in cell.spec.get("taken", {})
        else None
    )


def _panel(
    axes: Axes, cells: Sequence[Replicates], metric: str, option: str, names: Sequence[str]
) -> None:
    numbers: set[float] = set()
    for name, look in looks(names).items():
        line = sorted(
            (
                (number, cell)
                for cell in cells
                if base_name(cell.method) == name and (number := _number(cell, option)) is not None
            ),
            key=_first,
        )
        if line:
            draw_line(
                axes, [number for number, _ in line], [cell for _, cell in line], metric, look, "-"
            )
            numbers |= {number for number, _ in line}
    ticks = sorted(numbers)
    if ticks[0] > 0 and ticks[-1] >= 8 * ticks[0]:
        axes.set_xscale("log")
    axes.xaxis.set_major_locator(FixedLocator(ticks))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.set_xlabel(plain(option))
    scale_values(axes, [value for cell in cells for value in cell.values[metric]], metric)


def _first(pair: tuple[float, Replicates]) -> float:
    return pair[0]
