r"""Twice the divergence against the decoder's variance: how many informative dimensions a VAE has.

Near the optimum a dimension that the decoder uses costs half a nat for every nat that log gamma
falls, and an unneeded one nothing, so that

.. math:: 2 \mathrm{KL} \approx -\hat r \log \gamma + O(1)

and the slope :math:`\hat r` counts the informative ones. Source: Dai and Wipf, "Diagnosing and
enhancing VAE models", ICLR 2019 (https://arxiv.org/abs/1903.05789); that the slope is taken from
what was logged over the last quarter of a run is ours.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from benchmark.names import base_name
from benchmark.reporting.cells.replicates import Replicates
from benchmark.reporting.figures.legend import legend
from benchmark.reporting.figures.material import Dashes, Material
from benchmark.reporting.figures.style import INK, Look, panels, plain
from benchmark.spec import BenchError

__all__ = ["rate", "slope"]

LAST = 0.25
"""Share of a course, its end, over which the slope is taken."""

MOVES = 0.1
"""Nats that log gamma must go in that share for the slope to be one of the rate."""

_NEEDED = ("step", "kl", "log_sigma")


@dataclass(frozen=True)
class Course:
    """Minus log gamma (T,) and twice the divergence in nats (T,), in the order of training, or of
    runs at fixed variances (``ends``); what it is called, and the method whose look it has."""

    name: str
    method: str
    fall: np.ndarray
    twice: np.ndarray
    ends: bool = False


def slope(fall: np.ndarray, twice: np.ndarray, latent_dim: int) -> float | None:
    """Return r hat, the least-squares slope of ``twice`` (T,) against ``fall`` (T,) over the last
    quarter of the points, two at least; None where ``fall`` goes less than 0.1 there, and where no
    optimum has it: below 0, or above the latent size by more than a half."""
    count = max(2, round(LAST * len(fall)))
    x, y = fall[-count:], twice[-count:]
    if len(x) < 2 or np.ptp(x) < MOVES or not (np.isfinite(x).all() and np.isfinite(y).all()):
        return None
    rise = float(np.polyfit(x, y, 1)[0])
    return rise if 0.0 <= rise <= latent_dim + 0.5 else None


def rate(material: Material) -> Figure:
    """Draw twice the divergence against minus log gamma: a line per run that learned gamma, and a
    mark per run that had it fixed, those of one seed joined; beside the lines r hat. Marks have
    none: a small variance fixed from the start takes long to arrive, and the rate is too high."""
    by_size: dict[tuple[str, int], list[Course]] = defaultdict(list)
    for (dataset, size), cells in _cells(material).items():
        lines = _courses(material, cells)
        if lines:
            by_size[dataset, size] = lines
    if not by_size:
        raise BenchError(
            "no run of this choice logged a divergence and the decoder's variance; "
            "choose methods with a Gaussian decoder, as --methods vae"
        )
    dashes: dict[str, Dashes] = defaultdict(lambda: "-", _dashes(material))
    figure, axes = panels(len(by_size), 3, width=2.9, height=2.3)
    for panel, ((dataset, size), courses) in zip(axes, by_size.items(), strict=True):
        _panel(panel, courses, size, material.looks, dashes)
        panel.set_title(plain(f"{dataset}, L = {size}"))
        panel.set(xlabel="-log gamma", ylabel="2 KL (nats)")
    by_name = {course.name: course for courses in by_size.values() for course in courses}
    keys = [
        _line(course, material.looks[course.method], dashes[name])
        for name, course in by_name.items()
    ]
    legend(figure, [*keys, Line2D([], [], color=INK, linestyle=":", label="slope r hat")], 4)
    return figure


def _dashes(material: Material) -> dict[str, Dashes]:
    """Return the line style of every method, whatever budgets it was run with."""
    by_series = material.dashes()
    return {cell.method: by_series[material.series(cell)] for cell in material.cells[::-1]}


def _line(course: Course, look: Look, dashes: Any) -> Line2D:
    text = f"{plain(course.name)}, ends of runs" if course.ends else plain(course.name)
    marker = look.marker if course.ends else ""
    return Line2D([], [], color=look.colour, linestyle=dashes, marker=marker, label=text)


def _cells(material: Material) -> dict[tuple[str, int], list[Replicates]]:
    by_size: dict[tuple[str, int], list[Replicates]] = defaultdict(list)
    settings = set(material.settings)
    for cell in material.cells:
        if cell.setting in settings:
            by_size[cell.dataset, cell.latent_dim].append(cell)
    return by_size


def _courses(material: Material, cells: Sequence[Replicates]) -> list[Course]:
    """Return a course per run that learned gamma, and one per method and seed of those that had it
    fixed, which look like the first variant with a fixed one, in every panel."""
    learned: list[Course] = []
    fixed: dict[tuple[str, int], list[tuple[float, float]]] = defaultdict(list)
    first = {
        base_name(cell.method): cell.method for cell in reversed(material.cells) if _fixed(cell)
    }
    for cell in cells:
        constant = _fixed(cell)
        for seed, arrays in _logged(material, cell):
            fall = -2.0 * np.asarray(arrays["log_sigma"], dtype=np.float64).reshape(-1)
            twice = 2.0 * _divergence(arrays)
            if constant:
                name = base_name(cell.method)
                fixed[name, seed].append((float(fall[-1]), float(twice[-1])))
            else:
                learned.append(Course(cell.method, cell.method, fall, twice))
    for (name, _), ends in fixed.items():
        falls, twices = np.array(sorted(ends)).T
        learned.append(Course(f"{name}[sigma=fixed]", first[name], falls, twices, ends=True))
    return learned


def _fixed(cell: Replicates) -> bool:
    """Whether the decoder's variance was fixed, at one or at an option's."""
    return bool(cell.spec["config"].get("sigma") == "fixed")


def _logged(material: Material, cell: Replicates) -> Iterator[tuple[int, Mapping[str, np.ndarray]]]:
    """Yield seed and curves of the finished runs of ``cell`` that logged what is needed."""
    for key, status in zip(cell.keys, cell.statuses, strict=True):
        arrays = material.curves(key) if status == "done" else {}
        record = material.store.read(key)
        if record is not None and all(name in arrays for name in _NEEDED):
            yield record.spec["seed"], arrays


def _divergence(arrays: Mapping[str, np.ndarray]) -> np.ndarray:
    """Return the logged divergence of code and category in nats, (T,)."""
    parts = [
        np.asarray(arrays[name], dtype=np.float64) for name in ("kl", "kl_c") if name in arrays
    ]
    return np.sum([part.reshape(len(part), -1).sum(1) for part in parts], axis=0)


def _panel(
    axes: Axes,
    courses: Sequence[Course],
    size: int,
    looks: Mapping[str, Look],
    dashes: Mapping[str, Dashes],
) -> None:
    """Draw the courses, their slopes, and what these are by name."""
    slopes: dict[str, list[str]] = defaultdict(list)
    for course in courses:
        look = looks[course.method]
        marker = look.marker if course.ends else ""
        axes.plot(
            course.fall,
            course.twice,
            linestyle=dashes[course.name],
            color=look.colour,
            marker=marker,
            linewidth=1.0,
        )
        if course.ends:
            continue
        rise = slope(course.fall, course.twice, size)
        slopes[course.name].append("–" if rise is None else f"{rise:.1f}")
        if rise is not None:
            count = max(2, round(LAST * len(course.fall)))
            x, y = course.fall[-count:], course.twice[-count:]
            ends = np.array([x.min(), x.max()])
            axes.plot(
                ends, y.mean() + rise * (ends - x.mean()), color=INK, linestyle=":", linewidth=1.4
            )
    text = "\n".join(
        f"{plain(name, 28)}: r hat {', '.join(numbers)}" for name, numbers in slopes.items()
    )
    axes.text(0.03, 0.97, text, transform=axes.transAxes, ha="left", va="top", fontsize=6)
    low, high = axes.get_ylim()
    axes.set_ylim(low, high + 0.05 * (high - low) * (1 + len(slopes)))
