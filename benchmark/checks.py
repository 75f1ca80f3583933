"""What values of JSON documents are checked with on reading: a check is a function of a value and
of words for where it stands, and raises ``ValueError`` where the value is none of its type.

Standard library only.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

__all__ = [
    "LARGEST",
    "Check",
    "fields",
    "lists",
    "number",
    "objects",
    "or_null",
    "plain",
    "refuse",
    "scalar",
    "text",
    "truth",
    "whole",
]

LARGEST = 1.7976931348623157e308
"""Of floats; a longer whole number is none that can be computed with."""

LARGEST_WHOLE = 2**63 - 1

DEEPEST = 10
"""How deep values may lie in each other where the schema leaves them open."""

Check = Callable[[Any, str], None]


def refuse(value: Any, where: str, expected: str) -> None:
    """Raise the ``ValueError`` that says what stands at ``where`` and what was expected."""
    raise ValueError(f"{where} is {value!r:.60}, expected {expected}")


def text(value: Any, where: str) -> None:
    """Text."""
    if type(value) is not str:
        refuse(value, where, "text")


def number(value: Any, where: str) -> None:
    """A finite number."""
    kind = type(value)
    if (kind is not float and kind is not int) or not -LARGEST <= value <= LARGEST:
        refuse(value, where, "a finite number")


def whole(value: Any, where: str) -> None:
    """A whole number from 0 to 2^63 - 1."""
    if type(value) is not int or not 0 <= value <= LARGEST_WHOLE:
        refuse(value, where, "a whole number from 0")


def truth(value: Any, where: str) -> None:
    """True or false."""
    if type(value) is not bool:
        refuse(value, where, "true or false")


def scalar(value: Any, where: str) -> None:
    """Text, a finite number, true, false or null."""
    if type(value) in (float, int):
        number(value, where)
    elif value is not None and type(value) not in (str, bool):
        refuse(value, where, "text, a number, true, false or null")


def plain(value: Any, where: str, depth: int = DEEPEST) -> None:
    """Anything of JSON that is not deep: the schema leaves it open."""
    if type(value) in (dict, list):
        if depth == 0:
            raise ValueError(f"{where} is more than {DEEPEST} objects and lists deep")
        for member in value.values() if type(value) is dict else value:
            plain(member, where, depth - 1)
    else:
        scalar(value, where)


def objects(check: Check) -> Check:
    """Return the check of an object whose values all pass ``check``."""

    def checked(value: Any, where: str) -> None:
        if type(value) is not dict:
            refuse(value, where, "an object")
        for name, member in value.items():
            check(member, f"'{name}' of {where}")

    return checked


def lists(check: Check, of: str) -> Check:
    """Return the check of a list whose members all pass ``check``; ``of`` says of what."""

    def checked(value: Any, where: str) -> None:
        if type(value) is not list:
            refuse(value, where, f"a list{of}")
        for member in value:
            try:
                check(member, where)
            except ValueError:
                refuse(value, where, f"a list{of}")

    return checked


def fields(required: Mapping[str, Check], other: Mapping[str, Check] = {}) -> Check:
    """Return the check of an object with these fields and no others."""
    checks = {**required, **other}

    def checked(value: Any, where: str) -> None:
        if type(value) is not dict:
            refuse(value, where, "an object")
        for name, member in value.items():
            if name not in checks:
                raise ValueError(f"{where} has an unknown field '{name}'")
            checks[name](member, f"'{name}' of {where}")
        for name in required:
            if name not in value:
                raise ValueError(f"{where} has no '{name}'")

    return checked


def or_null(check: Check, kind: type, expected: str) -> Check:
    """Return the check of null, or of a ``kind`` that passes ``check``."""

    def checked(value: Any, where: str) -> None:
        if value is not None:
            if type(value) is not kind:
                refuse(value, where, f"{expected} or null")
            check(value, where)

    return checked
