"""Captured steps: warm-up is undone, inputs are fixed tensors, each phase has its own graph.
Without a GPU the graph is a stand-in that re-runs the step and copies its values into the tensors
of the first recording, which is what a replay does."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from harness import CPU, Honest, Values, identical, in_one_go, outcome, trainer

from benchmark.method import Batch, Tick
from benchmark.testing.graphs import GraphReplay
from benchmark.training import stepper
from benchmark.training import trainer as trainer_module
from benchmark.training.eager import never_capture


def test_captured_equals_eager_bitwise(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    eager = in_one_go(Honest, tmp_path)
    recorder = GraphReplay()
    monkeypatch.setattr(
        trainer_module,
        "stepper_for",
        lambda method, device: stepper.CapturedStepper(method, device, recorder),
    )
    run = trainer(Honest, tmp_path / "captured.safetensors")
    run.fit()
    assert identical(eager, outcome(run))
    assert recorder.captures == 2  # one per phase label


def test_capture_check_catches_a_warm_up_that_is_not_undone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Forgetful(stepper.CapturedStepper):
        def _capture(self, batch: Batch, tick: Tick) -> tuple[Callable[[], None], Values]:
            self.backend.warm_up(lambda: self.method.train_step(batch, tick))
            return self.backend.capture(lambda: self.method.train_step(batch, tick))

    eager = in_one_go(Honest, tmp_path)
    monkeypatch.setattr(
        trainer_module,
        "stepper_for",
        lambda method, device: Forgetful(method, device, GraphReplay()),
    )
    run = trainer(Honest, tmp_path / "captured.safetensors")
    run.fit()
    assert not identical(eager, outcome(run))


def test_cpu_steps_are_eager(tmp_path: Path) -> None:
    assert isinstance(
        stepper.stepper_for(trainer(Honest, tmp_path / "x").method, CPU), stepper.EagerStepper
    )


def test_steps_are_captured_on_a_gpu_unless_somebody_asks_for_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trainer_module, "stepper_for", stepper.stepper_for)  # put back afterwards
    method, gpu = trainer(Honest, tmp_path / "x").method, torch.device("cuda")
    assert isinstance(trainer_module.stepper_for(method, gpu), stepper.CapturedStepper)
    never_capture()
    assert isinstance(trainer_module.stepper_for(method, gpu), stepper.EagerStepper)
