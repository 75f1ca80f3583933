"""A panel for every method and dataset: one row per method, one column per dataset, wrapped in
blocks of columns."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib import rc_context
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from benchmark.reporting.cells.replicates import Replicates
from benchmark.reporting.figures.layout import EvenPanels
from benchmark.reporting.figures.legend import legend
from benchmark.reporting.figures.material import Material, methods_of
from benchmark.reporting.figures.remarks import warning
from benchmark.reporting.figures.style import DATA, message, plain
from benchmark.reporting.figures.variants import with_common_names
from benchmark.spec import BenchError

__all__ = ["TEST_DATA", "Arrays", "Panels", "grid"]

_ACROSS = 7
"""Columns before they wrap."""

_LETTER = 0.08
"""Inches of a letter of a heading, so that two beside each other do not meet."""

_SMALL = 8.0
"""Points of the letters of a heading on two lines, and of a row's name."""

_SMALL_LETTER = 0.07
"""Inches of such a letter."""

Arrays = Mapping[str, np.ndarray]
Draw = Callable[[Axes, Arrays, str], None]

TEST_DATA = "test data"

_NO_RUN = "no run"


@dataclass(frozen=True)
class Panels:
    """What the panels of a grid show.

    ``draw(axes, arrays, colour)`` draws one run; ``needed`` names the arrays it must have left,
    where they come from is ``read``'s matter. ``data`` draws the test data in a row of its own.
    ``size`` is that of a panel in inches. ``absent`` says of methods without these arrays what they
    have not: "no categorical variable".
    """

    draw: Draw
    needed: tuple[str, ...]
    absent: str
    data: Draw | None = None
    size: tuple[float, float] = (1.55, 1.55)
    file: str = "artifacts.npz"


@dataclass(frozen=True)
class PanelColumn:
    """One dataset at one latent size: the arrays of each method, what is written where a method
    has none, and what must be said of those that are shown."""

    heading: str
    arrays: Mapping[str, Arrays]
    reasons: Mapping[str, str]
    remarks: Mapping[str, str]


def grid(
    material: Material,
    panels: Panels,
    read: Callable[[Replicates], Arrays],
    handles: Callable[[Sequence[Arrays]], Sequence[Artist]] = lambda every_arrays: (),
) -> Figure:
    """Return the figure: a column per dataset (its largest latent size, unless sizes were named), a
    row per method that has something to show.

    The others are named below. ``handles`` makes the legend from all arrays that are shown.
    :class:`BenchError` where no panel has any.
    """
    material, said = with_common_names(material)
    settings = set(material.settings)
    methods = methods_of(cell for cell in material.cells if cell.setting in settings)
    columns = [_column(material, setting, methods, panels, read) for setting in material.settings]
    drawn = [method for method in methods if any(method in column.arrays for column in columns)]
    if not drawn:
        what = " and ".join(panels.needed)
        raise BenchError(
            f"no finished run of this choice left {what} in its {panels.file} ({panels.absent}, "
            "or older records); choose others, or do them again with `bench run --force`"
        )
    columns = [column for column in columns if column.arrays]
    rows = [method for method in methods if method in drawn or _never_finished(material, method)]
    missing = [method for method in methods if method not in rows]
    if panels.data:
        rows.insert(0, TEST_DATA)
    with rc_context({"axes.grid": False}):
        figure = _layout(rows, columns, panels, material)
    note = f"Not shown, {panels.absent}: {', '.join(missing)}" if missing else ""
    every_arrays = [arrays for column in columns for arrays in column.arrays.values()]
    legend(figure, handles(every_arrays), 3, ". ".join(filter(None, (note, said))))
    return figure


def _never_finished(material: Material, method: str) -> bool:
    return not any(cell.finished for cell in material.cells if cell.method == method)


def _layout(
    rows: Sequence[str], columns: Sequence[PanelColumn], panels: Panels, material: Material
) -> Figure:
    """Return the panels; where there are many methods and few datasets, datasets are the rows and
    methods the columns."""
    turned = len(rows) > _ACROSS >= 2 * len(columns)
    lines, tracks = (len(columns), len(rows)) if turned else (len(rows), len(columns))
    blocks = -(-tracks // _ACROSS)
    across = -(-tracks // blocks)
    width, height = panels.size
    figure = Figure(
        figsize=(max(across * width, 2.6) + 0.4, blocks * (lines * height + 0.3) + 0.3),
        layout=EvenPanels(),
    )
    places = figure.add_gridspec(blocks * lines, across)
    for row, left in np.ndindex(blocks * lines, across):
        number, line = row // lines * across + left, row % lines
        if number >= tracks:
            continue
        column, name = (columns[line], rows[number]) if turned else (columns[number], rows[line])
        panel: Axes = figure.add_subplot(places[row, left])
        if line == 0:
            _head(panel, _named(name, width) if turned else column.heading, small=turned)
        _panel(
            panel,
            column,
            name,
            panels,
            material.looks[name].colour if name in material.looks else DATA,
        )
        if left == 0:
            _name_row(panel, column.heading if turned else _named(name, height))
        elif not turned:
            panel.set_ylabel("")
    return figure


def _head(axes: Axes, heading: str, *, small: bool) -> None:
    """Write a heading over a panel, in smaller letters where it is ``small`` and has two lines."""
    axes.set_title(heading)
    if small and "\n" in heading:
        axes.title.set_fontsize(_SMALL)


def _named(name: str, room: float) -> str:
    """Return the name of a method for ``room`` inches: on one line where it fits, else with its
    options on a second one, which is clipped where it has to be."""
    if len(name) * _LETTER <= room or "[" not in name:
        return plain(name, int(room / _LETTER))
    base, options = name.split("[", 1)
    most = int(room / _SMALL_LETTER)
    return f"{plain(base, most)}\n{plain('[' + options, most)}"


def _name_row(axes: Axes, name: str) -> None:
    """Write the name of a row at its left, before the label of the panel's own axis if it has
    one."""
    if axes.get_ylabel():
        axes.set_ylabel(f"{name}\n{axes.get_ylabel()}")
    else:
        axes.annotate(
            name,
            (0, 0.5),
            (-4, 0),
            "axes fraction",
            "offset points",
            rotation=90,
            ha="right",
            va="center",
            multialignment="center",
        )


def _column(
    material: Material,
    setting: tuple[str, int, str],
    methods: Sequence[str],
    panels: Panels,
    read: Callable[[Replicates], Arrays],
) -> PanelColumn:
    cells = {cell.method: cell for cell in material.cells if cell.setting == setting}
    arrays = {method: read(cell) for method, cell in cells.items()}
    complete = {
        method: stored
        for method, stored in arrays.items()
        if all(name in stored and stored[name].size for name in panels.needed)
    }
    reasons = {
        method: cells[method].trouble or "not stored" if method in cells else _NO_RUN
        for method in methods
    }
    dataset, size, budget = setting
    heading = f"{plain(dataset, 24)}\nL = {size}"
    if len(material.budgets) > 1:
        heading += f", {plain(budget, 16)}"
    remarks = {method: material.remark(cells[method]) for method in complete}
    return PanelColumn(heading, complete, reasons, remarks)


def _panel(axes: Axes, column: PanelColumn, name: str, panels: Panels, colour: str) -> None:
    if name == TEST_DATA and panels.data is not None:
        panels.data(axes, next(iter(column.arrays.values())), DATA)
    elif name in column.arrays:
        panels.draw(axes, column.arrays[name], colour)
        warning(axes, column.remarks[name])
    else:
        axes.set_axis_off()
        message(axes, column.reasons.get(name, ""))
