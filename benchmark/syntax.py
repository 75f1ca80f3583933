"""Digests of code by its syntax trees: what a definition says, and all it stands on.

The unit is a definition: a function, class or assignment at the top of a module. Its digest covers
the definition and every definition of the project that it names, directly or not; of code that is
not the project's, the files beside it that it imports, whole. Comments, docstrings, layout,
annotations of functions, attributes that a plain class declares without a value and where a module
lies change nothing; a name that is bound to another definition does.
"""

from __future__ import annotations

import ast
import copy
import hashlib
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

from benchmark.modules import (
    EFFECTS,
    PLUMBING,
    WHOLE,
    Address,
    Module,
    is_bare_text,
    member,
    module_at,
    module_file,
    ours,
)

__all__ = ["address", "digest_of"]

_SILENT = frozenset({"ctx", "kind", "type_comment", "type_ignores", "returns"})
"""Fields of syntax trees that decide no behaviour."""

_FIELDS_BY_BASE = frozenset({"NamedTuple", "Protocol"})
"""Bases whose subclasses read the declarations in their body, as decorated classes may."""

_DECLARATIONS_KEPT = frozenset({"Method", "Plateau", "_Arc", "_Idx", "_Table", "_UnitNorm"})
"""Plain classes whose declarations are digested all the same: published records were made while
every class's were. Their digests would move without reason; nothing needs to be added here."""


def address(target: str) -> Address:
    """Return the address of ``module:name``, or of a whole file ``module`` or ``path.py``."""
    if target.endswith(".py"):
        return Path(target), WHOLE
    module, _, name = target.partition(":")
    return module_file(module), name or WHOLE


def digest_of(roots: Iterable[Address]) -> str:
    """Return the sha256 (first 16 hex digits) of the definitions ``roots`` and of all they stand
    on."""
    seen = set(roots)
    queue = list(seen)
    while queue:
        for _, target in _definition(queue.pop())[1]:
            if isinstance(target, tuple) and target not in seen:
                seen.add(target)
                queue.append(target)
    return _hashed(sorted({_label(definition) for definition in seen}))


def _hashed(parts: Iterable[str]) -> str:
    return hashlib.sha256("\x1e".join(parts).encode("utf-8", "surrogatepass")).hexdigest()[:16]


@cache
def _label(at: Address) -> str:
    """A definition with what each name in it is bound to."""
    text, references = _definition(at)
    bound = (
        f"{name}\x1f{_definition(target)[0] if isinstance(target, tuple) else target}"
        for name, target in references
    )
    return _hashed([text, *sorted(bound)])


@cache
def _definition(at: Address) -> tuple[str, tuple[tuple[str, Address | str], ...]]:
    """The digest of a definition's own syntax, and what the names in it refer to: definitions of
    the project, or the dotted name of what is not followed."""
    path, name = at
    module = module_at(path)
    beside: set[tuple[str, Address | str]] = {("", (file, WHOLE)) for file in module.beside}
    if name == WHOLE:
        own = {("", (path, statement)) for statement in {*module.statements, EFFECTS}}
        return "", tuple(sorted(beside | own, key=str))
    writer = _Writer(module)
    writer.references |= beside
    for statement in module.statements.get(name, ()):
        writer.write(statement)
    if name != EFFECTS and module.statements.get(EFFECTS):
        writer.references.add(("", (path, EFFECTS)))
    return _hashed(writer.tokens), tuple(sorted(writer.references, key=str))


class _Writer:
    """Writes syntax trees as tokens, the same in every version of Python, and notes what their
    names refer to."""

    def __init__(self, module: Module) -> None:
        self.module = module
        self.tokens: list[str] = []
        self.references: set[tuple[str, Address | str]] = set()

    def write(self, node: Any, inside: str = "Module") -> None:
        """Write ``node``, which stands in a class, a function or at the top of the module."""
        kind = type(node).__name__
        if kind in ("Name", "Attribute") and self._reference(node):
            return
        if kind == "ClassDef":
            inside = "PlainClass" if _declares_only(node) else "Class"
        elif kind in ("FunctionDef", "AsyncFunctionDef", "Lambda"):
            inside = "Function"
        self.tokens.append(f"({kind}")
        for field, value in ast.iter_fields(node):
            if field in _SILENT or value is None or value == []:
                continue
            if field == "annotation":
                self._annotation(kind, value, inside)
                continue
            self.tokens.append(f".{field}")
            if isinstance(value, list):
                self._write_all(value, inside)
            else:
                self._write_one(value, inside)
        self.tokens.append(")")

    def _write_all(self, values: list[Any], inside: str) -> None:
        for value in values:
            silent = (
                isinstance(value, ast.Pass)
                or is_bare_text(value)
                or _importsours(value)
                or (inside == "PlainClass" and _declares(value))
            )
            if not silent:
                self._write_one(value, inside)

    def _write_one(self, value: Any, inside: str) -> None:
        if isinstance(value, ast.AST):
            self.write(value, inside)
        else:
            self.tokens.append(repr(value))

    def _annotation(self, kind: str, value: ast.expr, inside: str) -> None:
        """Fields of classes are written with their type, which data classes read; annotations of
        functions decide nothing, nor does the range of an option, which refuses runs and changes
        none."""
        if kind == "AnnAssign" and inside in ("Class", "PlainClass"):
            apart = _Writer(self.module)
            apart.write(without_ranges(value))
            self.tokens += apart.tokens

    def _reference(self, node: ast.Name | ast.Attribute) -> bool:
        """Write a name of the top level, or an attribute of a module of the project, by its last
        part; whether the node was one."""
        if isinstance(node, ast.Name):
            target, name = self.module.resolve(node.id), node.id
        else:
            owner = self._project_module(node.value)
            if owner is None:
                return False
            target, name = member(owner, node.attr), node.attr
        if target is None:
            return False
        if isinstance(target, str) and ours(target) and target not in PLUMBING:
            target = module_file(target), WHOLE
        self.tokens.append(f"(Name.id {name!r})")
        self.references.add((name, target))
        return True

    def _project_module(self, node: ast.expr) -> str | None:
        """Return the module of the project that an expression is, None for all else."""
        target: Address | str | None = None
        if isinstance(node, ast.Name):
            target = self.module.resolve(node.id)
        elif isinstance(node, ast.Attribute):
            owner = self._project_module(node.value)
            target = None if owner is None else member(owner, node.attr)
        return target if isinstance(target, str) and ours(target) else None


class _WithoutRanges(ast.NodeTransformer):
    """``Annotated[T, ...]`` becomes ``T``."""

    def visit_Subscript(self, node: ast.Subscript) -> ast.AST:
        self.generic_visit(node)
        name = node.value.attr if isinstance(node.value, ast.Attribute) else node.value
        written = name.id if isinstance(name, ast.Name) else name
        if written == "Annotated" and isinstance(node.slice, ast.Tuple):
            return node.slice.elts[0]
        return node


def without_ranges(annotation: ast.expr) -> ast.expr:
    """A type without its ``Annotated`` ranges: ``float`` for ``Annotated[float, Gt(0)]``."""
    plain: ast.expr = _WithoutRanges().visit(copy.deepcopy(annotation))
    return plain


def _declares(node: Any) -> bool:
    """Whether a statement names a type and gives no value, as ``mean: Tensor``."""
    return isinstance(node, ast.AnnAssign) and node.value is None


def _declares_only(node: ast.ClassDef) -> bool:
    """Whether what a class declares without a value is for readers and type checkers alone."""
    bases = {ast.unparse(base).rpartition(".")[2] for base in node.bases}
    return not (node.decorator_list or bases & _FIELDS_BY_BASE or node.name in _DECLARATIONS_KEPT)


def _importsours(node: Any) -> bool:
    """Whether a statement imports from the project alone: what it binds is noted where it is
    used."""
    return any(map(ours, _imported(node)))


def _imported(node: Any) -> Iterator[str]:
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
    elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
        yield node.module
