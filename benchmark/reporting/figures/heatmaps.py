"""Matrices as colours: covariance of the codes, the decoder's Jacobian, categories against classes.

Blue is below zero, red above; each panel has its own scale, whose end is written beneath it.
"""

from __future__ import annotations

from functools import partial

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from scipy.optimize import linear_sum_assignment

from benchmark.reporting.cells.replicates import Replicates
from benchmark.reporting.figures.grid import Arrays, Panels, grid
from benchmark.reporting.figures.material import Material
from benchmark.reporting.figures.style import INK

__all__ = [
    "categories",
    "category_probabilities",
    "code_covariance",
    "jacobian",
    "signed",
    "tidy_order",
]

_TENTHS = tuple(f"pi_{tenth}" for tenth in range(10))
"""What a method with categories logs: shares of their probabilities in tenths of 0 to 1."""

_WRITTEN = 16
"""Rows and columns up to which counts are written into their cells."""


def code_covariance(material: Material) -> Figure:
    """Draw the covariance (L, L) of the codes of the test split."""
    panels = Panels(
        lambda axes, arrays, _: signed(axes, arrays["code_covariance"]),
        ("code_covariance",),
        "no covariance stored",
        size=(1.5, 1.75),
    )
    return grid(material, panels, material.artifacts)


def jacobian(material: Material) -> Figure:
    """Draw the mean of J'J (L, L) over test images, J the decoder's Jacobian."""
    panels = Panels(
        lambda axes, arrays, _: signed(axes, arrays["jacobian_gram"]),
        ("jacobian_gram",),
        "no Jacobian stored",
        size=(1.5, 1.75),
    )
    return grid(material, panels, material.artifacts)


def categories(material: Material) -> Figure:
    """Draw test images by likeliest category and class, and the histogram of the probabilities of
    all categories."""
    counts = Panels(
        _contingency,
        ("contingency", "classes", "category_histogram"),
        "no categorical variable on labelled data",
        size=(3.2, 3.8),
    )
    return grid(material, counts, material.artifacts)


def category_probabilities(material: Material) -> Figure:
    """Draw which probabilities the categories have while training: the share of them in each tenth
    of 0 to 1, of the first finished seed that logged them."""
    panels = Panels(
        _probabilities,
        ("step", "shares"),
        "no categorical variable",
        size=(2.6, 1.8),
        file="curves.npz",
    )
    return grid(material, panels, partial(_shares, material))


def _shares(material: Material, cell: Replicates) -> Arrays:
    """Return steps (T,) and the shares (10, T), empty where none were logged."""
    for key, status in zip(cell.keys, cell.statuses, strict=True):
        logged = material.curves(key) if status == "done" else {}
        if "step" in logged and all(name in logged for name in _TENTHS):
            shares = np.stack([np.asarray(logged[name], dtype=np.float64) for name in _TENTHS])
            return {"step": logged["step"], "shares": shares}
    return {}


def _probabilities(axes: Axes, arrays: Arrays, colour: str) -> None:
    step, shares = arrays["step"], arrays["shares"]
    axes.imshow(
        shares,
        cmap=_shades(colour),
        vmin=0.0,
        vmax=1.0,
        origin="lower",
        aspect="auto",
        interpolation="nearest",
        extent=(0.0, float(step[-1]), 0.0, 1.0),
    )
    axes.set(xlabel="outer steps", ylabel="probability of a category", yticks=[0.0, 0.5, 1.0])
    axes.locator_params(axis="x", nbins=4)
    axes.tick_params(labelsize=6, length=2, pad=1.5)
    axes.spines[:].set(visible=True, color="#dddddd")


def _shades(colour: str) -> LinearSegmentedColormap:
    """White for nothing, ``colour`` for all."""
    return LinearSegmentedColormap.from_list("house", ["white", colour])


def signed(axes: Axes, matrix: np.ndarray) -> None:
    """Draw a matrix around 0; what is not finite stays white."""
    finite = np.abs(matrix[np.isfinite(matrix)])
    reach = float(finite.max()) if len(finite) and finite.max() > 0.0 else 1.0
    axes.imshow(matrix, cmap="RdBu_r", vmin=-reach, vmax=reach, interpolation="nearest")
    axes.spines[:].set(visible=True, color="#dddddd")
    axes.set(xticks=sorted({0, len(matrix) - 1}), yticks=[], xlabel=f"scale ±{reach:.2g}")
    axes.tick_params(length=2, pad=1.5)
    axes.xaxis.labelpad = 1.0


def tidy_order(counts: np.ndarray) -> np.ndarray:
    """Return the order of the categories, rows of ``counts`` (K, C), that puts as many images as
    possible on the diagonal; others follow."""
    rows, classes = linear_sum_assignment(counts, maximize=True)
    matched = rows[np.argsort(classes, kind="stable")]
    return np.concatenate([matched, np.setdiff1d(np.arange(len(counts)), matched)])


def _contingency(axes: Axes, arrays: Arrays, colour: str) -> None:
    counts = arrays["contingency"].astype(np.int64)
    order = tidy_order(counts)
    shares = counts[order] / np.maximum(1, counts.sum(0))
    axes.imshow(
        shares,
        cmap=_shades(colour),
        vmin=0.0,
        vmax=1.0,
        interpolation="nearest",
    )
    axes.set_xticks(range(len(arrays["classes"])), [str(name) for name in arrays["classes"]])
    axes.set_yticks(range(len(order)), [str(name) for name in order])
    axes.set(xlabel="class", ylabel="likeliest category")
    axes.spines[:].set(visible=True, color="#dddddd")
    if max(counts.shape) <= _WRITTEN:
        for row, column in zip(*np.nonzero(counts[order]), strict=True):
            axes.text(
                column,
                row,
                str(counts[order][row, column]),
                ha="center",
                va="center",
                fontsize=6,
                color="white" if shares[row, column] > 0.5 else INK,
            )
    _histogram(axes, arrays["category_histogram"], colour)


def _histogram(axes: Axes, histogram: np.ndarray, colour: str) -> None:
    """Draw below a panel which probabilities the categories have, over all of them and all test
    images."""
    inset: Axes = axes.inset_axes((0.0, -0.52, 1.0, 0.24))
    shares = histogram.sum(0) / max(1, histogram.sum())
    inset.bar(
        (np.arange(len(shares)) + 0.5) / len(shares), shares, width=0.9 / len(shares), color=colour
    )
    inset.set(
        xlim=(0, 1),
        ylim=(0, max(float(shares.max()) * 1.08, 1e-9)),
        xlabel="probability of a category",
        ylabel="share",
    )
    inset.grid(visible=False, axis="x")
    inset.locator_params(axis="y", nbins=3)
