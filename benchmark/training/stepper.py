"""How a step is carried out: eagerly, or on a GPU as one captured graph per phase. Both give the
same bits.

A step may be captured because it reads nothing back to the host and its structure depends on the
phase alone. Warm-up runs before a capture are undone by restoring every tensor in place.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

import torch
from torch import Tensor

from benchmark.method import Batch, Method, Tick
from benchmark.training.checkpoint import method_state
from benchmark.training.runtime import seed_noise

__all__ = ["CapturedStepper", "CudaGraphs", "EagerStepper", "stepper_for"]

Values = dict[str, Tensor]


class EagerStepper:
    """Seeds the step's noise and calls ``train_step``."""

    def __init__(self, method: Method, device: torch.device) -> None:
        self.method, self.device = method, device

    def __call__(self, noise: int, batch: Batch, tick: Tick) -> Values:
        seed_noise(noise, self.device)
        return self.method.train_step(batch, tick)


class GraphBackend(Protocol):
    """What capturing needs: a place to warm up, and a way to record a function and replay it."""

    def warm_up(self, run: Callable[[], Values]) -> None: ...

    def capture(self, run: Callable[[], Values]) -> tuple[Callable[[], None], Values]: ...


class CudaGraphs:
    """CUDA graphs as torch offers them; the generator's seed and offset are read at replay, so
    addressed noise holds."""

    warm_ups = 3

    def warm_up(self, run: Callable[[], Values]) -> None:
        """Run a few times on a side stream, as capture requires."""
        side = torch.cuda.Stream()
        side.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(side):
            for _ in range(self.warm_ups):
                run()
        torch.cuda.current_stream().wait_stream(side)

    def capture(self, run: Callable[[], Values]) -> tuple[Callable[[], None], Values]:
        """Record ``run`` and return its replay and the tensors that hold its values after each
        replay."""
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph):
            values = {name: value.detach() for name, value in run().items()}
        return graph.replay, values


class CapturedStepper:
    """Records one graph per phase label at its first step and replays it ever after, on fixed input
    tensors."""

    def __init__(self, method: Method, device: torch.device, backend: GraphBackend) -> None:
        self.method, self.device, self.backend = method, device, backend
        self._graphs: dict[str, tuple[Callable[[], None], Values]] = {}
        self._batch: Batch | None = None

    def __call__(self, noise: int, batch: Batch, tick: Tick) -> Values:
        if self._batch is None:
            self._batch = Batch(batch.x.clone(), batch.index.clone())
        self._batch.x.copy_(batch.x)
        self._batch.index.copy_(batch.index)
        if tick.phase not in self._graphs:
            self._graphs[tick.phase] = self._capture(self._batch, tick)
        replay, values = self._graphs[tick.phase]
        seed_noise(noise, self.device)
        replay()
        return values

    def _capture(self, batch: Batch, tick: Tick) -> tuple[Callable[[], None], Values]:
        state = method_state(self.method)
        before = {name: tensor.clone() for name, tensor in state.items()}
        self.backend.warm_up(lambda: self.method.train_step(batch, tick))
        with torch.no_grad():
            for name, tensor in state.items():
                tensor.copy_(before[name])
        return self.backend.capture(lambda: self.method.train_step(batch, tick))


def stepper_for(method: Method, device: torch.device) -> EagerStepper | CapturedStepper:
    """Return the stepper of the device: captured on CUDA, eager elsewhere."""
    return (
        CapturedStepper(method, device, CudaGraphs())
        if device.type == "cuda"
        else EagerStepper(method, device)
    )
