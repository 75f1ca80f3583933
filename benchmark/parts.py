"""The types of a record's parts, and of documents beside records, checked on reading: what
``data/record.schema.json`` demands of them, so that nothing that reads records meets text for
numbers, nulls or NaN.

Written out, not interpreted from the schema: folders of thousands of records are read by every
table. Standard library only.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from benchmark.checks import (
    Check,
    fields,
    lists,
    number,
    objects,
    or_null,
    plain,
    refuse,
    scalar,
    text,
    truth,
    whole,
)

__all__ = ["check_parts", "check_reference", "check_spec"]


def _measurement(value: Any, where: str) -> None:
    if type(value) is not dict:
        refuse(value, where, "an object with a finite number as its value")
    number(value.get("value"), where)
    _MEASUREMENT(value, where)


_MEASUREMENT = fields(
    {"value": number, "unit": text, "n": whole, "protocol": text},
    {"remark": text, "noise": number},
)

_DISCOVERY_FIELDS = fields(
    {
        "relevance": lists(number, " of finite numbers"),
        "active": lists(truth, " of true and false"),
        "flags": lists(text, " of words"),
        "extra": objects(number),
    },
    {"null": lists(objects(plain), " of objects")},
)


def _discovery(value: Any, where: str) -> None:
    _DISCOVERY_FIELDS(value, "the discovery")


_WORK: Mapping[str, Check] = {
    **dict.fromkeys(("outer_steps", "images_seen"), whole),
    "updates": objects(whole),
}


def _timing(value: Any, where: str) -> None:
    if type(value) is not dict:
        refuse(value, where, "an object")
    for name, seconds in value.items():
        _WORK.get(name, number)(seconds, f"'{name}' of {where}")


def _environment(value: Any, where: str) -> None:
    objects(plain)(value, where)
    for name, check in (("packages", text), ("determinism", plain)):
        objects(check)(value.get(name, {}), f"'{name}' of {where}")
    objects(objects(plain))(value.get("evaluations", {}), f"'evaluations' of {where}")


_INPUT: Check = fields(
    {
        "shape": lists(whole, " of whole numbers"),
        **dict.fromkeys(("train", "test", "levels"), whole),
        "type": text,
    }
)

_PARTS: Mapping[str, Check] = {
    "code": text,
    "harness": text,
    "metrics": objects(text),
    "absent": objects(text),
    "timing": _timing,
    "environment": _environment,
    "error": or_null(text, str, "text"),
    "flags": lists(text, " of words"),
    "given": or_null(lists(text, " of words"), list, "a list of words"),
    "discovery": or_null(_discovery, dict, "an object"),
    "input": or_null(_INPUT, dict, "an object"),
}

_NAME = re.compile(r'[^\[\]"]+')
_IDENTIFIER = re.compile(r'[^\[\]"]+(\[[^\[\],="]+=[^\[\],="]+(,[^\[\],="]+=[^\[\],="]+)*\])?')
"""What can be told from options in brackets: names, and ids of measurements with such options."""


def _name(value: Any, where: str) -> None:
    text(value, where)
    if _NAME.fullmatch(value) is None or not value.strip():
        refuse(value, where, "a name without brackets and quotes")


_SPEC: Mapping[str, Check] = {
    **dict.fromkeys(("method", "dataset", "kind"), _name),
    **dict.fromkeys(("data", "budget"), text),
    **dict.fromkeys(("latent_dim", "seed", "steps", "batch_size", "protocol"), whole),
    "config": objects(scalar),
    "options": objects(scalar),
    "taken": objects(text),
}


def check_spec(spec: Any) -> None:
    """Raise ``ValueError`` where a field of the spec in a record is not of its type."""
    if type(spec) is not dict:
        refuse(spec, "'spec'", "an object")
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
        refuse(measurements, "'measurements'", "an object")
    for identifier, measurement in measurements.items():
        if _IDENTIFIER.fullmatch(identifier) is None:
            refuse(identifier, "the id of a measurement", "name, or name[option=value,...]")
        _measurement(measurement, f"the measurement '{identifier}'")


def _values(value: Any, where: str) -> None:
    lists(number, " of finite numbers")(value, where)
    if not value:
        refuse(value, where, "at least one number")


def _cell(value: Any, where: str) -> None:
    """A spec without its seed, of any version: what is there is of its type."""
    objects(plain)(value, where)
    for name, member in value.items():
        _SPEC.get(name, plain)(member, f"'{name}' of {where}")
    for name in ("method", "dataset", "latent_dim"):
        if name not in value:
            raise ValueError(f"{where} has no '{name}'")


_REFERENCES: Mapping[str, Check] = {
    "dimensions": fields(
        {
            **dict.fromkeys(("dataset", "data"), text),
            **dict.fromkeys(("points", "draws", "images", "schema"), whole),
            "estimates": objects(_values),
            "absent": objects(text),
            "pca": objects(whole),
        },
        {"packages": objects(text)},
    ),
    "initial": fields(
        {
            "spec": _cell,
            "code": text,
            "values": lists(whole, " of whole numbers"),
            **dict.fromkeys(("images", "schema"), whole),
            "seconds": number,
        },
        {
            **dict.fromkeys(("absent", "harness"), text),
            "gaps": lists(number, " of finite numbers"),
            "metrics": objects(text),
        },
    ),
}


def check_reference(kind: str, document: Any) -> None:
    """Raise ``ValueError`` where a document of dimensions (``kind`` "dimensions") or of counts of
    untrained networks ("initial") holds something of another type than it should."""
    _REFERENCES[kind](document, "the document")
