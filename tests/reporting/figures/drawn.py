"""Runs that figures are drawn from, and what is read off a figure."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from reporting.making import record

from benchmark.spec import Record

SIZES = (2, 8, 16)


def records() -> list[Record]:
    """2 methods x 3 datasets x 3 latent sizes x 3 seeds; one cell diverged, one lost a seed."""
    runs = []
    for dataset in ("digits", "circle", "latent-8"):
        for method in ("pca", "vae"):
            for size in SIZES:
                for seed in range(3):
                    lost = (method, dataset, size) == ("vae", "circle", 16) or (
                        method,
                        dataset,
                        size,
                        seed,
                    ) == ("pca", "digits", 8, 1)
                    values = {"mse": (1 + seed / 10) / size, "lstar": float(min(size, 3 + seed))}
                    flags = ["no_selection"] if method == "vae" else []
                    runs.append(
                        record(
                            method,
                            dataset,
                            size,
                            seed,
                            status="diverged" if lost else "done",
                            values={} if lost else values,
                            flags=flags,
                        )
                    )
    return runs


def texts(figure: Figure) -> list[str]:
    return [text.get_text() for axes in figure.axes for text in axes.texts]


def lines(axes: Axes) -> list[np.ndarray]:
    """Heights of the points of every line that is no error bar or marker."""
    return [
        np.asarray(line.get_ydata())
        for line in axes.lines
        if line.get_linestyle() == "-" and len(line.get_xdata()) > 1
    ]


def legend_labels(figure: Figure) -> list[str]:
    return [
        text.get_text().replace("\n", " ")
        for legend in figure.legends
        for text in legend.get_texts()
    ]
