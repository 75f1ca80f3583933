"""Captured steps: warm-up is undone, inputs are fixed tensors, each phase has its own graph. Without a GPU the graph is a stand-in that
re-runs the step and copies its values into the tensors of the first recording, which is what a replay does."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from harness import CPU, Honest, identical, in_one_go, outcome, trainer

from benchmark.method import Batch, Tick
from benchmark.protocol import checkpoint, stepper
from benchmark.protocol import trainer as trainer_module

Values = dict[str, torch.Tensor]


class Recorder:
    """Stands in for CUDA graphs on the CPU."""

    def __init__(self) -> None:
        self.captures = 0

    def warm_up(self, run: Callable[[], Values]) -> None:
        for _ in range(3):
            run()

    def capture(self, run: Callable[[], Values]) -> tuple[Callable[[], None], Values]:
        self.captures += 1
        values: Values = {}

        def replay() -> None:
            for name, value in run().items():
                values.setdefault(name, torch.empty_like(value, requires_grad=False))
                values[name].copy_(value.detach())

        return replay, values


def test_captured_equals_eager_bitwise(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    eager = in_one_go(Honest, tmp_path)
    recorder = Recorder()
    monkeypatch.setattr(trainer_module, "stepper_for", lambda method, device: stepper.CapturedStepper(method, device, recorder))
    run = trainer(Honest, tmp_path / "captured.safetensors")
    run.fit()
    assert identical(eager, outcome(run))
    assert recorder.captures == 2  # one per phase label


def test_capture_check_catches_a_warm_up_that_is_not_undone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Forgetful(stepper.CapturedStepper):
        def _capture(self, batch: Batch, tick: Tick) -> tuple[Callable[[], None], Values]:
            self.backend.warm_up(lambda: self.method.train_step(batch, tick))
            return self.backend.capture(lambda: self.method.train_step(batch, tick))

    eager = in_one_go(Honest, tmp_path)
    monkeypatch.setattr(trainer_module, "stepper_for", lambda method, device: Forgetful(method, device, Recorder()))
    run = trainer(Honest, tmp_path / "captured.safetensors")
    run.fit()
    assert not identical(eager, outcome(run))


def test_cpu_steps_are_eager(tmp_path: Path) -> None:
    assert isinstance(stepper.stepper_for(trainer(Honest, tmp_path / "x").method, CPU), stepper.EagerStepper)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_captured_equals_eager_bitwise_on_cuda(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    device = torch.device("cuda")
    outcomes = []
    for kind in (stepper.EagerStepper, stepper.CapturedStepper):
        run = trainer(Honest, tmp_path / f"{kind.__name__}.safetensors")
        run.device = device
        run.method.to(device)
        run.train.stored = run.train.stored.to(device)
        made = kind(run.method, device, *([stepper.CudaGraphs()] if kind is stepper.CapturedStepper else []))
        monkeypatch.setattr(trainer_module, "stepper_for", lambda method, device, made=made: made)
        run.fit()
        outcomes.append({name: tensor.cpu().clone() for name, tensor in checkpoint.method_state(run.method).items()})
    assert all(torch.equal(outcomes[0][name], outcomes[1][name]) for name in outcomes[0])
