"""The page "How many dimensions": the answers on somebody's data, each with its picture and its
voices."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from benchmark.calibration.data_answer import DataAnswer
from benchmark.reporting.figures.voices import drawn_answer
from benchmark.reporting.report.views import TableView, document_view
from benchmark.reporting.tables.voices import headline, trust_in_words, voices

__all__ = ["AnswerView", "answer_views"]

_DPI = 150


@dataclass(frozen=True)
class AnswerView:
    """One answer as the page shows it: the sentence, what it is worth, the PNG of the picture with
    its size in pixels of style sheets, and the table of the voices."""

    answer: DataAnswer
    headline: str
    trust: str
    png: bytes
    width: int
    height: int
    table: TableView


def answer_views(answers: Sequence[DataAnswer], seeds: Mapping[str, int]) -> list[AnswerView]:
    """Return the views of ``answers``; ``seeds`` are those of the runs that have a page, by their
    keys."""
    views = []
    for answer in answers:
        png = drawn_answer(answer, dpi=_DPI)
        # Width and height stand in the header of a PNG file.
        pixels = (int.from_bytes(png[start : start + 4]) for start in (16, 20))
        width, height = (round(count * 100 / _DPI) for count in pixels)
        table = document_view(voices(answer), seeds, ())
        trust = trust_in_words(answer)
        views.append(AnswerView(answer, headline(answer), trust, png, width, height, table))
    return views
