"""Runs that end oddly: what each leaves in the store, what is said of it, and that the others go
on."""

from __future__ import annotations

import multiprocessing
import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from odd import TEXT

import benchmark
from benchmark.planning.jobs import Job, plan
from benchmark.planning.reuse import Settings
from benchmark.planning.suites import Grid
from benchmark.records import Store
from benchmark.running import forkserver, processes
from benchmark.running.lock import locked
from benchmark.running.processes import Events, JobOutcome, run_jobs
from benchmark.spec import BenchError, Record


def jobs_of(folder: Path, *ways: str) -> list[Job]:
    (folder / "odd.py").write_text(TEXT, encoding="utf-8")
    names = [f"{folder}/odd.py[how={how}]" for how in ways]
    return plan(Grid(names, ["circle"], [2], steps=6), folder)


def carry_out(folder: Path, *ways: str, workers: int = 1, **settings: float) -> list[JobOutcome]:
    """Run one run for each of ``ways``, in their order; the store is the folder ``results``."""
    jobs = jobs_of(folder, *ways)
    outcomes = run_jobs(jobs, Settings(folder / "results", "cpu", **settings), workers, Events())
    return [next(outcome for outcome in outcomes if outcome.job == job) for job in jobs]


def record_of(folder: Path, outcome: JobOutcome) -> Record | None:
    return Store(folder / "results").read(outcome.job.spec.key)


def files_of(folder: Path, outcome: JobOutcome) -> set[str]:
    return {path.name for path in Store(folder / "results").folder(outcome.job.spec.key).iterdir()}


@pytest.mark.parametrize(
    ("how", "status", "message"),
    [
        ("kills_itself", "killed", "the process was ended by signal 9"),
        ("leaves", "killed", "the process ended with exit code 7"),
        ("lacks_memory", "out-of-memory", "can't allocate memory"),
        ("asks_for_too_much", "out-of-memory", "you tried to allocate"),
        ("lacks_system_memory", "out-of-memory", "Cannot allocate memory"),
        ("cannot_be_encoded", "failed", "ValueError: half a pair: \\ud800"),
        ("cannot_be_said", "failed", "Unsayable: its text could not be made: ValueError"),
        ("says_too_much", "failed", "characters left out"),
    ],
)
def test_an_odd_end_is_a_record_and_the_next_run_is_done(
    tmp_path: Path, how: str, status: str, message: str
) -> None:
    odd, well = carry_out(tmp_path, how, "well")
    record = record_of(tmp_path, odd)
    assert record is not None and (odd.status, odd.error) == (record.status, record.error)
    assert record.status == status and message in str(record.error)
    assert len(str(record.error)) < 1100
    assert ("log.txt" in files_of(tmp_path, odd)) == (status == "failed")
    done = record_of(tmp_path, well)
    assert well.status == "done" and done is not None and done.status == "done"
    assert [record.status for record in Store(tmp_path / "results").records()].count("done") == 1


def test_a_long_traceback_is_clipped(tmp_path: Path) -> None:
    (odd,) = carry_out(tmp_path, "says_too_much")
    log = Store(tmp_path / "results").folder(odd.job.spec.key) / "log.txt"
    text = log.read_text(encoding="utf-8")
    assert text.startswith("Traceback") and len(text) < 250_000


def test_what_was_told_stands_though_the_process_lingers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(processes, "LINGER", 0.3)
    (odd,) = carry_out(tmp_path, "lingers")
    record = record_of(tmp_path, odd)
    assert (odd.status, odd.error) == ("done", None)
    assert record is not None and (record.status, record.error) == ("done", None)


class Alive:
    """A process that lives on."""

    pid, exitcode = None, None

    def is_alive(self) -> bool:
        return True


@pytest.mark.parametrize(("result", "overstayed"), [(None, True), (("done", None), False)])
def test_only_a_run_that_told_nothing_overstays_its_limit(
    tmp_path: Path, result: tuple[str, str | None] | None, overstayed: bool
) -> None:
    (job,) = jobs_of(tmp_path, "well")
    receiver, _ = multiprocessing.Pipe(duplex=False)
    run = processes._RunningJob(Alive(), receiver, job, begun=time.monotonic() - 1e6, result=result)
    processes._enforce(run, Settings(tmp_path, time_limit=1.0))
    assert run.overstayed == overstayed


def test_a_run_told_to_stop_from_elsewhere_is_not_done_and_says_so(tmp_path: Path) -> None:
    odd, well = carry_out(tmp_path, "is_told_to_stop", "well")
    assert odd.status == "interrupted" and "a signal from elsewhere" in str(odd.error)
    assert record_of(tmp_path, odd) is None and "checkpoint.safetensors" in files_of(tmp_path, odd)
    assert well.status == "done"


def test_a_server_that_is_killed_in_the_middle_is_started_again(tmp_path: Path) -> None:
    odd, dead, well = carry_out(tmp_path, "kills_the_server", "kills_the_server_and_itself", "well")
    record = record_of(tmp_path, odd)
    assert odd.status == "done" and record is not None and record.status == "done"
    assert dead.status == "killed" and "the server it was forked from" in str(dead.error)
    assert well.status == "done"


class Unable:
    """A server whose processes cannot be started ``failures`` times."""

    def __init__(self, failures: int) -> None:
        self.failures, self.started = failures, 0

    def Process(self, **_: object) -> Unable:
        return self

    def start(self) -> None:
        self.failures -= 1
        if self.failures >= 0:
            raise EOFError
        self.started += 1


@pytest.mark.parametrize("failures", [0, 1, 2])
def test_a_server_that_is_killed_at_its_start_is_started_again(failures: int) -> None:
    unable = Unable(failures)
    assert forkserver.launch(unable, print, ()) is unable
    assert unable.started == 1


def test_a_server_that_never_starts_is_one_line() -> None:
    with pytest.raises(BenchError, match="did not start in 3 tries"):
        forkserver.launch(Unable(3), print, ())


def test_runs_leave_the_environment_of_who_called_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PYTHONSAFEPATH", raising=False)
    before = dict(os.environ)
    (outcome,) = carry_out(tmp_path, "well")
    assert outcome.status == "done" and dict(os.environ) == before


def test_a_python_started_by_us_takes_this_package_and_no_namesake(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "benchmark.py").write_text("raise ImportError('a namesake')\n", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("PYTHONSAFEPATH", raising=False)
    call = [sys.executable, "-c", "import benchmark; print(benchmark.__file__)"]
    assert b"a namesake" in subprocess.run(call, capture_output=True, check=False).stderr
    with forkserver.package_importable():
        done = subprocess.run(call, capture_output=True, check=True)
    assert done.stdout.decode().strip() == benchmark.__file__


def test_a_full_disk_ends_one_run_and_says_so(tmp_path: Path) -> None:
    odd, well = carry_out(tmp_path, "has_no_room", "well")
    record = record_of(tmp_path, odd)
    assert odd.status == "failed" and "File too large" in str(odd.error)
    assert record is not None and (record.status, record.error) == (odd.status, odd.error)
    assert well.status == "done"


def test_where_no_record_can_be_written_the_run_is_named_and_the_grid_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(self: Store, record: Record) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Store, "write", full)  # of this process; that of the run has its own
    odd, well = carry_out(tmp_path, "kills_itself", "well")
    assert odd.status == "killed"
    assert "ended by signal 9" in str(odd.error)
    assert "could not be written: [Errno 28] No space left on device" in str(odd.error)
    assert record_of(tmp_path, odd) is None
    assert well.status == "done"


def test_relative_results_survive_an_adapter_that_changes_the_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (odd,) = run_jobs(jobs_of(tmp_path, "moves"), Settings(Path("here"), "cpu"), 1, Events())
    record = Store(tmp_path / "here").read(odd.job.spec.key)
    assert odd.status == "done" and record is not None and record.status == "done"


def interrupt_once(reached: Path) -> Callable[[], int]:
    return lambda: int(reached.exists())


def interrupt_twice(reached: Path) -> Callable[[], int]:
    return lambda: 2 * reached.exists()


@pytest.mark.parametrize("interrupted", [interrupt_once, interrupt_twice])
def test_a_hung_step_is_ended_by_a_second_signal_or_after_a_while(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    interrupted: Callable[[Path], Callable[[], int]],
) -> None:
    patience = 0.5 if interrupted is interrupt_once else 600.0
    monkeypatch.setattr(processes, "PATIENCE", patience)
    reached = Path(os.environ["ODD_REACHED"])
    reached.unlink(missing_ok=True)
    jobs = jobs_of(tmp_path, "hangs", "well")
    outcomes = run_jobs(
        jobs, Settings(tmp_path / "results", "cpu"), 1, Events(), interrupted(reached)
    )
    assert [(outcome.status, outcome.error) for outcome in outcomes] == [("interrupted", None)]
    assert record_of(tmp_path, outcomes[0]) is None
    with locked(Store(tmp_path / "results").folder(jobs[0].spec.key), lambda: "busy") as held:
        assert held


@pytest.fixture(scope="module", autouse=True)
def reached(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file that a run touches when it has come to its odd step; the server of this process
    hands the name on, so it is one for all tests."""
    name = os.environ.setdefault("ODD_REACHED", str(tmp_path_factory.mktemp("odd") / "reached"))
    return Path(name)


class WrittenAndKilled(Events):
    """Writes the record that the run was about to tell of, as it would, and kills it."""

    def __init__(self, store: Store, reached: Path) -> None:
        self.store, self.reached = store, reached

    def started(self, job: Job) -> None:
        while not (self.reached.exists() and self.reached.read_text()):
            time.sleep(0.01)
        made_by = {"code": job.code, "harness": job.harness}
        self.store.write(
            Record(job.spec.document(), job.spec.key, **made_by, status="diverged", error="loss")
        )
        os.kill(int(self.reached.read_text()), 9)

    def progressed(self, job: Job, step: int, values: Mapping[str, float]) -> None: ...


def test_a_record_that_a_dead_process_could_not_tell_of_stands(
    tmp_path: Path, reached: Path
) -> None:
    reached.unlink(missing_ok=True)
    store = Store(tmp_path / "results")
    (outcome,) = run_jobs(
        jobs_of(tmp_path, "waits"),
        Settings(tmp_path / "results", "cpu"),
        1,
        WrittenAndKilled(store, reached),
    )
    assert (outcome.status, outcome.error) == ("diverged", "loss")
    record = store.read(outcome.job.spec.key)
    assert record is not None and (record.status, record.error) == ("diverged", "loss")
