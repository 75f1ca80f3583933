"""What a figure is drawn from: the cells of a selection, and the folders of their runs."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

import numpy as np

from benchmark.identity import current
from benchmark.names import base_name, budget_rank, rank
from benchmark.records import Store
from benchmark.reporting.cells.arrays import read_arrays
from benchmark.reporting.cells.one_code import without_other_code
from benchmark.reporting.cells.readings import METRIC_STAND_INS
from benchmark.reporting.cells.replicates import Replicates, gather
from benchmark.reporting.figures.style import Look, looks
from benchmark.spec import FLAGS, NO_BETTER_THAN_MEAN, Record

__all__ = ["Dashes", "Material", "methods_of"]

Dashes = Literal["-", "--", ":", "-."] | tuple[int, tuple[int, ...]]
"""How a line is drawn, in matplotlib's signs, or as lengths drawn and left out in turn."""

_DASHES: tuple[Dashes, ...] = (
    "-",
    "--",
    ":",
    "-.",
    (0, (2, 1)),
    (0, (4, 1, 1, 1, 1, 1)),
    (0, (1, 3)),
    (0, (4, 1, 4, 1, 1, 1)),
)
"""Eight; further variants of a method have a lighter colour (``style.looks``)."""


@dataclass(frozen=True)
class Material:
    """Cells in the order of tables, the store they lie in, and what was asked for: ``names`` of
    metrics or logged quantities.

    ``measured`` are the ids of all measurements, kept or not. ``every_size`` says that latent sizes
    were named, so that a figure that shows one size per dataset by default shows them all.
    ``discoveries`` are the verdicts of finished runs by key, ``studies`` the records of studies,
    ``hollow`` the keys of runs that reconstruct hardly better than the mean image.
    """

    cells: tuple[Replicates, ...]
    store: Store
    names: tuple[str, ...] = ()
    measured: tuple[str, ...] = ()
    every_size: bool = False
    discoveries: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    studies: tuple[Record, ...] = ()
    hollow: frozenset[str] = frozenset()

    @classmethod
    def of(
        cls,
        records: Iterable[Record],
        results: Path,
        names: Sequence[str] = (),
        *,
        every_size: bool = False,
    ) -> Material:
        """Gather the cells of ``records``, without stale runs, stale measurements and runs of other
        code than the commonest of their cell; the measurements kept are those that ``names`` name,
        else ``mse``, what may stand for those that nobody measured, and ``lstar``."""
        of_one_code = without_other_code(current(records))
        trained = [record for record in of_one_code if record.spec["kind"] == "train"]
        measured = sorted({identifier for record in trained for identifier in record.measurements})
        return cls(
            tuple(gather(trained, (*_with_stand_ins(names or ("mse",), measured), "lstar"))),
            Store(results),
            tuple(names),
            tuple(measured),
            every_size,
            discoveries={record.key: record.discovery for record in trained if record.discovery},
            studies=tuple(record for record in of_one_code if record.spec["kind"] != "train"),
            hollow=frozenset(
                record.key for record in trained if NO_BETTER_THAN_MEAN in record.flags
            ),
        )

    @property
    def budgets(self) -> list[str]:
        """The budgets there are, in order."""
        return list(dict.fromkeys(cell.budget for cell in self.cells))

    @property
    def settings(self) -> list[tuple[str, int, str]]:
        """Dataset, latent size and budget of what is shown: of each dataset the largest latent
        size, unless sizes were named."""
        settings = list(dict.fromkeys(cell.setting for cell in self.cells))
        largest: dict[tuple[str, str], int] = {}
        for dataset, size, budget in settings:
            largest[dataset, budget] = max(size, largest.get((dataset, budget), 0))
        return [
            setting
            for setting in settings
            if self.every_size or largest[setting[0], setting[2]] == setting[1]
        ]

    def series(self, cell: Replicates) -> str:
        """Return what a line of this cell is called: the method, and its budget where there are
        several."""
        return cell.method if len(self.budgets) == 1 else f"{cell.method}, {cell.budget}"

    @cached_property
    def looks(self) -> dict[str, Look]:
        """The look of every method."""
        return looks(cell.method for cell in self.cells)

    def dashes(self) -> dict[str, Dashes]:
        """Return the line style of every series, in the order of legends: solid for the first of a
        method, others for its variants."""
        styles: dict[str, Dashes] = {}
        count: dict[str, int] = defaultdict(int)
        for cell in sorted(
            self.cells, key=lambda cell: (rank("methods", cell.method), budget_rank(cell.budget))
        ):
            if self.series(cell) not in styles:
                base = base_name(cell.method)
                styles[self.series(cell)] = _DASHES[count[base] % len(_DASHES)]
                count[base] += 1
        return styles

    def curves(self, key: str) -> dict[str, np.ndarray]:
        """Return the logged quantities of a run, none where it left none."""
        return read_arrays(self.store.folder(key) / "curves.npz")

    def artifacts(self, cell: Replicates) -> dict[str, np.ndarray]:
        """Return samples and reconstructions of the first finished seed that left any."""
        return self._first_artifacts(cell)[1]

    def remark(self, cell: Replicates) -> str:
        """Return what a picture of :meth:`artifacts` must say of the run it shows; mostly empty."""
        key, _ = self._first_artifacts(cell)
        return FLAGS[NO_BETTER_THAN_MEAN] if key in self.hollow else ""

    def _first_artifacts(self, cell: Replicates) -> tuple[str, dict[str, np.ndarray]]:
        """Return key and artifacts of the first finished seed that left any."""
        for key, status in zip(cell.keys, cell.statuses, strict=True):
            if status != "done":
                continue
            arrays = read_arrays(self.store.folder(key) / "artifacts.npz")
            if arrays:
                return key, arrays
        return "", {}


def _with_stand_ins(names: Iterable[str], measured: Iterable[str]) -> list[str]:
    """Return ``names``, and after each that no id in ``measured`` has what may stand for it."""
    had = set(map(base_name, measured))
    wanted: list[str] = []
    for name in names:
        wanted.append(name)
        if base_name(name) not in had:
            wanted += METRIC_STAND_INS.get(name, ())
    return list(dict.fromkeys(wanted))


def methods_of(cells: Iterable[Replicates]) -> list[str]:
    """Return the methods of ``cells``, each once, in the order of the registry."""
    return sorted({cell.method for cell in cells}, key=lambda name: rank("methods", name))
