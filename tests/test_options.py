"""Options on the command line are typed, and every mistake is told with the next step."""

from __future__ import annotations

import re

import pytest

from benchmark.options import Field, Range, parse_reference, resolve, split_list, suggest
from benchmark.spec import BenchError

FIELDS = (
    Field("rate", "float", 0.5),
    Field("size", "int", 3),
    Field("flag", "bool", False),
    Field("mode", "str", "a", ("a", "b")),
    Field("limit", "float", None, optional=True),
)


def test_values_take_the_type_of_their_field() -> None:
    texts = {"rate": "1", "size": "7", "flag": "yes", "mode": "b", "limit": "none"}
    assert resolve("x", FIELDS, texts) == {
        "rate": 1.0,
        "size": 7,
        "flag": True,
        "mode": "b",
        "limit": None,
    }
    assert isinstance(resolve("x", FIELDS, {"rate": "1"})["rate"], float)


def test_defaults_fill_the_rest() -> None:
    assert resolve("x", FIELDS, {}) == {
        "rate": 0.5,
        "size": 3,
        "flag": False,
        "mode": "a",
        "limit": None,
    }


@pytest.mark.parametrize(
    ("texts", "message"),
    [
        ({"rat": "1"}, "'x' has no option 'rat'; did you mean 'rate'?"),
        ({"rate": "fast"}, "option 'rate' of 'x' is 'fast'; expected a finite float"),
        ({"rate": "nan"}, "expected a finite float"),
        ({"size": "1.5"}, "expected a finite int"),
        ({"flag": "maybe"}, "expected true or false"),
        ({"mode": "c"}, "expected a or b"),
        ({"size": "none"}, "expected a finite int"),
    ],
)
def test_wrong_options_say_what_was_expected(texts: dict[str, str], message: str) -> None:
    with pytest.raises(BenchError) as error:
        resolve("x", FIELDS, texts)
    assert message in str(error.value)


SHARE = Field("share", "float", 0.1, range=Range(gt=0, le=1))
COUNT = Field("count", "int", None, optional=True, range=Range(ge=1, lt=5))


@pytest.mark.parametrize(
    ("field", "inside", "outside"),
    [
        (SHARE, ["1", "1e-9"], ["0", "-0.1", "1.0000001", "inf", "nan"]),
        (COUNT, ["1", "4", "none"], ["0", "5", "-3"]),
    ],
)
def test_a_number_outside_its_range_is_none_of_the_field(
    field: Field, inside: list[str], outside: list[str]
) -> None:
    for text in inside:
        assert field.allows(resolve("x", [field], {field.name: text})[field.name])
    for text in outside:
        with pytest.raises(BenchError, match=re.escape(field.expected)):
            resolve("x", [field], {field.name: text})
        assert not field.allows(float(text))


def test_a_range_is_told_in_words() -> None:
    assert SHARE.expected == "a finite float more than 0, at most 1"
    assert COUNT.expected == "a finite int at least 1, less than 5 or none"
    assert Range().words == "" and Range().holds(-1e300)


@pytest.mark.parametrize(
    "text",
    ["vae[", "vae]", "vae[a]", "vae[a=]", "vae[=1]", "[a=1]", "vae[a=1][b=2]", "vae[a=1,a=2]"],
)
def test_malformed_references_are_errors(text: str) -> None:
    with pytest.raises(BenchError):
        parse_reference(text)


def test_brackets_keep_commas_together() -> None:
    assert split_list(["a[x=1,y=2], b", "c", ""]) == ["a[x=1,y=2]", "b", "c"]


@pytest.mark.parametrize("texts", [[""], [" , "], ["", ","]])
def test_a_list_of_nothing_is_no_default(texts: list[str]) -> None:
    assert split_list([]) == []
    with pytest.raises(BenchError, match="is empty; name what you want"):
        split_list(texts)


def test_suggestions_are_close_or_absent() -> None:
    assert suggest("rfvae", ["vae", "rf-vae"]) == "; did you mean 'rf-vae'?"
    assert suggest("zzz", ["vae"]) == ""
    for names in (["vaease", "vae"], ["vae", "vaease"]):  # equally alike, by difflib
        assert suggest("vea", names) == "; did you mean 'vae'?"


def test_values_of_a_file_are_of_their_field_or_not() -> None:
    """Each field with what it allows, among values of every type."""
    values = (None, True, 3, 0.5, 10**400, float("inf"), "a", "c", [1], {})
    allowed = {
        "rate": (3, 0.5),
        "size": (3, 10**400),
        "flag": (True,),
        "mode": ("a",),
        "limit": (None, 3, 0.5),
    }
    for field in FIELDS:
        accepted = [value for value in values if field.allows(value)]
        assert [repr(value) for value in accepted] == [repr(value) for value in allowed[field.name]]


def test_what_is_not_close_is_not_suggested() -> None:
    assert suggest("foo", ["kid-floor", "flexae", "mse"]) == ""
    assert suggest("grea", ["grae", "geco-l0"]) == "; did you mean 'grae'?"
