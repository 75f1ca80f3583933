"""The types of a record's parts, and of documents beside records, checked on reading: what
``data/record.schema.json`` demands of them, so that nothing that reads records meets text for numbers, nulls or NaN.

Written out, not interpreted from the schema: folders of thousands of records are read by every
table. Standard library only.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

__all__ = ["check_parts", "check_reference", "check_spec"]

LARGEST = 1.7976931348623157e308
"""Of floats; a longer whole number is none that can be computed with."""

LARGEST_WHOLE = 2**63 - 1

DEEPEST = 10
"""How deep values may lie in each other where the schema leaves them open."""

Check = Callable[[Any, str], None]


def _refuse(value: Any, where: str, expected: str) -> None:
    raise ValueError(f"{where} is {value!r:.60}, expected {expected}")


def _text(value: Any, where: str) -> None:
    if type(value) is not str:
        _refuse(value, where, "text")


def _number(value: Any, where: str) -> None:
    kind = type(value)
    if (kind is not float and kind is not int) or not -LARGEST <= value <= LARGEST:
        _refuse(value, where, "a finite number")


def _whole(value: Any, where: str) -> None:
    if type(value) is not int or not 0 <= value <= LARGEST_WHOLE:
        _refuse(value, where, "a whole number from 0")


def _truth(value: Any, where: str) -> None:
    if type(value) is not bool:
        _refuse(value, where, "true or false")


def _scalar(value: Any, where: str) -> None:
    if type(value) in (float, int):
        _number(value, where)
    elif value is not None and type(value) not in (str, bool):
        _refuse(value, where, "text, a number, true, false or null")


def _plain(value: Any, where: str, depth: int = DEEPEST) -> None:
    """Anything of JSON that is not deep: the schema leaves it open."""
    if type(value) in (dict, list):
        if depth == 0:
            raise ValueError(f"{where} is more than {DEEPEST} objects and lists deep")
        for each in value.values() if type(value) is dict else value:
            _plain(each, where, depth - 1)
    else:
        _scalar(value, where)


def _objects(check: Check) -> Check:
    """Return the check of an object whose values all pass ``check``."""

    def checked(value: Any, where: str) -> None:
        if type(value) is not dict:
            _refuse(value, where, "an object")
        for name, each in value.items():
            check(each, f"'{name}' of {where}")

    return checked


def _lists(check: Check, of: str) -> Check:
    def checked(value: Any, where: str) -> None:
        if type(value) is not list:
            _refuse(value, where, f"a list{of}")
        for each in value:
            try:
                check(each, where)
            except ValueError:
                _refuse(value, where, f"a list{of}")

    return checked


def _fields(required: Mapping[str, Check], other: Mapping[str, Check] = {}) -> Check:
    """Return the check of an object with these fields and no others."""
    known = {**required, **other}

    def checked(value: Any, where: str) -> None:
        if type(value) is not dict:
            _refuse(value, where, "an object")
        for name, each in value.items():
            if name not in known:
                raise ValueError(f"{where} has an unknown field '{name}'")
            known[name](each, f"'{name}' of {where}")
        for name in required:
            if name not in value:
                raise ValueError(f"{where} has no '{name}'")

    return checked


def _or_null(check: Check, kind: type, expected: str) -> Check:
    def checked(value: Any, where: str) -> None:
        if value is not None:
            if type(value) is not kind:
                _refuse(value, where, f"{expected} or null")
            check(value, where)

    return checked


def _measurement(value: Any, where: str) -> None:
    if type(value) is not dict:
        _refuse(value, where, "an object with a finite number as its value")
    _number(value.get("value"), where)
    _MEASUREMENT(value, where)


_MEASUREMENT = _fields(
    {"value": _number, "unit": _text, "n": _whole, "protocol": _text},
    {"remark": _text, "noise": _number},
)

_DISCOVERY_FIELDS = _fields(
    {
        "relevance": _lists(_number, " of finite numbers"),
        "active": _lists(_truth, " of true and false"),
        "flags": _lists(_text, " of words"),
        "extra": _objects(_number),
    },
    {"null": _lists(_objects(_plain), " of objects")},
)


def _discovery(value: Any, where: str) -> None:
    _DISCOVERY_FIELDS(value, "the discovery")


_WORK: Mapping[str, Check] = {
    **dict.fromkeys(("outer_steps", "images_seen"), _whole),
    "updates": _objects(_whole),
}


def _timing(value: Any, where: str) -> None:
    if type(value) is not dict:
        _refuse(value, where, "an object")
    for name, each in value.items():
        _WORK.get(name, _number)(each, f"'{name}' of {where}")


def _environment(value: Any, where: str) -> None:
    _objects(_plain)(value, where)
    for name, check in (("packages", _text), ("determinism", _plain)):
        _objects(check)(value.get(name, {}), f"'{name}' of {where}")
    _objects(_objects(_plain))(value.get("evaluations", {}), f"'evaluations' of {where}")


_INPUT: Check = _fields(
    {
        "shape": _lists(_whole, " of whole numbers"),
        **dict.fromkeys(("train", "test", "levels"), _whole),
        "type": _text,
    }
)

_PARTS: Mapping[str, Check] = {
    "code": _text,
    "harness": _text,
    "metrics": _objects(_text),
    "absent": _objects(_text),
    "timing": _timing,
    "environment": _environment,
    "error": _or_null(_text, str, "text"),
    "flags": _lists(_text, " of words"),
    "given": _or_null(_lists(_text, " of words"), list, "a list of words"),
    "discovery": _or_null(_discovery, dict, "an object"),
    "input": _or_null(_INPUT, dict, "an object"),
}

_NAME = re.compile(r'[^\[\]"]+')
_IDENTIFIER = re.compile(r'[^\[\]"]+(\[[^\[\],="]+=[^\[\],="]+(,[^\[\],="]+=[^\[\],="]+)*\])?')
"""What can be told from options in brackets: names, and ids of measurements with such options."""


def _name(value: Any, where: str) -> None:
    _text(value, where)
    if _NAME.fullmatch(value) is None or not value.strip():
        _refuse(value, where, "a name without brackets and quotes")


_SPEC: Mapping[str, Check] = {
    **dict.fromkeys(("method", "dataset", "kind"), _name),
    **dict.fromkeys(("data", "budget"), _text),
    **dict.fromkeys(("latent_dim", "seed", "steps", "batch_size", "protocol"), _whole),
    "config": _objects(_scalar),
    "options": _objects(_scalar),
    "taken": _objects(_text),
}


def check_spec(spec: Any) -> None:
    """Raise ``ValueError`` where a field of the spec in a record is not of its type."""
    if type(spec) is not dict:
        _refuse(spec, "'spec'", "an object")
    for name, check in _SPEC.items():
        if name in spec:
            check(spec[name], f"'{name}' of the spec")
        elif name != "taken":
            raise ValueError(f"the spec has no '{name}'")


def check_parts(document: Mapping[str, Any]) -> None:
    """Raise ``ValueError`` where a part of a record's document is not of its type."""
    for name, check in _PARTS.items():
        if name in document:
            check(document[name], f"'{name}'")
    measurements = document.get("measurements", {})
    if type(measurements) is not dict:
        _refuse(measurements, "'measurements'", "an object")
    for identifier, measurement in measurements.items():
        if _IDENTIFIER.fullmatch(identifier) is None:
            _refuse(identifier, "the id of a measurement", "name, or name[option=value,...]")
        _measurement(measurement, f"the measurement '{identifier}'")


def _values(value: Any, where: str) -> None:
    _lists(_number, " of finite numbers")(value, where)
    if not value:
        _refuse(value, where, "at least one number")


def _cell(value: Any, where: str) -> None:
    """A spec without its seed, of any version: what is there is of its type."""
    _objects(_plain)(value, where)
    for name, each in value.items():
        _SPEC.get(name, _plain)(each, f"'{name}' of {where}")
    for name in ("method", "dataset", "latent_dim"):
        if name not in value:
            raise ValueError(f"{where} has no '{name}'")


_REFERENCES: Mapping[str, Check] = {
    "dimensions": _fields(
        {
            **dict.fromkeys(("dataset", "data"), _text),
            **dict.fromkeys(("points", "draws", "images", "schema"), _whole),
            "estimates": _objects(_values),
            "absent": _objects(_text),
            "pca": _objects(_whole),
        },
        {"packages": _objects(_text)},
    ),
    "initial": _fields(
        {
            "spec": _cell,
            "code": _text,
            "values": _lists(_whole, " of whole numbers"),
            **dict.fromkeys(("images", "schema"), _whole),
            "seconds": _number,
        },
        {
            **dict.fromkeys(("absent", "harness"), _text),
            "gaps": _lists(_number, " of finite numbers"),
            "metrics": _objects(_text),
        },
    ),
}


def check_reference(kind: str, document: Any) -> None:
    """Raise ``ValueError`` where a document of dimensions (``kind`` "dimensions") or of counts of
    untrained networks ("initial") holds something of another type than it should."""
    _REFERENCES[kind](document, "the document")
