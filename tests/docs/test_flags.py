"""docs/record.md names every flag, and who raises it."""

from __future__ import annotations

import ast
import importlib
import inspect
import re
import textwrap
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

import baselines
from benchmark import registry
from benchmark.method import Method
from benchmark.spec import FLAGS

ROOT = Path(__file__).parents[2]
HARNESS = "the harness"


def documented() -> dict[str, set[str]]:
    """Flag -> who raises it, by the table."""
    text = (ROOT / "docs/record.md").read_text(encoding="utf-8").partition("## Flags")[2]
    rows = re.findall(r"^\| `(\w+)` \| ([^|]+) \|", text, re.MULTILINE)
    return {flag: {name.strip() for name in raisers.split(",")} for flag, raisers in rows}


def words(node: ast.AST, named: Mapping[str, Any]) -> set[str]:
    values = [
        named.get(part.id) if isinstance(part, ast.Name) else getattr(part, "value", None)
        for part in ast.walk(node)
        if isinstance(part, ast.Constant | ast.Name)
    ]
    return {value for value in values if isinstance(value, str)}


def raised(text: str, named: Mapping[str, Any]) -> set[str]:
    """The flags in the source of an adapter: words, or constants of the module (``named``), given
    as ``flags=`` or third of a ``Discovery``, or gathered under that name or as ``raised``."""
    flags: set[str] = set()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.keyword) and node.arg == "flags":
            flags |= words(node.value, named)
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "Discovery":
            flags |= set().union(*(words(value, named) for value in node.args[2:3]))
        targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
        names = {target.id for target in targets if isinstance(target, ast.Name)}
        if names & {"flags", "raised"}:
            keys = node.value.keys if isinstance(node.value, ast.Dict) else [node.value]
            flags |= set().union(*(words(key, named) for key in keys if key is not None))
    return flags


ADAPTERS = sorted(Path(baselines.__file__).parent.glob("[!_]*.py"))


def returned(method: Callable[..., Any]) -> set[str]:
    """The flags that a method ``..._flags`` may return."""
    tree = ast.parse(textwrap.dedent(inspect.getsource(method)))
    values = [node.value for node in ast.walk(tree) if isinstance(node, ast.Return)]
    return set().union(*(words(value, method.__globals__) for value in values if value is not None))


def adapter_of(path: Path) -> type[Method]:
    """The one method class of an adapter's file."""
    module = importlib.import_module(f"baselines.{path.stem}")
    (kind,) = (
        value
        for name in module.__all__
        if isinstance(value := getattr(module, name), type) and issubclass(value, Method)
    )
    return kind


@pytest.mark.parametrize("path", ADAPTERS, ids=lambda path: path.stem)
def test_the_table_says_what_an_adapter_raises(path: Path) -> None:
    name = path.stem.replace("_", "-")
    documented_flags = {flag for flag, raisers in documented().items() if name in raisers}
    adapter = adapter_of(path)
    discover = inspect.unwrap(adapter.discover)
    text = Path(inspect.getfile(discover)).read_text(encoding="utf-8")
    helpers = [getattr(adapter, name) for name in dir(adapter) if name.endswith("_flags")]
    assert documented_flags == raised(text, discover.__globals__).union(*map(returned, helpers))


def test_the_table_says_what_the_harness_raises_and_names_no_strangers() -> None:
    names = {entry.name for entry in registry.METHODS} | {HARNESS}
    assert {flag for flag, raisers in documented().items() if HARNESS in raisers} == set(FLAGS)
    assert set().union(*documented().values()) <= names


def test_flags_are_found_however_they_are_written() -> None:
    assert raised('Discovery(a, b, flags=("one",) if x else ())', {}) == {"one"}
    assert raised('Discovery(a, b, ("one",) if x else (), extra)', {}) == {"one"}
    text = 'flags = {"one": x == "not", TWO: y}\nflags += ("three",)\nraised = {"four": z}'
    assert raised(text, {"TWO": "two"}) == {"one", "two", "three", "four"}
