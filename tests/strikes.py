"""SIGKILL at a named write point: what a process of the bench writes below its results folder is
listed while it runs, and a later call is struck where one of those writes stands.

``sitecustomize`` is what Python imports first in every process that is started, the server of runs
included; the runs forked from it inherit what it put in place.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

HOOK = r'''
"""Lists the write points that a process comes to, and kills where it is told to."""

import fcntl
import json
import os
import re
import signal
import sys

LEDGER = os.environ["STRIKE_LEDGER"]
STRIKES = {(each[0], each[1]): each[2:] for each in json.loads(os.environ["STRIKES"])}
WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT
TEMPORARY = re.compile(r"^[.](.+)[.][0-9a-f]{8}$")
busy = False


def name_of(path):
    """What is written at a path below the results folder; None where it is somewhere else."""
    parts = os.path.abspath(os.fsdecode(path)).partition("/results/runs/")[2].split("/")
    if parts[-1] in ("", "references", ".features"):
        return None
    if parts[0] in ("references", ".features"):
        return parts[0]
    name = TEMPORARY.sub(r"\1", parts[-1]) if len(parts) > 1 else "folder"
    return re.sub("[0-9a-f]{12}", "*", name)


def noted(path, line):
    """How often the line stands in a file, which it is added to."""
    with open(path, "a+") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        file.seek(0)
        count = file.read().split("\n").count(line) + 1
        file.write(line + "\n")
    return count


def come_to(stage, path, before=None):
    global busy
    name = None if busy else name_of(path)
    if name is None:
        return
    busy, point = True, f"{name}:{stage}"
    try:
        number, victim = STRIKES.get((point, noted(LEDGER, point)), (None, None))
        if victim is None:
            return
        victims = victims_of(victim)
        if before is not None and os.getpid() in victims:
            before()
        kill(number, victims)
    finally:
        busy = False


def victims_of(victim):
    """The processes that are killed, by what each is; this one where that one is gone."""
    parent, me = os.getsid(0), os.getpid()
    if victim == "group":
        return {me: "group", -os.getpgrp(): "group"}
    there = {"worker": me, "server": os.getppid(), "parent": parent}.get(victim, me)
    try:
        there = there if os.getsid(there) == parent else me
    except ProcessLookupError:
        there = me
    return {there: "parent" if there == parent else "worker" if there == me else victim}


def kill(number, victims):
    (name,) = set(victims.values())
    noted(LEDGER + ".struck", f"{number} {name}")
    for pid in sorted(victims):  # the group, whose id is below 0, before this one
        os.kill(pid, signal.SIGKILL)


def hook(event, arguments):
    if event == "open" and isinstance(arguments[0], (str, bytes)):
        if isinstance(arguments[2], int) and arguments[2] & WRITING:
            come_to("open", arguments[0])
    elif event in ("os.mkdir", "os.remove"):
        come_to(event[3:], arguments[0])


fsync, replace = os.fsync, os.replace


def striking_fsync(handle):
    path = os.readlink(f"/proc/self/fd/{handle}")
    come_to("half", path, lambda: os.truncate(path, os.stat(path).st_size // 2))
    come_to("written", path)
    fsync(handle)


def striking_replace(old, new):
    come_to("rename", new)
    replace(old, new)
    come_to("renamed", new)


os.fsync, os.replace = striking_fsync, striking_replace
sys.addaudithook(hook)
'''


@dataclass(frozen=True)
class Strike:
    """One kill, with a number of its own: of which victim, and when. That is the ``count``-th time
    that a process comes to ``point``; where no point is named, a share ``at`` of a span of time
    after there is a victim."""

    number: int
    victim: str
    point: str = ""
    count: int = 1
    at: float = 0.0


def start(
    folder: Path, arguments: Sequence[str], strikes: Sequence[Strike] = (), **environment: str
) -> subprocess.Popen[bytes]:
    """Start the bench in ``folder``, in a session and an ``environment`` of its own, to be struck
    where points are named; the write points that it comes to are listed in the file ``ledger``,
    anew."""
    hooks = folder.parent / "hooks"
    hooks.mkdir(parents=True, exist_ok=True)
    (hooks / "sitecustomize.py").write_text(HOOK, encoding="utf-8")
    folder.mkdir(exist_ok=True)
    for name in ("ledger", "ledger.struck"):
        (folder / name).unlink(missing_ok=True)
    root = str(Path(__file__).resolve().parents[1])
    at_points = [(strike.point, strike.count, strike.number, strike.victim) for strike in strikes]
    environment |= {
        "PYTHONPATH": os.pathsep.join((str(hooks), root)),
        "STRIKE_LEDGER": str(folder / "ledger"),
        "STRIKES": json.dumps(at_points),
    }
    with (folder / "told").open("wb") as log:
        return subprocess.Popen(
            [sys.executable, "-m", "benchmark", *arguments],
            cwd=folder,
            env={**os.environ, **environment},
            stdout=log,
            stderr=log,
            start_new_session=True,
        )


def struck(
    folder: Path, arguments: Sequence[str], strikes: Sequence[Strike], span: float
) -> dict[int, str]:
    """Call the bench and strike it; which strikes struck, and what they killed. Random moments lie
    within ``span`` seconds after there is a victim. Whatever was left over is ended."""
    process = start(folder, arguments, [strike for strike in strikes if strike.point])
    struck_at = {}
    for strike in strikes:
        if not strike.point and _at_moment(process, strike, span):
            struck_at[strike.number] = strike.victim
    waiting = time.monotonic() + 2 * span if struck_at else None
    while process.poll() is None and (waiting is None or time.monotonic() < waiting):
        time.sleep(0.02)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait(60)
    for pid in forked(process.pid):
        _kill(pid)
    mark = folder / "ledger.struck"
    lines = mark.read_text(encoding="utf-8").splitlines() if mark.exists() else []
    return struck_at | {int(number): victim for number, victim in map(str.split, lines)}


def _at_moment(process: subprocess.Popen[bytes], strike: Strike, span: float) -> bool:
    """Kill the victim of a strike once there is one, a random while later; whether it was there."""
    while not _victims(process, strike.victim):
        if process.poll() is not None:
            return False
        time.sleep(0.02)
    time.sleep(span * strike.at)
    victims = _victims(process, strike.victim)
    if process.poll() is not None or not victims:
        return False
    if strike.victim == "group":
        os.killpg(process.pid, signal.SIGKILL)
    else:
        _kill(victims[strike.number % len(victims)])
    return True


def _victims(process: subprocess.Popen[bytes], victim: str) -> list[int]:
    if victim in ("parent", "group"):
        return [process.pid]
    children = forked(process.pid)
    return children[:1] if victim == "server" else children[1:]


def forked(session: int) -> list[int]:
    """The server of a session and the runs it forked, in the order of their ids."""
    pids = []
    for entry in Path("/proc").iterdir():
        with contextlib.suppress(OSError, ValueError):
            mine = os.getsid(int(entry.name)) == session
            if mine and b"forkserver" in (entry / "cmdline").read_bytes():
                pids.append(int(entry.name))
    return sorted(pids)


def _kill(pid: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)
