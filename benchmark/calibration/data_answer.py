"""How many dimensions somebody's data have, as a document: the answer, what every voice said, and
who was left out and why. ``bench dims`` writes it, figures and pages read it."""

from __future__ import annotations

import contextlib
import json
import math
import re
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from benchmark.checks import Check, fields, lists, number, objects, or_null, text, whole
from benchmark.files import atomic_write, read_plain
from benchmark.records import UnreadableRecord
from benchmark.spec import BenchError, NewerRecord, versioned

__all__ = ["DataAnswer", "VoiceReport", "provisioned", "read_answers", "write_answer"]

SCHEMA = 1

FOLDER = "answers"
"""Where a results folder keeps these documents."""

LARGEST = 10_000_000
"""Bytes of a document."""


@dataclass(frozen=True)
class VoiceReport:
    """What one voice said of the data at one latent size (None of estimators and principal
    components): ``count``, None where nothing; ``left_out``, why it does not count, empty where it
    does. ``corrected`` and ``weight`` are those of the voice, over all its sizes; None where it
    does not count, or nobody knows what it is worth. ``key`` is that of the run.
    """

    voice: str
    latent_dim: int | None = None
    count: float | None = None
    left_out: str = ""
    corrected: float | None = None
    weight: float | None = None
    key: str = ""


@dataclass(frozen=True)
class DataAnswer:
    """The answer on the data called ``dataset``, with digest ``data``: ``items`` training items of
    ``numbers`` numbers.

    ``value`` lies between ``low`` and ``high``, the interval at ``level``; all None where the
    voices allow no answer, and then ``absent`` says why. ``provision`` is the latent size to give a
    model. ``error`` is what the combination errs by on data of known dimension left out: datasets,
    answered, held, width, absolute, logarithmic (as :class:`LeftOutError` has
    them); empty where nothing is calibrated. ``seconds`` is what it took.
    """

    dataset: str
    data: str
    items: int
    numbers: int
    voices: Sequence[VoiceReport]
    level: float
    value: float | None = None
    low: float | None = None
    high: float | None = None
    absent: str = ""
    provision: int | None = None
    error: Mapping[str, float] = field(default_factory=dict)
    remarks: Sequence[str] = ()
    seconds: float = 0.0
    schema: int = SCHEMA

    @property
    def filename(self) -> str:
        """``mine-0123456789ab.json``."""
        slug = re.sub(r"[^A-Za-z0-9]+", "-", self.dataset).strip("-")[:80]
        return f"{slug}-{self.data[:12]}.json"

    @property
    def heard(self) -> list[VoiceReport]:
        """The reports that count."""
        return [report for report in self.voices if not report.left_out]

    def to_json(self) -> str:
        """Return the document as indented JSON, ending with a newline."""
        return json.dumps(asdict(self), indent=1, allow_nan=False) + "\n"

    @classmethod
    def from_json(cls, document: str) -> DataAnswer:
        """Return the answer in a document; ``ValueError`` says what is wrong with it."""
        values = versioned(document, SCHEMA)
        _DOCUMENT(values, "the document")
        ends = [values[name] is None for name in ("value", "low", "high")]
        if any(ends) != all(ends):
            raise ValueError("of 'value', 'low' and 'high' some are null and some are not")
        voices = tuple(VoiceReport(**report) for report in values["voices"])
        return cls(**{**values, "voices": voices, "remarks": tuple(values["remarks"])})


def _real(value: Any, where: str) -> None:
    """A finite number or null."""
    if value is not None:
        number(value, where)


_REPORT: Check = fields(
    {
        "voice": text,
        "latent_dim": or_null(whole, int, "a whole number"),
        **dict.fromkeys(("count", "corrected", "weight"), _real),
        **dict.fromkeys(("left_out", "key"), text),
    }
)
_DOCUMENT: Check = fields(
    {
        **dict.fromkeys(("dataset", "data", "absent"), text),
        **dict.fromkeys(("items", "numbers", "schema"), whole),
        "voices": lists(_REPORT, " of reports"),
        **dict.fromkeys(("level", "seconds"), number),
        **dict.fromkeys(("value", "low", "high"), _real),
        "provision": or_null(whole, int, "a whole number"),
        "error": objects(number),
        "remarks": lists(text, " of words"),
    }
)


def provisioned(value: float, high: float) -> int:
    """Return the latent size to give a model: the smallest power of two that is no less than twice
    the answer (as in the centre of the calibration) and no less than the end of the interval.

    >>> provisioned(8.0, 9.5), provisioned(8.0, 20.0), provisioned(0.9, 1.4)
    (16, 32, 2)
    """
    needed = max(2.0 * value, high, 1.0)
    return int(2 ** math.ceil(math.log2(needed) - 1e-9))


def write_answer(results: Path, answer: DataAnswer) -> Path:
    """Store ``answer`` in a results folder, whole or not at all, and return its file; an older one
    on the same data is replaced, one by a later version is kept: ``BenchError``."""
    folder = results / FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / answer.filename
    with contextlib.suppress(OSError, ValueError, RecursionError):
        try:
            DataAnswer.from_json(read_plain(path, LARGEST).decode())
        except NewerRecord as error:
            raise BenchError(
                f"'{path}' was written by a newer version ({error}): upgrade, or move it away"
            ) from None
    atomic_write(path, answer.to_json().encode())
    return path


def read_answers(results: Path) -> list[DataAnswer]:
    """Return the answers that a results folder keeps, by their file names; one that cannot be read
    is left out with an :class:`~benchmark.records.UnreadableRecord` warning that names it."""
    answers = []
    for path in sorted((results / FOLDER).glob("*.json")):
        try:
            answers.append(DataAnswer.from_json(read_plain(path, LARGEST).decode()))
        except (OSError, ValueError, RecursionError) as error:
            newer = isinstance(error, NewerRecord)
            remedy = "upgrade" if newer else "delete it and run `bench dims` again"
            warnings.warn(
                f"left out: answer '{path}' is not readable ({' '.join(str(error).split())}); "
                f"{remedy}",
                UnreadableRecord,
                stacklevel=2,
            )
    return answers
