"""What fuzzing draws from: whole files of every kind that is read, and ways to change them."""

from __future__ import annotations

import contextlib
import copy
import faulthandler
import gzip
import io
import json
import math
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np
from command import bench
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from reporting.making import record
from safetensors.numpy import save

from benchmark.controls import InitialCounts
from benchmark.spec import Record, RunSpec

Place = tuple[str | int, ...]

ODD_VALUES = (
    *(None, "", "text", "\x1b[2J\u202e", 0, 5, -1, 0.5, True, [], {}, [None], {"a": None}),
    *([[[[1]]]], {"vae": {"vae": 1}}, "x" * 300, "\ud800", "../../etc", "vae[lr=1", "nan"),
    *(math.nan, math.inf, -0.0, 10**400, 2**63),
)
"""Values of every type, to stand where another is expected."""

PIECES = (
    *(b'{"schema": 2, "spec": {', b"[[stage]]\n", b'methods = ["vae"]\n', b"seeds = 3\n"),
    *(b"PK\x03\x04", b"PK\x05\x06", b"\x93NUMPY", b"\x1f\x8b\x08", b"\x00" * 8, b"\xff" * 8),
    *(
        b"null",
        b"[" * 5000,
        b'{"a":' * 2000,
        b'"__metadata__"',
        b"1e999",
        b"NaN",
        b"}",
        b"\xff\xfe",
    ),
    *(b"take = {a = 'b'}\n", b"9" * 5000, b"class A(Method): pass\n", b"\\\n", b'"', b"(" * 300),
)


def whole_record(seed: int = 0, **changes: Any) -> Record:
    """A record with something in every part."""
    base = record(
        "vae",
        "digits",
        seed=seed,
        values={"mse": 0.5 + seed, "lstar": 3.0, "lstar-error": 1.0},
        relevance=[0.9, 0.5, 0.1, 0.01],
        flags=["collapsed"],
        harness_flags=["unsettled"],
    )
    environment = {"python": "3.11.7", "packages": {"torch": "2.5.1"}, "device": "cpu"}
    timing = {"train_seconds": 1.0, "outer_steps": 300, "updates": {"model": 300}}
    parts = {"environment": environment, "timing": timing, "absent": {"mig": "no factors"}}
    return replace(base, **{**parts, **changes})


def _package(folder: str, name: str) -> bytes:
    return resources.files("benchmark").joinpath("data", folder, name).read_bytes()


def _npz() -> bytes:
    buffer = io.BytesIO()
    train = np.arange(120.0, dtype=np.float32).reshape(20, 6)
    np.savez(buffer, train=train, test=train[:8] + 0.5)
    return buffer.getvalue()


def _counts() -> bytes:
    spec = {name: value for name, value in whole_record().spec.items() if name != "seed"}
    return (
        InitialCounts(spec, "ab" * 8, [3, 4, 5], 512, 1.0, "", [1.5, 2.0, 3.0]).to_json().encode()
    )


MAKERS: dict[str, Callable[[], bytes]] = {
    "record.json": lambda: whole_record().to_json().encode(),
    "curves.npz": _npz,
    "data.npz": _npz,
    "checkpoint.safetensors": lambda: save({"a": np.arange(4.0)}, metadata={"sha256": "0" * 64}),
    "suite.toml": lambda: _package("suites", "gamma.toml"),
    "baseline.json": lambda: (
        Path(__file__).with_name("golden").joinpath("baseline.json").read_bytes()
    ),
    "dimensions.json": lambda: _package("references", "dimensions-digits-80a3c2306ec4.json"),
    "initial.json": _counts,
    "images.gz": lambda: gzip.compress(bytes(300), mtime=0),
    "method.py": lambda: Path(__file__).parents[1].joinpath("baselines", "vae.py").read_bytes(),
    "report.json": lambda: b'{"lstar-bench report": ["index.html", "style.css"]}',
}
"""How a whole file of each kind is made."""


@cache
def sample(kind: str) -> bytes:
    return MAKERS[kind]()


def places(part: Any, *above: str | int) -> Iterator[Place]:
    """Every place in a document, by the keys that lead to it."""
    inside = part.items() if isinstance(part, dict) else enumerate(part)
    for key, value in inside:
        yield (*above, key)
        if isinstance(value, dict | list):
            yield from places(value, *above, key)


def with_value(document: Any, path: Place, value: object) -> Any:
    """The document with ``value`` at a place; the key of a record follows its spec where it can."""
    document = copy.deepcopy(document)
    part = document
    for key in path[:-1]:
        part = part[key]
    part[path[-1]] = value
    if path[0] == "spec":
        with contextlib.suppress(TypeError, ValueError, AttributeError, UnicodeError):
            document["key"] = str(RunSpec(**document["spec"]).key)
    return document


@st.composite
def contents(draw: st.DrawFn, kind: str) -> bytes:
    """A file of a kind: a whole one with a value, a few bytes or a piece changed, or pieces."""
    way = draw(st.sampled_from(("value", "value", "bytes", "piece", "cut", "pieces")))
    whole = sample(kind)
    if way == "pieces":
        return b"".join(
            draw(st.lists(st.sampled_from(PIECES) | st.binary(max_size=20), max_size=8))
        )
    if way == "value" and kind.endswith(".json"):
        document = json.loads(whole)
        path = draw(st.sampled_from(sorted(places(document), key=str)))
        return json.dumps(with_value(document, path, draw(st.sampled_from(ODD_VALUES)))).encode()
    at = draw(st.integers(0, len(whole) - 1))
    if way == "cut":
        return whole[:at]
    if way == "piece":
        end = draw(st.integers(at, min(len(whole), at + 40)))
        return whole[:at] + draw(st.sampled_from(PIECES) | st.binary(max_size=8)) + whole[end:]
    damaged = bytearray(whole)
    for _ in range(draw(st.integers(1, 4))):
        near = min(len(whole) - 1, max(0, at + draw(st.integers(-30, 30))))
        damaged[near] = draw(st.integers(0, 255))
    return bytes(damaged)


HANG = 900
"""Seconds after which an input is one that never ends, and Python is left with what it was at."""


@contextlib.contextmanager
def ends() -> Iterator[None]:
    """Leave Python with a traceback where the block does not end."""
    faulthandler.dump_traceback_later(HANG, exit=True, file=sys.__stderr__)
    try:
        yield
    finally:
        faulthandler.cancel_dump_traceback_later()


def call(arguments: list[str]) -> tuple[int, str]:
    """Call the bench as its entry point does; its status and what it told on stderr."""
    with ends():
        done = bench(Path.cwd(), *arguments)
    return done.returncode, done.stderr


def drawn(count: int) -> settings:
    quiet = list(HealthCheck)
    return settings(max_examples=count, deadline=None, suppress_health_check=quiet, database=None)
