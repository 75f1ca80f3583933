"""A Slurm cluster of one machine, this one, for tests: munged, slurmctld and slurmd in a temporary
folder, on ports of their own. Needs root, as slurmd does."""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path

__all__ = ["SlurmNode", "missing"]

DAEMONS = ("munged", "slurmctld", "slurmd")
MARK = "SLURM_NODE_OF_TESTS"
"""In the environment of slurmd, and of what it starts itself."""

CONFIGURATION = """
ClusterName=tests
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={ctld}
SlurmdPort={d}
AuthType=auth/munge
AuthInfo=socket={folder}/munge.socket,cred_expire=10
CredType=cred/munge
SlurmUser=root
SlurmdUser=root
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU_Memory
DefMemPerCPU=500
SchedulerParameters=sched_interval=2,batch_sched_delay=0
ReturnToService=2
SlurmdTimeout=15
KillWait=20
MinJobAge=60
MpiDefault=none
NodeName={host} NodeAddr=127.0.0.1 CPUs={cores} RealMemory={megabytes} State=UNKNOWN
PartitionName=all Nodes=ALL Default=YES MaxTime=INFINITE State=UP
"""


def missing() -> str:
    """Return what a cluster of tests lacks here; empty where nothing."""
    path = f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin"
    absent = [name for name in DAEMONS if shutil.which(name, path=path) is None]
    if absent:
        return f"no {', '.join(absent)} here (Debian: apt-get install slurmctld slurmd munge)"
    return "" if os.geteuid() == 0 else "slurmd needs root"


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


class SlurmNode:
    """The cluster, which exists as long as the ``with`` block; ``environment`` is what makes the
    commands of Slurm talk to it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.configuration = folder / "slurm.conf"
        path = f"{os.environ['PATH']}:/usr/sbin:/sbin"
        self.environment = {"SLURM_CONF": str(self.configuration), "PATH": path}
        self.daemons: list[subprocess.Popen[bytes]] = []

    def __enter__(self) -> SlurmNode:
        for name in ("state", "spool"):
            (self.folder / name).mkdir()
        text = CONFIGURATION.format(
            folder=self.folder,
            host=socket.gethostname().partition(".")[0],
            ctld=_free_port(),
            d=_free_port(),
            cores=os.cpu_count(),
            megabytes=int(0.9 * os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**20),
        )
        self.configuration.write_text(text, encoding="utf-8")
        key = self.folder / "munge.key"
        key.write_bytes(secrets.token_bytes(1024))
        key.chmod(0o400)
        files = [f"--key-file={key}"]
        for option in ("socket", "pid-file", "log-file", "seed-file"):
            files.append(f"--{option}={self.folder}/munge.{option.partition('-')[0]}")
        self._start("munged", "--foreground", "--force", *files)
        self._start("slurmctld", "-D", "-f", str(self.configuration))
        self.boot()
        self._wait_for("sinfo", "--noheader", "--format=%T", answer="idle")
        return self

    def __exit__(self, *reason: object) -> None:
        self.crash()
        for daemon in reversed(self.daemons):
            daemon.kill()
            daemon.wait()

    def boot(self) -> None:
        """Start the machine that runs jobs."""
        self._start("slurmd", "-D", "-f", str(self.configuration), **{MARK: str(self.folder)})

    def crash(self) -> None:
        """End every process of the machine that runs jobs at once, jobs and all."""
        while processes := self.processes():
            for process in processes:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(process, signal.SIGKILL)
            time.sleep(0.05)

    def processes(self) -> list[int]:
        """Return the processes of slurmd and of the jobs."""
        ours = []
        for entry in Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError):
                words = (entry / "environ").read_bytes().split(b"\0")
                state = (entry / "stat").read_text().rpartition(") ")[2][:1]
                job = any(word.startswith(b"SLURM_JOB_ID=") for word in words)
                conf = f"SLURM_CONF={self.configuration}".encode() in words
                daemon = f"{MARK}={self.folder}".encode() in words
                if (daemon or (conf and job)) and state != "Z":
                    ours.append(int(entry.name))
        return ours

    def ask(self, *command: str) -> str:
        """Return what a command of Slurm says."""
        environment = {**os.environ, **self.environment}
        done = subprocess.run(
            command, capture_output=True, text=True, check=False, env=environment, timeout=60
        )
        return done.stdout.strip()

    def _start(self, name: str, *options: str, **extra: str) -> None:
        environment = {**os.environ, **self.environment, **extra}
        log = (self.folder / f"{name}.out").open("ab")
        with log:
            daemon = subprocess.Popen(
                [name, *options], env=environment, stdout=log, stderr=log, start_new_session=True
            )
        self.daemons.append(daemon)

    def _wait_for(self, *command: str, answer: str) -> None:
        end = time.monotonic() + 60
        while time.monotonic() < end:
            if self.ask(*command) == answer:
                return
            time.sleep(0.2)
        logs = "\n".join(path.read_text() for path in self.folder.glob("*.log"))
        raise RuntimeError(f"the Slurm of tests did not start:\n{logs[-3000:]}")
