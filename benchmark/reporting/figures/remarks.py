"""What a panel must say of the run it shows."""

from __future__ import annotations

import textwrap

from matplotlib.axes import Axes

from benchmark.reporting.figures.style import plain

__all__ = ["warning"]

WARNING = "#a11d1d"
"""The colour of what must be said of a run whatever else is shown of it."""


def warning(axes: Axes, text: str) -> None:
    """Write ``text`` over the top of a panel that shows something; nothing where it is empty."""
    if text:
        axes.text(
            0.5,
            0.98,
            "\n".join(textwrap.wrap(plain(text, 200), 24)),
            transform=axes.transAxes,
            ha="center",
            va="top",
            color=WARNING,
            fontsize=6,
            bbox={"facecolor": "white", "linewidth": 0, "pad": 1, "alpha": 0.85},
            zorder=4,
        )
