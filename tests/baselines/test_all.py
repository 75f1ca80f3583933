"""What every registered method promises, checked on each: no host traffic in a step, bitwise resume, shapes, every parameter moved."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from harness import CPU, Recorder

from benchmark import registry
from benchmark.datasets.split import Split
from benchmark.datasets.tensors import TensorSplit
from benchmark.method import Batch, Method, Tick
from benchmark.protocol import stepper
from benchmark.protocol import trainer as trainer_module
from benchmark.protocol.checkpoint import method_state
from benchmark.protocol.evaluator import Evaluator
from benchmark.protocol.lint import no_host_reads
from benchmark.protocol.runtime import construct, seed_noise
from benchmark.protocol.trainer import Stopped, Trainer

STEPS, PER_EPOCH, BATCH, L = 12, 4, 16, 3
DATA = Split(np.random.default_rng(0).random((PER_EPOCH * BATCH, 1, 8, 8), dtype=np.float32), (1, 8, 8))
TRAINED = [entry for entry in registry.METHODS if not entry.source.constants.get("closed_form")]
EASY = {"geco-l0": {"tau_per_pixel": 10.0}}
"""Options under which random images exercise every player: the gates of geco-l0 move only once its constraint was met."""
every = pytest.mark.parametrize("entry", registry.METHODS, ids=lambda entry: entry.name)
trained = pytest.mark.parametrize("entry", TRAINED, ids=lambda entry: entry.name)


def build(entry: registry.Entry) -> Method:
    kind = registry.load(entry.target)
    size = {"shape": (1, 8, 8), "latent_dim": L, "steps": STEPS, "steps_per_epoch": PER_EPOCH, "batch_size": BATCH}
    return construct(kind, kind.Config(**entry.preset, **EASY.get(entry.name, {})), 0, **size)


def run(entry: registry.Entry, path: Path, stop_at: int | None = None, device: torch.device = CPU) -> Trainer:
    closed = registry.load(entry.target).closed_form
    steps, batch = (0, 0) if closed else (STEPS, BATCH)
    method, data = build(entry).to(device), TensorSplit(DATA, device)
    made = Trainer(method, data, seed=0, steps=steps, batch_size=batch, device=device, path=path, identity={})
    made.stop = lambda: "stop" if made.step == stop_at else None
    made.fit()
    return made


@trained
def test_no_host_traffic_in_any_phase(entry: registry.Entry) -> None:
    method = build(entry)
    count = BATCH * getattr(method.config, "batches_per_step", 1)
    images = TensorSplit(DATA).images(torch.arange(count) % len(DATA.stored))
    for phase in {method.phase(step): step for step in range(STEPS)}:
        batch, tick = Batch(images, torch.arange(count)), Tick(torch.tensor(0), torch.tensor(0.5), phase)
        with no_host_reads():
            method.train_step(batch, tick)


@trained
@pytest.mark.parametrize("at", [2, 4, 9])
def test_resume_is_bitwise_inside_an_epoch_and_at_its_edge(entry: registry.Entry, at: int, tmp_path: Path) -> None:
    whole = run(entry, tmp_path / "whole")
    with pytest.raises(Stopped):
        run(entry, tmp_path / "cut", stop_at=at)
    again = run(entry, tmp_path / "cut")
    one, other = method_state(whole.method), method_state(again.method)
    assert again.resumed_at == at
    assert one.keys() == other.keys() and all(torch.equal(one[name], other[name]) for name in one)
    assert all(np.array_equal(values, again.curves()[name]) for name, values in whole.curves().items())


@trained
def test_every_parameter_is_moved_by_some_player(entry: registry.Entry, tmp_path: Path) -> None:
    before = {name: p.detach().clone() for name, p in build(entry).named_parameters()}
    after = dict(run(entry, tmp_path / "c").method.named_parameters())
    assert [name for name, p in before.items() if torch.equal(p, after[name])] == []


def bits(made: Trainer) -> dict[str, np.ndarray]:
    return {name: tensor.cpu().numpy().copy() for name, tensor in method_state(made.method).items()}


@trained
def test_captured_equals_eager(entry: registry.Entry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """On the CPU with a stand-in for graphs: warm-up undone, fixed inputs, one recording per phase."""
    eager = bits(run(entry, tmp_path / "eager"))
    monkeypatch.setattr(trainer_module, "stepper_for", lambda method, device: stepper.CapturedStepper(method, device, Recorder()))
    captured = bits(run(entry, tmp_path / "captured"))
    assert all(np.array_equal(eager[name], captured[name]) for name in eager)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
@trained
def test_captured_equals_eager_on_cuda(entry: registry.Entry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    device = torch.device("cuda")
    found = []
    for kind in (stepper.EagerStepper, lambda method, device: stepper.CapturedStepper(method, device, stepper.CudaGraphs())):
        monkeypatch.setattr(trainer_module, "stepper_for", kind)
        found.append(bits(run(entry, tmp_path / str(len(found)), device=device)))
    assert all(np.array_equal(found[0][name], found[1][name]) for name in found[0])


@every
def test_codes_images_samples_and_verdict_have_their_shapes_and_leave_the_state(entry: registry.Entry, tmp_path: Path) -> None:
    method = run(entry, tmp_path / "c").method.eval()
    before = {name: tensor.clone() for name, tensor in method_state(method).items()}
    x = TensorSplit(DATA).head(10)
    with torch.no_grad():
        code = method.encode(x)
        assert code.shape[0] == 10 and code.shape[1] >= L
        assert method.decode(code).shape == x.shape
        assert method.sample(7).shape == (7, 1, 8, 8)
        torch.testing.assert_close(method.encode(x[:3]), code[:3], rtol=1e-5, atol=1e-5)  # float32 sums in another order
        seed_noise(5, CPU)
        first = method.sample(4)
        seed_noise(5, CPU)
        assert torch.equal(first, method.sample(4))
    found = Evaluator(method, TensorSplit(DATA), seed=0, device=CPU).discovery
    assert bool(torch.isfinite(found.relevance).all())
    assert all(torch.equal(before[name], tensor) for name, tensor in method_state(method).items())
