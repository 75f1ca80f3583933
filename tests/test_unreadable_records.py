"""Records that cannot be read, or are not of their schema: one line with the next step, and the
others are there."""

from __future__ import annotations

import contextlib
import copy
import json
import math
import os
from collections.abc import Callable, Iterator
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from made_records import SPEC, full, record
from schema import SCHEMA

from benchmark.names import label
from benchmark.records import Store, UnreadableRecord, load_records
from benchmark.spec import BenchError, Record, RunSpec


@pytest.mark.parametrize("empty", [[], "", [["a", 1]]])
def test_options_that_are_no_object_are_refused(tmp_path: Path, empty: object) -> None:
    bare = replace(SPEC, options=dict(empty))
    stored = json.loads(record(bare).to_json())
    stored["spec"]["options"] = empty
    path = tmp_path / "key" / "record.json"
    path.parent.mkdir()
    path.write_text(json.dumps(stored))
    with pytest.warns(UnreadableRecord, match="'options' of the spec is .*, expected an object"):
        assert load_records(tmp_path) == []


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (record().to_json()[:100], "truncated or not JSON"),
        ("", "truncated or not JSON"),
        ("[]", "schema is 'list'"),
        (json.dumps({**asdict(record()), "schema": 3}), "newer version .*upgrade, or move it away"),
        (json.dumps({**asdict(record()), "schema": 0}), "schema is 0, expected 1 to 2"),
        (
            json.dumps({**asdict(record()), "schema": 1}),
            r"unknown fields \['given', 'harness', 'input', 'metrics'\]",
        ),
        (json.dumps({**asdict(record()), "spec": {}}), "not readable"),
        *(
            (
                record().to_json().replace('"value": 0.5', f'"value": {value}'),
                "the measurement 'mse' is .*, expected a finite number",
            )
            for value in ('"abc"', "null", "[1]", "true", "NaN", "1e999", "1" + "0" * 400)
        ),
        (
            json.dumps({**asdict(record()), "measurements": "zz"}),
            "'measurements' is 'zz', expected an object",
        ),
        (
            json.dumps({**asdict(record()), "measurements": {"mse": 1.0}}),
            "the measurement 'mse' is 1.0, expected an object",
        ),
        (
            json.dumps({**asdict(record()), "discovery": "zz"}),
            "'discovery' is 'zz', expected an object or null",
        ),
        (
            json.dumps({**asdict(record()), "discovery": {"flags": "zz"}}),
            "'flags' of the discovery is 'zz', expected a list of words",
        ),
        (
            json.dumps({**asdict(record()), "discovery": {"flags": [["collapsed"]]}}),
            r"'flags' of the discovery is \[\['collapsed'\]\], expected a list of words",
        ),
        (
            json.dumps({**asdict(record()), "flags": "unsettled"}),
            "'flags' is 'unsettled', expected a list of words",
        ),
        (json.dumps({**asdict(record()), "timing": 3}), "'timing' is 3, expected an object"),
        (
            record().to_json().replace('"mse"', '"mse[a"'),
            r"id of a measurement is 'mse\[a', expected name, or name\[option=value",
        ),
        (
            record().to_json().replace('"method": "vae"', '"method": "v]"'),
            "'method' of the spec is 'v]', expected a name without brackets",
        ),
    ],
)
def test_records_that_cannot_be_read_are_one_line_with_the_next_step(
    tmp_path: Path, text: str, message: str
) -> None:
    (tmp_path / SPEC.key).mkdir()
    (tmp_path / SPEC.key / "record.json").write_text(text, encoding="utf-8")
    with pytest.raises(BenchError, match=message) as error:
        Store(tmp_path).read(SPEC.key)
    advice = "upgrade, or move it away" if "newer" in message else "delete its folder and run"
    assert advice in str(error.value) and "\n" not in str(error.value)


ABSENT = object()
ODD = (None, "text", 5, -1, 0.5, True, [], {}, [None], {"a": None}, math.nan, 10**400, ABSENT)


def places(part: Any, *above: str | int) -> Iterator[tuple[str | int, ...]]:
    """Every place in a document, by the keys that lead to it."""
    inside = part.items() if isinstance(part, dict) else enumerate(part)
    for key, value in inside:
        yield (*above, key)
        if isinstance(value, dict | list):
            yield from places(value, *above, key)


def changed(document: Any, path: tuple[str | int, ...], value: object) -> Any:
    """The document with ``value`` at a place; its key belongs to its spec all the same."""
    document = copy.deepcopy(document)
    part = document
    for key in path[:-1]:
        part = part[key]
    if value is ABSENT:
        del part[path[-1]]
    else:
        part[path[-1]] = value
    if path[0] == "spec":
        with contextlib.suppress(Exception):
            document["key"] = RunSpec(**document["spec"]).key
    return document


TYPES = jsonschema.Draft202012Validator(SCHEMA)
LATER = {
    "flags",
    "given",
    "input",
    "measurements",
    "absent",
    "discovery",
    "timing",
    "environment",
    "error",
}
"""Parts that records of older versions may lack."""


def demanded(document: Any) -> bool:
    """Whether the schema demands another type, or a part that is not there, whatever the status of
    the run."""
    for error in TYPES.iter_errors(document):
        older = not error.path and LATER & {*error.message.split("'")}
        always = error.schema_path[0] in ("properties", "required")
        if always and (error.validator == "type" or (error.validator == "required" and not older)):
            return True
    return False


def test_types_that_the_schema_demands_are_checked_on_reading() -> None:
    """Every place of a whole record, with something of every type in it: what the schema refuses
    for its type is refused in one line, and what is read can be written again."""
    whole = full()
    assert not list(TYPES.iter_errors(whole)) and Record.from_document(whole)
    refused = 0
    for path in places(whole):
        for value in ODD:
            document = changed(whole, path, value)
            try:
                parsed = Record.from_document(document)
            except (ValueError, TypeError):
                refused += 1
                continue
            assert not demanded(document), (path, value)
            json.loads(parsed.to_json())
            label("methods", parsed.spec["method"], parsed.spec["config"])
    assert refused > 400


@pytest.mark.parametrize("opening", ["[", '{"a":'])
def test_json_nested_without_end_is_one_line(tmp_path: Path, opening: str) -> None:
    path = tmp_path / SPEC.key / "record.json"
    path.parent.mkdir()
    path.write_text(opening * 100_000, encoding="utf-8")
    with pytest.raises(BenchError, match=r"not readable: its objects lie too deep|not JSON"):
        Store(tmp_path).read(SPEC.key)
    with pytest.warns(UnreadableRecord, match=SPEC.key):
        assert load_records(tmp_path) == []


def test_values_that_the_schema_leaves_open_may_not_be_deep(tmp_path: Path) -> None:
    deep: Any = 1
    for _ in range(300):
        deep = [deep]
    path = tmp_path / SPEC.key / "record.json"
    path.parent.mkdir()
    path.write_text(json.dumps({**full(), "environment": {"odd": deep}}), encoding="utf-8")
    with pytest.raises(BenchError, match=r"'odd' of 'environment' is more than 10 .* deep"):
        Store(tmp_path).read(SPEC.key)


def put_link(path: Path) -> None:
    target = path.with_name("elsewhere")
    target.write_text(record().to_json(), encoding="utf-8")
    path.symlink_to(target)


def put_large(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate(10**9)  # takes no room on the disk


@pytest.mark.parametrize(
    ("put", "message"),
    [
        (put_link, "it is a link, and links are not followed"),
        (os.mkfifo, "it is no regular file"),
        (put_large, "it has 1,000,000,000 bytes, more than"),
    ],
)
def test_links_pipes_and_large_files_of_strangers_are_not_read(
    tmp_path: Path, put: Callable[[Path], None], message: str
) -> None:
    good = record(replace(SPEC, seed=1))
    Store(tmp_path).write(good)
    (tmp_path / SPEC.key).mkdir()
    put(tmp_path / SPEC.key / "record.json")
    with pytest.raises(BenchError, match=message):
        Store(tmp_path).read(SPEC.key)
    with pytest.warns(UnreadableRecord, match=message):
        assert load_records(tmp_path) == [good]


def test_a_record_that_cannot_be_read_is_named_and_the_others_are_there(tmp_path: Path) -> None:
    good, newer = record(), record(replace(SPEC, seed=1))
    Store(tmp_path).write(good)
    Store(tmp_path).write(newer)
    path = tmp_path / newer.key / "record.json"
    path.write_text(json.dumps({**asdict(newer), "schema": 99, "later": 1}), encoding="utf-8")
    with pytest.warns(UnreadableRecord) as warned:
        assert load_records(tmp_path) == [good]
    assert len(warned) == 1
    assert f"left out: record '{path}' was written by a newer version" in str(warned[0].message)


def test_a_record_that_the_system_does_not_give_out_is_an_error_not_nothing(tmp_path: Path) -> None:
    (tmp_path / SPEC.key / "record.json").mkdir(parents=True)
    with pytest.warns(UnreadableRecord, match=r"cannot read .*: it is no regular file"):
        assert load_records(tmp_path) == []


@pytest.mark.parametrize(
    "change",
    [
        {"status": "great"},
        {"code": "x"},
        {"discovery": {"relevance": []}},
        {"measurements": {"mse": {"value": "low"}}},
        {"spec": {}},
    ],
)
def test_schema_refuses_what_is_no_record(change: dict[str, object]) -> None:
    environment = dict.fromkeys(
        ("python", "packages", "device", "threads", "deterministic", "commit", "dirty"), "x"
    )
    good = asdict(
        record(
            environment=environment,
            discovery={"relevance": [1.0], "active": [True], "flags": [], "extra": {}},
        )
    )
    jsonschema.validate(good, SCHEMA)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({**good, **change}, SCHEMA)
