"""docs/coverage.md has a line for every table and figure of the sources, and its commands are ones
that plan: names and options exist, and suites become jobs. Nothing of it needs torch."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path

import click
import pytest

from benchmark import registry
from benchmark.cli import cli
from benchmark.planning import jobs as planning
from benchmark.planning.suites import read_suite, suites
from benchmark.reporting.catalogue.figures import FIGURES
from benchmark.reporting.catalogue.tables import TABLES
from benchmark.reporting.claims.claims import claims

PAGE = Path(__file__).parents[2] / "docs" / "coverage.md"

TRAIN = {"sprites": 9000, "circle": 4096, "one-moon": 4096, "latent-8": 50_000, "latent-16": 50_000}
"""Training images of data that is drawn, so that planning need not draw it."""

NUMBERED = {
    "RENs": ([1, 2], range(1, 14)),
    "MaskAAE": (range(1, 6), range(1, 18)),
    "Calibrated decoders": ([], [1, 3]),
    "GRAE": ([1], range(1, 8)),
    "MI-VAE": ([], [f"4.{number}" for number in range(1, 12)]),
}
"""Tables and figures that each source numbers."""


def sections() -> dict[str, list[list[str]]]:
    """Source -> rows of its table: item, command, remark."""
    tables: dict[str, list[list[str]]] = {}
    for part in PAGE.read_text(encoding="utf-8").split("\n## ")[1:]:
        lines = [line for line in part.splitlines() if line.startswith("| ")]
        tables[part.splitlines()[0]] = [
            [cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]] for line in lines[1:]
        ]
    return tables


ROWS = [row for rows in sections().values() for row in rows]

COMMANDS = sorted({text for row in ROWS for text in re.findall(r"`(bench [^`]+)`", " ".join(row))})


def numbers(text: str) -> set[str]:
    """The numbers that an item names, those of a span among them."""
    printed = set(re.findall(r"\d+(?:\.\d+)?", text))
    for low, high in re.findall(r"(\d+) to (\d+)", text):
        printed |= {str(number) for number in range(int(low), int(high) + 1)}
    return printed


@pytest.mark.parametrize("source", NUMBERED)
def test_every_numbered_table_and_figure_has_a_line(source: str) -> None:
    (rows,) = (rows for title, rows in sections().items() if title.startswith(source))
    for kind, wanted in zip(("Table", "Figure"), NUMBERED[source], strict=True):
        items = [item.partition(":")[0] for item, *_ in rows if item.startswith(kind)]
        listed = {number for item in items for number in numbers(item)}
        assert listed >= set(map(str, wanted)), (source, kind)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0][:40])
def test_every_line_has_a_command_or_says_why_not(row: list[str]) -> None:
    item, command, remark = row
    assert item and (command.startswith("`bench ") or (command == "–" and remark)), row


def named(words: list[str]) -> None:
    """Names of tables, figures, claims and whatever is shown exist."""
    kind, *names = words
    registered = {
        "table": set(TABLES),
        "figure": set(FIGURES),
        "claims": {claim.name for claim in claims()},
        "show": {entry.name for entry in registry.METHODS},
    }
    if kind in registered:
        assert names[0] in registered[kind], words


@pytest.mark.parametrize("command", COMMANDS)
def test_commands_are_understood(command: str) -> None:
    """Parsed as the command line parses them, without being run."""
    program, *words = shlex.split(command)
    assert program == "bench"
    command_of = cli.get_command(click.Context(cli), words[0])
    assert command_of is not None, f"no command '{words[0]}'"
    command_of.make_context(words[0], words[1:])
    named(words)


def test_a_name_that_is_not_there_is_seen() -> None:
    for words in (["table", "ren-9"], ["figure", "smaples"], ["claims", "none"], ["show", "vaee"]):
        with pytest.raises(AssertionError):
            named(words)


def described(choice: registry.Choice, data_dir: Path, seen: object) -> planning.Described:
    constants = choice.entry.source.constants
    count = choice.options.get("train") or constants.get("train_count") or TRAIN.get(choice.name, 1)
    return planning.Described(choice.name, count)


SUITES = sorted({name for text in COMMANDS for name in re.findall(r"--suite ([\w-]+)", text)})


@pytest.mark.parametrize("name", SUITES)
def test_suites_plan(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(planning, "described", described)
    for stage in read_suite(name).stages:
        assert planning.plan(stage.grid, Path())


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0][:40])
def test_a_suite_names_what_its_line_draws_and_judges(row: list[str]) -> None:
    text = " ".join(row)
    named_by = [read_suite(name) for name in re.findall(r"--suite ([\w-]+)", text)]
    for kind in ("tables", "figures", "claims"):
        of_suites = {name for suite in named_by for name in getattr(suite, kind)}
        asked = set(re.findall(rf"`bench {kind.removesuffix('s')}s? ([\w-]+)", text))
        assert not named_by or asked <= of_suites, (row[0], asked - of_suites)


@pytest.mark.parametrize(
    "name",
    sorted(
        {
            name
            for text in COMMANDS
            for names in re.findall(r"--metrics? ([\w,-]+)", text)
            for name in names.split(",")
        }
    ),
)
def test_metrics_that_are_shown_are_there(name: str) -> None:
    assert registry.find("metrics", name).name == name


def test_suites_of_sources_are_on_the_page() -> None:
    others = ("ours", "beyond the five sources")
    ours = {suite.name for suite in suites() if suite.source.startswith(others)}
    assert set(SUITES) == {suite.name for suite in suites()} - ours


def test_the_page_is_planned_without_torch() -> None:
    text = (
        "import sys; from benchmark.cli import cli; from benchmark.planning.jobs import plan; "
        "from benchmark.planning.suites import read_suite; from pathlib import Path; "
        "[plan(stage.grid, Path()) for stage in read_suite('grae-uniqueness').stages]; "
        "sys.exit('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", text], check=False).returncode == 0
