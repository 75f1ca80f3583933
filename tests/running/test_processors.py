"""Other kernels give other last bits: every answer is the same to within what seeds do, or is
flagged (minutes: slow).

``ATEN_CPU_CAPABILITY=default`` makes torch take the kernels of a processor without vector units.
"""

from __future__ import annotations

import math
import os
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from benchmark.records import Store
from benchmark.spec import Record

SEEDS = 3

CELLS = {
    "latent-8": ("16", "vae,dpvae,r-vae,r-dpvae,rf-vae,maskaae,flexae,geco-l0,grae,mi-vae"),
    "digits": ("16", "vae,dpvae,r-vae,r-dpvae,rf-vae,geco-l0,grae,mi-vae"),
    "sprites[size=32]": ("10", "vae,dpvae"),
}


def train(folder: Path, dataset: str, **environment: str) -> dict[str, list[Record]]:
    """Train the cell in a process of its own; return the records of each method by seed."""
    folder.mkdir()
    latent_dim, methods = CELLS[dataset]
    command = (
        f"{sys.executable} -m benchmark run --methods {methods} --datasets {dataset} "
        f"--latent-dims {latent_dim} --seeds {SEEDS} --steps 300 --workers 2"
    )
    subprocess.run(
        command.split(), cwd=folder, env=os.environ | environment, check=True, capture_output=True
    )
    records: dict[str, list[Record]] = defaultdict(list)
    for record in Store(folder / "results" / "runs").records():
        records[record.spec["method"]].append(record)
    return {name: sorted(runs, key=lambda run: run.spec["seed"]) for name, runs in records.items()}


def interval(values: list[float]) -> tuple[float, float]:
    """Return where one more seed lies with probability 0.95: mean -+ t s sqrt(1 + 1/n), of the
    logarithms; at least 5 % to either side."""
    logs = np.log(values)
    quantile = stats.t.ppf(0.975, len(logs) - 1) * math.sqrt(1.0 + 1.0 / len(logs))
    half = max(quantile * logs.std(ddof=1), 0.05)
    return math.exp(logs.mean() - half), math.exp(logs.mean() + half)


def disagreements(ours: list[Record], theirs: list[Record]) -> list[str]:
    """Return what differs by more than seeds do: an MSE outside the interval, a median L* more than
    one away.

    A seed of which either run says by a flag that its answer is none is left out, and no other;
    nothing can be said of fewer than two that are left.
    """
    pairs = zip(ours, theirs, strict=True)
    answers = [pair for pair in pairs if not any(flagged(run) for run in pair)]
    if len(answers) < 2:
        return []
    our_runs, their_runs = zip(*answers, strict=True)
    low, high = interval([run.measurements["mse"]["value"] for run in our_runs])
    texts = [
        f"seed {run.spec['seed']}: MSE {value:.4g} outside {low:.4g} to {high:.4g}"
        for run in their_runs
        if not low <= (value := run.measurements["mse"]["value"]) <= high
    ]
    counts = [
        float(np.median([run.measurements["lstar"]["value"] for run in runs]))
        for runs in (our_runs, their_runs)
    ]
    if abs(counts[0] - counts[1]) > 1.0:
        texts.append(f"L* {counts[0]:g} here, {counts[1]:g} there")
    return texts


def flagged(run: Record) -> bool:
    """Whether the run says that its answer is none; that a method selects nothing says no such
    thing."""
    flags = {*run.flags, *(run.discovery or {}).get("flags", ())}
    return bool(flags - {"no_selection"})


def record(mse: float, lstar: float, *flags: str, seed: int = 0) -> Record:
    """A record of these two measurements."""
    measurements = {"mse": {"value": mse}, "lstar": {"value": lstar}}
    return Record(
        spec={"seed": seed},
        key="",
        code="",
        status="done",
        measurements=measurements,
        discovery={"flags": list(flags)},
    )


def test_disagreement_is_seen_and_a_flag_explains_it() -> None:
    ours = [record(mse, 8) for mse in (0.010, 0.011, 0.012)]
    assert disagreements(ours, ours) == []
    collapsed = [record(0.04, 8), *ours[1:]]
    assert "MSE 0.04 outside" in disagreements(ours, collapsed)[0]
    assert disagreements(ours, [record(0.04, 8, "no_selection"), *ours[1:]]) != []
    assert disagreements(ours, [record(0.04, 8, "collapsed"), *ours[1:]]) == []
    excused = [ours[0], record(0.04, 8, "collapsed"), record(0.04, 8)]
    assert "MSE 0.04 outside" in disagreements([*ours[:2], record(0.0101, 8)], excused)[0]
    assert disagreements(ours, [record(0.04, 8, "collapsed")] * 2 + [record(0.04, 8)]) == []
    others = [record(0.011, 10) for _ in range(SEEDS)]
    assert disagreements(ours, others) == ["L* 8 here, 10 there"]
    assert disagreements(ours, [record(0.011, 9) for _ in range(SEEDS)]) == []


@pytest.mark.slow
@pytest.mark.parametrize("dataset", CELLS)
def test_another_processor_gives_the_same_answers(tmp_path: Path, dataset: str) -> None:
    ours = train(tmp_path / "ours", dataset)
    theirs = train(tmp_path / "theirs", dataset, ATEN_CPU_CAPABILITY="default")
    assert set(ours) == set(theirs) == set(CELLS[dataset][1].split(","))
    by_run = {name: disagreements(ours[name], theirs[name]) for name in ours}
    assert {name: texts for name, texts in by_run.items() if texts} == {}
    capabilities = {run.environment["cpu_capability"] for runs in theirs.values() for run in runs}
    assert capabilities == {"DEFAULT"}
