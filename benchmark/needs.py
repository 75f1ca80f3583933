"""Conditions that an option puts on the rest of a run, written beside its type and judged when the
run is planned.

A type and a range say what an option may be by itself. A latent size that it has room for, images
that it is for, another option that it goes with: that is a :class:`Needs`. Standard library only.
"""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

__all__ = ["FACTS", "Needs", "positions_below"]

FACTS = ("latent_dim", "batch_size", "steps", "images")
"""What a condition may name besides the options of its class: L, images per batch, outer steps, and
whether the data are images (C, H, W)."""


@dataclass(frozen=True)
class Needs:
    """What must hold where a run has this option: ``Annotated[T, Needs(condition, expected)]``.

    The text of a class is read without being run, so both are literals.

    Arguments:
        condition: an expression over names of options and :data:`FACTS`: comparisons, ``and``,
            ``or``, ``not``, ``%``, and ``positions_below(text, size)``. ``ValueError`` for others.
        expected: what the option needs, in words: ``a latent size of 32 at most``.

    >>> exact = Needs("mode != 'exact' or latent_dim <= 32", "a latent size of 32 at most")
    >>> exact.holds({"mode": "exact", "latent_dim": 64}), sorted(exact.names)
    (False, ['latent_dim', 'mode'])
    """

    condition: str
    expected: str

    def __post_init__(self) -> None:
        if not isinstance(self.condition, str) or not isinstance(self.expected, str):
            raise ValueError("expected two texts, a condition and what is needed")
        for node in ast.walk(self._tree()):
            called = isinstance(node, ast.Call) and ast.unparse(node.func) not in _FUNCTIONS
            if not isinstance(node, _ALLOWED) or called:
                raise ValueError(
                    f"the condition '{self.condition}' holds {type(node).__name__}; expected "
                    f"comparisons, and, or, not, %, and calls of {', '.join(_FUNCTIONS)}"
                )

    @property
    def names(self) -> frozenset[str]:
        """The options and facts that the condition speaks of."""
        named = {node.id for node in ast.walk(self._tree()) if isinstance(node, ast.Name)}
        return frozenset(named - _FUNCTIONS.keys())

    def holds(self, values: Mapping[str, Any]) -> bool:
        """Return whether the condition holds for ``values``, which has all of its names."""
        return bool(_value(self._tree(), values))

    def _tree(self) -> ast.expr:
        try:
            return ast.parse(self.condition, mode="eval").body
        except SyntaxError as error:
            raise ValueError(f"the condition '{self.condition}' cannot be read: {error}") from None


def positions_below(text: str, size: int) -> bool:
    """Return whether ``text`` lists different positions from 0 to ``size`` - 1, joined by ``+``.

    >>> positions_below("0+3", 4), positions_below("3+3", 4), positions_below("4", 4)
    (True, False, False)
    """
    try:
        positions = [int(part) for part in text.split("+")]
    except ValueError:
        return False
    return len(set(positions)) == len(positions) and all(0 <= at < size for at in positions)


_FUNCTIONS: Mapping[str, Callable[..., bool]] = {"positions_below": positions_below}

_COMPARISONS: Mapping[type[ast.cmpop], Callable[[Any, Any], bool]] = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.Is: operator.is_,
    ast.IsNot: operator.is_not,
    ast.In: lambda one, several: one in several,
}

_ALLOWED = (
    *(ast.Constant, ast.Name, ast.Load, ast.Tuple, ast.BoolOp, ast.And, ast.Or),
    *(ast.UnaryOp, ast.Not, ast.BinOp, ast.Mod, ast.Compare, ast.Call),
    *_COMPARISONS,
)


def _value(node: ast.expr, values: Mapping[str, Any]) -> Any:
    """Return the value of an expression whose every node is one of ``_ALLOWED``."""
    match node:
        case ast.Constant(value=constant):
            return constant
        case ast.Name(id=name):
            return values[name]
        case ast.Tuple(elts=parts):
            return tuple(_value(part, values) for part in parts)
        case ast.BoolOp(op=ast.And(), values=parts):
            return all(_value(part, values) for part in parts)
        case ast.BoolOp(values=parts):
            return any(_value(part, values) for part in parts)
        case ast.UnaryOp(operand=part):
            return not _value(part, values)
        case ast.BinOp(left=left, right=right):
            return _value(left, values) % _value(right, values)
        case ast.Compare(left=left, ops=comparisons, comparators=others):
            sides = pairwise(_value(part, values) for part in (left, *others))
            return all(
                _COMPARISONS[type(comparison)](*pair)
                for comparison, pair in zip(comparisons, sides, strict=True)
            )
        case ast.Call(func=function, args=parts):
            return _FUNCTIONS[ast.unparse(function)](*(_value(part, values) for part in parts))
    raise ValueError(f"cannot compute '{ast.unparse(node)}'")
