"""A stored run whose record somebody edited, anywhere and with anything: commands that go back to
the run give a verdict or a line that names it, and never a traceback.

Runs are carried out in this process, and each of them once: what is looked at is what is made of
the record.
"""

from __future__ import annotations

import contextlib
import copy
import json
import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
from fuzzing import ODD_VALUES, call, drawn, places, with_value
from hypothesis import given
from hypothesis import strategies as st

from benchmark.planning.jobs import Job, plan
from benchmark.planning.reuse import Settings
from benchmark.planning.suites import Grid
from benchmark.records import Store
from benchmark.running import replay as replay_module
from benchmark.running.faults import error_text, one_line
from benchmark.running.job import execute
from benchmark.running.processes import JobOutcome
from benchmark.spec import Record

COMMANDS = (
    *(("replay", "{folder}"), ("replay", "{folder}", "{other}"), ("show", "{key}")),
    *(("evaluate", "--metrics", "nac"), ("evaluate", "--null")),
    ("run", "--methods", "pca", "--datasets", "circle", "--budget", "smoke", "--dry-run"),
)
NAMES = (
    "pca",
    "vae",
    "circle",
    "digits",
    "smoke",
    "quick",
    "done",
    "diverged",
    "failed",
    "cpu",
    "mse",
)
VALUES = (*ODD_VALUES, *NAMES, 1, 2, 16, "grae-objective", "npz:x", "0" * 64)


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The results of two runs, seeds 0 and 1."""
    folder = tmp_path_factory.mktemp("stored") / "runs"
    for job in plan(Grid(["pca"], ["circle"], seeds=2, budget="smoke"), Path()):
        assert execute(job, Settings(folder, device="cpu")) is not None
    return folder


@contextlib.contextmanager
def runs_in_this_process(finished: Path) -> Iterator[None]:
    """Let replays be carried out here; those of ``known`` runs are copied from there."""

    def run(job: Job, settings: Settings) -> JobOutcome:
        here = finished / job.spec.key
        if here.is_dir():
            shutil.copytree(here, settings.results / job.spec.key)
        try:
            record = execute(job, replace(settings, time_limit=2.0))
        except Exception as error:  # as in the process of a run
            return JobOutcome(
                job, "failed", one_line(f"{type(error).__name__}: {error_text(error)}")
            )
        assert record is not None
        return JobOutcome(job, record.status, record.error)

    def run_jobs(jobs: Sequence[Job], settings: Settings, *rest: object) -> list[JobOutcome]:
        return [run(job, settings) for job in jobs]

    with mock.patch.object(replay_module, "run_jobs", run_jobs):
        yield


@st.composite
def edits(draw: st.DrawFn) -> Callable[[Any], Any]:
    """One to three values of a record, by where they stand among its places, and what replaces
    them; a spec may be edited more than anything else, as the run is made of it."""
    changes = draw(
        st.lists(
            st.tuples(st.integers(0, 10_000), st.booleans(), st.sampled_from(VALUES)),
            min_size=1,
            max_size=3,
        )
    )

    def edit(document: Any) -> Any:
        for number, of_spec, value in changes:
            paths = sorted(places(document), key=str)
            chosen = [path for path in paths if path[0] == "spec"] if of_spec else paths
            if chosen:
                document = with_value(document, chosen[number % len(chosen)], value)
        return document

    return edit


def check(stored: Path, command: tuple[str, ...], edit: Callable[[Any], Any]) -> int:
    with tempfile.TemporaryDirectory() as name, contextlib.chdir(name):
        runs = Path("results", "runs")
        shutil.copytree(stored, runs)
        folder, other = sorted(path for path in runs.iterdir() if path.name.startswith("pca"))
        document = edit(json.loads((folder / "record.json").read_text(encoding="utf-8")))
        (folder / "record.json").write_text(json.dumps(document), encoding="utf-8")
        words = [word.format(folder=folder, other=other, key=folder.name) for word in command]
        with runs_in_this_process(stored):
            status, stderr = call(words)
        assert status in (0, 1, 2, 3), (words, stderr)
        assert "Traceback" not in stderr
        if status == 2:
            assert all(line.startswith("bench: ") for line in stderr.splitlines()), stderr
        if "{other}" in command:
            assert status != 2, stderr
        return status


def check_drawn(count: int, stored: Path, command: tuple[str, ...]) -> None:
    def checked(edit: Callable[[Any], Any]) -> None:
        check(stored, command, edit)

    drawn(count)(given(edits())(checked))()


@pytest.mark.parametrize("command", COMMANDS, ids=[" ".join(words) for words in COMMANDS])
def test_edited_records_are_judged_or_named(stored: Path, command: tuple[str, ...]) -> None:
    check_drawn(6, stored, command)


@pytest.mark.slow
@pytest.mark.parametrize("command", COMMANDS, ids=[" ".join(words) for words in COMMANDS])
def test_many_edited_records_are_judged_or_named(stored: Path, command: tuple[str, ...]) -> None:
    check_drawn(400, stored, command)


def status_of(stored: Path, *command: str, **changes: Any) -> int:
    return check(stored, command, lambda document: {**document, **changes})


def test_an_edit_is_seen_and_none_is_not(stored: Path) -> None:
    assert status_of(stored, "replay", "{folder}") == 0
    record = Store(stored).records()[0]
    worse = copy.deepcopy(dict(record.measurements))
    worse["mse"] = {**worse["mse"], "value": 9.0}
    assert isinstance(record, Record)
    assert status_of(stored, "replay", "{folder}", measurements=worse) == 1
    assert status_of(stored, "replay", "{folder}", status="killed") == 3
    assert status_of(stored, "replay", "{folder}", status="odd") == 2
