"""Options as the text of a class shows them: the fields of a ``Config`` or ``Options`` class, each
with its type, literal default, meaning, range and conditions. Nothing is imported."""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence
from pathlib import Path

from benchmark.needs import FACTS, Needs
from benchmark.options import Field, Range
from benchmark.spec import BenchError

__all__ = ["read_fields"]

_BESIDE = ("Gt", "Ge", "Lt", "Le", "Interval", "Needs")

_EXPECTED = (
    "expected Gt(0), Ge(0), Lt(1), Le(1) or Interval(ge=0, le=1) with literal numbers, "
    "or Needs('latent_dim <= 32', 'a latent size of 32 at most')"
)


def read_fields(path: Path, nodes: Sequence[ast.ClassDef], options_class: str) -> tuple[Field, ...]:
    """Return the fields of the dataclass ``nodes`` of the file ``path``, those that it is derived
    from first, in the dataclass's order; ``BenchError`` names what cannot be read."""
    merged: dict[str, Field] = {}
    for node in nodes:
        for statement, following in _annotated(node):
            field = _field(path, statement, following)
            merged[field.name] = field
    _check_needs(path, options_class, merged)
    return tuple(merged.values())


def _annotated(node: ast.ClassDef) -> list[tuple[ast.AnnAssign, ast.stmt | None]]:
    pairs = zip(node.body, [*node.body[1:], None], strict=True)
    return [
        (statement, following)
        for statement, following in pairs
        if isinstance(statement, ast.AnnAssign)
    ]


def _field(path: Path, statement: ast.AnnAssign, following: ast.stmt | None) -> Field:
    name = (
        statement.target.id
        if isinstance(statement.target, ast.Name)
        else ast.unparse(statement.target)
    )
    try:
        default = ast.literal_eval(statement.value) if statement.value is not None else ...
        if default is ...:
            raise ValueError(name)
    except ValueError:
        raise BenchError(f"option '{name}' in '{path}' needs a literal default") from None
    written = ast.unparse(statement.annotation)
    parts = _union(statement.annotation)
    kinds = [part for part in parts if ast.unparse(part) != "None"]
    kind, bounds = _annotated_type(kinds[0]) if len(kinds) == 1 else ("", ())
    choices: tuple[str, ...] = ()
    if kind.split(".")[-1].startswith("Literal["):
        choices = tuple(map(str, ast.literal_eval(f"({kind.split('[', 1)[1][:-1]},)")))
        kind = "str"
    if kind not in ("bool", "int", "float", "str"):
        raise BenchError(
            f"option '{name}' in '{path}' has type '{written}'; expected bool, int, float, str or "
            "Literal[...]"
        )
    doc = ""
    if isinstance(following, ast.Expr) and isinstance(following.value, ast.Constant):
        doc = " ".join(str(following.value.value).split())
    limits, needs = _range_and_needs(bounds, name, path)
    field = Field(name, kind, default, choices, len(kinds) < len(parts), doc, limits, needs)
    if not field.allows(default):
        raise BenchError(
            f"option '{name}' in '{path}' has default {default!r}; expected {field.expected}"
        )
    return field


def _annotated_type(node: ast.expr) -> tuple[str, tuple[ast.expr, ...]]:
    """``float`` and ``Gt(0)`` of ``Annotated[float, Gt(0)]``; the type itself where nothing stands
    beside it."""
    if not isinstance(node, ast.Subscript) or not isinstance(node.slice, ast.Tuple):
        return ast.unparse(node), ()
    if ast.unparse(node.value).split(".")[-1] != "Annotated":
        return ast.unparse(node), ()
    kind, *bounds = node.slice.elts
    return ast.unparse(kind), tuple(bounds)


def _range_and_needs(
    bounds: tuple[ast.expr, ...], name: str, path: Path
) -> tuple[Range, tuple[Needs, ...]]:
    """The range that ``Gt Ge Lt Le Interval`` of ``annotated_types`` write, and every ``Needs``."""
    ends: dict[str, float] = {}
    needs: list[Needs] = []
    for bound in bounds:
        kind = ast.unparse(bound.func).split(".")[-1] if isinstance(bound, ast.Call) else ""
        try:
            if not isinstance(bound, ast.Call) or kind not in _BESIDE:
                raise ValueError(_EXPECTED)
            values = [ast.literal_eval(argument) for argument in bound.args]
            words = {word.arg or "": ast.literal_eval(word.value) for word in bound.keywords}
            if kind == "Needs":
                needs.append(Needs(*values, **words))
                continue
            ends |= {kind.lower(): value for value in values} | words
            Range(**ends)
        except (TypeError, ValueError) as error:
            reason = str(error) if kind == "Needs" else _EXPECTED
            raise BenchError(
                f"option '{name}' in '{path}' is annotated with '{ast.unparse(bound)}'; {reason}"
            ) from None
    return Range(**ends), tuple(needs)


def _check_needs(path: Path, options_class: str, fields: Mapping[str, Field]) -> None:
    """Refuse conditions that nobody would judge: of a dataset, which has no run, and those that
    name what is neither an option nor a fact."""
    for option in fields.values():
        for need in option.needs:
            strange = sorted(need.names - fields.keys() - set(FACTS))
            if options_class == "Options" or strange:
                reason = (
                    f"there is no '{strange[0]}', only its options and {', '.join(FACTS)}"
                    if strange
                    else "a dataset checks its options in Options.__post_init__"
                )
                raise BenchError(f"option '{option.name}' in '{path}' has a Needs: {reason}")


def _union(node: ast.expr) -> list[ast.expr]:
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr):
        return _union(node.left) + _union(node.right)
    return [node]
