"""The manner of the code, room by room: how long lines, functions and files are, and names that
say a role. And tests count; none depends on how fast the machine is."""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

import baselines
import benchmark

ROOTS = {
    "benchmark": Path(benchmark.__file__).parent,
    "baselines": Path(baselines.__file__).parent,
    "tests": Path(__file__).parent,
}

CLEAN = (
    "benchmark/calibration",
    "benchmark/cli",
    "benchmark/datasets",
    "benchmark/exports",
    "benchmark/nn",
    "benchmark/planning",
    "benchmark/registered",
    "benchmark/reporting",
    "benchmark/reporting/catalogue",
    "benchmark/reporting/cells",
    "benchmark/reporting/claims",
    "benchmark/reporting/figures",
    "benchmark/reporting/gate",
    "benchmark/reporting/papers",
    "benchmark/reporting/render",
    "benchmark/reporting/report",
    "benchmark/reporting/statistics",
    "benchmark/reporting/tables",
    "benchmark/studies",
    "benchmark/testing",
    "benchmark/training",
    "tests",
    "tests/baselines",
    "tests/cli",
    "tests/datasets",
    "tests/docs",
    "tests/evaluation",
    "tests/exports",
    "tests/extractors",
    "tests/golden",
    "tests/metrics",
    "tests/nn",
    "tests/planning",
    "tests/recomputation",
    "tests/reporting",
    "tests/reporting/cells",
    "tests/reporting/claims",
    "tests/reporting/figures",
    "tests/reporting/gate",
    "tests/reporting/papers",
    "tests/reporting/render",
    "tests/reporting/report",
    "tests/reporting/statistics",
    "tests/reporting/tables",
    "tests/running",
    "tests/studies",
    "tests/testing",
    "tests/training",
)
"""Folders whose own files keep the manner. A room that does is added; none leaves."""

PRONOUNS = {"found", "each", "place", "told", "made", "there", "known", "given", "shown"}
"""Names that say neither what a value is nor what it is for."""

WIDTH, LINES, FUNCTION = 100, 300, 40


def files(room: str) -> list[Path]:
    """The files that lie in a folder, named by its path in the repository, and in none below."""
    root, *parts = room.split("/")
    return sorted(ROOTS[root].joinpath(*parts).glob("*.py"))


def bound(tree: ast.AST) -> Iterator[tuple[str, int]]:
    """The names of variables and arguments, with the lines where they are bound."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id, node.lineno
        elif isinstance(node, ast.arg):
            yield node.arg, node.lineno


def faults(text: str) -> list[str]:
    """What in a file is against the manner, in words."""
    lines, tree = text.splitlines(), ast.parse(text)
    long = [f"line {at}: wide" for at, line in enumerate(lines, 1) if len(line) > WIDTH]
    vague = [f"line {at}: '{name}'" for name, at in bound(tree) if name in PRONOUNS]
    functions = [
        f"line {node.lineno}: '{node.name}' is long"
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and node.end_lineno is not None
        and node.end_lineno - node.lineno + 1 > FUNCTION
    ]
    return [*long, *vague, *functions, *(["the file is long"] if len(lines) > LINES else [])]


@pytest.mark.parametrize("room", CLEAN)
def test_rooms_keep_the_manner(room: str) -> None:
    assert files(room)
    wrong = {path.name: faults(path.read_text(encoding="utf-8")) for path in files(room)}
    assert {name: words for name, words in wrong.items() if words} == {}


def test_what_is_against_the_manner_is_seen() -> None:
    short = "def count(values):\n    return [value for value in values]\n"
    assert faults(short) == []
    assert faults(short.replace("value for value in", "each for each in")) == ["line 2: 'each'"]
    assert faults("def f(told=1): ...\n") == ["line 1: 'told'"]
    assert faults(f"x = '{'a' * 94}'\n") == [] and faults(f"x = '{'a' * 95}'\n") == ["line 1: wide"]
    assert faults("def f():\n" + "    x = 1\n" * 39) == []
    assert faults("def f():\n" + "    x = 1\n" * 40) == ["line 1: 'f' is long"]
    assert faults("x = 1\n" * 300) == [] and faults("x = 1\n" * 301) == ["the file is long"]


def test_files_hold_one_idea() -> None:
    long = {
        f"{name}/{path.relative_to(ROOTS[name])}"
        for name in ("benchmark", "baselines")
        for path in ROOTS[name].rglob("*.py")
        if len(path.read_text(encoding="utf-8").splitlines()) > LINES
    }
    assert long == set()


def twice(names: Iterable[tuple[str, str]]) -> dict[str, list[str]]:
    """The names that stand in more than one of (file, name), with their files."""
    files: dict[str, list[str]] = defaultdict(list)
    for module, name in names:
        files[name].append(module)
    return {name: modules for name, modules in files.items() if len(modules) > 1}


def test_a_class_name_means_one_thing() -> None:
    classes = [
        (".".join((name, *path.relative_to(ROOTS[name]).with_suffix("").parts)), node.name)
        for name in ("benchmark", "baselines")
        for path in sorted(ROOTS[name].rglob("*.py"))
        for node in ast.parse(path.read_text(encoding="utf-8")).body
        if isinstance(node, ast.ClassDef)
    ]
    assert twice(classes) == {}
    assert twice([*classes, ("benchmark.planted", "Trainer")]) == {
        "Trainer": ["benchmark.training.trainer", "benchmark.planted"]
    }


CLOCKS = {"process_time", "perf_counter", "thread_time", "time"}
"""Functions of ``time`` that tell how long something took; ``monotonic`` is for patience."""


def clocks(text: str) -> list[str]:
    """The clocks that a module reads."""
    return [
        node.attr
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.Attribute)
        and isinstance(node.value, ast.Name)
        and node.value.id == "time"
        and node.attr in CLOCKS
    ]


def test_no_test_depends_on_how_fast_the_machine_is() -> None:
    """Tests count; what is timed stands in tests/performance."""
    timed = {
        str(path.relative_to(ROOTS["tests"]))
        for path in ROOTS["tests"].rglob("*.py")
        if clocks(path.read_text(encoding="utf-8"))
    }
    assert {name for name in timed if not name.startswith("performance")} == set()
    assert timed  # those of tests/performance are seen
