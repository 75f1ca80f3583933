"""The layout of figures with very many panels of one size: every panel is measured once, no
equations are solved.

matplotlib's constrained layout measures each panel twice and solves for all margins at once, which
took longer than drawing them.
"""

from __future__ import annotations

from collections.abc import Iterable

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg, RendererAgg
from matplotlib.figure import Figure
from matplotlib.layout_engine import LayoutEngine
from matplotlib.transforms import Bbox

__all__ = ["EvenPanels"]


class EvenPanels(LayoutEngine):
    """Panels of one size in rows and columns; each row and column leaves the room that its widest
    labels need.

    The legend and the line at the foot of the figure keep their place below all panels. ``pad`` is
    the room between panels, and twice that the room around all of them, in inches.
    """

    _adjust_compatible = False
    _colorbar_gridspec = False

    def __init__(self, pad: float = 0.08) -> None:
        super().__init__()
        self.pad = pad

    def set(self) -> None:
        """Nothing can be set afterwards."""

    def execute(self, fig: Figure) -> None:
        """Place the panels of ``fig``."""
        panels = [axes for axes in fig.axes if axes.get_subplotspec() is not None]
        rows, columns = (max(_place(axes)[way] for axes in panels) + 1 for way in (0, 1))
        width, height = fig.get_size_inches()
        for axes in panels:  # about the size it will have, which decides how many ticks there are
            row, column = _place(axes)
            axes.set_position((column / columns, 1 - (row + 0.9) / rows, 0.8 / columns, 0.8 / rows))
        renderer = FigureCanvasAgg(fig).get_renderer()
        margins = {axes: _margins(axes, renderer) for axes in panels}
        left, right = (
            _largest(((_place(axes)[1], margins[axes][side]) for axes in panels), columns)
            for side in (0, 2)
        )
        bottom, top = (
            _largest(((_place(axes)[0], margins[axes][side]) for axes in panels), rows)
            for side in (1, 3)
        )
        foot = _foot(fig, renderer)
        across = (width - sum(left) - sum(right) - self.pad * (columns + 3)) / columns
        down = (height - foot - sum(bottom) - sum(top) - self.pad * (rows + 3)) / rows
        for axes in panels:
            row, column = _place(axes)
            x = (
                sum(left[: column + 1])
                + sum(right[:column])
                + column * across
                + (column + 2) * self.pad
            )
            y = (
                height
                - sum(top[: row + 1])
                - sum(bottom[:row])
                - (row + 1) * (down + self.pad)
                - self.pad
            )
            axes.set_position(
                (x / width, y / height, max(across, 0.1) / width, max(down, 0.1) / height)
            )


def _place(axes: Axes) -> tuple[int, int]:
    spec = axes.get_subplotspec()
    assert spec is not None
    return spec.rowspan.start, spec.colspan.start


def _margins(axes: Axes, renderer: RendererAgg) -> tuple[float, float, float, float]:
    """Return how far labels stand out of the panel, in inches: left, bottom, right, top. A panel
    whose picture has a shape of its own is smaller than its room, and how much smaller changes with
    the room: labels are measured from the picture."""
    figure = axes.get_figure(root=True)
    assert figure is not None
    drawn = axes.get_tightbbox(renderer, for_layout_only=True)
    box = Bbox(axes.get_position(original=False).transformed(figure.transSubfigure))
    if drawn is None:
        return (0.0, 0.0, 0.0, 0.0)
    outside = (box.x0 - drawn.x0, box.y0 - drawn.y0, drawn.x1 - box.x1, drawn.y1 - box.y1)
    left, bottom, right, top = (max(0.0, length) / figure.dpi for length in outside)
    return left, bottom, right, top


def _largest(lengths: Iterable[tuple[int, float]], count: int) -> list[float]:
    """Return the largest number of each of ``count`` rows or columns."""
    most = [0.0] * count
    for index, value in lengths:
        most[index] = max(most[index], value)
    return most


def _foot(figure: Figure, renderer: RendererAgg) -> float:
    """Return the height of what stands below the panels, in inches."""
    foot = figure._supxlabel  # type: ignore[attr-defined]  # has no public name
    below = [*figure.legends, foot] if foot is not None else figure.legends
    boxes = [artist.get_window_extent(renderer) for artist in below]
    return max((box.y1 for box in boxes), default=0.0) / figure.dpi
