"""The modules of the project as their text shows them: where they lie, what their top level
defines and what its imports bind. Nothing is imported but the (empty) packages on the way."""

from __future__ import annotations

import ast
import importlib.util
from collections import defaultdict
from functools import cache
from pathlib import Path

from benchmark.spec import BenchError

__all__ = [
    "EFFECTS",
    "PLUMBING",
    "PROJECT",
    "WHOLE",
    "Address",
    "Module",
    "is_bare_text",
    "member",
    "module_at",
    "module_file",
    "ours",
    "parse",
]

PROJECT = ("benchmark", "baselines")

PLUMBING = (
    "benchmark",
    "benchmark.registry",
    "benchmark.source",
    "benchmark.modules",
    "benchmark.syntax",
    "benchmark.identity",
    "benchmark.options",
    "benchmark.names",
    "benchmark.records",
    "benchmark.controls",
    "benchmark.planning.jobs",
    "benchmark.planning.suites",
)
"""Modules that are named, not followed: what they decide stands in a run's spec or is no number."""

Address = tuple[Path, str]
"""A definition: the file and the name. ``*`` is the whole file, the empty name what its top level
does beside defining names."""

WHOLE, EFFECTS = "*", ""


@cache
def module_file(module: str) -> Path:
    """Return the source file of a project module without importing it (its packages are)."""
    spec = importlib.util.find_spec(module)
    if spec is None or spec.origin is None:
        raise BenchError(
            f"module '{module}' is not installed; run pip install . "
            "again in a checkout (pip install lstar-bench elsewhere)"
        )
    return Path(spec.origin)


@cache
def parse(path: Path) -> ast.Module:
    """Return the syntax tree of a file; ``BenchError`` where it is no Python in UTF-8."""
    try:
        return ast.parse(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise BenchError(f"cannot read '{path}': {error.strerror}") from None
    except (SyntaxError, UnicodeDecodeError, ValueError) as error:
        raise BenchError(f"'{path}' is not Python in UTF-8: {error}") from None


class Module:
    """The top level of a file: the statements that define each name, and what imports bind.

    ``beside``: of a file that is not the project's, the files it imports from its own package, or
    from its own folder; they are followed whole.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.statements: dict[str, list[ast.stmt]] = defaultdict(list)
        self.imported: dict[str, tuple[str, str | None]] = {}
        tree = parse(path)
        for statement in tree.body:
            for name in _names(statement):
                self.statements[name].append(statement)
        for node in ast.walk(tree):
            if isinstance(node, ast.Import):
                for alias in node.names:
                    whole = alias.name if alias.asname else alias.name.partition(".")[0]
                    self.imported[alias.asname or whole] = (whole, None)
            elif isinstance(node, ast.ImportFrom) and node.module != "__future__":
                origin = "." * node.level + (node.module or "")
                for alias in node.names:
                    self.imported[alias.asname or alias.name] = (origin, alias.name)
        self.beside = _beside(path, tree)

    def resolve(self, name: str) -> Address | str | None:
        """Return what a name at the top of this file refers to: a definition, the dotted name of a
        module or of something not followed, or None for names that are not of the top level."""
        if name in self.statements:
            return self.path, name
        if name not in self.imported:
            return None
        origin, part = self.imported[name]
        return origin if part is None else member(origin, part)


_LIBRARIES = frozenset({"site-packages", "dist-packages"})
"""Folders in which files that lie side by side have nothing to do with each other."""


def _beside(path: Path, tree: ast.Module) -> tuple[Path, ...]:
    """The files of the same package, or of the same folder, that a file of somebody's own
    imports."""
    if any(path.is_relative_to(module_file(package).parent) for package in PROJECT):
        return ()
    top = path.parent
    while (top / "__init__.py").is_file():
        top = top.parent
    mine = path.relative_to(top).parts[0] if top != path.parent else None
    imported: dict[Path, None] = {}
    for node in ast.walk(tree):
        names: list[list[str]] = []
        folder = top
        if isinstance(node, ast.Import):
            names = [alias.name.split(".") for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            parts = node.module.split(".") if node.module else []
            names = [parts, *([*parts, alias.name] for alias in node.names)]
            folder = path.parents[node.level - 1] if node.level else top
        for parts in names:
            apart = not parts or parts[0] in PROJECT or (mine and parts[0] != mine)
            if folder == top and (apart or (mine is None and top.name in _LIBRARIES)):
                continue
            stem = folder.joinpath(*parts)
            files = (stem.with_suffix(".py"), stem / "__init__.py")
            imported |= dict.fromkeys(file for file in files if file.is_file() and file != path)
    return tuple(imported)


@cache
def module_at(path: Path) -> Module:
    return Module(path)


def ours(module: str) -> bool:
    return module.partition(".")[0] in PROJECT


@cache
def _is_module(name: str) -> bool:
    package, _, stem = name.rpartition(".")
    if not package:
        return name in PROJECT
    folder = module_file(package)
    return folder.name == "__init__.py" and (
        folder.with_name(f"{stem}.py").is_file() or (folder.parent / stem / "__init__.py").is_file()
    )


@cache
def member(module: str, name: str) -> Address | str:
    """What ``name`` of a module is: a definition, a module, or a name that is not followed."""
    if not ours(module):
        return f"{module}.{name}"
    if _is_module(f"{module}.{name}"):
        return f"{module}.{name}"
    if module in PLUMBING:
        return f"plumbing.{name}"
    path = module_file(module)
    target = module_at(path).resolve(name)
    return (path, WHOLE) if target is None else target


def _names(statement: ast.stmt) -> list[str]:
    """The names that a statement of the top level is kept under; none for imports and docstrings,
    the empty one for what takes effect by itself."""
    if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return [statement.name]
    if isinstance(statement, ast.Import | ast.ImportFrom) or is_bare_text(statement):
        return []
    targets = (
        statement.targets
        if isinstance(statement, ast.Assign)
        else [statement.target]
        if isinstance(statement, ast.AnnAssign | ast.AugAssign)
        else []
    )
    if targets and all(isinstance(target, ast.Name) for target in targets):
        names = [target.id for target in targets if isinstance(target, ast.Name)]
        return [] if names == ["__all__"] else names
    if isinstance(statement, ast.If) and ast.unparse(statement.test).endswith("TYPE_CHECKING"):
        return []
    bound = {
        node.id
        for node in ast.walk(statement)
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
    }
    return [*sorted(bound), EFFECTS]


def is_bare_text(node: ast.AST) -> bool:
    return (
        isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, str)
    )
