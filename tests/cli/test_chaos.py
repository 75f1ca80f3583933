"""SIGKILL at any moment and at every write point, of the group, a worker, the server or the parent:
what is done stays done, with the bits of a run left alone; nothing is lost, changed or there twice.

The write points are those that the undisturbed commands come to: a new one is struck without being
named here. The slow lane strikes each of them with each victim, and as many random moments, 300
times at least (``BENCH_CHAOS_KILLS``). With ``BENCH_CHAOS_DIR`` its folder is kept, so that a lane
that was cut off goes on where it stood; ``strikes.jsonl`` there has a line for every strike.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import time
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
import torch
from odd import TEXT
from strikes import Strike, start, struck

from benchmark.records import Store, UnreadableRecord, read_record
from benchmark.running.lock import SHARED
from benchmark.spec import Record
from benchmark.training import checkpoint

FEW = ("--methods", "pca,vae", "--datasets", "circle", "--steps", "4")
METHODS = "pca,vae,dpvae,r-vae,maskaae,geco-l0"
MANY = ("--methods", METHODS, "--datasets", "circle,digits", "--steps", "4", "--workers", "2")
OFTEN = ("--checkpoint-every", "0")
ODD = ("--methods", "./odd.py[how=cannot_be_said]", "--datasets", "circle", "--steps", "6")
VICTIMS = ("worker", "server", "parent", "group")
ENDS = ("done", "failed")
"""How runs end that were left alone."""


def store_of(folder: Path) -> Path:
    return folder / "results" / "runs"


def edited(folder: Path, change: Callable[[Record], Record]) -> None:
    """Change every record of a folder."""
    for record in Store(store_of(folder)).records():
        path = store_of(folder) / record.key / "record.json"
        path.write_text(change(record).to_json(), encoding="utf-8")


def other_trainer(record: Record) -> Record:
    return replace(record, harness="0" * 16)


def other_metric(record: Record) -> Record:
    return replace(record, metrics={**record.metrics, "mse": "0" * 16})


@dataclass(frozen=True)
class Phase:
    """A command, and the folder that it starts from: an empty one, or that of ``after`` left alone,
    with its records changed. Whether its runs are processes of their own, beside a server."""

    name: str
    command: tuple[str, ...]
    after: str = ""
    change: Callable[[Record], Record] | None = None
    workers: bool = True

    def prepare(self, folder: Path, here: Path) -> None:
        shutil.rmtree(here, ignore_errors=True)
        if self.after:
            shutil.copytree(folder / f"alone-{self.after}", here)
        here.mkdir(exist_ok=True)
        (here / "odd.py").write_text(TEXT, encoding="utf-8")
        if self.change is not None:
            edited(here, self.change)


def phases(grid: tuple[str, ...]) -> list[Phase]:
    run = ("run", *grid, *OFTEN)
    added = ("evaluate", "--metrics", "sw2,kid-cnn")
    return [
        Phase("run", run),
        Phase("evaluate", added, "run", workers=False),
        Phase("count", ("evaluate", "--null", "--methods", "geco-l0"), "run", workers=False),
        Phase("train-again", run, "run", other_trainer),
        Phase("measure-again", run, "run", other_metric),
        Phase("fail", ("run", *ODD, *OFTEN)),
    ]


def state(folder: Path) -> dict[tuple[str, str], str]:
    """What every run that came to its end measured, part by part, wherever it is kept."""
    answers: dict[tuple[str, str], str] = {}
    with warnings.catch_warnings():
        warnings.simplefilter("error", UnreadableRecord)
        records = Store(store_of(folder)).records() if store_of(folder).is_dir() else []
    older = [read_record(path) for path in store_of(folder).glob("*/replaced-*.json")]
    for record in [*records, *(record for record in older if record is not None)]:
        if record.status in ENDS:
            parts = {**record.measurements, "discovery": record.discovery, "flags": record.flags}
            parts |= {"status": record.status, "error": record.error}
            for name, part in parts.items():
                text = json.dumps(part, sort_keys=True)
                assert answers.setdefault((record.key, name), text) == text, (record.key, name)
    for path in store_of(folder).glob("references/*.json"):
        document = json.loads(path.read_text(encoding="utf-8"))
        answers[path.name, "counts"] = json.dumps({**document, "seconds": 0}, sort_keys=True)
    return answers


def verify(here: Path, alone: Path) -> None:
    """A folder whose command came to its end holds what that of one left alone does: the same
    files, numbers, arrays and weights."""
    assert state(here) == state(alone)
    mine, other = names_of(here), names_of(alone)
    assert mine == other
    for name in sorted(other):
        path = store_of(here) / name
        if path.suffix == ".npz":
            assert path.read_bytes() == (store_of(alone) / name).read_bytes(), name
        elif path.name == "checkpoint.safetensors":
            one, two = checkpoint.read(path), checkpoint.read(store_of(alone) / name)
            assert one is not None and two is not None and one[0].keys() == two[0].keys()
            assert all(
                torch.equal(one[0][tensor_name], two[0][tensor_name]) for tensor_name in one[0]
            ), name


Volley = tuple[Phase, list[Strike]]


def names_of(folder: Path) -> set[str]:
    """The files of a results folder; killed writes to folders that runs share are cleared later
    (tests/test_files.py)."""
    paths = store_of(folder).rglob("*")
    halves = {path for shared in SHARED for path in store_of(folder).glob(f"{shared}/.*.????????")}
    return {str(path.relative_to(store_of(folder))) for path in paths if path not in halves}


@dataclass
class Chaos:
    """Strikes at the phases of a grid, below ``folder``."""

    folder: Path
    phases: Sequence[Phase]

    def alone(self, phase: Phase) -> Path:
        """The folder of a phase that was left alone; beside it stand the write points that it came
        to, and how long it took."""
        here = self.folder / f"alone-{phase.name}"
        about = self.folder / f"about-{phase.name}.json"
        if not about.exists():
            phase.prepare(self.folder, here)
            begun = time.monotonic()
            assert start(here, phase.command).wait(3600) == (phase.name == "fail"), told(here)
            points = sorted(set((here / "ledger").read_text(encoding="utf-8").split()))
            facts = {"points": points, "seconds": time.monotonic() - begun}
            about.write_text(json.dumps(facts), encoding="utf-8")
        return here

    def about(self, phase: Phase) -> dict[str, Any]:
        self.alone(phase)
        facts: dict[str, Any] = json.loads((self.folder / f"about-{phase.name}.json").read_bytes())
        return facts

    def at_points(self) -> list[Volley]:
        """Every write point of every phase: of the process that came to it, and of another."""
        volleys: list[Volley] = []
        for phase in self.phases:
            points = self.about(phase)["points"]
            others = [VICTIMS[1:][index % 3] for index in range(len(points))]
            for victims in (["worker"] * len(points), others):
                strikes = [
                    Strike(0, victim, point) for victim, point in zip(victims, points, strict=True)
                ]
                for first in range(0, len(strikes), 10):
                    volleys.append((phase, strikes[first : first + 10]))
        return volleys

    def at_moments(self, count: int) -> list[Volley]:
        """So many random moments; a volley ends where the whole or its parent is killed."""
        draw, volleys = random.Random(0), list[Volley]()
        while sum(len(strikes) for _, strikes in volleys) < count:
            first = draw.choices(("worker", "server"), (3, 1), k=draw.randint(0, 8))
            victims = [*first, draw.choice(("parent", "group"))]
            strikes = [Strike(0, victim, at=draw.random()) for victim in victims]
            volleys.append((draw.choice(self.phases), strikes))
        return volleys

    def carry_out(
        self, volleys: Sequence[Volley], kills: int = 10**6, part: tuple[int, int] = (1, 1)
    ) -> None:
        """Strike until there were so many kills, from where an earlier call left off; then bring
        everything to its end. ``part``: the I-th of N parts of the volleys."""
        count = 0
        for turn, (phase, planned) in enumerate(volleys):
            strikes = [
                replace(strike, number=count + offset) for offset, strike in enumerate(planned)
            ]
            count += len(strikes)
            if turn % part[1] == part[0] - 1:
                self.volley(phase, strikes)
            if len(self.strikes()) >= kills:
                break
        for phase in self.phases:
            self.finish(phase)

    def strikes(self) -> dict[int, Any]:
        """The strikes so far, by their number."""
        path = self.folder / "strikes.jsonl"
        lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
        return {line["number"]: line for line in map(json.loads, lines)}

    def volley(self, phase: Phase, strikes: Sequence[Strike]) -> None:
        """Strike until every strike has struck; what is left of a phase may be too little for
        that, and then it begins anew. Random moments that found nobody are not made up for."""
        here, fresh = self.folder / f"struck-{phase.name}", False
        while True:
            struck_before = self.strikes()
            left = [
                strike
                for strike in strikes
                if strike.number not in struck_before
                and (phase.workers or strike.point or strike.victim in ("parent", "group"))
            ]
            if not left:
                return
            if not here.exists():
                phase.prepare(self.folder, here)
                fresh = True
            hits = self.call(phase, here, left)
            if not hits and fresh:
                missed = [strike for strike in left if strike.point]
                assert not missed, (phase.name, missed)
                return
            if not hits:
                self.finish(phase)
            fresh = False

    def call(self, phase: Phase, here: Path, strikes: Sequence[Strike]) -> dict[int, str]:
        """Call a phase and strike it; what was done before is done still, and all that is done has
        the numbers of the phase left alone. The strikes that struck are written down."""
        before, span = state(here), self.about(phase)["seconds"] / 10
        hits = struck(here, phase.command, strikes, span)
        after, whole = state(here), state(self.alone(phase))
        context = (phase.name, strikes, hits, told(here))
        assert before.items() <= after.items(), context
        assert after.items() <= whole.items(), context
        with (self.folder / "strikes.jsonl").open("a", encoding="utf-8") as file:
            for strike in strikes:
                if strike.number in hits:
                    line = {**vars(strike), "victim": hits[strike.number], "phase": phase.name}
                    file.write(json.dumps({**line, "ends": [len(before), len(after)]}) + "\n")
        return hits

    def finish(self, phase: Phase) -> None:
        """Bring a phase to its end, and compare it with the one left alone."""
        here = self.folder / f"struck-{phase.name}"
        if here.exists():
            assert start(here, phase.command).wait(3600) == (phase.name == "fail"), told(here)
            verify(here, self.alone(phase))
            shutil.rmtree(here)


def told(folder: Path) -> str:
    """What the last command in a folder printed."""
    return (folder / "told").read_text(encoding="utf-8", errors="replace")[-2000:]


def test_a_few_kills_lose_nothing(tmp_path: Path) -> None:
    run, evaluate = phases(FEW)[:2]
    lane = Chaos(tmp_path, [run, evaluate])
    assert {"record.json:half", "checkpoint.safetensors:rename"} <= {*lane.about(run)["points"]}
    worker = [Strike(0, "worker", "artifacts.npz:rename"), Strike(0, "worker", at=0.5)]
    lane.carry_out(
        [
            (run, [*worker, Strike(0, "group", at=0.3)]),
            (evaluate, [Strike(0, "parent", "record.json:half")]),
        ]
    )
    assert len(lane.strikes()) >= 2


@pytest.mark.slow
def test_hundreds_of_kills_lose_nothing(tmp_path: Path) -> None:
    lane = Chaos(Path(os.environ.get("BENCH_CHAOS_DIR") or tmp_path), phases(MANY))
    kills = int(os.environ.get("BENCH_CHAOS_KILLS", "300"))
    volleys = [*lane.at_points(), *lane.at_moments(kills)]
    random.Random(0).shuffle(volleys)
    part, _, parts = os.environ.get("BENCH_CHAOS_PART", "1/1").partition("/")
    lane.carry_out(volleys, kills, (int(part), int(parts)))
    assert len(lane.strikes()) >= kills
