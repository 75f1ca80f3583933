"""The determinism switch and addressed initialisation."""

from __future__ import annotations

import pytest
import torch
from harness import CPU, Honest
from torch import nn

from benchmark.spec import BenchError, derive_seed
from benchmark.training import runtime

SIZE = {"shape": (6,), "latent_dim": 3, "steps": 20, "steps_per_epoch": 6}


def test_switch_sets_deterministic_algorithms_and_one_thread() -> None:
    torch.set_num_threads(2)
    torch.use_deterministic_algorithms(False)
    runtime.make_deterministic()
    assert torch.get_num_threads() == 1
    assert torch.are_deterministic_algorithms_enabled()
    assert not torch.backends.cudnn.benchmark


def test_switch_refuses_an_operation_without_deterministic_form() -> None:
    with pytest.raises(RuntimeError, match="deterministic"):
        torch.zeros(3).put_(torch.tensor([0, 0]), torch.tensor([1.0, 2.0]), accumulate=False)


def test_weights_of_a_module_do_not_depend_on_which_others_exist() -> None:
    class Larger(Honest):
        def build(self) -> None:
            self.first = nn.Linear(5, 5)
            super().build()
            self.players["model"].parameters.update(
                {name: p for name, p in self.named_parameters() if name.startswith("first")}
            )

    small, large = (runtime.construct(kind, kind.Config(), 0, **SIZE) for kind in (Honest, Larger))
    assert torch.equal(small.encoder.weight, large.encoder.weight)
    other = runtime.construct(Honest, Honest.Config(), 1, **SIZE)
    assert not torch.equal(small.encoder.weight, other.encoder.weight)


def test_parents_may_refine_what_their_children_drew() -> None:
    class Head(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.linear = nn.Linear(4, 4)

        def reset_parameters(self) -> None:
            with torch.no_grad():
                self.linear.weight.mul_(0.0)

    class Headed(Honest):
        def build(self) -> None:
            super().build()
            self.head = Head()

    assert not runtime.construct(Headed, Honest.Config(), 0, **SIZE).head.linear.weight.any()


def test_noise_seed_reaches_ordinary_draws() -> None:
    runtime.seed_noise(derive_seed(0, "noise", 3), CPU)
    first = torch.randn(4)
    runtime.seed_noise(derive_seed(0, "noise", 3), CPU)
    assert torch.equal(first, torch.randn(4))


def test_cuda_without_a_device_is_a_clear_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(BenchError, match="use --device cpu"):
        runtime.resolve_device("cuda")
    with pytest.raises(BenchError, match="--device cuda:1 was asked for, but torch sees no CUDA"):
        runtime.resolve_device("cuda:1")
    assert runtime.resolve_device("auto") == CPU


def test_a_gpu_is_named_by_its_number(monkeypatch: pytest.MonkeyPatch) -> None:
    used: list[torch.device] = []
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    monkeypatch.setattr(torch.cuda, "set_device", used.append)
    assert runtime.use_device("cuda:1") == torch.device("cuda", 1) == used.pop()
    assert runtime.use_device("cuda") == torch.device("cuda") and not used
    assert runtime.use_device("cpu") == CPU and not used
    with pytest.raises(BenchError, match="--device cuda:2: the GPUs here are cuda:0 to cuda:1"):
        runtime.use_device("cuda:2")
