"""A stand-in for CUDA graphs on the CPU: a step that leaves traces in its warm-up, or reads what is
not its input, shows there too."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

__all__ = ["GraphReplay"]

Values = dict[str, Tensor]


class GraphReplay:
    """Warms up three times, and "replays" by calling the recorded function into fixed output
    tensors; ``captures`` counts recordings."""

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
