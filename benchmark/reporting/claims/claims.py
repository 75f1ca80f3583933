"""Claims of the sources, as TOML files in ``benchmark/data/claims`` say them: what is compared,
where, and by which test.

A claim holds *everywhere it says* or it does not hold. Its ``kind`` says what is compared at each
of its places (dataset and latent sizes):

========  ==========================================================================================
below     the metric of each of ``methods`` is lower than that of each of ``than`` (by ``margin`` at
          least)
above     likewise, higher
close     the metric of each of ``methods`` is within ``tolerance`` (``relative``: that share) of
          each of ``than``
constant  the metric of each of ``methods`` changes by ``tolerance`` at most between any two of the
          latent sizes
rises     it is higher at the largest of the latent sizes than at the smallest
falls     it is lower there
valley    the lowest of ``methods`` but the first and the last is lower than both of these
steeper   from the first of ``methods`` to the last the metric grows by more than the metric
          ``beside`` does
========  ==========================================================================================

A method is named by its label, or by its printed name where its source ran it with other options
on every dataset (``GECO``: ``SETTINGS`` in :mod:`benchmark.reporting.papers.spellings`). A place is
a dataset, in any of its variants, or a label with options.

``than`` may also name a number: ``L`` (the latent size), ``L/2``, ``n`` (the known dimension of the
data), ``null`` (the count that chance leaves at least), or any other, as ``0.05``. With
``magnitude`` values are compared without their signs.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from typing import Any, Literal

from benchmark.options import suggest
from benchmark.reporting.cells.readings import METRIC_STAND_INS
from benchmark.spec import BenchError

__all__ = ["KINDS", "Claim", "claims", "is_number"]

Kind = Literal["below", "above", "close", "constant", "rises", "falls", "valley", "steeper"]

KINDS: tuple[Kind, ...] = (
    "below",
    "above",
    "close",
    "constant",
    "rises",
    "falls",
    "valley",
    "steeper",
)


@dataclass(frozen=True)
class Claim:
    """One claim. ``where`` is its place in ``source``; ``places`` maps a dataset to latent sizes
    (none: whatever there is).

    ``stand_ins`` are datasets that may take the place of one that is not there. ``tables`` names
    the files of published figures that bear on it; ``silent`` says why published figures cannot
    decide it, where none do. ``claimed`` is false for orderings that a table shows and no sentence
    of the source claims: they are judged, and not counted among its claims. ``printed_only``: it
    speaks of printed figures, so that no run bears on it.
    """

    name: str
    source: str
    where: str
    text: str
    kind: Kind
    metric: str
    methods: Sequence[str]
    places: Mapping[str, Sequence[int]]
    than: Sequence[str] = ()
    margin: float = 0.0
    tolerance: float = 0.0
    relative: float = 0.0
    beside: str = ""
    magnitude: bool = False
    stand_ins: Mapping[str, str] = field(default_factory=dict)
    tables: Sequence[str] = ()
    silent: str = ""
    claimed: bool = True
    printed_only: bool = False

    @property
    def metrics(self) -> tuple[str, ...]:
        """The metrics it may rest on, the one it names first."""
        return METRIC_STAND_INS.get(self.metric, (self.metric,))

    @property
    def labels(self) -> tuple[str, ...]:
        """Every method it compares."""
        return tuple(
            dict.fromkeys((*self.methods, *(name for name in self.than if not is_number(name))))
        )

    def __post_init__(self) -> None:
        needs = {"below": "than", "above": "than", "close": "than"}.get(self.kind)
        trouble = [
            (self.kind not in KINDS, f"the kind '{self.kind}'; expected one of {', '.join(KINDS)}"),
            (
                needs is not None and not self.than,
                f"nothing to compare with; a claim of kind '{self.kind}' needs 'than'",
            ),
            (
                self.kind in ("close", "constant") and not (self.tolerance or self.relative),
                "no 'tolerance'; how far apart is still the same?",
            ),
            (
                self.kind == "steeper" and (len(self.methods) < 2 or not self.beside),
                "fewer than two methods or no metric 'beside' its own",
            ),
            (
                self.kind == "valley" and len(self.methods) < 3,
                "fewer than three methods; a valley has two ends",
            ),
            (not self.methods or not self.places, "no methods or no places"),
        ]
        for wrong, text in trouble:
            if wrong:
                raise BenchError(f"the claim '{self.name}' has {text}")


def is_number(name: str) -> bool:
    """Whether an entry of ``than`` is a number and no method.

    >>> is_number("L/2"), is_number("0.05"), is_number("vae")
    (True, True, False)
    """
    return name in ("L", "L/2", "n", "null") or name.replace(".", "", 1).isdecimal()


def _claim(name: str, source: str, entry: Mapping[str, Any]) -> Claim:
    names = set(Claim.__dataclass_fields__) - {"name", "source"}
    for key in entry:
        if key not in names:
            raise BenchError(
                f"the claim '{name}' has an unknown field '{key}'{suggest(key, sorted(names))} "
                f"(there are {', '.join(sorted(names))})"
            )
    missing = [
        key for key in ("where", "text", "kind", "metric", "methods", "places") if key not in entry
    ]
    if missing:
        raise BenchError(f"the claim '{name}' lacks {', '.join(missing)}")
    return Claim(name=name, source=source, **entry)


@cache
def claims() -> tuple[Claim, ...]:
    """Return the claims that come with the package, file by file; each file is one source."""
    parsed: list[Claim] = []
    for file in sorted(
        resources.files("benchmark").joinpath("data/claims").iterdir(), key=lambda path: path.name
    ):
        if file.name.endswith(".toml"):
            document = tomllib.loads(file.read_text(encoding="utf-8"))
            parsed += [
                _claim(name, document["source"], entry) for name, entry in document["claim"].items()
            ]
    return tuple(parsed)
