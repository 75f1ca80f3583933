"""Every table in every format with names that mean harm, read by programs that would do it: a
Markdown parser, a CSV reader, pdflatex."""

from __future__ import annotations

import csv
import io
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from markdown_it import MarkdownIt
from reporting.making import HOSTILE, UNSEEN, record, store

from benchmark.reporting.catalogue.tables import TABLES
from benchmark.reporting.claims.table import claims_table
from benchmark.reporting.claims.verdicts import published_verdicts
from benchmark.reporting.named_tables import build
from benchmark.reporting.render import RENDERERS, SUFFIXES
from benchmark.reporting.tables.document import Table
from benchmark.spec import Record

GRID = {
    "mnist": (16, 32, 64),
    "fashion-mnist": (32, 64, 128),
    "sprites": (10, 15),
    "latent-8": (16,),
    "cifar10": (128,),
}
METHODS = (
    "pca",
    "vae",
    "dpvae",
    "r-dpvae",
    "rf-vae",
    "maskaae",
    "wae-gan",
    "geco-l0",
    "flexae",
    "mi-vae-joint",
)
METRICS = (
    "mse",
    "lstar",
    "fid[n=10000]",
    "fid-reconstruction[n=10000]",
    "nac",
    "precision",
    "recall",
    "accuracy",
)


def honest() -> list[Record]:
    """Runs as the tables of the papers have them, some of them in trouble."""
    runs = []
    for index, (dataset, size, method) in enumerate(
        (d, size, m) for d, sizes in GRID.items() for size in sizes for m in METHODS
    ):
        for seed in range(3):
            status = "diverged" if (index + seed) % 17 == 0 else "done"
            values = (
                dict.fromkeys(METRICS, 0.01 * (index % 11 + 1) * (1 + seed / 50))
                if status == "done"
                else None
            )
            runs.append(
                record(method, dataset, size, seed, budget="paper", status=status, values=values)
            )
    return runs


UNREADABLE = r'[][,"]'
"""What ids of measurements never hold: such records are refused on reading."""


def hostile() -> list[Record]:
    """Runs whose method, dataset, budget, options and metrics have hostile names; every other one
    failed."""
    runs = []
    for index, name in enumerate((*HOSTILE, *UNSEEN)):
        metric = f"m{index}{re.sub(UNREADABLE, '', name[:9])}"
        for seed in (0, 1):
            status = "failed" if index % 2 and seed else "done"
            values = {"mse": 0.1 + seed, metric: 1.0} if status == "done" else None
            runs.append(
                record(
                    name,
                    name,
                    16,
                    seed,
                    budget=name,
                    config={name: name},
                    status=status,
                    values=values,
                )
            )
    return runs


@pytest.fixture(scope="module")
def tables() -> dict[str, Table]:
    """Every table of honest and hostile runs together, and the table of claims."""
    records = [*honest(), *hostile()]
    return {name: build(name, records) for name in TABLES} | {
        "claims": claims_table(published_verdicts(), "published figures")
    }


def test_every_format_of_every_table_can_be_written_as_a_file(tables: dict[str, Table]) -> None:
    for table in tables.values():
        for render in RENDERERS.values():
            text = render(table)
            text.encode("utf-8")
            assert all(character.isprintable() or character in "\n\t" for character in text), (
                "no control characters, no bidirectional overrides, no lone surrogates"
            )


def test_markdown_is_one_table_of_plain_text(tables: dict[str, Table]) -> None:
    """A parser that knows links, images, code, tags, emphasis and strikethrough finds none but the
    bold best."""
    parser = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
    for table in tables.values():
        tokens = parser.parse(RENDERERS["markdown"](table))
        assert [token.type for token in tokens].count("table_open") == 1
        assert {token.type for token in tokens if token.nesting >= 0} <= {
            *(
                "paragraph_open",
                "inline",
                "table_open",
                "thead_open",
                "tbody_open",
                "tr_open",
                "th_open",
                "td_open",
            )
        }
        inside = {child.type for token in tokens for child in token.children or ()}
        assert inside <= {"text", "text_special", "softbreak", "strong_open", "strong_close"}
        assert [token.type for token in tokens].count("tr_open") == 1 + len(table.rows)


def test_csv_has_a_field_per_raw_name_and_no_formula(tables: dict[str, Table]) -> None:
    for table in tables.values():
        header, *rows = csv.reader(io.StringIO(RENDERERS["csv"](table)))
        assert len(rows) == len(table.rows) and {len(row) for row in rows} <= {len(header)}
        for field in (field for row in (header, *rows) for field in row):
            begins = field.lstrip("\N{REPLACEMENT CHARACTER} \n\t")[:1]
            assert begins not in tuple("=+@") and (
                begins != "-" or re.fullmatch(r"-[\d.e+-]+|-inf", field)
            ), field


def test_html_holds_no_tag_of_a_name(tables: dict[str, Table]) -> None:
    allowed = {
        "table",
        "caption",
        "thead",
        "tbody",
        "tfoot",
        "tr",
        "th",
        "td",
        "sub",
        "sup",
        "b",
        "u",
        "i",
        "em",
        "strong",
        "style",
        "span",
        "br",
    }
    for table in tables.values():
        text = RENDERERS["html"](table)
        assert {name.lower() for name in re.findall(r"</?([A-Za-z!][A-Za-z]*)", text)} <= allowed


def test_tables_and_claims_import_no_torch(tmp_path: Path) -> None:
    """The commands on records on disk, from the first import to the written file."""
    folder = store(tmp_path / "runs", honest()[:60])
    calls = [
        ["table", name, "--results", str(folder), "-o", str(tmp_path / f"t{suffix}")]
        for name in ("summary", "dimensions")
        for suffix in SUFFIXES
    ]
    calls.append(["claims", "--results", str(folder)])
    lines = [
        "import sys",
        "from benchmark.cli import cli",
        *(f"cli.main({call!r}, standalone_mode=False)" for call in calls),
    ]
    code = "\n".join([*lines, "assert 'torch' not in sys.modules"])
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]


@pytest.mark.slow
def test_all_tables_compile_in_one_document(tables: dict[str, Table], tmp_path: Path) -> None:
    """With booktabs alone; every table is a file of its own that the document reads, as a paper
    would."""
    if shutil.which("pdflatex") is None:
        pytest.skip(
            "pdflatex is not installed; on Debian: apt-get install texlive-latex-recommended"
        )
    lines = [r"\documentclass{article}", r"\usepackage{booktabs}", r"\begin{document}"]
    for name, table in tables.items():
        (tmp_path / f"{name}.tex").write_text(RENDERERS["latex"](table), encoding="ascii")
        lines += [rf"\input{{{name}.tex}}", r"\clearpage"]
    (tmp_path / "all.tex").write_text("\n".join([*lines, r"\end{document}", ""]), encoding="ascii")
    command = [
        "pdflatex",
        "-interaction=nonstopmode",
        "-halt-on-error",
        "-no-shell-escape",
        "all.tex",
    ]
    done = subprocess.run(
        command, cwd=tmp_path, capture_output=True, text=True, errors="replace", check=False
    )
    log = (tmp_path / "all.log").read_text(encoding="latin-1")
    assert done.returncode == 0, log[-3000:]
    assert "/etc/passwd" not in re.findall(r"\(([^\s()]+)", log) and "Missing character" not in log
    assert (tmp_path / "all.pdf").stat().st_size > 10_000
