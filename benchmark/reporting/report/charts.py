"""Small drawings as inline SVG: curves, bars and points. Text and colours come from the page, so
they follow its light or dark look.

Written by hand because a page per run is drawn: a curve takes a fraction of a millisecond, and no
drawing needs an id.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import numpy as np
from markupsafe import Markup, escape

from benchmark.reporting.figures.window import OUT_OF_VIEW, later_range

__all__ = ["bars", "curve", "scatter", "ticks"]

_WIDTH, _HEIGHT = 320, 180
_LEFT, _RIGHT, _TOP, _BOTTOM = 52, 10, 10, 24
_ACROSS, _DOWN = _WIDTH - _LEFT - _RIGHT, _HEIGHT - _TOP - _BOTTOM

_POINTS = 240
"""Entries of a curve at most; more are averaged in blocks."""

_LINES = 64
"""Dimensions drawn one by one at most; more are drawn as quantiles."""

_QUANTILES = (0.0, 0.05, 0.25, 0.5, 0.75, 0.95, 1.0)


def ticks(low: float, high: float, count: int = 4) -> list[float]:
    """Return about ``count`` round numbers within [low, high], steps of 1, 2 or 5 times a power of
    ten.

    >>> ticks(0.0, 300.0), ticks(-0.7, 0.9)
    ([0.0, 100.0, 200.0, 300.0], [-0.5, 0.0, 0.5])
    """
    span = high - low
    if not math.isfinite(span) or span <= 0:
        return [low] if math.isfinite(low) else []
    raw = span / count
    power = 10.0 ** math.floor(math.log10(raw))
    step = next(factor * power for factor in (1, 2, 5, 10) if factor * power >= raw * 0.999)
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return [multiple * step + 0.0 for multiple in range(first, last + 1)]


def curve(name: str, steps: np.ndarray, values: np.ndarray) -> Markup:
    """Return ``values`` (T,), or (T, L) with a thin line per dimension, against ``steps`` (T,).
    Entries that are not finite are gaps."""
    columns = np.asarray(values, dtype=np.float64).reshape(len(values), -1)
    lines = np.quantile(columns, _QUANTILES, axis=1).T if columns.shape[1] > _LINES else columns
    x, y = _thinned(np.asarray(steps, dtype=np.float64), lines)
    finite = y[np.isfinite(y)]
    if not len(finite):
        text = Markup('<text class="empty" x="{}" y="{}">no finite value</text>')
        return _figure(name, f"{name}: no finite value", text.format(_WIDTH // 2, 90))
    low, high, clipped = _view(x, y)
    window = _Window(0.0 if x[0] >= 0 else float(x[0]), float(x[-1]) or 1.0, low, high)
    kind = "line" if columns.shape[1] == 1 else "line thin"
    drawn = [window.path(x, column) for column in y.T]
    body = Markup("".join(f'<path class="{kind}" d="{path}"/>' for path in drawn if path))
    if clipped:
        hint = Markup('<text class="hint" x="{}" y="{}">{}</text>')
        body += hint.format(_ACROSS - 4, 12, OUT_OF_VIEW)
    return _figure(name, _spoken(name, steps, columns), window.axes() + _inside(body))


def bars(values: Sequence[float], marked: Sequence[bool]) -> Markup:
    """Return ``values`` (L,) as bars, the largest first; those that are ``marked`` (L,) are filled,
    the others hollow."""
    order = sorted(range(len(values)), key=lambda position: (-values[position], position))
    low, high = min(0.0, *values), max(0.0, *values)
    window = _Window(0.0, float(len(values)), low, high if high > low else low + 1.0)
    width = _ACROSS / len(values)
    parts = []
    for position, index in enumerate(order):
        top, foot = sorted((window.y(values[index]), window.y(0.0)))
        x, height = position * width + 0.1 * width, max(foot - top, 0.5)
        kind = "bar" if marked[index] else "bar hollow"
        parts.append(
            f'<rect class="{kind}" x="{x:.2f}" y="{top:.1f}" '
            f'width="{0.8 * width:.2f}" height="{height:.1f}"/>'
        )
    words = (
        f"relevance of {len(values)} dimensions, the largest {max(values):.4g}, "
        f"the smallest {min(values):.4g}; {sum(marked)} are kept"
    )
    return _figure("relevance", words, window.axes(across=False) + _inside(Markup("".join(parts))))


def scatter(
    words: str,
    limits: tuple[tuple[float, float], tuple[float, float]],
    layers: Sequence[tuple[str, np.ndarray]],
) -> Markup:
    """Return points (n, 2) of each layer, a class of the page's style and its points, in the square
    that ``limits`` tell."""
    (left, right), (low, high) = limits
    size = 200.0
    parts = []
    for kind, points in layers:
        pixels = (points - [left, high]) * [size / (right - left), -size / (high - low)]
        drawable = np.isfinite(pixels).all(1) & (np.abs(pixels) < 10 * size).all(1)
        dots = "".join(f"M{x:.1f} {y:.1f}h0" for x, y in pixels[drawable])
        parts.append(f'<path class="{kind}" d="{dots}"/>')
    body = (
        f'<rect class="frame" x="0.5" y="0.5" width="{size - 1:.0f}" height="{size - 1:.0f}"/>'
        + "".join(parts)
    )
    return Markup(
        '<svg class="scatter" viewBox="0 0 {0} {0}" role="img" aria-label="{1}">{2}</svg>'
    ).format(int(size), words, Markup(body))


class _Window:
    """The map from data to the inside of a drawing; y grows upwards there and downwards here."""

    def __init__(self, left: float, right: float, low: float, high: float) -> None:
        self.left, self.right, self.low, self.high = left, right, low, high

    def x(self, value: float) -> float:
        return (value - self.left) / (self.right - self.left) * _ACROSS

    def y(self, value: float) -> float:
        return (self.high - value) / (self.high - self.low) * _DOWN

    def path(self, x: np.ndarray, y: np.ndarray) -> str:
        """Return the path through the finite points, pen up at gaps; far outside the view values
        are cut, so that numbers stay short."""
        across = (x - self.left) / (self.right - self.left) * _ACROSS
        down = np.clip(
            (self.high - np.where(np.isfinite(y), y, np.nan)) / (self.high - self.low) * _DOWN,
            -1e4,
            1e4,
        )
        return "".join(_pen(across, down))

    def axes(self, *, across: bool = True) -> Markup:
        parts = []
        for value in ticks(self.low, self.high):
            y = _TOP + self.y(value)
            parts.append(
                f'<path class="grid" d="M{_LEFT} {y:.1f}h{_ACROSS}"/><text class="y" '
                f'x="{_LEFT - 6}" y="{y + 3.5:.1f}">{value:.5g}</text>'
            )
        for value in ticks(self.left, self.right, 3):
            if not across:
                break
            parts.append(
                f'<text class="x" x="{_LEFT + self.x(value):.1f}" '
                f'y="{_HEIGHT - 8}">{value:.6g}</text>'
            )
        return Markup("".join(parts)) + Markup(
            f'<path class="axis" d="M{_LEFT} {_TOP + _DOWN}h{_ACROSS}"/>'
        )


def _pen(x: np.ndarray, y: np.ndarray) -> Iterator[str]:
    down = False
    for across, height in zip(x.tolist(), y.tolist(), strict=True):
        if not math.isfinite(height):
            down = False
            continue
        yield f"{'L' if down else 'M'}{across:.1f} {height:.1f}"
        if not down:
            yield "h0"  # a single point shows as a dot
        down = True


def _thinned(steps: np.ndarray, lines: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return at most 240 entries of ``steps`` (T,) and ``lines`` (T, L): means of blocks, the step
    that of the block's end."""
    size = -(-len(steps) // _POINTS)
    if size <= 1:
        return steps, lines
    starts = np.arange(0, len(steps), size)
    counts = np.diff(np.append(starts, len(steps)))
    return steps[starts + counts - 1], np.add.reduceat(lines, starts, axis=0) / counts[:, None]


def _view(x: np.ndarray, y: np.ndarray) -> tuple[float, float, bool]:
    """Return the values to show, and whether the first steps lie outside because they would flatten
    all the rest."""
    finite = y[np.isfinite(y)]
    later = later_range([(x, y)])
    low, high = later or (float(finite.min()), float(finite.max()))
    margin = 0.05 * (high - low) or 0.05 * abs(low) or 0.05
    return low - margin, high + margin, later is not None


def _spoken(name: str, steps: np.ndarray, columns: np.ndarray) -> str:
    """Return in words what a curve shows, for those who cannot see it."""
    what = name if columns.shape[1] == 1 else f"{name}, sum over {columns.shape[1]} dimensions"
    total = columns.sum(1)
    finite = total[np.isfinite(total)]
    lowest = f"; lowest {finite.min():.4g}" if len(finite) else ""
    return f"{what}: {total[0]:.4g} at step {steps[0]}, {total[-1]:.4g} at step {steps[-1]}{lowest}"


def _inside(body: Markup) -> Markup:
    """Return ``body`` in the inside of a drawing, cut at its edges."""
    return Markup('<svg x="{}" y="{}" width="{}" height="{}">{}</svg>').format(
        _LEFT, _TOP, _ACROSS, _DOWN, body
    )


def _figure(kind: str, words: str, body: Markup) -> Markup:
    shape = "chart bars" if kind == "relevance" else "chart"
    return Markup('<svg class="{}" viewBox="0 0 {} {}" role="img" aria-label="{}">{}</svg>').format(
        shape, _WIDTH, _HEIGHT, escape(words), body
    )
