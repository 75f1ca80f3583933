"""A baseline as a document: what runs measured when all was well, seed by seed, and how much worse
each cell would have to get to be seen. One JSON file.

A cell is a method on a dataset at a latent size and budget, as one would type them, and one
measurement. Later runs are matched by what was typed, not by the run key, so that a changed default
is compared and named instead of being a missing run.
"""

from __future__ import annotations

import json
import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, get_args

from benchmark import __version__
from benchmark.checks import fields, lists, number, objects, or_null, plain, text, whole
from benchmark.names import label
from benchmark.reporting.statistics.estimate import Direction
from benchmark.reporting.statistics.worsening import NEGLIGIBLE, Test, choose, detectable
from benchmark.spec import BenchError

__all__ = [
    "SCHEMA",
    "Baseline",
    "BaselineCell",
    "BaselineRun",
    "Typed",
    "as_typed",
    "read",
    "smallest_effect",
]

SCHEMA = 2
"""In documents of schema 1 the tests were others; they are read, and tests and effects are decided
anew from the values of their seeds."""

Typed = tuple[str, str, str, int, str]
"""Kind, method and dataset as one would type them, latent size, budget."""


@dataclass(frozen=True)
class BaselineRun:
    """One seed: the key of its run, the machine class it was made on (a name in the baseline's
    table), and its value."""

    key: str
    machine: str
    value: float


@dataclass(frozen=True)
class BaselineCell:
    """The seeds of one cell. ``effect`` is the smallest worsening that ``test`` finds with the
    stated power, in units of the metric; None where so few seeds cannot show any among so many
    cells."""

    kind: str
    method: str
    dataset: str
    latent_dim: int
    budget: str
    metric: str
    direction: Direction
    unit: str
    spec: Mapping[str, Any]
    code: str
    mean: float
    spread: float
    test: Test
    effect: float | None
    runs: Mapping[str, BaselineRun]

    @property
    def typed(self) -> Typed:
        """What one would type to have the runs of the cell made."""
        return self.kind, self.method, self.dataset, self.latent_dim, self.budget

    @property
    def name(self) -> str:
        """The cell in a few words."""
        return f"{self.method} on {self.dataset}, L = {self.latent_dim}, {self.metric}"


@dataclass(frozen=True)
class Baseline:
    """All cells, the chance of any false alarm (``alpha``) and the power that the effects are
    stated at."""

    cells: tuple[BaselineCell, ...]
    machines: Mapping[str, Mapping[str, Any]]
    alpha: float = 0.05
    power: float = 0.8
    lstar_bench: str = __version__
    schema: int = SCHEMA

    @property
    def level(self) -> float:
        """The p value that a single cell must reach to be called worse: the first step of Holm."""
        return self.alpha / len(self.cells)

    def to_json(self) -> str:
        """Return the document as indented JSON, keys sorted, ending with a newline."""
        return json.dumps(asdict(self), indent=1, sort_keys=True, allow_nan=False) + "\n"

    @property
    def commands(self) -> list[str]:
        """The calls of ``bench run`` that make the runs to compare with."""
        groups: dict[tuple[str, int, int], tuple[list[str], list[str]]] = {}
        for cell in self.cells:
            seeds = 1 + max(map(int, cell.runs))
            methods, datasets = groups.setdefault((cell.budget, cell.latent_dim, seeds), ([], []))
            methods.extend({cell.method} - set(methods))
            datasets.extend({cell.dataset} - set(datasets))
        return [
            f"bench run --methods '{','.join(methods)}' --datasets '{','.join(datasets)}' "
            f"--latent-dims {size} --seeds {seeds} {_length(budget)}"
            for (budget, size, seeds), (methods, datasets) in groups.items()
        ]


def _length(budget: str) -> str:
    steps = budget.removeprefix("steps-")
    return f"--steps {steps}" if steps != budget else f"--budget {budget}"


def as_typed(spec: Mapping[str, Any]) -> Typed:
    """Return what one would type to have a run made."""
    config = {**spec["config"], **dict.fromkeys(spec.get("taken", {}), "*")}
    method = label("methods", spec["method"], config)
    dataset = label("datasets", spec["dataset"], spec["options"])
    return spec["kind"], method, dataset, spec["latent_dim"], spec["budget"]


def smallest_effect(
    values: Sequence[float], direction: Direction, unit: str, level: float, power: float
) -> float | None:
    """Return the smallest worsening from ``values`` (n,) that is found at ``level`` with ``power``,
    in units of the metric; None where n seeds can show none.

    A metric without a better side may move to either, at half the level each; a count
    (dimensions) moves by whole numbers.
    """
    way = level / 2 if direction == "none" else level
    shift = detectable(len(values), way, choose(values), power)
    if math.isinf(shift):
        return None
    rounding = NEGLIGIBLE * abs(statistics.fmean(values))
    effect = shift * statistics.stdev(values) + rounding
    return float(max(math.ceil(effect), 1)) if unit == "dimensions" else effect


def read(path: Path) -> Baseline:
    """Return the baseline in the file ``path``; :class:`BenchError` says what is wrong with it."""
    again = "write it again with `bench baseline -o FILE`"
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise BenchError(
            f"cannot read baseline '{path}': {error.strerror}; `bench baseline -o FILE` writes one"
        ) from None
    except (ValueError, RecursionError) as error:
        raise BenchError(f"baseline '{path}' is not JSON ({error}); {again}") from None
    if not isinstance(document, dict) or document.get("schema") not in (1, SCHEMA):
        raise BenchError(
            f"baseline '{path}' is of another schema than 1 and {SCHEMA}, "
            f"which this version reads; {again}"
        )
    try:
        _check(document)
        cells = [
            BaselineCell(
                **{**cell, "runs": {seed: BaselineRun(**run) for seed, run in cell["runs"].items()}}
            )
            for cell in document.pop("cells")
        ]
        baseline = Baseline(tuple(cells), **document)
    except (TypeError, KeyError, AttributeError, ValueError) as error:
        raise BenchError(f"baseline '{path}' is not readable: {error}; {again}") from None
    unknown = {run.machine for cell in cells for run in cell.runs.values()} - set(baseline.machines)
    if unknown or not cells:
        raise BenchError(
            f"baseline '{path}' has no cells, or names machines that it does not describe; {again}"
        )
    return baseline if baseline.schema == SCHEMA else _renewed(baseline)


_RUN = fields({"key": text, "machine": text, "value": number})

_CELL = fields(
    {
        **dict.fromkeys(("kind", "method", "dataset", "budget", "metric"), text),
        **dict.fromkeys(("unit", "code", "test", "direction"), text),
        "latent_dim": whole,
        "spec": objects(plain),
        **dict.fromkeys(("mean", "spread"), number),
        "effect": or_null(number, float, "a finite number"),
        "runs": objects(_RUN),
    }
)

_DOCUMENT = fields(
    {"cells": lists(objects(plain), " of objects"), "machines": objects(objects(plain))},
    {**dict.fromkeys(("alpha", "power"), number), "lstar_bench": text, "schema": whole},
)


def _check(document: dict[str, Any]) -> None:
    """Raise ``ValueError`` where something is of another type than it should be."""
    _DOCUMENT(document, "the document")
    for name in ("alpha", "power"):
        if not 0 < document.get(name, 0.5) < 1:
            raise ValueError(f"'{name}' is {document[name]}, expected a number between 0 and 1")
    tests = get_args(Test) if document["schema"] == SCHEMA else None
    for index, cell in enumerate(document["cells"]):
        _CELL(cell, f"cell {index}")
        allowed = {"direction": get_args(Direction)}
        if tests:
            allowed["test"] = tests
        for name, words in allowed.items():
            if cell[name] not in words:
                raise ValueError(f"'{name}' of cell {index} is none of {', '.join(words)}")


def _renewed(baseline: Baseline) -> Baseline:
    """``baseline`` of schema 1 with the tests and effects that this version decides by."""
    cells = []
    for cell in baseline.cells:
        values = [run.value for run in cell.runs.values()]
        effect = smallest_effect(values, cell.direction, cell.unit, baseline.level, baseline.power)
        cells.append(replace(cell, test=choose(values), effect=effect))
    return replace(baseline, cells=tuple(cells), schema=SCHEMA)
