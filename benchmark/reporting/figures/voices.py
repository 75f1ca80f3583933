"""The picture of an answer on somebody's data: what each voice said, what that stands for, and the
answer with its interval behind all of it."""

from __future__ import annotations

from typing import Any

from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from benchmark.calibration.data_answer import DataAnswer, VoiceReport
from benchmark.reporting.figures import style
from benchmark.reporting.figures.legend import legend
from benchmark.reporting.figures.style import BAND, INK, looks, panels, plain, row_note

__all__ = ["drawn_answer", "voices"]

_ROW = 0.21
"""Inches of one row."""


def voices(answer: DataAnswer) -> Figure:
    """Draw a row per voice, those that count first: a mark for each count, an upright stroke where
    it lies corrected; at the right why a voice is left out."""
    names = list(dict.fromkeys(report.voice for report in answer.voices))
    figure, (axes,) = panels(1, 1, width=6.0, height=_ROW * max(1, len(names)) + 0.75)
    styles = looks(names)
    if answer.low is not None and answer.high is not None and answer.value is not None:
        axes.axvspan(answer.low, answer.high, color=BAND, zorder=0.5, linewidth=0)
        axes.axvline(answer.value, color=INK, linewidth=1.1, linestyle=(0, (4, 2)), zorder=1.5)
    for row, name in enumerate(names):
        reports = [report for report in answer.voices if report.voice == name]
        _row(axes, row, reports, styles[name])
    axes.set_yticks(range(len(names)), [plain(name, 30) for name in names])
    axes.set_ylim(len(names) - 0.4, -0.6)
    axes.set_xlim(left=0)
    axes.grid(axis="y", visible=False)
    axes.tick_params(axis="y", length=0)
    axes.set_xlabel("dimensions")
    axes.set_title(plain(answer.dataset, 60), loc="left")
    legend(figure, _handles(answer), 4)
    return figure


def _row(axes: Axes, row: int, reports: list[VoiceReport], look: style.Look) -> None:
    for report in reports:
        if report.count is not None:
            face = "white" if report.left_out else look.colour
            axes.plot([report.count], [row], look.marker, color=look.colour, markerfacecolor=face)
    corrected = next((report.corrected for report in reports if report.corrected), None)
    if corrected is not None:
        axes.plot([corrected], [row], "|", color=INK, markersize=9, markeredgewidth=1.4)
    reasons = dict.fromkeys(report.left_out for report in reports if report.left_out)
    if reasons:
        row_note(axes, row, "; ".join(reasons))


def _handles(answer: DataAnswer) -> list[Artist]:
    dot: dict[str, Any] = {"color": INK, "marker": "o", "linestyle": ""}
    handles: list[Artist] = [Line2D([], [], **dot, label="says")]
    if any(report.left_out and report.count is not None for report in answer.voices):
        handles.append(Line2D([], [], **{**dot, "markerfacecolor": "white"}, label="left out"))
    if any(report.corrected is not None for report in answer.voices):
        stroke: dict[str, Any] = {"color": INK, "marker": "|", "linestyle": ""}
        handles.append(Line2D([], [], **stroke, label="corrected"))
    if answer.value is not None:
        dashed: dict[str, Any] = {"color": INK, "linewidth": 1.1, "linestyle": (0, (4, 2))}
        handles.append(Line2D([], [], **dashed, label="answer"))
        handles.append(Patch(facecolor=BAND, label=f"{100 * answer.level:g} % interval"))
    return handles


def drawn_answer(answer: DataAnswer, kind: str = "png", *, dpi: int = 200) -> bytes:
    """Return the picture of ``answer`` as a file; the same answer gives the same bytes."""
    with style.house(dpi):
        return style.image(voices(answer), kind)
