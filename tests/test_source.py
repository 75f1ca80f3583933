"""Reading adapters without importing them."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from benchmark import registry
from benchmark.options import Field, Range
from benchmark.source import SourceClass
from benchmark.spec import BenchError

ADAPTER = '''"""My method.

Objective: none.
"""

from dataclasses import dataclass
from typing import Literal

from benchmark.method import Method
from benchmark.nn import optim


class Mine(Method):
    """Mine."""

    prunes = True
    reference = {"mnist": {"epochs": 3}}

    @dataclass(frozen=True)
    class Config:
        rate: float = 1e-3
        """step
        size"""
        mode: Literal["a", "b"] = "a"
        limit: int | None = None

    def build(self) -> None:
        self.x = 1  # why
'''


def write(folder: Path, text: str, name: str = "mine.py") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def test_docstring_options_and_constants_are_read_from_text(tmp_path: Path) -> None:
    source = SourceClass(write(tmp_path, ADAPTER), None)
    assert source.doc.startswith("My method.")
    assert source.constants == {"prunes": True, "reference": {"mnist": {"epochs": 3}}}
    assert source.fields("Config") == (
        Field("rate", "float", 1e-3, doc="step size"),
        Field("mode", "str", "a", ("a", "b")),
        Field("limit", "int", None, optional=True),
    )


VARIANT = '''

class Variant(Mine):
    """Mine, faster."""

    @dataclass(frozen=True)
    class Config{bases}:
        size: int = 3
        """width"""
        rate: float = 0.5
        """pace"""
'''


def test_options_of_a_derived_class_follow_those_it_is_derived_from(tmp_path: Path) -> None:
    """As in the dataclass: those of the base first, in its order, the value of the derived one."""
    path = write(tmp_path, ADAPTER + VARIANT.format(bases="(Mine.Config)"))
    assert SourceClass(path, "Variant").fields("Config") == (
        Field("rate", "float", 0.5, doc="pace"),
        Field("mode", "str", "a", ("a", "b")),
        Field("limit", "int", None, optional=True),
        Field("size", "int", 3, doc="width"),
    )
    path = write(tmp_path, ADAPTER + VARIANT.format(bases=""), "own.py")
    assert [field.name for field in SourceClass(path, "Variant").fields("Config")] == [
        "size",
        "rate",
    ]


@pytest.mark.parametrize(
    ("annotation", "field"),
    [
        ("Annotated[float, Gt(0)]", Field("rate", "float", 1e-3, range=Range(gt=0))),
        (
            "Annotated[float, Ge(0), Le(1)] | None",
            Field("rate", "float", 1e-3, optional=True, range=Range(ge=0, le=1)),
        ),
        (
            "typing.Annotated[float, annotated_types.Interval(ge=-1, lt=1)]",
            Field("rate", "float", 1e-3, range=Range(ge=-1, lt=1)),
        ),
    ],
)
def test_the_range_of_a_number_stands_beside_its_type(
    tmp_path: Path, annotation: str, field: Field
) -> None:
    text = ADAPTER.replace("rate: float", f"rate: {annotation}")
    read, *_ = SourceClass(write(tmp_path, text), None).fields("Config")
    assert dataclasses.replace(read, doc="") == field


@pytest.mark.parametrize("name", ["r-dpvae", "mi-vae", "rf-vae-port", "dpvae"])
def test_text_and_dataclass_agree_on_derived_options(name: str) -> None:
    entry = registry.find("methods", name)
    config = registry.load(entry.target).Config()
    assert dataclasses.asdict(config) == {
        field.name: field.default for field in entry.source.fields("Config")
    }
    assert entry.source.constants["reference"]["mnist"]["epochs"] == 100


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("rate: float = 1e-3", "rate: float = max(1, 2)", "needs a literal default"),
        ("rate: float = 1e-3", "rate: list = []", "expected bool, int, float, str or Literal"),
        ("rate: float", "rate: Annotated[float, Near(1)]", r"annotated with 'Near\(1\)'"),
        ("rate: float", "rate: Annotated[float, Gt(limit)]", r"expected Gt\(0\), Ge\(0\)"),
        ("rate: float", "rate: Annotated[float, Gt(1)]", "default 0.001; expected a finite float"),
        ("class Mine(Method)", "class Mine(object)", "holds 0 classes"),
        ("def build", "def build(", "is not Python"),
    ],
)
def test_what_cannot_be_read_is_named(tmp_path: Path, old: str, new: str, message: str) -> None:
    with pytest.raises(BenchError, match=message):
        SourceClass(write(tmp_path, ADAPTER.replace(old, new)), None).fields("Config")
