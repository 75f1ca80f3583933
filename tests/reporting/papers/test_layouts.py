"""The layouts of the papers: as printed, cell by cell with the marks, and filled with runs."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from reporting.making import record, seeds

from benchmark import registry
from benchmark.reporting import catalogue
from benchmark.reporting.claims.table import claims_tables
from benchmark.reporting.claims.verdicts import published_verdicts
from benchmark.reporting.named_tables import BUILDERS, build
from benchmark.reporting.papers import printed
from benchmark.reporting.papers.agreement import agreement
from benchmark.reporting.papers.as_printed import places, printed_table
from benchmark.reporting.papers.filled import filled_table
from benchmark.reporting.papers.layouts import LAYOUTS
from benchmark.reporting.render import RENDERERS
from benchmark.reporting.render.macros import name_of
from benchmark.reporting.render.macros import render as macros
from benchmark.reporting.statistics.estimate import Estimate, estimate
from benchmark.reporting.tables.document import Cell, Column, Table, spans
from benchmark.spec import PROTOCOL, BenchError

# * first, _ second, / third of a column; + by definition; ? doubtful.
REN_1 = """
          | MNIST, L = 16 | MNIST, L = 32 | FashionMNIST, L = 32 | FashionMNIST, L = 64 | dSprites, L = 10 | dSprites, L = 15
Method    | FID     L*    | FID     L*    | FID     L*           | FID     L*           | FID      L*      | FID     L*
R-dpVAE   | _6.57   6     | *4.43   11    | *48.61  10           | _52.68  26           | _67.93   7       | _52.15  9
RF-VAE    | 184.38  9     | 208.27  21    | 258.37  27           | 272.87  52           | 144.89   8       | 167.24  12
GECO      | 29.21   11    | 30.29   9     | /69.67  8            | /67.21  10           | 97.86    5       | 94.61   5
MAAE      | 13.81   11    | 13.04   11    | 104.15  6            | 79.18   5            | 105.89   7       | 90.85   11
dpVAE     | *4.62   16+   | _5.53   32+   | _52.08  32+          | *52.38  64+          | *61.99   10+     | *48.68  15+
VAE       | /8.83   16+   | /9.65   32+   | 74.40   32+          | 70.18   64+          | /82.667  10+     | /81.86  15+
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
            ("*" if cell.best else signs[cell.place])
            + cell.text
            + "".join(marks[mark] for mark in cell.marks)
            for cell in row.cells
        ]
        for row in table.rows
    ]
    return [[column.title for column in table.columns], *rows]


def drawn(grid: str) -> tuple[list[str], list[list[str]]]:
    """The shared headings and the rows of a grid."""
    first, *rest = [line.split("|") for line in grid.strip("\n").splitlines()]
    return [part.strip() for part in first[1:]], [
        [text for part in line for text in re.split(r"\s{2,}", part.strip())] for line in rest
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
    assert set(LAYOUTS) == set(catalogue.TABLES) - set(BUILDERS)


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


def grid_of(table: Table) -> dict[tuple[str, str, str], str]:
    signs = {True: "*", False: ""}
    return {
        (row.cells[0].text, column.over, column.title): signs[cell.best]
        + (cell.text if cell.number is None else cell.number.value)
        + "".join(cell.marks)
        + (f" ({cell.note})" if cell.note else "")
        for row in table.rows
        for cell, column in zip(row.cells, table.columns, strict=True)
        if column.metric
    }


def runs(
    values: list[float],
    method: str,
    metric: str = "mse",
    dataset: str = "mnist",
    latent_dim: int = 16,
    **fields: object,
) -> list:
    return seeds(values, method, metric, dataset=dataset, latent_dim=latent_dim, **fields)


def test_runs_fill_the_layout_and_what_is_not_there_is_said() -> None:
    records = [
        *runs([0.010, 0.011, 0.012], "vae"),
        *runs([0.020, 0.021, 0.022], "dpvae"),
        *(record("r-dpvae", "mnist", seed=seed, status="diverged") for seed in (0, 1)),
        *runs(
            [0.001, 0.001, 0.002],
            "maskaae",
            code="of-yesterday",
            config={"schedule": "reference"},
        ),
        *runs([0.030, 0.031, 0.032], "r-vae"),
    ]
    cells = grid_of(filled_table("ren-2", records))
    assert cells["vae", "MNIST", "L = 16"] == "0.0110"  # a stale run is better, so none is best
    assert cells["r-dpvae", "MNIST", "L = 16"] == "2 diverged"
    assert cells["maskaae[schedule=reference]", "MNIST", "L = 16"].endswith("‡")
    assert (
        cells["geco-l0[tau_per_pixel=*]", "MNIST", "L = 16"]
        == cells["vae", "MNIST", "L = 32"]
        == "missing"
    )
    assert cells["r-vae", "MNIST", "L = 16"] == "0.0310"  # not in the paper: below
    assert grid_of(filled_table("ren-2", records[:8]))["vae", "MNIST", "L = 16"] == "*0.0110"


def test_the_row_of_geco_holds_the_runs_at_the_tau_of_each_dataset() -> None:
    taus = {"mnist": 0.0122, "fashion-mnist": 0.0106, "sprites": 0.0245}
    sizes = {"mnist": 16, "fashion-mnist": 32, "sprites": 10}
    records = [
        run
        for number, (dataset, tau) in enumerate(taus.items(), 1)
        for run in runs(
            [number / 100], "geco-l0", "mse", dataset, sizes[dataset], config={"tau_per_pixel": tau}
        )
    ]
    columns = ("MNIST", "L = 16"), ("FashionMNIST", "L = 32"), ("dSprites", "L = 10")
    table = filled_table("ren-2", [*records, *runs([0.09], "geco-l0")], paper=True)
    texts = grid_of(table)
    cells = [texts["geco-l0[tau_per_pixel=*]", *column] for column in columns]
    assert [cell.removeprefix("*").partition(" ")[0] for cell in cells] == [
        "0.01000",
        "0.02000",
        "0.03000",
    ]
    assert all("(paper " in cell for cell in cells)
    assert "paper" not in texts["geco-l0", "MNIST", "L = 16"]
    assert any(
        "geco-l0[tau_per_pixel=0.0106] on fashion-mnist" in note.text for note in table.notes
    )
    alone = grid_of(filled_table("ren-2", runs([0.09], "geco-l0")))
    assert alone["geco-l0[tau_per_pixel=*]", "MNIST", "L = 16"] == "missing"
    elsewhere = runs(
        [0.09], "geco-l0", dataset="fashion-mnist", latent_dim=32, config={"tau_per_pixel": 0.0122}
    )
    assert (
        grid_of(filled_table("ren-2", elsewhere))[
            "geco-l0[tau_per_pixel=*]", "FashionMNIST", "L = 32"
        ]
        == "missing"
    )


def test_only_the_papers_own_layout_marks_a_second() -> None:
    table = filled_table(
        "ren-2",
        [*runs([1.0, 1.1], "vae"), *runs([2.0, 2.1], "dpvae"), *runs([3.0, 3.1], "geco-l0")],
    )
    assert not any(cell.place for row in table.rows for cell in row.cells)


def test_one_budget_fills_a_layout_the_one_with_most() -> None:
    short = {"budget": "short", "steps": 900}
    records = [
        *runs([1.0], "vae"),
        *runs([5.0], "vae", **short),
        *runs([6.0], "dpvae", **short),
        *runs([7.0], "pca", steps=0, batch_size=0),
    ]
    table = filled_table("ren-2", records)
    cells = grid_of(table)
    assert (cells["vae", "MNIST", "L = 16"], cells["pca", "MNIST", "L = 16"]) == (
        "5",
        "7",
    ) and "(budget short)" in table.caption


def test_stand_ins_of_data_and_metrics_are_told() -> None:
    table = filled_table(
        "ren-1", runs([5.0, 5.1], "vae", "fd-cnn", "sprites", 10, options={"size": 32})
    )
    assert grid_of(table)["vae", "dSprites, L = 10", "FID"] == "5.0"
    notes = " ".join(note.text for note in table.notes)
    assert (
        "FD-CNN stands where the paper has FID" in notes
        and "sprites[size=32] for dsprites" in notes
    )


def test_tables_without_latent_sizes_take_one_and_say_which() -> None:
    table = filled_table(
        "flexae-3",
        [
            *runs([5.0], "flexae", "fid", latent_dim=32),
            *runs([6.0], "flexae", "fid", latent_dim=64),
        ],
    )
    assert grid_of(table)["flexae", "MNIST", "Gen."] == "5"
    notes = " ".join(note.text for note in table.notes)
    assert "L = 32 on mnist" in notes and "methods are not here" not in notes


def test_rows_of_methods_that_are_not_registered_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    kept = tuple(entry for entry in registry.METHODS if entry.name != "vae-vampprior")
    monkeypatch.setattr(registry, "BUILT_IN", {**registry.BUILT_IN, "methods": kept})
    monkeypatch.setattr(registry, "METHODS", kept)
    table = filled_table("flexae-3", [*runs([5.0], "flexae", "fid", latent_dim=32)])
    notes = " ".join(note.text for note in table.notes)
    assert "Rows of the paper whose methods are not here: VAE-Vamprior." in notes


def test_rows_of_datasets_hold_their_methods_in_columns() -> None:
    records = [
        *runs([9.0, 9.0], "maskaae", "lstar", "latent-8", config={"schedule": "reference"}),
        *runs([16.0, 16.0], "wae-gan", "lstar", "latent-8"),
    ]
    cells = grid_of(filled_table("maskaae-2", records, paper=True))
    assert cells["latent-8", "MAAE", "m_A"] == "9 (paper 9: within our range)"
    assert cells["latent-8", "WAE", "m_A"] == "16 (paper 16: within our range)"


# ---- beside the published value


def test_the_published_value_stands_beside_ours_with_a_verdict() -> None:
    assert agreement(Estimate(1.0, 0.2, 3), 1.2) == "agrees"
    assert agreement(Estimate(1.0, 0.2, 3), 1.3) == "ours lower"
    assert agreement(Estimate(1.0, 0.2, 3), 0.7) == "ours higher"
    assert agreement(Estimate(1.0, None, 1), 9.0) == "cannot tell"


def test_agreement_is_never_judged_by_an_interval_without_width() -> None:
    assert agreement(estimate([0.5, 0.5, 0.5]), 0.5000001) == "cannot tell"
    sides = [agreement(estimate([8, 8, 8], counts=True), value) for value in (7, 8, 9)]
    assert sides == ["below our range", "within our range", "above our range"]
    assert agreement(estimate([8, 10], counts=True), 9.5) == "within our range"
    assert agreement(estimate([8], counts=True), 8) == "cannot tell"
    records = [
        *runs([0.010, 0.011, 0.012], "vae"),
        *runs([0.0328], "r-dpvae"),
        *runs([0.018, 0.0182, 0.0184], "rf-vae-port"),
    ]
    for name in ("summary", "ren-2"):
        table = build(name, records, paper=True)
        text = RENDERERS["markdown"](table)
        assert (
            "paper 0.0459?: ours lower" in text
            and "paper 0.0328: cannot tell" in text
            and "paper 0.0182: agrees" in text
        )
        assert "single runs" in text
        assert "paper" not in RENDERERS["markdown"](build(name, records)).replace(
            "of the paper", ""
        ).replace("the paper has", "")
    header, *lines = RENDERERS["csv"](build("summary", records, paper=True)).splitlines()
    assert "mse paper,mse verdict" in header and any("0.0459,ours lower" in line for line in lines)


def test_another_metric_is_shown_and_not_compared() -> None:
    table = filled_table("ren-1", runs([5.0, 5.1], "vae", "fd-cnn"), paper=True)
    assert grid_of(table)["vae", "MNIST, L = 16", "FID"] == "5.0 (paper 8.83: another metric)"


def counted(method: str, counts: list[float], **extra: float) -> list:
    records = runs(counts, method, "lstar", dataset="sprites", latent_dim=10, flags=["degenerate"])
    return [replace(run, discovery={**run.discovery, "extra": extra}) for run in records]


def test_relevant_dimensions_of_rf_vae_are_those_above_the_mean_where_rens_count_them_so() -> None:
    records = [
        *counted("rf-vae", [0.0, 1.0, 0.0], lstar_above_mean=8.0),
        *counted("rf-vae-port", [7.0, 8.0, 8.0], lstar_above_mean=8.0),
    ]
    cells = grid_of(table := filled_table("ren-1", records, paper=True))
    column = "dSprites, L = 10", "L*"
    assert cells["rf-vae", *column] == "8§ (paper 8: within our range)"
    assert cells["rf-vae-port", *column].endswith("(paper 8: within our range)")
    assert any(
        note.text == "L* of rf-vae is L* (r > mean) here, as the source counts."
        for note in table.notes
    )
    assert not any("L* of rf-vae-port" in note.text for note in table.notes)
    assert grid_of(filled_table("ren-1", records, ["lstar"]))["rf-vae", *column] == "8§"


def test_where_only_the_own_rule_of_rf_vae_is_known_it_is_not_compared() -> None:
    old = counted("rf-vae", [0.0, 1.0, 0.0])
    assert grid_of(filled_table("ren-1", old, paper=True))[
        "rf-vae", "dSprites, L = 10", "L*"
    ].endswith("(paper 8: another rule)")
    on_mnist = runs([9.0, 9.0], "rf-vae", "lstar")
    assert "paper 9: another rule" in RENDERERS["markdown"](build("summary", on_mnist, paper=True))


def test_places_that_no_source_printed_stay_as_they_are() -> None:
    plain, beside = build("summary", seeds([1.0])), build("summary", seeds([1.0]), paper=True)
    assert beside.columns == plain.columns and beside.rows == plain.rows
    assert "No published value" in beside.notes[-1].text


# ---- macros


def test_a_layout_refuses_to_mix_protocols() -> None:
    mixed = [
        *runs([5.0], "flexae", "fid[n=1000]", latent_dim=32),
        *runs([6.0], "vae", "fid[n=5000]", latent_dim=32),
    ]
    with pytest.raises(BenchError, match=r"FID on mnist was measured by 2 protocols"):
        filled_table("flexae-3", mixed)


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
    head = r"\documentclass{article}\usepackage{booktabs}\usepackage[margin=1cm]{geometry}\begin{document}"
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


def test_a_table_without_published_figures_cannot_be_shown_as_printed() -> None:
    with pytest.raises(BenchError, match="no published figures"):
        printed_table("summary")


def test_layouts_need_no_torch() -> None:
    code = (
        "import sys; from benchmark.reporting.papers.as_printed import printed_table; "
        "printed_table('ren-1'); assert 'torch' not in sys.modules"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
