"""Published tables as their sources print them, cell by cell with the marks."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest

from benchmark.reporting.catalogue.tables import TABLES
from benchmark.reporting.papers import printed
from benchmark.reporting.papers.as_printed import places, printed_table
from benchmark.reporting.papers.layouts import LAYOUTS
from benchmark.reporting.render import RENDERERS
from benchmark.reporting.tables.document import Table, spans
from benchmark.spec import BenchError

# * first, _ second, / third of a column; + by definition; ? doubtful.
REN_1 = """
        | MNIST,      | MNIST,      | FashionMNIST, | FashionMNIST, | dSprites,    | dSprites,
        | L = 16      | L = 32      | L = 32        | L = 64        | L = 10       | L = 15
Method  | FID     L*  | FID     L*  | FID     L*    | FID     L*    | FID      L*  | FID     L*
R-dpVAE | _6.57   6   | *4.43   11  | *48.61  10    | _52.68  26    | _67.93   7   | _52.15  9
RF-VAE  | 184.38  9   | 208.27  21  | 258.37  27    | 272.87  52    | 144.89   8   | 167.24  12
GECO    | 29.21   11  | 30.29   9   | /69.67  8     | /67.21  10    | 97.86    5   | 94.61   5
MAAE    | 13.81   11  | 13.04   11  | 104.15  6     | 79.18   5     | 105.89   7   | 90.85   11
dpVAE   | *4.62   16+ | _5.53   32+ | _52.08  32+   | *52.38  64+   | *61.99   10+ | *48.68  15+
VAE     | /8.83   16+ | /9.65   32+ | 74.40   32+   | 70.18   64+   | /82.667  10+ | /81.86  15+
"""


REN_2 = """
          | MNIST           | FashionMNIST    | dSprites
Method    | L = 16   L = 32 | L = 32   L = 64 | L = 10   L = 15
R-dpVAE   | 3.28     3.55   | /1.21    _1.17  | _1.79    /1.35
RF-VAE    | _1.82    /1.83  | *1.04    *1.00  | 3.66?    3.65?
GECO      | *1.22    *1.24  | _1.06    _1.17  | 2.45     3.83?
MAAE      | /1.84    _1.80  | 2.10     2.56   | *1.13    _1.28
dpVAE     | 3.15     3.22   | 1.24     1.19   | /1.83    9.67?
VAE       | 4.59?    2.63   | 1.36     1.35   | 2.95     *1.14?
"""


def written(table: Table) -> list[list[str]]:
    """The rows of a printed table as the grids above write them."""
    signs = {0: "", 2: "_", 3: "/"}
    marks = {"†": "+", "?": "?"}
    rows = [
        [
            ("*" if cell.best else signs[cell.rank])
            + cell.text
            + "".join(marks[mark] for mark in cell.marks)
            for cell in row.cells
        ]
        for row in table.rows
    ]
    return [[column.title for column in table.columns], *rows]


def drawn(grid: str) -> tuple[list[str], list[list[str]]]:
    """The shared headings and the rows of a grid; lines without a title are shared headings."""
    lines = [line.split("|") for line in grid.strip("\n").splitlines()]
    titles = next(index for index, line in enumerate(lines) if line[0].strip())
    headings = [
        " ".join(part.strip() for part in parts) for parts in zip(*lines[:titles], strict=True)
    ]
    return headings[1:], [
        [text for part in line for text in re.split(r"\s{2,}", part.strip())]
        for line in lines[titles:]
    ]


@pytest.mark.parametrize(("name", "grid"), [("ren-1", REN_1), ("ren-2", REN_2)])
def test_the_tables_of_rens_are_reproduced_cell_by_cell(name: str, grid: str) -> None:
    table = printed_table(name)
    overs, rows = drawn(grid)
    assert written(table) == rows
    width = 2
    assert spans(table.columns) == [("", 1), *((over, width) for over in overs)]


@pytest.mark.parametrize("name", LAYOUTS)
def test_every_published_figure_stands_once_in_its_table(name: str) -> None:
    table = printed_table(name)
    cells = [
        cell
        for row in table.rows
        for cell, column in zip(row.cells, table.columns, strict=True)
        if column.metric
    ]
    texts = sorted(cell.text for cell in cells if cell.text != "–")
    assert texts == sorted(figure.text for figure in LAYOUTS[name].figures)
    assert any(cell.best for cell in cells) == bool(LAYOUTS[name].marked)
    for kind, render in RENDERERS.items():
        assert kind == "csv" or all(text in render(table) for text in texts)


def test_every_file_of_tables_has_a_layout_and_every_layout_is_listed() -> None:
    assert {layout.origin for layout in LAYOUTS.values()} == {
        figure.origin for figure in printed.published()
    } - {"text_numbers", "pca_reference"}
    assert list(LAYOUTS) == [name for name, table in TABLES.items() if not table.target]


def test_equal_figures_share_a_place_and_gaps_have_none() -> None:
    figures = {
        figure.text: figure
        for figure in LAYOUTS["ren-2"].figures
        if (figure.dataset, figure.latent_dim) == ("fashion-mnist", 64)
    }
    assert places(
        [figures["1.00"], figures["1.17"], figures["1.17"], None, figures["1.19"]], "mse"
    ) == [1, 2, 2, 0, 4]
    accuracies = LAYOUTS["mivae"].figures[:2]
    assert places(accuracies, "accuracy") == [2, 1]  # more is better


def test_a_table_without_published_figures_cannot_be_shown_as_printed() -> None:
    with pytest.raises(BenchError, match="no published figures"):
        printed_table("summary")


def test_layouts_need_no_torch() -> None:
    code = (
        "import sys; from benchmark.reporting.papers.as_printed import printed_table; "
        "printed_table('ren-1'); assert 'torch' not in sys.modules"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
