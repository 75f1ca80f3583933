"""The catalogue: what it names can be made, and a wrong name is told with the nearest right one."""

from __future__ import annotations

from pathlib import Path

import pytest
from reporting.making import record

from benchmark import registry
from benchmark.reporting.catalogue.entries import check
from benchmark.reporting.catalogue.figures import FIGURES
from benchmark.reporting.catalogue.tables import TABLES
from benchmark.reporting.figures.draw import figure_of
from benchmark.reporting.figures.material import Material
from benchmark.reporting.named_tables import build
from benchmark.reporting.papers.layouts import LAYOUTS
from benchmark.spec import BenchError


def test_every_target_is_a_function_of_its_own_and_tables_without_one_are_layouts() -> None:
    targets = [entry.target for entry in (*TABLES.values(), *FIGURES.values()) if entry.target]
    assert all(callable(registry.load(target)) for target in targets)
    assert len(set(targets)) == len(targets) == len(TABLES) - len(LAYOUTS) + len(FIGURES)
    assert [name for name, table in TABLES.items() if not table.target] == list(LAYOUTS)


def test_every_entry_has_its_name_and_words() -> None:
    for name, entry in (TABLES | FIGURES).items():
        assert entry.name == name and entry.line and "\n" not in entry.line
    assert all(figure.caption.endswith(".") for figure in FIGURES.values())
    assert len({figure.caption for figure in FIGURES.values()}) == len(FIGURES)


def test_figures_of_studies_name_registered_ones() -> None:
    studies = {figure.study for figure in FIGURES.values() if figure.study}
    assert studies == {entry.name for entry in registry.STUDIES}


def test_a_wrong_name_is_told_with_the_nearest() -> None:
    with pytest.raises(BenchError, match=r"unknown table 'sumary'; did you mean 'summary'\?"):
        check("table", TABLES, "sumary")
    with pytest.raises(BenchError, match="unknown table"):
        build("sumary", [record()])
    with pytest.raises(BenchError, match=r"unknown figure 'lsta'; did you mean 'lstar'\?"):
        figure_of("lsta", Material.of([], Path("nowhere")))
