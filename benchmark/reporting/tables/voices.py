"""The table of what every voice said of somebody's data, and the answer in words."""

from __future__ import annotations

from collections.abc import Iterator

from benchmark.calibration.data_answer import DataAnswer, VoiceReport
from benchmark.reporting.tables.document import ABSENT, Cell, Column, Note, Row, Table

__all__ = ["headline", "trust_in_words", "voices"]

_COLUMNS = (
    Column("Voice", ("voice",)),
    Column("L", ("latent size",), "right"),
    Column("Says", ("count",), "right"),
    Column("Corrected", ("corrected",), "right"),
    Column("Weight", ("weight",), "right"),
    Column("Left out", ("reason",), wide=True),
)


def headline(answer: DataAnswer) -> str:
    """Return the answer in one sentence.

    >>> headline(DataAnswer("mine", "", 9, 3, (), 0.95, absent="not calibrated"))
    'mine: no answer: not calibrated'
    """
    if answer.value is None or answer.low is None or answer.high is None:
        return f"{answer.dataset}: no answer: {answer.absent}"
    return (
        f"{answer.dataset}: about {_amount(answer.value)} dimensions, {100 * answer.level:g} % "
        f"interval {_amount(answer.low)} to {_amount(answer.high)}; provision L = "
        f"{answer.provision}"
    )


def trust_in_words(answer: DataAnswer) -> str:
    """Return what the combination errs by where the dimension is known; empty where nothing is
    calibrated."""
    error = answer.error
    if not error:
        return ""
    return (
        f"On {error['answered']:.0f} datasets of known dimension, each answered by the others, "
        f"{error['held']:.0f} intervals hold the truth; their median width is "
        f"{error['width']:.2g} dimensions, the median error {error['absolute']:.2g}. Data of "
        "another kind than those may err by more."
    )


def voices(answer: DataAnswer) -> Table:
    """Return a row per voice and latent size: those that count, the heaviest first, then those left
    out, with the reason."""
    groups = [
        [_row(report) for report in answer.voices if bool(report.left_out) is left_out]
        for left_out in (False, True)
    ]
    return Table(
        name="voices",
        caption=headline(answer),
        columns=_COLUMNS,
        groups=tuple(tuple(group) for group in groups if group),
        notes=tuple(map(Note, _notes(answer))),
        provenance=(f"data {answer.data}",),
    )


def _row(report: VoiceReport) -> Row:
    size, weight = report.latent_dim, report.weight
    cells = (
        Cell(report.voice, raw=(report.voice,)),
        Cell(ABSENT if size is None else str(size), raw=(size,)),
        _number(report.count),
        _number(report.corrected),
        Cell(ABSENT if weight is None else f"{100 * weight:.0f} %", raw=(weight,)),
        Cell(report.left_out or ABSENT, raw=(report.left_out or None,), long=True),
    )
    return Row(cells, (report.key,) if report.key else ())


def _number(value: float | None) -> Cell:
    return Cell(ABSENT if value is None else _amount(value), raw=(value,))


def _amount(value: float) -> str:
    return f"{value:.1f}" if value < 100 else f"{value:.0f}"


def _notes(answer: DataAnswer) -> Iterator[str]:
    yield (
        f"{answer.items:,} training items of {answer.numbers:,} numbers. Corrected and weight are "
        "of a voice over all its latent sizes."
    )
    trust = trust_in_words(answer)
    if trust:
        yield trust
    for remark in answer.remarks:
        yield remark[:1].upper() + remark[1:] + "."
