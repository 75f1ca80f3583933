"""Macros carry numbers, runs and protocol under names that never clash."""

from __future__ import annotations

import re
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
from reporting.making import record, seeds
from reporting.papers.filling import runs

from benchmark.reporting.claims.table import claims_tables
from benchmark.reporting.claims.verdicts import published_verdicts
from benchmark.reporting.named_tables import build
from benchmark.reporting.papers.as_printed import printed_table
from benchmark.reporting.papers.layouts import LAYOUTS
from benchmark.reporting.render import RENDERERS
from benchmark.reporting.render.macros import name_of
from benchmark.reporting.render.macros import render as macros
from benchmark.reporting.tables.document import Cell, Column
from benchmark.spec import PROTOCOL


def test_macros_carry_numbers_runs_and_protocol() -> None:
    table = build(
        "summary",
        [
            *runs([0.010, 0.011, 0.012], "vae"),
            *runs([8.0], "geco-l0", "lstar"),
            record("grae", "mnist", status="killed"),
        ],
    )
    text = macros(table)
    assert r"\newcommand{\benchSummaryMnistLOneSixVaeMSE}{\ensuremath{0.0110 \pm 0.0025}}" in text
    assert r"\newcommand{\benchSummaryMnistLOneSixGecoLZeroLStar}{\ensuremath{8}}" in text
    assert r"\newcommand{\benchSummaryMnistLOneSixGraeMSE}{killed}" in text
    assert f"% protocol {PROTOCOL}" in text and all(
        f"{key}" in text for row in table.rows for key in row.keys
    )
    names = re.findall(r"\\newcommand\{\\([A-Za-z]+)\}", text)
    assert len(names) == len(set(names)) == text.count("newcommand")


def test_macros_are_named_by_what_names_the_row_alone() -> None:
    table = build("summary", seeds([1.0, 1.1, 1.2]))
    (row,) = table.rows
    band = replace(row, cells=(Cell("4.7 to 14", raw=("4.7 to 14",)), *row.cells))
    wider = replace(
        table, columns=(Column("Estimates", ("estimates",)), *table.columns), groups=((band,),)
    )
    assert macros(wider).splitlines()[-1] == macros(table).splitlines()[-1]
    assert r"\newcommand{\benchSummaryDigitsLOneSixVaeMSE}" in macros(wider)


@pytest.mark.slow
def test_layouts_claims_and_macros_compile_in_one_document(tmp_path: Path) -> None:
    if shutil.which("pdflatex") is None:
        pytest.skip("pdflatex is not installed")
    records = seeds([0.010, 0.011, 0.012], dataset="mnist")
    latex = RENDERERS["latex"]
    parts = [latex(printed_table(name)) for name in LAYOUTS] + [
        latex(build(name, records, paper=True)) for name in ("summary", *LAYOUTS)
    ]
    parts += [latex(page) for page in claims_tables(published_verdicts(), "published figures")]
    parts += [
        macros(build("summary", records)),
        macros(printed_table("ren-1")),
        r"\benchSummaryMnistLOneSixVaeMSE{} \benchRenOneRDpVAEMNISTLOneSixFID",
    ]
    head = (
        r"\documentclass{article}\usepackage{booktabs}\usepackage[margin=1cm]{geometry}"
        r"\begin{document}"
    )
    (tmp_path / "all.tex").write_text(
        "\n".join([head, *parts, r"\end{document}"]), encoding="ascii"
    )
    command = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "all.tex"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-2000:]
    assert "Float too large" not in done.stdout


def test_macros_of_hostile_names_are_letters_and_never_clash() -> None:
    table = build(
        "summary",
        [
            *seeds([1.0], "a_b"),
            *seeds([2.0], "a-b"),
            *seeds([3.0], "50%\\end{x}"),
            *seeds([4.0], "漢字"),
        ],
    )
    text = macros(table)
    names = re.findall(r"\\newcommand\{\\(.+?)\}\{", text)
    assert len(set(names)) == len(names) == 4 and all(
        re.fullmatch("[A-Za-z]+", name) for name in names
    )
    assert name_of(table, table.rows[0], table.columns[-1]) == names[0]
