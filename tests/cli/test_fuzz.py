"""Whatever the options and files are, a command ends with a line and a status, never a traceback.

A few inputs by default; the slow lane draws 20,000.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from click.testing import CliRunner
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from benchmark.cli import cli
from benchmark.datasets.npz import Npz
from benchmark.options import parse_reference, split_list
from benchmark.planning.suites import read_suite
from benchmark.records import read_record
from benchmark.reporting.cells.arrays import read_arrays
from benchmark.reporting.gate.baseline_file import read as read_baseline
from benchmark.spec import BenchError
from benchmark.training import checkpoint

READERS = {
    "record.json": read_record,
    "curves.npz": read_arrays,
    "data.npz": lambda path: Npz(argument=str(path)).load(),
    "checkpoint.safetensors": checkpoint.read,
    "suite.toml": lambda path: read_suite(str(path)),
    "baseline.json": read_baseline,
}
PIECES = [
    b'{"schema": 2, "spec": {', b"[[stage]]\n", b'methods = ["vae"]\n', b'datasets = ["circle"]\n',
    b"seeds = 3\n", b"PK\x03\x04", b"PK\x05\x06", b"\x93NUMPY", b"\x00" * 8, b"null", b"[" * 2000,
    b'"__metadata__"', b"1e999", b"NaN", b"}", b"\xff\xfe", b"take = {a = 'b'}\n",
]  # fmt: skip
CONTENT = st.lists(st.one_of(st.sampled_from(PIECES), st.binary(max_size=20)), max_size=8)

WORDS = [
    "vae", "circle", "digits", "pca", "nan", "-1", "0", "1e999", "[", "]", "vae[", "vae[lr=x]", "a,b",
    '"', "npz:x", "summary", "latent", "\x1b[2J", "\u202e", "", "--seeds", "--budget", "--workers",
    "--metrics", "--methods", "--datasets", "--format", "--latent-dims", "--shard", "2/1", "text",
    "--alpha", "--time-limit", "smoke", "--suite", "gamma", "--on", "paper", "9" * 30,
]  # fmt: skip
COMMANDS = [
    ("run", "--dry-run"),
    ("table",),
    ("show",),
    ("claims",),
    ("list",),
    ("figure",),
    ("check",),
]


def read_anything(name: str, content: list[bytes]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / name
        path.write_bytes(b"".join(content))
        try:
            READERS[name](path)
        except BenchError as error:
            assert "\n" not in str(error)


def call_anything(command: tuple[str, ...], words: list[str]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        arguments = [*command, *words, "--results", folder]
        ended = CliRunner().invoke(cli, arguments, standalone_mode=False)
        known = isinstance(ended.exception, BenchError | SystemExit | OSError)
        usage = type(ended.exception).__module__.startswith("click")
        assert ended.exception is None or known or usage, (arguments, ended.exception)


def parse_anything(text: str) -> None:
    try:
        for item in split_list([text]):
            parse_reference(item)
    except BenchError as error:
        assert str(error)


ANY_FILE = (st.sampled_from(sorted(READERS)), CONTENT)
ANY_CALL = (st.sampled_from(COMMANDS), st.lists(st.sampled_from(WORDS), max_size=4))
few = settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
many = settings(max_examples=7000, deadline=None, suppress_health_check=list(HealthCheck))

test_readers_refuse_in_one_line = few(given(*ANY_FILE)(read_anything))
test_commands_end_with_a_status = few(given(*ANY_CALL)(call_anything))
test_references_are_read_or_refused = few(given(st.text(max_size=40))(parse_anything))
test_many_readers_refuse_in_one_line = pytest.mark.slow(many(given(*ANY_FILE)(read_anything)))
test_many_commands_end_with_a_status = pytest.mark.slow(many(given(*ANY_CALL)(call_anything)))
test_many_references_are_read_or_refused = pytest.mark.slow(
    many(given(st.text(max_size=40))(parse_anything))
)
