"""Conformance: what every method promises, as named checks. ``bench check-method`` runs them; so
does one parametrised test of ours.

>>> from benchmark.testing import check_method
>>> outcomes = check_method("./my_vae.py")  # doctest: +SKIP
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from benchmark.testing import docstring, evaluation, invariance, processes, training
from benchmark.testing.candidate import Candidate, Check, CheckFailed, Skipped

__all__ = [
    "CHECKS",
    "Candidate",
    "Check",
    "CheckFailed",
    "CheckOutcome",
    "check_method",
    "outcomes",
]

CHECKS: tuple[Check, ...] = (
    *docstring.CHECKS,
    *training.CHECKS,
    *invariance.CHECKS,
    *evaluation.CHECKS,
    *processes.CHECKS,
)
"""Every check, in the order in which they are run and told."""


@dataclass(frozen=True)
class CheckOutcome:
    """What a check found: ``message`` says what was expected and what to change where it failed, or
    why it was skipped."""

    check: Check
    status: Literal["passed", "failed", "skipped"]
    message: str = ""


def outcomes(candidate: Any, checks: Iterable[Any] = CHECKS) -> Iterator[CheckOutcome]:
    """Yield the outcome of each check of a candidate, which for datasets is another
    (:mod:`benchmark.testing.data`); any exception of its own is a failure of the check that met
    it."""
    for check in checks:
        try:
            check.run(candidate)
        except Skipped as reason:
            yield CheckOutcome(check, "skipped", str(reason))
        except CheckFailed as failure:
            yield CheckOutcome(check, "failed", str(failure))
        except Exception as error:
            yield CheckOutcome(check, "failed", f"{type(error).__name__}: {error}")
        else:
            yield CheckOutcome(check, "passed")


def check_method(reference: str, elsewhere: Mapping[str, str] | None = None) -> list[CheckOutcome]:
    """Run every check on a method.

    Arguments:
        reference: a registered name or a file, options in brackets, as on the command line.
        elsewhere: digests of runs made in another process, by reference; without it a process is
            started for this method.
    """
    with tempfile.TemporaryDirectory() as folder:
        return list(outcomes(Candidate(reference, Path(folder), elsewhere)))
