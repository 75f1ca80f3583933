"""A registered adapter, and what can be known of it from its text: docstring, options, class
attributes, digest.

Nothing is imported but the (empty) packages on the way, so ``bench list`` and ``bench show`` stay
fast and reporting stays free of torch.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from benchmark.fields import read_fields
from benchmark.modules import PROJECT, module_file, parse
from benchmark.options import Field
from benchmark.spec import BenchError
from benchmark.syntax import address, digest_of

__all__ = ["Entry", "SourceClass", "read_class"]


class SourceClass:
    """A class as its source shows it: ``doc`` of its module, ``fields``, literal ``constants``;
    base classes in this project are read too."""

    def __init__(self, path: Path, name: str | None) -> None:
        self.path = path
        self.tree = parse(path)
        self.doc = ast.get_docstring(self.tree) or ""
        self.node = _find_class(self.tree, name, path)
        self.name = self.node.name
        self.lineage = _lineage(self.tree, self.node)
        self.constants = {
            name: value
            for node in reversed(self.lineage)
            for name, value in _literals(node).items()
        }
        self.class_doc = ast.get_docstring(self.node) or ""

    def fields(self, options_class: str) -> tuple[Field, ...]:
        """The fields of the nested dataclass ``options_class`` (``Config`` or ``Options``) and of
        those it is derived from, in the dataclass's order; empty where there is none."""
        nodes = list(reversed(self._nested(options_class)))
        return read_fields(self.path, nodes, options_class)

    @property
    def root(self) -> str:
        """The class outside its file that it is built on: ``Method``, ``Dataset``, or another."""
        return _root(self.lineage[-1])

    def defines(self, name: str) -> bool:
        """Return whether the class, or one it is derived from below ``Method`` or ``Dataset``, has
        a function of this name."""
        return any(
            isinstance(node, ast.FunctionDef) and node.name == name
            for part in self.lineage
            for node in part.body
        )

    def _nested(self, name: str) -> list[ast.ClassDef]:
        """The nested class ``name`` and, as long as each is written ``name(Base.name)``, that of
        the next class upwards."""
        derived: list[ast.ClassDef] = []
        for node in (inner for outer in self.lineage for inner in outer.body):
            if isinstance(node, ast.ClassDef) and node.name == name:
                derived.append(node)
                if _root(node) != name:
                    break
        return derived


@cache
def read_class(path: Path, name: str | None = None) -> SourceClass:
    """Return the class ``name`` of the file ``path``; without a name the only one that is built on
    ``Method`` or ``Dataset``, itself no base."""
    return SourceClass(path, name)


def _find_class(tree: ast.Module, name: str | None, path: Path) -> ast.ClassDef:
    classes = [node for node in tree.body if isinstance(node, ast.ClassDef)]
    if name is None:
        built = [
            node for node in classes if _root(_lineage(tree, node)[-1]) in ("Method", "Dataset")
        ]
        bases = {_root(node) for node in built}
        classes = [node for node in built if node.name not in bases]
    else:
        classes = [node for node in classes if node.name == name]
    if len(classes) != 1:
        raise BenchError(
            f"'{path}' holds {len(classes)} classes built on Method or Dataset; "
            "expected exactly one"
        )
    return classes[0]


def _root(node: ast.ClassDef) -> str:
    """The name of the first base class, without its module; empty where there is none."""
    return ast.unparse(node.bases[0]).split(".")[-1] if node.bases else ""


def _lineage(tree: ast.Module, node: ast.ClassDef) -> list[ast.ClassDef]:
    """The class and its first bases, upwards as far as this file or files of the project define
    them."""
    lineage = [node]
    while True:
        tree, base = _definition(tree, _root(lineage[-1]))
        if base is None or base in lineage or base.name in ("Method", "Dataset"):
            return lineage
        lineage.append(base)


def _definition(tree: ast.Module, name: str) -> tuple[ast.Module, ast.ClassDef | None]:
    """The class called ``name`` in a file, or in the project's module that the file imports it
    from, and the file it stands in."""
    for node in tree.body:
        if isinstance(node, ast.ClassDef) and node.name == name:
            return tree, node
        if (
            isinstance(node, ast.ImportFrom)
            and node.module
            and node.module.split(".")[0] in PROJECT
            and not node.level
        ):
            for alias in node.names:
                if (alias.asname or alias.name) == name:
                    return _definition(parse(module_file(node.module)), alias.name)
    return tree, None


def _literals(node: ast.ClassDef) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for statement in node.body:
        if not isinstance(statement, ast.Assign | ast.AnnAssign):
            continue
        target = statement.target if isinstance(statement, ast.AnnAssign) else statement.targets[0]
        if isinstance(target, ast.Name) and statement.value is not None:
            try:
                values[target.id] = ast.literal_eval(statement.value)
            except ValueError:
                continue
    return values


@dataclass(frozen=True)
class Entry:
    """One registered name: where its class lives (``module:attribute`` or ``file.py``) and one line
    about it.

    ``headline`` marks the methods of ``bench run --all`` (datasets: those that need no download;
    metrics: those of tier core, in every run); ``preset`` fixes options
    of a variant.
    """

    name: str
    target: str
    summary: str
    headline: bool = True
    preset: Mapping[str, Any] = field(default_factory=dict)

    @property
    def path(self) -> Path:
        """The source file."""
        return (
            Path(self.target)
            if self.target.endswith(".py")
            else module_file(self.target.partition(":")[0])
        )

    @property
    def source(self) -> SourceClass:
        """The class as its text shows it."""
        return read_class(self.path, self.target.partition(":")[2] or None)

    @property
    def code(self) -> str:
        """Digest of the whole file and of the definitions it stands on (see
        :mod:`benchmark.syntax`)."""
        return _file_code(self.target.partition(":")[0])


@cache
def _file_code(target: str) -> str:
    return digest_of([address(target)])
