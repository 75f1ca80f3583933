"""The queue of a Slurm cluster, as far as it is ours: jobs that submitit submits, what they do,
what they report and what Slurm says of them.

A job reports into a file of its own in the results folder. Nothing that a job wrote is unpickled
here.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from hashlib import sha256
from pathlib import Path
from typing import Any

from benchmark.files import read_plain
from benchmark.planning.jobs import Job
from benchmark.planning.reuse import Settings
from benchmark.running.faults import one_line
from benchmark.running.forkserver import package_importable
from benchmark.running.remote import Progress, carry_out
from benchmark.spec import BenchError

__all__ = ["FOLDER", "Queue", "read_report"]

FOLDER = ".slurm"
"""Of a results folder: what submitit and the jobs write."""

FLAGS = {"gpus": "gpus-per-node"}
"""Options that ``sbatch`` calls otherwise; it is given all others by their own names."""

TIME = "60"
"""Minutes that a job may take where nobody says otherwise; a run that takes longer goes on in the
next job."""

WARNING = 60
"""Seconds before a job's time limit at which its run is asked to stop."""

INTERVAL = 2.0
"""Seconds between two reports of a job."""

QUERY = 4.0
"""Seconds between two questions to Slurm."""

LARGEST = 1_000_000
"""Bytes of a report that are read."""

ENDED = {
    "BOOT_FAIL",
    "CANCELLED",
    "COMPLETED",
    "DEADLINE",
    "FAILED",
    "NODE_FAIL",
    "OUT_OF_MEMORY",
    "PREEMPTED",
    "REVOKED",
    "TIMEOUT",
}
"""States of a job that is neither waiting nor running; UNKNOWN: Slurm does not know it (any
more)."""


def _carry_out(job: Job, settings: Settings, report: Path) -> None:
    """On a machine of the cluster: carry ``job`` out, and write into the file ``report`` how far it
    is and how it ended. SIGTERM (cancelled, preempted, out of time) stops it at a step's edge."""
    asked: list[int] = []
    signal.signal(signal.SIGTERM, lambda number, frame: asked.append(number))

    def tell(progress: Progress | None) -> int:
        _write(report, {"progress": progress})
        return len(asked)

    _write(report, {"progress": None})
    outcome = carry_out(job, settings, tell, INTERVAL)
    _write(report, {**read_report(report), "outcome": outcome})


def _write(path: Path, document: Mapping[str, Any]) -> None:
    """Write a report; one that cannot be written (a full disk) is missed by nobody but the
    watcher."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    with contextlib.suppress(OSError):
        temporary.write_text(json.dumps(document), encoding="utf-8")
        temporary.replace(path)


def read_report(path: Path) -> dict[str, Any]:
    """Return a report; empty where there is none yet, or none that can be read."""
    try:
        document = json.loads(read_plain(path, LARGEST))
    except (OSError, ValueError):
        return {}
    return document if isinstance(document, dict) else {}


@dataclass
class Queue:
    """The cluster's queue, as far as it is ours. ``states`` are those of our jobs by their numbers
    at the last question, ``numbers`` the jobs alive by their names."""

    folder: Path
    options: Mapping[str, str]
    settings: Settings
    states: dict[str, str] = field(default_factory=dict)
    numbers: dict[str, str] = field(default_factory=dict)
    asked_at: float = -QUERY

    def name(self, job: Job) -> str:
        """Return the name of a run's Slurm job: equal for the same run by the same code with the
        same settings into the same folder."""
        decisive = repr((self.settings, job.code, job.harness, job.data_dir.absolute()))
        return f"{job.spec.key}-{sha256(decisive.encode()).hexdigest()[:8]}"

    def report(self, job: Job) -> Path:
        """Return the file that a run's Slurm job reports into."""
        return self.folder / f"{self.name(job)}.json"

    def submit(self, job: Job) -> str:
        """Submit the job of a run and return its number; ``BenchError`` where Slurm refuses it."""
        from submitit import SlurmExecutor
        from submitit.core.utils import FailedJobError, FailedSubmissionError

        self.report(job).unlink(missing_ok=True)
        parameters = {FLAGS.get(name, name): value for name, value in self.options.items()}
        if self.settings.device.startswith("cuda"):
            parameters.setdefault("gpus-per-node", "1")
        parameters = {"time": TIME, "signal": f"TERM@{WARNING}", **parameters}
        sent = replace(job, data_dir=job.data_dir.absolute())
        try:
            executor = SlurmExecutor(self.folder)
            executor.update_parameters(
                job_name=self.name(job), cpus_per_task=1, additional_parameters=parameters
            )
            with package_importable():  # Slurm hands the environment on
                submitted = executor.submit(_carry_out, sent, self.settings, self.report(job))
        except (FailedJobError, FailedSubmissionError, RuntimeError, OSError) as error:
            raise BenchError(f"Slurm took no job: {_last_line(error)}") from None
        self.states[submitted.job_id] = "PENDING"
        return submitted.job_id

    def refresh(self) -> None:
        """Ask Slurm for the states of our jobs; where it does not answer, those of before stand."""
        if time.monotonic() - self.asked_at < QUERY:
            return
        self.asked_at = time.monotonic()
        command = ["squeue", "--me", "--noheader", "--states=all", "--format=%i|%T|%j"]
        try:
            done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
        except (OSError, subprocess.SubprocessError):
            return
        rows = [line.split("|", 2) for line in done.stdout.splitlines() if line.count("|") >= 2]
        self.states = {number: state for number, state, _ in rows}
        self.numbers = {name: number for number, state, name in rows if state not in ENDED}

    def forget(self) -> None:
        """Ask Slurm at the next :meth:`refresh`, however soon that is."""
        self.asked_at = -QUERY

    def state(self, number: str) -> str:
        """Return the state of a job at the last question."""
        return self.states.get(number, "UNKNOWN")

    def is_alive(self, number: str) -> bool:
        """Whether a job waits or runs."""
        return self.state(number) not in {*ENDED, "UNKNOWN"}

    def cancel(self, numbers: Sequence[str]) -> None:
        """Cancel jobs; those that run are sent SIGTERM."""
        with contextlib.suppress(OSError, subprocess.SubprocessError):
            subprocess.run(["scancel", *numbers], capture_output=True, check=False, timeout=60)

    def clear(self, number: str, report: Path) -> None:
        """Remove what an ended job left."""
        report.unlink(missing_ok=True)
        for path in self.folder.glob(f"{number}_*"):
            path.unlink(missing_ok=True)
        for path in self.folder.glob(".submission_file_*.sh"):
            if not path.exists():  # a link to the file that was removed
                path.unlink(missing_ok=True)


def _last_line(error: Exception) -> str:
    """Return what ``sbatch`` said at last, which submitit quotes below a trace of its own."""
    lines = [line for line in str(error).splitlines() if line.strip()]
    refusals = [line for line in lines if line.startswith("sbatch: error")]
    return one_line((refusals or lines or [type(error).__name__])[0])
