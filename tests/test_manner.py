"""The manner of the code, room by room: how long lines, functions and files are, and names that
say a role. And tests count; none depends on how fast the machine is."""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path

import pytest

import baselines
import benchmark

ROOTS = {
    "benchmark": Path(benchmark.__file__).parent,
    "baselines": Path(baselines.__file__).parent,
    "tests": Path(__file__).parent,
    "docs": Path(__file__).parents[1] / "docs",
}

PRONOUNS = {"found", "each", "place", "told", "made", "there", "known", "given", "shown"}
"""Names that say neither what a value is nor what it is for."""

PINNED = {
    "baselines/grae.py": {"found"},
    "baselines/mi_vae.py": {"place"},
    "baselines/mi_vae_joint.py": {"found"},
    "baselines/r_vae.py": {"given"},
    "baselines/vae.py": {"given"},
    "benchmark/evaluation/evaluator.py": {"found"},
    "benchmark/evaluation/evidence.py": {"known"},
    "benchmark/evaluation/features.py": {"found"},
    "benchmark/evaluation/impact.py": {"place"},
    "benchmark/evaluation/information_bound.py": {"found"},
    "benchmark/evaluation/measuring.py": {"found"},
    "benchmark/extractors/cnn.py": {"found"},
    "benchmark/extractors/extractor.py": {"found", "place"},
    "benchmark/extractors/inception.py": {"found", "place"},
    "benchmark/extractors/weights.py": {"found", "place"},
    "benchmark/method.py": {"found"},
    "benchmark/metrics/categorical.py": {"found"},
    "benchmark/metrics/distances.py": {"found"},
    "benchmark/metrics/fid.py": {"each", "found"},
    "benchmark/metrics/frechet.py": {"found"},
    "benchmark/metrics/kid.py": {"found"},
    "benchmark/metrics/moments.py": {"found"},
}
"""Names that are left in code whose digest the published records carry, by file: they go when those
runs are done again."""

EXCUSED = {
    **PINNED,
    "benchmark/spec.py": {"given"},  # a field of records, as data/record.schema.json calls it
    "tests/performance/gpu.py": {"the file is long"},  # one script for a machine with a GPU
}

WIDTH, LINES, FUNCTION = 100, 300, 40


def files() -> dict[str, Path]:
    """Every module by its path in the repository."""
    return {
        f"{name}/{path.relative_to(root).as_posix()}": path
        for name, root in ROOTS.items()
        for path in sorted(root.rglob("*.py"))
    }


def bound(tree: ast.AST) -> Iterator[tuple[str, int]]:
    """The names of variables and arguments, with the lines where they are bound."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id, node.lineno
        elif isinstance(node, ast.arg):
            yield node.arg, node.lineno


def faults(text: str, excused: Collection[str] = ()) -> list[str]:
    """What in a file is against the manner, in words; ``excused`` names do not count."""
    lines, tree = text.splitlines(), ast.parse(text)
    long = [f"line {at}: wide" for at, line in enumerate(lines, 1) if len(line) > WIDTH]
    vague = [f"line {at}: '{name}'" for name, at in bound(tree) if name in PRONOUNS - {*excused}]
    functions = [
        f"line {node.lineno}: '{node.name}' is long"
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and node.end_lineno is not None
        and node.end_lineno - node.lineno + 1 > FUNCTION
    ]
    files = ["the file is long"] if len(lines) > LINES else []
    return [fault for fault in (*long, *vague, *functions, *files) if fault not in excused]


@pytest.mark.parametrize("root", ROOTS)
def test_every_file_keeps_the_manner(root: str) -> None:
    wrong = {
        name: faults(path.read_text(encoding="utf-8"), EXCUSED.get(name, ()))
        for name, path in files().items()
        if name.startswith(f"{root}/")
    }
    assert wrong
    assert {name: words for name, words in wrong.items() if words} == {}


@pytest.mark.parametrize("name", EXCUSED)
def test_what_is_excused_is_there(name: str) -> None:
    """The list may only shrink: whoever mends a name takes it off."""
    text = files()[name].read_text(encoding="utf-8")
    for excuse in EXCUSED[name]:
        assert any(excuse in fault for fault in faults(text)), excuse


def test_what_is_against_the_manner_is_seen() -> None:
    short = "def count(values):\n    return [value for value in values]\n"
    assert faults(short) == []
    assert faults(short.replace("value for value in", "each for each in")) == ["line 2: 'each'"]
    assert faults("def f(told=1): ...\n") == ["line 1: 'told'"]
    assert faults(f"x = '{'a' * 94}'\n") == [] and faults(f"x = '{'a' * 95}'\n") == ["line 1: wide"]
    assert faults("def f():\n" + "    x = 1\n" * 39) == []
    assert faults("def f():\n" + "    x = 1\n" * 40) == ["line 1: 'f' is long"]
    assert faults("def f(told, made): ...\n", ["made"]) == ["line 1: 'told'"]
    assert faults("x = 1\n" * 300) == [] and faults("x = 1\n" * 301) == ["the file is long"]


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
