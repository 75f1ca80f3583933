"""What the queue says to Slurm's commands, against commands that note it; what a job reports."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import Any

import pytest

from benchmark.planning.jobs import Job, plan
from benchmark.planning.reuse import Settings
from benchmark.planning.suites import Grid
from benchmark.running import slurm_queue
from benchmark.running.shares import Share
from benchmark.running.slurm_queue import Queue, read_report
from benchmark.spec import BenchError

pytestmark = pytest.mark.usefixtures("clock")


def commands(folder: Path, monkeypatch: pytest.MonkeyPatch, **bodies: str) -> None:
    """Put shell commands on the PATH."""
    for name, body in bodies.items():
        path = folder / "bin" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"#!/bin/sh\n{body}\n", encoding="utf-8")
        path.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder / 'bin'}:{os.environ['PATH']}")


def test_a_job_is_submitted_with_the_options_that_were_given(
    job: Job, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("submitit")
    commands(tmp_path, monkeypatch, srun="", sbatch='cp "$1" "$0.seen"; echo job 7')
    options = {"partition": "long", "time": "4:00:00", "gpus": "2", "mem": "8G"}
    queue = Queue(tmp_path / "q", options, Settings(tmp_path, "cuda"))
    queue.folder.mkdir()
    assert queue.submit(job) == "7" and queue.is_alive("7")
    script = (tmp_path / "bin" / "sbatch.seen").read_text(encoding="utf-8")
    flags = {line[len("#SBATCH --") :] for line in script.splitlines() if "#SBATCH" in line}
    assert {
        "partition=long",
        "time=4:00:00",
        "gpus-per-node=2",
        "mem=8G",
        "cpus-per-task=1",
        "signal=TERM@60",
        f"job-name={queue.name(job)}",
    } <= flags
    queue.clear("7", queue.report(job))
    assert list(queue.folder.iterdir()) == []


@pytest.mark.parametrize(("device", "asked"), [("cuda", True), ("cuda:1", True), ("auto", False)])
def test_a_gpu_is_asked_for_where_runs_are_on_one(
    job: Job, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, device: str, asked: bool
) -> None:
    pytest.importorskip("submitit")
    commands(tmp_path, monkeypatch, srun="", sbatch='cp "$1" "$0.seen"; echo job 7')
    (tmp_path / "q").mkdir()
    Queue(tmp_path / "q", {}, Settings(tmp_path, device)).submit(job)
    script = (tmp_path / "bin" / "sbatch.seen").read_text(encoding="utf-8")
    assert ("gpus-per-node=1" in script) == asked


def flags_of(
    job: Job,
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    options: dict[str, str],
    share: Share | None = None,
) -> set[str]:
    """Return what sbatch is asked for by the job of a run."""
    pytest.importorskip("submitit")
    commands(folder, monkeypatch, srun="", sbatch='cp "$1" "$0.seen"; echo job 7')
    queue = Queue(folder / "q", options, Settings(folder, "cpu"))
    queue.folder.mkdir(exist_ok=True)
    queue.shares = {} if share is None else {job.spec.key: share}
    queue.submit(job)
    script = (folder / "bin" / "sbatch.seen").read_text(encoding="utf-8")
    return {line[len("#SBATCH --") :] for line in script.splitlines() if "#SBATCH" in line}


@pytest.mark.parametrize(
    ("options", "share", "flags"),
    [
        ({}, None, {"cpus-per-task=1", "time=60", "signal=TERM@60"}),
        ({}, Share(3, 1_300_000_000), {"cpus-per-task=3", "mem=1240M"}),
        ({"mem": "8G"}, Share(3, 1_300_000_000), {"cpus-per-task=3", "mem=8G"}),
        ({"cpus": "2"}, Share(3, 1_300_000_000), {"cpus-per-task=2", "mem=1240M"}),
        ({"time": "1"}, None, {"time=1", "signal=TERM@0"}),
        ({"time": "0"}, None, {"time=0", "signal=TERM@60"}),
    ],
)
def test_what_nobody_named_is_the_runs_share(
    job: Job,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    options: dict[str, str],
    share: Share | None,
    flags: set[str],
) -> None:
    seen = flags_of(job, tmp_path, monkeypatch, options, share)
    assert flags <= seen
    assert sum(flag.startswith("cpus-per-task") for flag in seen) == 1
    memory = {flag for flag in seen if flag.startswith("mem")}
    assert memory == {flag for flag in flags if flag.startswith("mem")}


WITHOUT_MEMORY = (
    'if grep -q -- --mem= "$1"; then echo "sbatch: error: Memory" >&2; exit 1; fi; '
    'echo x >> "$0.taken"; echo job 7'
)


@pytest.mark.parametrize("grown", [0, 1])
def test_where_slurm_takes_no_measured_memory_jobs_ask_for_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, grown: int
) -> None:
    pytest.importorskip("submitit")
    commands(tmp_path, monkeypatch, srun="", sbatch=WITHOUT_MEMORY)
    first, second = plan(Grid(["pca"], ["circle"], [2], seeds=2), tmp_path)
    said: list[str] = []
    queue = Queue(tmp_path / "q", {}, Settings(tmp_path, "cpu"), tell=said.append)
    queue.folder.mkdir()
    queue.shares = {job.spec.key: Share(1, 10**9) for job in (first, second)}
    queue.grown[first.spec.key] = grown
    assert queue.submit(first) == "7" and (tmp_path / "bin" / "sbatch.taken").read_text() == "x\n"
    assert queue.shares[first.spec.key].memory is None
    assert (queue.shares[second.spec.key].memory is None) == (grown == 0)
    (text,) = said
    assert text.startswith("Slurm took no job: sbatch: error: Memory; without a word of memory")
    assert text.endswith(("runs get what it gives", f"{first.label} get what it gives")[grown])


def test_memory_that_somebody_named_is_not_dropped(
    job: Job, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("submitit")
    commands(tmp_path, monkeypatch, srun="", sbatch=WITHOUT_MEMORY)
    queue = Queue(tmp_path / "q", {"mem": "4G"}, Settings(tmp_path, "cpu"))
    queue.folder.mkdir()
    queue.shares = {job.spec.key: Share(1, 4 << 30)}
    with pytest.raises(BenchError, match="Slurm took no job: sbatch: error: Memory"):
        queue.submit(job)


def test_a_refusal_is_the_line_of_sbatch(
    job: Job, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("submitit")
    commands(tmp_path, monkeypatch, srun="", sbatch='echo "sbatch: error: no such" >&2; exit 1')
    (tmp_path / "q").mkdir()
    with pytest.raises(BenchError) as error:
        Queue(tmp_path / "q", {}, Settings(tmp_path)).submit(job)
    assert str(error.value) == "Slurm took no job: sbatch: error: no such"


def test_states_are_those_of_squeue_and_stand_while_it_does_not_answer(
    job: Job, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, clock: list[float]
) -> None:
    commands(tmp_path, monkeypatch, squeue="printf '1|RUNNING|a\\n2|COMPLETED|b\\n3|PENDING|c|d'")
    queue = Queue(tmp_path, {}, Settings(tmp_path))
    queue.refresh()
    assert queue.numbers == {"a": "1", "c|d": "3"}
    assert [queue.is_alive(number) for number in "1234"] == [True, False, True, False]
    commands(tmp_path, monkeypatch, squeue="exit 1")
    clock[0] += 60
    queue.refresh()
    assert [queue.is_alive(number) for number in "1234"] == [True, False, True, False]
    commands(tmp_path, monkeypatch, squeue="true")
    queue.refresh()
    assert queue.is_alive("1")  # not asked again so soon
    queue.forget()
    queue.refresh()
    assert not queue.is_alive("1")


def test_the_job_reports_how_far_it_is_and_how_it_ended(
    job: Job, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    report, seen = tmp_path / "report", []

    def carried_out(job: Job, settings: Settings, tell: Any, interval: float) -> Any:
        seen.append(read_report(report))
        assert tell((3, {"loss": 1.0})) == 0
        os.kill(os.getpid(), signal.SIGTERM)
        assert tell((4, {"loss": 0.5})) == 1
        return "interrupted", None, True

    before = signal.getsignal(signal.SIGTERM)
    monkeypatch.setattr(slurm_queue, "carry_out", carried_out)
    try:
        slurm_queue._carry_out(job, Settings(tmp_path), report)
    finally:
        signal.signal(signal.SIGTERM, before)
    assert seen == [{"progress": None}]
    assert read_report(report) == {
        "progress": [4, {"loss": 0.5}],
        "outcome": ["interrupted", None, True],
    }


@pytest.mark.parametrize("text", ["", "{", "[1]", "null", "\udcff"])
def test_a_report_that_cannot_be_read_is_none(tmp_path: Path, text: str) -> None:
    (tmp_path / "report").write_bytes(text.encode("utf-8", "surrogateescape"))
    assert read_report(tmp_path / "report") == {}
