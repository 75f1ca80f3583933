"""What was learned from data of known dimension, as a document: the statements that the combination
is fitted on, its error on data left out, and the code of the methods that were heard.

The constants of the fit are not written down: they follow from the statements, in a second.
``bench calibrate`` writes the document from records; the one that comes with the package is
``benchmark/data/calibration.json``.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import cached_property
from importlib import resources
from pathlib import Path
from typing import Any

from benchmark.calibration.combination import (
    LEVEL,
    Combination,
    fewest_cases,
    fit,
    leave_one_out,
)
from benchmark.calibration.error import LeftOutError, error_of, voice_errors
from benchmark.calibration.voices import Case, Statement
from benchmark.checks import Check, fields, lists, number, objects, or_null, refuse, text, whole
from benchmark.files import read_plain
from benchmark.spec import BenchError, NewerRecord, canonical_json, versioned

__all__ = ["Calibration", "packaged", "read_calibration"]

SCHEMA = 1

LARGEST = 10_000_000
"""Bytes of a document."""


@dataclass(frozen=True)
class Calibration:
    """What voices said of data of known dimension. ``codes`` holds the digest of the code of every
    voice that is a method, ``harness`` that of the code that trained them; ``failures`` by voice
    how many of its runs gave no answer, and of how many; ``error`` is that of the combination on
    datasets left out, ``alone`` on how many datasets each voice was heard and its median error
    there, in dimensions.
    """

    cases: tuple[Case, ...]
    codes: Mapping[str, str]
    harness: str
    error: LeftOutError
    alone: Mapping[str, tuple[int, float]]
    failures: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    level: float = LEVEL

    @classmethod
    def of(
        cls,
        cases: Sequence[Case],
        codes: Mapping[str, str],
        harness: str,
        failures: Mapping[str, tuple[int, int]],
        level: float = LEVEL,
    ) -> Calibration:
        """Return the document of ``cases``, its error measured; ``BenchError`` where they are too
        few to be left out one by one."""
        needed = fewest_cases(level) + 1
        if len(cases) < needed:
            raise BenchError(
                f"there are {len(cases)} datasets of known dimension, {needed} are needed; "
                "run `bench run --suite known-dimension`, and `bench data dims` on its datasets"
            )
        error = error_of(cases, leave_one_out(cases, level))
        if not error.answered:
            raise BenchError(
                f"no voice was heard on three of the {len(cases)} datasets of known dimension; "
                "run more methods of `bench run --suite known-dimension`"
            )
        return cls(tuple(cases), codes, harness, error, voice_errors(cases), failures, level)

    @cached_property
    def combination(self) -> Combination:
        """The estimator, fitted on all cases."""
        return fit(self.cases, self.level)

    @property
    def spreads(self) -> dict[str, float]:
        """The spread of each voice on the logarithmic scale: the smaller, the more it is
        trusted."""
        fitted = self.combination
        return dict(zip(fitted.said.voices, fitted.model.spreads.tolist(), strict=True))

    def to_json(self) -> str:
        """Return the document as JSON, one case to a line, ending with a newline."""
        rows = [
            canonical_json(
                {
                    "dataset": case.name,
                    "dimension": case.truth,
                    "said": [[said.voice, said.count, said.latent_dim] for said in case.statements],
                }
            )
            for case in self.cases
        ]
        rest = {
            "schema": SCHEMA,
            "level": self.level,
            "harness": self.harness,
            "codes": dict(self.codes),
            "failures": {voice: list(pair) for voice, pair in self.failures.items()},
            "error": asdict(self.error),
            "alone": {voice: list(pair) for voice, pair in self.alone.items()},
        }
        head = ",\n".join(f' "{name}": {canonical_json(value)}' for name, value in rest.items())
        return f'{{\n{head},\n "cases": [\n  ' + ",\n  ".join(rows) + "\n ]\n}\n"

    @classmethod
    def from_json(cls, document: str) -> Calibration:
        """Return the calibration in a document; ``ValueError`` says what is wrong with it."""
        values = versioned(document, SCHEMA)
        _DOCUMENT(values, "the document")
        if not 0 < values["level"] < 1:
            raise ValueError(f"'level' is {values['level']}, expected a number between 0 and 1")
        pairs = {
            name: {voice: (int(pair[0]), pair[1]) for voice, pair in values[name].items()}
            for name in ("failures", "alone")
        }
        cases = tuple(_case(row) for row in values["cases"])
        error = LeftOutError(**values["error"])
        codes, harness, level = values["codes"], values["harness"], values["level"]
        return cls(cases, codes, harness, error, pairs["alone"], pairs["failures"], level)


def _case(row: Mapping[str, Any]) -> Case:
    said = tuple(Statement(*statement) for statement in row["said"])
    if not (math.isfinite(row["dimension"]) and row["dimension"] > 0):
        raise ValueError(f"the dimension of '{row['dataset']}' is {row['dimension']}")
    return Case(row["dataset"], float(row["dimension"]), said)


def _pair(value: Any, where: str) -> None:
    lists(number, " of finite numbers")(value, where)
    if len(value) != 2:
        refuse(value, where, "two numbers")


def _said(value: Any, where: str) -> None:
    if type(value) is not list or len(value) != 3:
        refuse(value, where, "[voice, count, latent size or null]")
    text(value[0], where)
    number(value[1], where)
    or_null(whole, int, "a whole number")(value[2], where)


_CASE: Check = fields(
    {"dataset": text, "dimension": number, "said": lists(_said, " of [voice, count, L]")}
)
_ERROR: Check = fields(
    {
        **dict.fromkeys(("datasets", "answered", "held"), whole),
        **dict.fromkeys(("width", "absolute", "logarithmic"), number),
    }
)
_DOCUMENT: Check = fields(
    {
        "schema": whole,
        "level": number,
        "harness": text,
        "codes": objects(text),
        "failures": objects(_pair),
        "error": _ERROR,
        "alone": objects(_pair),
        "cases": lists(_CASE, " of cases"),
    }
)


def read_calibration(path: Path) -> Calibration:
    """Return the calibration in the file ``path``; ``BenchError`` where it is none."""
    try:
        return Calibration.from_json(read_plain(path, LARGEST).decode())
    except OSError as error:
        raise BenchError(
            f"cannot read the calibration '{path}': {error.strerror}; name a file of "
            "`bench calibrate`, or a folder of records"
        ) from None
    except NewerRecord as error:
        raise BenchError(f"'{path}' was written by a newer version ({error}): upgrade") from None
    except (ValueError, RecursionError) as error:
        raise BenchError(
            f"'{path}' is no calibration ({' '.join(str(error).split())}); "
            "make one with `bench calibrate`"
        ) from None


def packaged() -> Calibration | None:
    """Return the calibration that comes with the package; None where none was made yet."""
    file = resources.files("benchmark").joinpath("data", "calibration.json")
    if not file.is_file():
        return None
    return Calibration.from_json(file.read_text(encoding="utf-8"))
