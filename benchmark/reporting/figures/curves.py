"""What was logged while training, against outer steps: one panel per dataset and quantity, a thin
line per seed, a thick one for their mean."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from benchmark.options import suggest
from benchmark.reporting.figures.legend import legend
from benchmark.reporting.figures.material import Dashes, Material
from benchmark.reporting.figures.remarks import warning
from benchmark.reporting.figures.style import FAINT, INK, Look, message, panels, plain
from benchmark.reporting.figures.window import OUT_OF_VIEW, later_range
from benchmark.spec import FLAGS, NO_BETTER_THAN_MEAN, BenchError

__all__ = ["LoggedCurve", "curves", "handles", "lines_of", "panel"]


@dataclass(frozen=True)
class LoggedCurve:
    """One run: its steps (T,) and values (T,), what it is called, whether it finished, whether
    values were summed over dimensions, and whether it is hardly better than the mean image."""

    series: str
    method: str
    steps: np.ndarray
    values: np.ndarray
    finished: bool
    summed: bool
    hollow: bool = False


def curves(material: Material) -> Figure:
    """Draw the quantities that are asked for (default ``loss``) against outer steps; a quantity per
    latent dimension is summed over them."""
    names = material.names or ("loss",)
    by_panel = lines_of(material, names)
    _refuse_unlogged(material, names, {name for *_, name in by_panel})
    keys = [
        (*data, name)
        for data in dict.fromkeys(setting[:2] for setting in material.settings)
        for name in names
        if len(names) > 1 or (*data, name) in by_panel
    ]
    figure, axes = panels(
        len(keys), len(names) if 1 < len(names) <= 4 else 3, width=2.9, height=2.1
    )
    dashes = material.dashes()
    for axis, (dataset, size, name) in zip(axes, keys, strict=True):
        lines = by_panel.get((dataset, size, name), [])
        panel(axis, lines, dashes, material.looks)
        hollow = dict.fromkeys(line.series for line in lines if line.hollow)
        axis.set_title(plain(f"{dataset}, L = {size}"))
        warning(axis, f"{FLAGS[NO_BETTER_THAN_MEAN]}: {', '.join(hollow)}" if hollow else "")
        axis.set_xlabel("outer steps")
        summed = any(line.summed for line in lines)
        axis.set_ylabel(plain(name) + ("\n(sum over dimensions)" if summed else ""))
    every_line = [line for lines in by_panel.values() for line in lines]
    colours = {line.series: material.looks[line.method].colour for line in every_line}
    broken = any(not line.finished for line in every_line)
    legend(figure, handles(colours, dashes, broken), 6)
    return figure


def _refuse_unlogged(material: Material, names: Sequence[str], logged: Collection[str]) -> None:
    """Raise :class:`BenchError` where one of ``names`` is not among the ``logged`` quantities."""
    for name in names:
        if name in logged:
            continue
        others = {
            other for cell in material.cells for key in cell.keys for other in material.curves(key)
        }
        in_order = sorted(others - {"step", "lstar_step"})
        raise BenchError(
            f"no run of this choice logged '{name}'{suggest(name, in_order)} "
            f"(there are {', '.join(in_order)}; name one with --metric)"
        )


def lines_of(
    material: Material, names: Sequence[str]
) -> dict[tuple[str, int, str], list[LoggedCurve]]:
    """Return the lines by dataset, latent size and quantity, of those ``names`` that were logged;
    :class:`BenchError` where nothing was."""
    lines: dict[tuple[str, int, str], list[LoggedCurve]] = defaultdict(list)
    logged = False
    settings = set(material.settings)
    for cell in material.cells:
        if cell.setting not in settings:
            continue
        for key, status in zip(cell.keys, cell.statuses, strict=True):
            arrays = material.curves(key)
            logged |= bool(arrays)
            for name in names:
                if name in arrays and "step" in arrays:
                    line = _line(material.series(cell), cell.method, arrays, name, status)
                    lines[cell.dataset, cell.latent_dim, name].append(
                        replace(line, hollow=key in material.hollow)
                    )
    if not logged:
        raise BenchError(
            "no run of this choice left a curves.npz (closed-form methods leave none); "
            "choose others, or do them again with `bench run --force`"
        )
    return lines


def _line(
    series: str, method: str, arrays: Mapping[str, np.ndarray], name: str, status: str
) -> LoggedCurve:
    values = np.asarray(arrays[name], dtype=np.float64)
    return LoggedCurve(
        series,
        method,
        arrays.get(f"{name}_step", arrays["step"]),
        values.reshape(len(values), -1).sum(1),
        status == "done",
        values.ndim > 1,
    )


def panel(
    axes: Axes,
    lines: Sequence[LoggedCurve],
    dashes: Mapping[str, Dashes],
    looks: Mapping[str, Look],
) -> None:
    """Draw ``lines`` into a panel: each seed, and the mean of each series."""
    groups = {name: [line for line in lines if line.series == name] for name in dashes}
    for name, group in groups.items():
        if group:
            _series(axes, group, looks[group[0].method].colour, dashes[name])
    values = np.concatenate([line.values for line in lines]) if lines else np.empty(0)
    values = values[np.isfinite(values)]
    if not len(values):
        message(axes, "no finite value" if lines else "not logged")
    else:
        _view(axes, lines)


def _series(axes: Axes, group: Sequence[LoggedCurve], colour: str, dashes: Dashes) -> None:
    """Draw each seed, and the mean of those that finished with the same steps; a cross ends a run
    that did not finish."""
    done = [line for line in group if line.finished]
    together = len(done) > 1 and all(np.array_equal(line.steps, done[0].steps) for line in done)
    for line in group:
        thin: dict[str, Any] = {"alpha": 0.4, "linewidth": 0.7} if together else {}
        axes.plot(
            line.steps,
            line.values,
            linestyle=dashes,
            color=colour,
            marker="." if len(line.steps) == 1 else "",
            **thin,
        )
        if not line.finished:
            axes.plot(
                line.steps[-1:],
                line.values[-1:],
                "x",
                color=colour,
                markersize=6,
                markeredgewidth=1.5,
            )
    if together:
        mean = np.mean([line.values for line in done], axis=0)
        axes.plot(done[0].steps, mean, linestyle=dashes, color=colour)


def _view(axes: Axes, lines: Sequence[LoggedCurve]) -> None:
    """Where the first steps would flatten all the rest, show the rest and say so."""
    later = later_range((line.steps, line.values) for line in lines)
    if later is not None:
        low, high = later
        margin = 0.05 * (high - low)
        axes.set_ylim(low - margin, high + 3 * margin)
        axes.text(
            0.98,
            0.97,
            OUT_OF_VIEW,
            transform=axes.transAxes,
            ha="right",
            va="top",
            fontsize=6,
            color=FAINT,
        )


def handles(colours: Mapping[str, str], dashes: Mapping[str, Dashes], broken: bool) -> list[Line2D]:
    """Return the legend of the series that have ``colours``, and of the cross where a run is
    ``broken`` off."""
    lines = [
        Line2D([], [], color=colours[name], linestyle=dashes[name], label=plain(name))
        for name in dashes
        if name in colours
    ]
    if broken:
        label = "ended before it was done"
        lines.append(Line2D([], [], color=INK, marker="x", linestyle="", label=label))
    return lines
