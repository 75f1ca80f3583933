"""The four formats: what they look like, and that no name can do harm in any of them."""

from __future__ import annotations

import csv
import io
import re
import shutil
import subprocess
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest
from reporting.making import HOSTILE, record, seeds
from reporting.render.small import CSV, HTML, LATEX, MARKDOWN, SMALL, TEXT

from benchmark.metrics.null import Null
from benchmark.reporting.cells.titles import TITLES
from benchmark.reporting.papers.as_printed import DOUBT
from benchmark.reporting.render import RENDERERS, SUFFIXES, format_of, macros
from benchmark.reporting.render.latex import escape
from benchmark.reporting.tables import notes
from benchmark.reporting.tables.document import SIGNS, Note, Table, clip
from benchmark.reporting.tables.summary import summary
from benchmark.spec import BenchError


@pytest.mark.parametrize(
    ("name", "expected"), [("latex", LATEX), ("markdown", MARKDOWN), ("csv", CSV), ("text", TEXT)]
)
def test_small_table_reads_as_agreed(name: str, expected: str) -> None:
    assert RENDERERS[name](SMALL) == expected


def test_small_table_reads_as_agreed_in_html() -> None:
    text = RENDERERS["html"](SMALL)
    assert text.startswith(HTML + "<style>\n") and text.endswith("\n</style>\n")
    assert "prefers-color-scheme: dark" in text


def test_what_is_to_be_typed_stands_in_a_typewriter_face() -> None:
    notes_of = (
        Note("L* of other code (`bench evaluate --null` counts_it)."),
        Note("A lone ` sign."),
    )
    text = RENDERERS["latex"](replace(SMALL, notes=notes_of))
    assert r"$L^*$ of other code (\texttt{bench evaluate --null} counts\_it)." in text
    assert "A lone {`} sign." in text
    assert "{`}bench" not in text


def test_marks_stand_in_words_where_no_notes_are_below() -> None:
    """What marks a row marks every number of it; the other row bears nothing."""
    lines = [line for line in macros.render(SMALL).splitlines() if line.startswith(r"\newcommand")]
    assert [line.partition(" % ")[2] for line in lines] == [
        "stale, by definition",
        "stale",
        "",
        "",
    ]
    signs = {notes.NO_SELECTION, notes.STALE, notes.FLAGGED, notes.REMARK, notes.CHANCE}
    assert set(SIGNS) == signs | {notes.NO_BETTER, DOUBT}


def test_every_suffix_stands_for_a_format() -> None:
    assert set(SUFFIXES.values()) == set(RENDERERS)
    assert format_of(Path("a.b/c.TEX")) == "latex"
    with pytest.raises(BenchError, match=r"'x\.doc'.*\.tex.*--format"):
        format_of(Path("x.doc"))


UNREADABLE = r'[][,"]'
"""What ids of measurements never hold: such records are refused on reading."""


def hostile() -> Table:
    """A summary in which every name of method, dataset, budget, option, metric and id is
    hostile."""
    records = []
    for index, name in enumerate(HOSTILE):
        metric = f"m{index}{re.sub(UNREADABLE, '', name[:9])}[a={re.sub(UNREADABLE, '', name)}]"
        records += [
            record(
                name,
                name,
                16,
                seed,
                budget=name,
                config={name: name},
                values={"mse": 0.1 + seed, metric: 1.0},
            )
            for seed in (0, 1)
        ]
    return summary(records)


def test_all_formats_are_pure_functions_of_records_in_any_order() -> None:
    records = [*seeds([1.0, 2.0]), *seeds([1.0, 4.0], "pca", dataset="circle")]
    for render in RENDERERS.values():
        assert render(summary(records)) == render(summary(records[::-1]))


def test_hostile_names_are_harmless_in_latex() -> None:
    table = hostile()
    text = RENDERERS["latex"](table)
    assert text.isascii()
    lines = [line for line in text.splitlines() if not line.startswith("%")]
    body = lines[lines.index(r"\toprule") + 1 : lines.index(r"\bottomrule")]
    body = [line for line in body if line != r"\midrule"]
    assert len(body) == 1 + len(table.rows)
    for line in body:
        assert line.endswith(r" \\") and line.count(r"\\") == 1 and not line.startswith(("[", "*"))
        bare = re.sub(r"\\(?:[#$%&_{}\\]|[`'^~=\"](?=\{)|[A-Za-z]+)", "", line)
        assert bare.count("&") == len(table.columns) - 1
        assert bare.count("$") % 2 == 0 and bare.count("{") == bare.count("}")
        assert not set("#%\\~") & set(bare) and not set("_^") & set(re.sub(r"\$[^$]*\$", "", bare))
    commands = set(re.findall(r"\\([A-Za-z]+)", "\n".join(lines)))
    assert not commands & {"input", "href", "write", "def", "include", "catcode", "frac"}
    assert len([line for line in lines if line.startswith(r"\end{tabular}")]) == 1


def test_accents_are_commands_and_other_scripts_code_points() -> None:
    assert escape("é ç Å ß ±") == r"\'{e} \c{c} \r{A} \ss{} $\pm$"
    assert escape("漢") == "[U+6F22]"


def test_hostile_names_are_harmless_in_markdown() -> None:
    table = hostile()
    lines = RENDERERS["markdown"](table).splitlines()
    rows = [line for line in lines if line.startswith("|")]
    assert len(rows) == 2 + len(table.rows)
    for row in rows:
        assert len(re.findall(r"(?<!\\)(?:\\\\)*\|", row)) == len(table.columns) + 1
    text = "\n".join(lines)
    assert not re.search(r"[<>]", text) and "](" not in text and "][" not in text
    assert not re.search(r"(?<!\\)(?:\\\\)*[`$~]", text)
    assert r"\*star\* \*\*b\*\* \`code\`" in text


def test_hostile_names_are_harmless_in_spreadsheets_and_read_back() -> None:
    table = hostile()
    read = list(csv.DictReader(io.StringIO(RENDERERS["csv"](table))))
    assert len(read) == len(table.rows)
    names = {row["dataset"].removeprefix("'") for row in read}
    assert names >= {name for name in HOSTILE if "[" not in name}
    for row in read:
        numbers = {name for name in row if name.startswith("mse") and not name.endswith("id")}
        assert not [
            value
            for name, value in row.items()
            if name not in numbers and value.lstrip().startswith(("=", "+", "-", "@"))
        ]


class Reader(HTMLParser):
    """Collects tags and the texts of table cells; fails where tags do not match."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.cells: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.open.append(tag)
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}
        if tag == "td":
            self.cells.append("")

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if "td" in self.open:
            self.cells[-1] += data

    def handle_comment(self, data: str) -> None:
        raise AssertionError(data)


def test_hostile_names_are_harmless_in_html() -> None:
    reader = Reader()
    reader.feed(RENDERERS["html"](hostile()))
    assert not reader.open
    assert reader.tags == {
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
        "style",
    } - {"sub", "sup"}
    assert reader.attributes == {"class", "scope", "title", "colspan"}
    assert {clip(name) for name in HOSTILE if "[" not in name} <= set(reader.cells)


@pytest.mark.slow
def test_latex_compiles_with_booktabs_alone(tmp_path: Path) -> None:
    if shutil.which("pdflatex") is None:
        pytest.skip("pdflatex is not installed")
    tables = (RENDERERS["latex"](hostile()), RENDERERS["latex"](SMALL))
    for number, text in enumerate(tables):
        head = r"\documentclass{article}\usepackage{booktabs}\begin{document}"
        source = rf"{head}{text}\end{{document}}"
        (tmp_path / f"{number}.tex").write_text(source, encoding="ascii")
        done = subprocess.run(
            ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", f"{number}.tex"],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout[-2000:]


def test_latex_knows_every_sign_of_our_own_titles_and_nulls() -> None:
    own = [*TITLES.values(), Null(15, 1.2).text]
    assert not [text for text in own if "[U+" in escape(text)]
    assert escape("≥ 15") == r"$\geq$ 15"
