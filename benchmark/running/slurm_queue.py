"""The queue of a Slurm cluster, as far as it is ours: jobs that submitit submits, what they do,
what they report and what Slurm says of them.

A job reports into a file of its own in the results folder. Nothing that a job wrote is unpickled
here.
"""

from __future__ import annotations

import contextlib
import json
import math
import os
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
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
from benchmark.running.shares import Share
from benchmark.running.slurm_limits import seconds_before_limit
from benchmark.spec import BenchError

__all__ = ["FOLDER", "Queue", "read_report"]

FOLDER = ".slurm"
"""Of a results folder: what submitit and the jobs write."""

FLAGS = {"gpus": "gpus-per-node", "cpus": "cpus-per-task"}
"""Options that ``sbatch`` calls otherwise; it is given all others by their own names."""

TIME = "60"
"""Minutes that a job may take where nobody says otherwise; a run that takes longer goes on in the
next job."""

INTERVAL = 2.0
"""Seconds between two reports of a job."""

QUERY = 4.0
"""Seconds between two questions to Slurm."""

LARGEST = 1_000_000
"""Bytes of a report that are read."""

GROWTHS = 3
"""How often a run that lacked memory is given twice as much as before."""

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
    at the last question, ``numbers`` the jobs alive by their names; ``shares`` what runs are given,
    by their keys, ``grown`` how often their memory was doubled; ``tell`` hears what is decided."""

    folder: Path
    options: Mapping[str, str]
    settings: Settings
    states: dict[str, str] = field(default_factory=dict)
    numbers: dict[str, str] = field(default_factory=dict)
    asked_at: float = -QUERY
    shares: dict[str, Share] = field(default_factory=dict)
    grown: Counter[str] = field(default_factory=Counter)
    tell: Callable[[str], None] = lambda text: None

    def name(self, job: Job) -> str:
        """Return the name of a run's Slurm job: equal for the same run by the same code with the
        same settings into the same folder."""
        decisive = repr((self.settings, job.code, job.harness, job.data_dir.absolute()))
        return f"{job.spec.key}-{sha256(decisive.encode()).hexdigest()[:8]}"

    def report(self, job: Job) -> Path:
        """Return the file that a run's Slurm job reports into."""
        return self.folder / f"{self.name(job)}.json"

    def number(self, job: Job) -> str | None:
        """Return the number of the job that an earlier call left at work on a run; None where there
        is none, or runs are to be done anew."""
        return None if self.settings.force else self.numbers.get(self.name(job))

    def parameters(self, job: Job) -> dict[str, str]:
        """Return what ``sbatch`` is asked for: what the options say, else the run's share."""
        share = self.shares.get(job.spec.key, Share())
        asked = {"time": TIME, "cpus-per-task": str(share.cores or 1)}
        if share.memory is not None:
            asked["mem"] = f"{math.ceil(share.memory / 2**20)}M"
        if self.settings.device.startswith("cuda"):
            asked["gpus-per-node"] = "1"
        asked |= {FLAGS.get(name, name): value for name, value in self.options.items()}
        return {**asked, "signal": f"TERM@{seconds_before_limit(asked['time'])}"}

    def submit(self, job: Job) -> str:
        """Submit the job of a run and return its number; ``BenchError`` where Slurm refuses it.

        Where it takes the job without the memory that was measured for it, jobs ask for none.
        """
        parameters = self.parameters(job)
        try:
            return self._submit(job, parameters)
        except BenchError as error:
            if not self.is_measured(job):
                raise
            number = self._submit(job, {**parameters, "mem": None})
            self._forget_memory(job, str(error))
            return number

    def _submit(self, job: Job, parameters: Mapping[str, str | None]) -> str:
        from submitit import SlurmExecutor
        from submitit.core.utils import FailedJobError, FailedSubmissionError

        self.report(job).unlink(missing_ok=True)
        asked = {name: value for name, value in parameters.items() if value is not None}
        cores = int(asked.pop("cpus-per-task"))
        sent = replace(job, data_dir=job.data_dir.absolute())
        try:
            executor = SlurmExecutor(self.folder)
            executor.update_parameters(
                job_name=self.name(job), cpus_per_task=cores, additional_parameters=asked
            )
            with package_importable():  # Slurm hands the environment on
                submitted = executor.submit(_carry_out, sent, self.settings, self.report(job))
        except (FailedJobError, FailedSubmissionError, RuntimeError, OSError) as error:
            raise BenchError(f"Slurm took no job: {_last_line(error)}") from None
        self.states[submitted.job_id] = "PENDING"
        return submitted.job_id

    def _forget_memory(self, job: Job, why: str) -> None:
        """Ask for no memory any more: for a run whose memory had been doubled, else for all."""
        key = job.spec.key
        keys = [key] if self.grown[key] else list(self.shares)
        self.shares |= {key: replace(self.shares[key], memory=None) for key in keys}
        whose = job.label if self.grown[key] else "runs"
        self.tell(f"{why}; without a word of memory it takes them, so {whose} get what it gives")

    def is_measured(self, job: Job) -> bool:
        """Whether a run's job asks for memory that was measured, and nobody named."""
        share = self.shares.get(job.spec.key)
        return "mem" not in self.options and share is not None and share.memory is not None

    def may_grow(self, job: Job) -> bool:
        """Whether a run that lacked memory may be given more."""
        return self.is_measured(job) and self.grown[job.spec.key] < GROWTHS

    def grow(self, job: Job) -> None:
        """Give a run twice the memory in its next job."""
        share = self.shares[job.spec.key]
        self.shares[job.spec.key] = replace(share, memory=2 * (share.memory or 0))
        self.grown[job.spec.key] += 1

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
