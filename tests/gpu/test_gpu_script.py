"""The logic of tests/performance/gpu.py, on a CPU with the stand-in for CUDA graphs."""

from __future__ import annotations

import math
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
import torch
from harness import CPU
from performance import gpu
from performance.gpu import Bench, capture, captured, measure

from benchmark import method as method_module
from benchmark.method import Batch, Tick
from benchmark.training import stepper

SCRIPT = Path(gpu.__file__)


class Forgetful(stepper.CapturedStepper):
    """Does not undo its warm-up."""

    def _capture(self, batch: Batch, tick: Tick) -> Any:
        self.backend.warm_up(lambda: self.method.train_step(batch, tick))
        return self.backend.capture(lambda: self.method.train_step(batch, tick))


def test_captured_steps_are_held_against_eager_ones(tmp_path: Path) -> None:
    bench = Bench(CPU, tmp_path, ["vae", "pca"], True, math.inf)
    (name, text), (_, strides) = capture(bench)
    assert name == "captured = eager, bit for bit" and text == "1 of 1 methods"  # pca has no steps
    assert strides.endswith("; 0 of them not laid out") and not strides.startswith("0 of 0")
    forgetful = list(
        capture(bench, lambda *arguments: Forgetful(*arguments, captured(*arguments).backend))
    )
    assert forgetful[0][1] == "0 of 1 methods; not: vae"


def test_gradients_that_are_not_laid_out_are_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = dict.fromkeys(("all", "turned", "wrong"), 0)
    turned, straight = torch.zeros(3, 2).T, torch.zeros(2, 3)
    with gpu.layouts(seen):
        method_module.laid_out([turned, straight], [straight, straight])
    assert seen == {"all": 2, "turned": 1, "wrong": 0}
    monkeypatch.setattr(method_module, "laid_out", lambda grads, parameters: list(grads))
    with gpu.layouts(seen):
        method_module.laid_out([turned], [straight])
    assert seen == {"all": 3, "turned": 2, "wrong": 1}


def test_parts_that_fail_or_are_not_reached_leave_the_others_their_rows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(bench: Bench) -> Any:
        raise RuntimeError("no | memory")
        yield

    def takes_long(bench: Bench) -> Any:
        yield "one", "1"
        bench.end = time.monotonic() - 1

    monkeypatch.setattr(gpu, "PARTS", (fails, takes_long, fails))
    bench = Bench(CPU, tmp_path, [], True, time.monotonic() + 3600)
    measure(bench, tmp_path / "gpu.md")
    rows = (tmp_path / "gpu.md").read_text(encoding="utf-8").splitlines()
    assert rows[2:] == [
        "| fails | RuntimeError: no / memory |",
        "| one | 1 |",
        "| fails | not reached: the minutes are over |",
    ]


def test_states_are_held_to_the_bit() -> None:
    one = {"a": torch.tensor([0.0, math.nan])}
    assert gpu.identical(one, {"a": torch.tensor([0.0, math.nan])})
    for other in (torch.tensor([-0.0, math.nan]), torch.tensor([0.0, 0.0]), torch.zeros(2, 1)):
        assert not gpu.identical(one, {"a": other})
    assert not gpu.identical(one, {})


@pytest.mark.slow
def test_the_script_writes_every_row(tmp_path: Path) -> None:
    out = tmp_path / "gpu.md"
    options = ["--device", "cpu", "--short", "--methods", "vae,wae-gan", "--out", str(out)]
    call = ["bash", str(SCRIPT.with_suffix(".sh")), *options]
    done = subprocess.run(
        call, capture_output=True, text=True, check=False, env={"PYTHON": sys.executable}
    )
    assert done.returncode == 0, done.stderr
    rows = dict(
        line.strip("| ").split(" | ") for line in out.read_text(encoding="utf-8").splitlines()
    )
    assert rows["captured = eager, bit for bit"] == "2 of 2 methods"
    assert "captured" in rows["images per second, vae"]
    for lanes in (1, 2):
        assert "2 done, 2 of 2 with the bits" in rows[f"{lanes} lanes, 2 runs of 4 steps"]
    chosen = rows["lanes that pay, 2 runs of 4 steps"]
    assert chosen.startswith("lanes: 1, by their pace and memory") and chosen.endswith("; 2 done")
    assert "1 to run" in rows["estimate of --methods vae"]
    assert any(value.startswith("done after") for value in rows.values())
