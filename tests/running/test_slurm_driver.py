"""What the driver of Slurm jobs decides about each, against a queue that is scripted."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from benchmark.planning.jobs import Job, plan
from benchmark.planning.reuse import Settings
from benchmark.planning.suites import Grid
from benchmark.running import slurm_queue
from benchmark.running.processes import Events, JobOutcome
from benchmark.running.shares import Share
from benchmark.running.slurm import CANCELLED, TRIES, _SlurmDriver
from benchmark.running.slurm_queue import GROWTHS, Queue
from benchmark.spec import BenchError

pytestmark = pytest.mark.usefixtures("clock")


Event = tuple[str, Mapping[str, Any] | None]
"""A state that Slurm says, and what the job reports then."""
DONE = {"progress": [6, {}], "outcome": ["done", None, True]}
STOPPED = {"progress": [3, {}], "outcome": ["interrupted", None, True]}


@dataclass
class ScriptedQueue(Queue):
    """A queue whose every next job goes through the ``events`` of its own, one at each look."""

    script: list[list[Event]] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    submitted: int = 0
    cancelled: list[str] = field(default_factory=list)
    full: int = 0
    """So many jobs are refused once one was taken."""

    def submit(self, job: Job) -> str:
        if self.submitted and self.full:
            self.full -= 1
            raise BenchError("Slurm took no job: the limit of jobs is reached")
        self.report(job).unlink(missing_ok=True)
        self.submitted += 1
        self.events = list(self.script.pop(0))
        self.states[str(self.submitted)] = "PENDING"
        return str(self.submitted)

    def refresh(self) -> None:
        if self.events:
            state, report = self.events.pop(0)
            self.states[str(self.submitted)] = state
            if report is not None:
                for job in self.jobs:
                    self.report(job).write_text(json.dumps(report), encoding="utf-8")

    def cancel(self, numbers: Any) -> None:
        self.cancelled += numbers
        self.events = [("CANCELLED", None)]


class Watch(Events):
    def __init__(self) -> None:
        self.heard: list[Any] = []

    def started(self, job: Job) -> None:
        self.heard.append("started")

    def progressed(self, job: Job, step: int, values: Mapping[str, float]) -> None:
        self.heard.append(step)

    def ended(self, outcome: JobOutcome) -> None:
        self.heard.append(outcome.status)


def drive(
    folder: Path,
    jobs: list[Job],
    script: list[list[Event]],
    interrupted: Callable[[], int] = lambda: 0,
    **more: Any,
) -> tuple[list[tuple[str, str | None]], ScriptedQueue, Watch]:
    """Return how the runs ended, the queue and the watcher; no job but the first is refused."""
    queue = ScriptedQueue(folder, {}, Settings(folder, "cpu"), script=script, **more)
    queue.jobs = jobs  # type: ignore[attr-defined]  # scripted
    watch = Watch()
    outcomes = _SlurmDriver(jobs, queue, 9, watch).run(interrupted)
    return [(outcome.status, outcome.error) for outcome in outcomes], queue, watch


def test_a_run_that_ends_well_leaves_no_report(job: Job, tmp_path: Path) -> None:
    events: list[Event] = [
        ("PENDING", None),
        ("RUNNING", {"progress": None}),
        ("RUNNING", {"progress": [3, {}]}),
        ("RUNNING", DONE),
    ]
    ended, queue, watch = drive(tmp_path, [job], [events])
    assert ended == [("done", None)] and queue.submitted == 1
    assert watch.heard == ["started", 3, 6, "done"]
    assert not queue.report(job).exists()


@pytest.mark.parametrize("state", [*sorted(slurm_queue.ENDED - {"CANCELLED"}), "UNKNOWN"])
def test_a_job_that_is_lost_is_tried_again(job: Job, tmp_path: Path, state: str) -> None:
    lost: list[Event] = [("RUNNING", {"progress": [2, {}]}), (state, None)]
    ended, queue, watch = drive(tmp_path, [job], [lost, [("RUNNING", DONE)]])
    assert ended == [("done", None)] and queue.submitted == 2
    assert watch.heard == ["started", 2, 6, "done"]


def test_a_job_that_slurm_queues_again_itself_is_waited_for(job: Job, tmp_path: Path) -> None:
    events: list[Event] = [("RUNNING", STOPPED), *[("PENDING", None)] * 20, ("RUNNING", DONE)]
    ended, queue, _ = drive(tmp_path, [job], [events])
    assert ended == [("done", None)] and queue.submitted == 1


def test_jobs_lost_in_a_row_without_a_step_end_the_run(job: Job, tmp_path: Path) -> None:
    lost: list[Event] = [("RUNNING", {"progress": None}), ("NODE_FAIL", None)]
    ended, queue, watch = drive(tmp_path, [job], [lost] * TRIES)
    assert queue.submitted == TRIES and watch.heard == ["started", "killed"]
    (status, error), *_ = ended
    assert status == "killed" and "lost its job 3 times, the last is NODE_FAIL" in str(error)


def test_time_limits_end_no_run_that_takes_steps(job: Job, tmp_path: Path) -> None:
    cut_off: list[list[Event]] = [
        [("COMPLETED", {"progress": [step, {}], "outcome": ["interrupted", None, True]})]
        for step in range(1, 3 * TRIES)
    ]
    ended, queue, _ = drive(tmp_path, [job], [*cut_off, [("RUNNING", DONE)]])
    assert ended == [("done", None)] and queue.submitted == 3 * TRIES


def test_a_job_that_somebody_cancels_interrupts_its_run(job: Job, tmp_path: Path) -> None:
    ended, queue, _ = drive(tmp_path, [job], [[("RUNNING", STOPPED), ("CANCELLED", None)]])
    assert ended == [("interrupted", CANCELLED)] and queue.submitted == 1


@pytest.mark.parametrize("begun", [True, False])
def test_an_interrupt_cancels_jobs_and_tells_only_of_runs_that_began(
    job: Job, tmp_path: Path, begun: bool
) -> None:
    events: list[Event] = [("RUNNING", {"progress": None} if begun else None)] * 9
    looks = iter(range(100))
    ended, queue, _ = drive(tmp_path, [job], [events], lambda: int(next(looks) > 3))
    assert queue.cancelled == ["1"]
    assert ended == ([("interrupted", None)] if begun else [])


def test_a_second_interrupt_waits_for_nobody(job: Job, tmp_path: Path, clock: list[float]) -> None:
    queue = ScriptedQueue(tmp_path, {}, Settings(tmp_path), script=[[("RUNNING", None)]])
    queue.jobs = [job]  # type: ignore[attr-defined]  # scripted
    looks = iter([0, 0, 2, 2])
    assert _SlurmDriver([job], queue, 9, Events()).run(lambda: next(looks)) == []
    assert clock[0] < 1010


def test_a_full_queue_is_waited_for(tmp_path: Path, clock: list[float]) -> None:
    jobs = plan(Grid(["pca"], ["circle"], [2], seeds=2), tmp_path)
    script: list[list[Event]] = [[("RUNNING", DONE)], [("RUNNING", DONE)]]
    ended, queue, _ = drive(
        tmp_path, jobs, [[("RUNNING", None)] * 5 + script[0], script[1]], full=1
    )
    assert [status for status, _ in ended] == ["done"] * 2 and queue.submitted == 2


def test_a_queue_that_takes_nothing_is_an_error(job: Job, tmp_path: Path) -> None:
    with pytest.raises(BenchError, match="limit of jobs"):
        drive(tmp_path, [job], [], submitted=1, full=9)


def test_only_the_same_run_with_the_same_settings_is_taken_up(job: Job, tmp_path: Path) -> None:
    settings = Settings(tmp_path, "cpu")
    queue = Queue(tmp_path, {}, settings)
    name = queue.name(job)
    assert name.startswith(job.spec.key) and name == Queue(tmp_path, {}, settings).name(job)
    assert name != Queue(tmp_path, {}, replace(settings, device="cuda")).name(job)
    assert name != queue.name(replace(job, code="other"))
    for force, submitted in ((False, 0), (True, 1)):
        chosen = replace(settings, force=force)
        scripted = ScriptedQueue(tmp_path, {}, chosen, script=[[("RUNNING", DONE)]])
        scripted.jobs = [job]  # type: ignore[attr-defined]  # scripted
        scripted.numbers = {scripted.name(job): "77"}
        scripted.states = {"77": "RUNNING"}
        if not force:
            scripted.report(job).write_text(json.dumps(DONE), encoding="utf-8")
        outcomes = _SlurmDriver([job], scripted, 9, Events()).run(lambda: 0)
        assert [outcome.status for outcome in outcomes] == ["done"]
        assert scripted.submitted == submitted


KILLED = {"progress": [3, {}], "outcome": ["killed", "ended by signal 9", True]}
LACKED: list[Event] = [("RUNNING", KILLED), ("OUT_OF_MEMORY", None)]


def given(job: Job, memory: int | None = 10**9) -> dict[str, Any]:
    """What a probe said of a run."""
    return {"shares": {job.spec.key: Share(1, memory)}}


def test_a_run_that_lacked_memory_is_given_twice_as_much(job: Job, tmp_path: Path) -> None:
    script = [LACKED, [("OUT_OF_MEMORY", None)], [("RUNNING", DONE)]]
    ended, queue, watch = drive(tmp_path, [job], script, **given(job))
    assert ended == [("done", None)] and queue.submitted == 3
    assert queue.shares[job.spec.key].memory == 4 * 10**9
    assert watch.heard == ["started", 3, 6, "done"]


def test_a_run_that_lacks_memory_again_and_again_ends_as_it_did(job: Job, tmp_path: Path) -> None:
    script = [LACKED] * (GROWTHS + 1)
    ended, queue, _ = drive(tmp_path, [job], script, **given(job))
    assert ended == [("killed", "ended by signal 9")] and queue.submitted == GROWTHS + 1


@pytest.mark.parametrize("state", ["COMPLETED", "FAILED", "UNKNOWN"])
def test_a_run_that_was_killed_and_lacked_no_memory_is_not_tried_again(
    job: Job, tmp_path: Path, state: str
) -> None:
    events: list[Event] = [("RUNNING", KILLED), (state, None)]
    ended, queue, _ = drive(tmp_path, [job], [events], **given(job))
    assert ended == [("killed", "ended by signal 9")] and queue.submitted == 1


@pytest.mark.parametrize("options", [{"mem": "1G"}, {}])
def test_memory_that_somebody_named_or_nobody_measured_is_not_doubled(
    job: Job, tmp_path: Path, options: dict[str, str]
) -> None:
    shares = given(job, 10**9 if options else None)["shares"]
    queue = ScriptedQueue(tmp_path, options, Settings(tmp_path, "cpu"), script=[LACKED])
    queue.shares, queue.jobs = shares, [job]  # type: ignore[attr-defined]  # scripted
    (outcome,) = _SlurmDriver([job], queue, 9, Events()).run(lambda: 0)
    assert outcome.status == "killed" and queue.shares == shares and queue.submitted == 1


@pytest.mark.parametrize(
    ("state", "ending"),
    [
        ("TIMEOUT", "; a longer slurm[time=..] may do"),
        ("OUT_OF_MEMORY", "; more of slurm[mem=..] may do"),
        ("NODE_FAIL", "{folder}"),
    ],
)
def test_what_may_help_a_run_whose_jobs_are_lost_is_said(
    job: Job, tmp_path: Path, state: str, ending: str
) -> None:
    lost: list[Event] = [("RUNNING", {"progress": None}), (state, None)]
    ((status, error),), *_ = drive(tmp_path, [job], [lost] * TRIES)
    assert status == "killed" and str(error).endswith(ending.format(folder=tmp_path))
