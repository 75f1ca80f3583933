"""How far counts of dimensions are off on data of known dimension: against n/L, against noise, and
how many runs give no answer."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

from benchmark.controls import References
from benchmark.reporting.cells.trials import Trial, trials_of
from benchmark.reporting.figures.legend import legend
from benchmark.reporting.figures.material import Material
from benchmark.reporting.figures.style import INK, Look, looks, message, panels, plain
from benchmark.reporting.statistics.share import share_interval
from benchmark.spec import BenchError

__all__ = ["calibration", "commonest"]

Abscissa = Callable[[Trial], float | None]
"""Where on the horizontal axis a trial stands; None: nowhere."""


def calibration(material: Material) -> Figure:
    """Draw L*/n of methods against n/L at the commonest noise and against noise at the commonest
    n/L, their failed runs against n/L, and estimates over n against n."""
    keys = [key for cell in material.cells for key in cell.keys]
    records = [record for key in keys if (record := material.store.read(key)) is not None]
    trials = trials_of(records, References(material.store.root))
    if not trials:
        raise BenchError(
            "no run of this choice is on data of known dimension; make some with "
            "`bench run --suite known-dimension`, or choose others"
        )
    methods = [trial for trial in trials if trial.latent_dim is not None]
    others = [trial for trial in trials if trial.latent_dim is None]
    noise, room = commonest(trial.noise for trial in methods), commonest(map(_room, methods))
    still = [trial for trial in methods if trial.noise == noise]
    figure, axes = panels(4, 2, width=3.6, height=2.3)
    styles = looks(trial.voice for trial in trials)
    _ratios(axes[0], still, _room, styles)
    _ratios(axes[1], [t for t in methods if _room(t) == room], _noise, styles)
    _failures(axes[2], still, styles)
    _ratios(axes[3], others, _dimension, styles)
    _decorate(axes, noise, room)
    legend(figure, _handles(trials, styles), 6)
    return figure


def _room(trial: Trial) -> float | None:
    return None if trial.latent_dim is None else trial.n / trial.latent_dim


def _noise(trial: Trial) -> float | None:
    return trial.noise


def _dimension(trial: Trial) -> float | None:
    return float(trial.n)


def commonest(values: Iterable[float | None]) -> float | None:
    """Return the value that occurs most, of equals the first; None of nothing.

    >>> commonest([0.05, 0.0, 0.05, None])
    0.05
    """
    counts = Counter(values)
    return max(counts, key=counts.__getitem__) if counts else None


def _series(trials: Sequence[Trial], abscissa: Abscissa) -> dict[str, dict[float, list[Trial]]]:
    """Return the trials by voice and by where they stand, from left to right."""
    by_voice: dict[str, dict[float, list[Trial]]] = defaultdict(lambda: defaultdict(list))
    for trial in trials:
        where = abscissa(trial)
        if where is not None:
            by_voice[trial.voice][where].append(trial)
    return {voice: dict(sorted(points.items())) for voice, points in by_voice.items()}


def _ratios(
    axes: Axes, trials: Sequence[Trial], abscissa: Abscissa, styles: dict[str, Look]
) -> None:
    """Draw the geometric mean of the answers over n, and bars from the smallest to the largest."""
    axes.axhline(1.0, color=INK, linewidth=1.0, linestyle=(0, (4, 2)), zorder=1.5)
    axes.set_yscale("log", base=2)
    axes.yaxis.set_major_locator(LogLocator(base=2, subs=(1.0, 1.25, 1.5)))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.yaxis.set_minor_locator(NullLocator())
    drawn = False
    for number, (voice, points) in enumerate(_series(trials, abscissa).items()):
        rows = [
            (where, [ratio for trial in own for ratio in trial.ratios])
            for where, own in points.items()
        ]
        rows = [(where, ratios) for where, ratios in rows if ratios]
        means = [math.exp(math.fsum(map(math.log, ratios)) / len(ratios)) for _, ratios in rows]
        below = [mean - min(ratios) for mean, (_, ratios) in zip(means, rows, strict=True)]
        above = [max(ratios) - mean for mean, (_, ratios) in zip(means, rows, strict=True)]
        reach = [[max(0.0, value) for value in side] for side in (below, above)]
        if rows:
            positions = [_beside(where, number) for where, _ in rows]
            look = styles[voice]
            bars: dict[str, Any] = {"elinewidth": 0.8, "capsize": 1.5}
            bars |= {"linewidth": 1.0, "markersize": 3.5}
            axes.errorbar(
                positions, means, yerr=reach, color=look.colour, fmt=look.marker + "-", **bars
            )
            drawn = True
    if not drawn:
        message(axes, "no answer")


def _beside(where: float, number: int) -> float:
    """Return ``where`` moved by half a percent per voice, so that equal answers are all seen."""
    return where * (1.0 + 0.005 * number)


def _failures(axes: Axes, trials: Sequence[Trial], styles: dict[str, Look]) -> None:
    """Draw the share of failed runs against n/L, with the exact interval of each."""
    series = _series(trials, _room)
    for number, (voice, points) in enumerate(series.items()):
        counts = [
            (sum(trial.failed for trial in own), sum(trial.runs for trial in own))
            for own in points.values()
        ]
        shares = [failed / runs for failed, runs in counts]
        ends = [share_interval(failed, runs) for failed, runs in counts]
        reach = [
            [max(0.0, share - low) for share, (low, _) in zip(shares, ends, strict=True)],
            [max(0.0, high - share) for share, (_, high) in zip(shares, ends, strict=True)],
        ]
        look = styles[voice]
        positions = [_beside(where, number) for where in points]
        bars: dict[str, Any] = {"elinewidth": 0.4, "linewidth": 1.0, "markersize": 3.5}
        axes.errorbar(
            positions, shares, yerr=reach, color=look.colour, fmt=look.marker + "-", **bars
        )
    axes.set_ylim(-0.04, 1.04)
    if not series:
        message(axes, "no run")


def _decorate(axes: Sequence[Axes], noise: float | None, room: float | None) -> None:
    at_noise = "" if noise is None else f", noise {100 * noise:g} %"
    at_room = "" if room is None else f", n/L = {room:g}"
    titles = (f"methods{at_noise}", f"methods{at_room}", f"no answer{at_noise}", "estimators")
    across = ("n/L", "noise", "n/L", "dimension of the data, n")
    down = ("L*/n", "L*/n", "share of runs", "estimate/n")
    for panel, words, below, beside in zip(axes, titles, across, down, strict=True):
        panel.set_title(plain(words), loc="left")
        panel.set_xlabel(below)
        panel.set_ylabel(beside)
    for panel in (axes[0], axes[2], axes[3]):
        panel.set_xscale("log", base=2)
        panel.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        panel.xaxis.set_minor_locator(NullLocator())


def _handles(trials: Sequence[Trial], styles: dict[str, Look]) -> list[Artist]:
    voices = list(dict.fromkeys(trial.voice for trial in trials))
    handles: list[Artist] = [
        Line2D([], [], color=styles[voice].colour, marker=styles[voice].marker, label=plain(voice))
        for voice in voices
    ]
    dashed = Line2D([], [], color=INK, linewidth=1.0, linestyle=(0, (4, 2)), label="the dimension")
    return [*handles, dashed]
