"""The store: whole files or none, clear errors, and a tidy frame."""

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
import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

import benchmark
from benchmark import registry
from benchmark.files import atomic_write
from benchmark.identity import harness_code, metric_codes
from benchmark.names import label
from benchmark.records import Store, UnreadableRecord, frame, load_records, read_record
from benchmark.spec import BenchError, Record, RunSpec

SPEC = RunSpec(
    "vae",
    {"sigma": "learned", "gamma": 1.0, "lr": 1e-3, "chunks": 4},
    "circle",
    {"noise": 0.1},
    "ab" * 32,
    2,
    0,
    "quick",
    300,
    128,
)


def record(spec: RunSpec = SPEC, **changes: object) -> Record:
    values = {"mse": {"value": 0.5, "unit": "squared data units", "n": 1024, "protocol": "test"}}
    values["fd-raw[n=1024,reference=1024,split=test]"] = {
        "value": 2.0,
        "unit": "squared data units",
        "n": 1024,
        "protocol": "test",
    }
    base = Record(
        spec=spec.document(),
        key=spec.key,
        code=registry.find("methods", "vae").code,
        status="done",
        measurements=values,
        harness=harness_code(),
        metrics=metric_codes(values),
    )
    return replace(base, **changes)


def test_write_read_is_the_identity_and_records_come_in_key_order(tmp_path: Path) -> None:
    store = Store(tmp_path / "new" / "runs")
    written = [record(replace(SPEC, seed=seed)) for seed in (2, 0, 1)]
    for entry in written:
        store.write(entry)
    assert (
        store.records()
        == load_records(tmp_path / "new" / "runs")
        == sorted(written, key=lambda entry: entry.key)
    )
    assert store.read("nothing") is None


@pytest.mark.parametrize(
    "changes",
    [
        {"spec": replace(SPEC, config={**SPEC.config, "seed": 2**70})},
        {"error": "no file '\udcff.npz'"},
        {"error": 'nul \0, quote ", ü, 漢字, \U0001f600'},
        {
            "timing": {
                "smallest": 5e-324,
                "zero": -0.0,
                "third": 1 / 3,
                "largest": 1.7976931348623157e308,
                "int": 2**64 - 1,
            }
        },
    ],
)
def test_records_of_a_folder_are_what_each_is_alone(
    tmp_path: Path, changes: dict[str, object]
) -> None:
    store = Store(tmp_path)
    store.write(record(**changes))
    (alone,) = (store.read(folder.name) for folder in tmp_path.iterdir())
    (stored,) = store.records()
    assert repr(stored) == repr(alone) == repr(Record.from_json(record(**changes).to_json()))


def test_more_records_than_are_read_at_once_keep_their_order_and_empty_folders_are_none(
    tmp_path: Path,
) -> None:
    written = [record(replace(SPEC, seed=seed)) for seed in range(150)]
    for entry in written:
        Store(tmp_path).write(entry)
    (tmp_path / "references").mkdir()
    (tmp_path / "a-file").write_text("", encoding="utf-8")
    assert load_records(tmp_path) == sorted(written, key=lambda entry: entry.key)


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_numbers_of_a_folder_keep_their_bits(value: float) -> None:
    assert repr(orjson.loads(json.dumps(value))) == repr(value)


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


def test_a_crash_while_writing_leaves_the_old_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    atomic_write(tmp_path / "a", b"old")
    for function in ("fsync", "replace"):
        with monkeypatch.context() as patch:
            patch.setattr(
                os if function == "fsync" else Path,
                function,
                lambda *_: (_ for _ in ()).throw(OSError("disk full")),
            )
            with pytest.raises(OSError, match="disk full"):
                atomic_write(tmp_path / "a", b"new")
        assert [path.name for path in tmp_path.iterdir()] == ["a"]
        assert (tmp_path / "a").read_bytes() == b"old"


@pytest.mark.parametrize(("umask", "mode"), [(0o022, 0o644), (0o077, 0o600), (0o002, 0o664)])
def test_files_have_the_mode_that_the_umask_leaves(tmp_path: Path, umask: int, mode: int) -> None:
    before = os.umask(umask)
    try:
        atomic_write(tmp_path / "file", b"a")
    finally:
        os.umask(before)
    assert (tmp_path / "file").stat().st_mode & 0o777 == mode


def test_the_stamp_of_a_record_changes_whenever_it_is_written(tmp_path: Path) -> None:
    store, one = Store(tmp_path), record()
    assert store.stamp(one.key) is None
    stamps = []
    for _ in range(3):
        store.write(one)
        stamps.append(store.stamp(one.key))
    assert len(set(stamps)) == 3 and store.stamp(one.key) == stamps[-1]


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


def full() -> dict[str, Any]:
    """The document of a record with something in every part."""
    base = record(
        discovery={
            "relevance": [0.5, 0.1],
            "active": [True, False],
            "flags": ["collapsed"],
            "extra": {"gamma": 1.0},
            "null": [{"at": 0.5}],
        },
        absent={"mig": "no factors"},
        timing={"train_seconds": 1.0, "outer_steps": 300, "updates": {"model": 300}},
        environment={
            "python": "3.11.7",
            "packages": {"torch": "2.5.1"},
            "device": "cpu",
            "threads": 1,
            "deterministic": True,
            "commit": None,
            "dirty": False,
            "determinism": {"cudnn": True},
            "evaluations": {"mse": {"commit": "abc"}},
        },
        flags=["unsettled"],
        input={"shape": [1, 8, 8], "train": 60, "test": 40, "type": "uint8", "levels": 255},
    )
    return json.loads(base.to_json())


def test_a_record_of_before_keeps_its_bytes() -> None:
    """``input`` came later: a record without it is written again without it."""
    document = full()
    assert Record.from_document(copy.deepcopy(document)).input == document["input"]
    del document["input"]
    text = json.dumps(document, indent=1, sort_keys=True) + "\n"
    assert Record.from_json(text).to_json() == text


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


TYPES = jsonschema.Draft202012Validator(
    json.loads((Path(benchmark.__file__).parent / "data" / "record.schema.json").read_text())
)
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


def test_records_of_schema_1_are_read_stay_as_they_are_and_are_stale(tmp_path: Path) -> None:
    old = replace(record(), schema=1, harness="", metrics={})
    text = old.to_json()
    assert "harness" not in text and "metrics" not in text
    Store(tmp_path).write(old)
    assert load_records(tmp_path) == [old]
    assert read_record(tmp_path / old.key / "record.json").to_json() == text
    assert frame([old])["stale"].all() and not frame([record()])["stale"].any()


def test_a_record_that_the_system_does_not_give_out_is_an_error_not_nothing(tmp_path: Path) -> None:
    (tmp_path / SPEC.key / "record.json").mkdir(parents=True)
    with pytest.warns(UnreadableRecord, match=r"cannot read .*: it is no regular file"):
        assert load_records(tmp_path) == []


def test_missing_results_folder_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(BenchError, match="run `bench run` first"):
        load_records(tmp_path / "nothing")


def test_folder_that_cannot_be_written_is_refused_before_anything_runs(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(BenchError, match="choose another folder with --results"):
        Store(tmp_path / "file" / "runs").ensure_writable()


def test_frame_has_one_row_per_measurement_and_one_for_a_run_without_any() -> None:
    failed = record(replace(SPEC, seed=1), status="failed", measurements={}, error="why")
    table = frame([record(), failed])
    assert table[["metric", "value", "seed", "status"]].astype(object).fillna(
        "-"
    ).values.tolist() == [
        ["mse", 0.5, 0, "done"],
        ["fd-raw", 2.0, 0, "done"],
        ["-", "-", 1, "failed"],
    ]
    assert table["cell"].nunique() == 1
    assert not table["stale"].any()


def test_frame_separates_cells_and_marks_stale_code() -> None:
    table = frame(
        [record(), record(replace(SPEC, steps=301)), record(replace(SPEC, seed=3), code="0" * 16)]
    )
    assert table["cell"].nunique() == 2
    assert table.groupby("seed")["stale"].all().to_dict() == {0: False, 3: True}


def test_frame_marks_stale_numbers_one_by_one() -> None:
    metrics = {**record().metrics, "fd-raw": "0" * 16}
    table = frame([record(metrics=metrics), record(replace(SPEC, seed=1), harness="0" * 16)])
    stale = {(row.seed, row.metric): row.stale for row in table.itertuples()}
    assert stale == {
        (0, "mse"): False,
        (0, "fd-raw"): True,
        (1, "mse"): True,
        (1, "fd-raw"): True,
    }


def test_runs_that_differ_in_a_taken_value_are_replicates() -> None:
    specs = [
        replace(SPEC, seed=seed, config={**SPEC.config, "gamma": 0.1 + seed}) for seed in (0, 1)
    ]
    assert frame([record(spec) for spec in specs])["cell"].nunique() == 2
    table = frame(
        [record(replace(spec, taken={"gamma": "vae: discovery.extra.gamma"})) for spec in specs]
    )
    assert table["cell"].nunique() == 1
    assert set(table["method"]) == {"vae[gamma=*]"}


def test_labels_show_what_differs_from_the_defaults() -> None:
    assert label("methods", "vae", SPEC.config) == "vae"
    assert (
        label("methods", "vae", {**SPEC.config, "sigma": "fixed", "gamma": 0.5})
        == "vae[gamma=0.5,sigma=fixed]"
    )
    assert label("datasets", "circle", {"noise": 0.05}) == "circle[noise=0.05]"
    assert label("methods", "unheard-of", {}) == "unheard-of"


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
    schema = json.loads(
        (Path(benchmark.__file__).parent / "data" / "record.schema.json").read_text(
            encoding="utf-8"
        )
    )
    environment = dict.fromkeys(
        ("python", "packages", "device", "threads", "deterministic", "commit", "dirty"), "x"
    )
    good = asdict(
        record(
            environment=environment,
            discovery={"relevance": [1.0], "active": [True], "flags": [], "extra": {}},
        )
    )
    jsonschema.validate(good, schema)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({**good, **change}, schema)
