"""What a method thinks of each latent dimension while it trains: relevance, mask, prior variance,
divergence; a line per dimension."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from benchmark.reporting.cells.replicates import Replicates
from benchmark.reporting.figures.grid import Arrays, Panels, grid
from benchmark.reporting.figures.material import Material
from benchmark.reporting.figures.style import INK, plain

__all__ = ["QUANTITIES", "traces"]


@dataclass(frozen=True)
class Quantity:
    """What a logged array is called and how it is drawn: its inverse, or on a logarithmic axis."""

    label: str
    inverse: bool = False
    logarithmic: bool = False
    limits: tuple[float, float] | None = None


QUANTITIES: Mapping[str, Quantity] = {
    "mask": Quantity("mask", limits=(-0.03, 1.03)),
    "relevance": Quantity("relevance", limits=(-0.03, 1.03)),
    "alpha": Quantity("prior variance", inverse=True, logarithmic=True),
    "expected_open": Quantity("open gates"),
    "kl": Quantity("KL (nats)"),
}
"""Logged quantities, the most telling first; a method of yours is drawn with whatever it logs per
dimension, under its own name."""

_CLOSED, _DASHED = "#a6a6a6", (0, (2.5, 1.5))


def traces(material: Material) -> Figure:
    """Draw a line per latent dimension against outer steps, in the method's colour where it counts
    towards L* in the end, grey elsewhere.

    A method that logs nothing per dimension but a number of open gates is drawn with one line.
    """
    panels = Panels(
        _draw,
        ("step", "trace"),
        "nothing logged per dimension",
        size=(1.95, 1.45),
        file="curves.npz",
    )
    return grid(material, panels, partial(_read, material), _handles)


def _read(material: Material, cell: Replicates) -> Arrays:
    """Return steps (T,), the trace (T, L) or (T, 1), and which dimensions are active (L,), of the
    first finished seed that logged any."""
    for key, status in zip(cell.keys, cell.statuses, strict=True):
        arrays = material.curves(key) if status == "done" else {}
        name = _name(arrays)
        if name is not None and "step" in arrays:
            trace = np.asarray(arrays[name], dtype=np.float64).reshape(len(arrays["step"]), -1)
            active = np.asarray(material.discoveries.get(key, {}).get("active", []), dtype=bool)
            drawn = active if len(active) == trace.shape[1] else np.ones(trace.shape[1], dtype=bool)
            return {"step": arrays["step"], "trace": trace, "active": drawn, "name": np.array(name)}
    return {}


def _name(arrays: Mapping[str, np.ndarray]) -> str | None:
    per_dimension = [name for name, values in arrays.items() if values.ndim == 2]
    usual = [
        name
        for name in QUANTITIES
        if name in per_dimension or (name == "expected_open" and name in arrays)
    ]
    return next(iter([*usual, *sorted(per_dimension)]), None)


def _draw(axes: Axes, arrays: Arrays, colour: str) -> None:
    name = str(arrays["name"])
    quantity = QUANTITIES.get(name, Quantity(plain(name, 16)))
    trace = 1.0 / np.maximum(arrays["trace"], 1e-8) if quantity.inverse else arrays["trace"]
    closed: dict[str, Any] = {"color": _CLOSED, "linewidth": 0.7, "linestyle": _DASHED}
    counting: dict[str, Any] = {"color": colour, "linewidth": 0.9}
    # What counts is drawn last, above the rest.
    for which, ink in ((~arrays["active"], closed), (arrays["active"], counting)):
        if which.any():
            axes.plot(arrays["step"], trace[:, which], **ink)
    axes.grid(visible=True)
    axes.set(ylabel=quantity.label, xlabel="outer steps")
    axes.margins(x=0.02)
    axes.locator_params(axis="x", nbins=4)
    if quantity.logarithmic and np.ptp(np.log10(trace[np.isfinite(trace)])) > 0.3:
        axes.set_yscale("log")
    else:
        axes.locator_params(axis="y", nbins=4)
    if quantity.limits:
        axes.set_ylim(quantity.limits)
    axes.tick_params(labelsize=6, length=2, pad=1.5)


def _handles(every_arrays: Sequence[Arrays]) -> list[Artist]:
    lines: list[Artist] = [
        Line2D(
            [], [], color=INK, linewidth=1.0, label="counts towards L*, in the colour of the method"
        )
    ]
    if any(not arrays["active"].all() for arrays in every_arrays):
        grey: dict[str, Any] = {"color": _CLOSED, "linewidth": 1.0, "linestyle": _DASHED}
        lines.append(Line2D([], [], **grey, label="does not count in the end"))
    return lines
