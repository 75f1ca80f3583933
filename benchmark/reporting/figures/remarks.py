"""What a panel must say of the run it shows."""

from __future__ import annotations

import textwrap

from matplotlib.axes import Axes

from benchmark.reporting.figures.style import plain

__all__ = ["warning"]

WARNING = "#a11d1d"
"""The colour of what must be said of a run whatever else is shown of it."""


_LINE = 22
"""Letters of a remark on one line."""

_POINTS = 6.0
"""Size of its letters, in points."""


def warning(axes: Axes, text: str) -> None:
    """Write ``text`` above a panel that shows something, below its heading, which must stand
    already; nothing where it is empty."""
    if not text:
        return
    lines = textwrap.wrap(plain(text, 200), _LINE)
    axes.annotate(
        "\n".join(lines),
        (0.5, 1.0),
        (0.0, 2.0),
        "axes fraction",
        "offset points",
        ha="center",
        va="bottom",
        color=WARNING,
        fontsize=_POINTS,
    )
    axes.set_title(
        axes.get_title(),
        fontsize=axes.title.get_fontsize(),
        pad=7.0 + 1.25 * _POINTS * len(lines),
    )
