"""Whatever the files and the words of a call are, a command ends with a line and a status: never a
traceback, never without end.

A few inputs by default; the slow lane draws 20,000 and more (``BENCH_FUZZ_SHARE`` is a factor).
Files are whole ones with bytes, values and pieces changed, so that what is damaged lies deep; calls
are made of the options that each command declares.
"""

from __future__ import annotations

import contextlib
import os
import tempfile
import warnings
from collections.abc import Callable
from pathlib import Path

import click
import pytest
from fuzzing import MAKERS, call, contents, drawn, ends, sample, whole_record
from hypothesis import given
from hypothesis import strategies as st

from benchmark import registry
from benchmark.cli import COMMANDS, cli
from benchmark.controls import DimensionReference, InitialCounts, _read
from benchmark.datasets.files import read_verified
from benchmark.datasets.npz import Npz
from benchmark.options import parse_reference, split_list
from benchmark.planning.suites import read_suite
from benchmark.records import read_record
from benchmark.reporting.cells.arrays import read_arrays
from benchmark.reporting.gate.baseline_file import read as read_baseline
from benchmark.reporting.report import folder as report_folder
from benchmark.spec import BenchError
from benchmark.training import checkpoint


def read_dimensions(path: Path) -> object:
    reference = _read(DimensionReference, path)
    assert isinstance(reference, DimensionReference)
    return (
        reference.band,
        reference.title,
        [(reference.mean(name), reference.spread(name)) for name in reference.estimates],
    )


def read_counts(path: Path) -> object:
    counts = _read(InitialCounts, path)
    assert isinstance(counts, InitialCounts)
    return counts.interval, counts.complete, counts.title, counts.address


READERS: dict[str, Callable[[Path], object]] = {
    "record.json": read_record,
    "curves.npz": read_arrays,
    "data.npz": lambda path: Npz(argument=str(path)).load(),
    "checkpoint.safetensors": checkpoint.read,
    "suite.toml": lambda path: read_suite(str(path)),
    "baseline.json": read_baseline,
    "dimensions.json": read_dimensions,
    "initial.json": read_counts,
    "images.gz": lambda path: read_verified(path, "0" * 64, dataset="digits"),
    "method.py": lambda path: registry.find("methods", str(path)).code,
    "report.json": lambda path: report_folder.check(path.parent),
}

WORDS = (
    *(
        "vae",
        "circle",
        "digits",
        "pca",
        "nan",
        "-1",
        "0",
        "1",
        "1e999",
        "[",
        "]",
        "vae[",
        "a,b",
        '"',
    ),
    *(
        "vae[lr=x]",
        "vae[sigma=fixed]",
        "npz:x",
        "summary",
        "latent-8",
        "\x1b[2J",
        "\u202e",
        "",
        " ",
    ),
    *(
        "text",
        "smoke",
        "paper",
        "gamma",
        "mse",
        "lstar",
        "9" * 30,
        "2/1",
        "--",
        "-h",
        "record.json",
    ),
    *("odd.toml", "out.json", "out.tex", "curves", "../x", "./odd.py", "baseline.json", "inf"),
)
NEVER = {"fetch", "--estimate", "--all"}
"""What would ask the network or run for long."""

SHORT = {"run": ("--dry-run",), "dims": ("--estimators-only",)}
"""What keeps a command from training."""


def commands() -> dict[str, click.Command]:
    """The commands and subcommands by the words that call them."""
    context = click.Context(cli)
    by_name = {name: cli.get_command(context, name) for name in COMMANDS}
    group = by_name.pop("data")
    assert isinstance(group, click.Group)
    return {**by_name, **{f"data {name}": command for name, command in group.commands.items()}}


CALLABLE = {name: command for name, command in commands().items() if name.split()[-1] not in NEVER}


@st.composite
def calls(draw: st.DrawFn) -> list[str]:
    """A command with some of its options and words in their places."""
    name = draw(st.sampled_from(sorted(CALLABLE)))
    options = [
        parameter.opts[0]
        for parameter in CALLABLE[name].params
        if isinstance(parameter, click.Option) and parameter.opts[0] not in NEVER
    ]
    words = name.split()
    for _ in range(draw(st.integers(0, 4))):
        if draw(st.booleans()) and options:
            words.append(draw(st.sampled_from(options)))
        words.append(draw(st.sampled_from(WORDS) | st.text(max_size=5)))
    words = [word.replace("\0", "") for word in words]
    return [*words, *SHORT.get(name, ())]


def read_anything(kind: str, content: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings(), ends():
        warnings.simplefilter("ignore")
        path = Path(folder) / kind
        path.write_bytes(content)
        try:
            READERS[kind](path)
        except BenchError as error:
            assert "\n" not in str(error) and str(error)


def call_anything(arguments: list[str], kind: str, content: bytes) -> None:
    """In a folder with a few runs, one of whose files is odd."""
    with tempfile.TemporaryDirectory() as name, contextlib.chdir(name):
        runs = Path("results", "runs")
        for seed in range(2):
            record = whole_record(seed)
            folder = runs / record.key
            folder.mkdir(parents=True)
            (folder / "record.json").write_text(record.to_json(), encoding="utf-8")
        (runs / "references").mkdir()
        for file, where in PUT.items():
            path = Path(where.format(folder=folder))
            path.write_bytes(content if file == kind else sample(file))
        status, stderr = call(arguments)
        assert status in (0, 1, 2, 3), (arguments, stderr)
        assert "Traceback" not in stderr
        if status == 2:
            assert all(line.startswith("bench: ") for line in stderr.splitlines()), stderr


PUT = {
    "record.json": "{folder}/record.json",
    "curves.npz": "{folder}/curves.npz",
    "checkpoint.safetensors": "{folder}/checkpoint.safetensors",
    "dimensions.json": "results/runs/references/dimensions-digits-80a3c2306ec4.json",
    "initial.json": "results/runs/references/initial-vae-digits-L16-0123456789ab.json",
    "suite.toml": "odd.toml",
    "baseline.json": "baseline.json",
    "method.py": "odd.py",
    "data.npz": "x",
}
"""Where a call finds a file of each kind."""


def parse_anything(text: str) -> None:
    try:
        for item in split_list([text]):
            parse_reference(item)
    except BenchError as error:
        assert str(error)


def kinds(names: list[str]) -> st.SearchStrategy[tuple[str, bytes]]:
    return st.sampled_from(names).flatmap(lambda kind: st.tuples(st.just(kind), contents(kind)))


FILES, PLACED = kinds(sorted(READERS)), kinds(sorted(PUT))


SHARE = float(os.environ.get("BENCH_FUZZ_SHARE", "1"))


def read_file(file: tuple[str, bytes]) -> None:
    read_anything(*file)


def call_with_file(words: list[str], file: tuple[str, bytes]) -> None:
    call_anything(words, *file)


test_readers_refuse_in_one_line = drawn(60)(given(FILES)(read_file))
test_commands_end_with_a_status = drawn(25)(given(calls(), PLACED)(call_with_file))
test_references_are_read_or_refused = drawn(60)(given(st.text(max_size=40))(parse_anything))
test_many_readers_refuse_in_one_line = pytest.mark.slow(
    drawn(int(12_000 * SHARE))(given(FILES)(read_file))
)
test_many_commands_end_with_a_status = pytest.mark.slow(
    drawn(int(4_000 * SHARE))(given(calls(), PLACED)(call_with_file))
)
test_many_references_are_read_or_refused = pytest.mark.slow(
    drawn(int(5_000 * SHARE))(given(st.text(max_size=40))(parse_anything))
)


def test_every_kind_of_file_is_read_and_the_whole_one_is_not_refused() -> None:
    assert READERS.keys() == MAKERS.keys() >= PUT.keys()
    refused = []
    for kind in READERS:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / kind
            path.write_bytes(sample(kind))
            try:
                READERS[kind](path)
            except BenchError:
                refused.append(kind)
    assert refused == ["images.gz"]  # it has another checksum
