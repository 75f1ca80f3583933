"""What evaluation asks of a method, timed: the seconds of an evaluation are those of the metrics'
arithmetic, which is alike for every method on the same data, and those of the method's functions,
which are images x seconds per image."""

from __future__ import annotations

import contextlib
import time
from collections import Counter, defaultdict
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from benchmark.method import Method

__all__ = ["FUNCTIONS", "Passes", "seconds_per_image"]

FUNCTIONS = (
    "encode",
    "decode",
    "posterior",
    "sampled_code",
    "sample",
    "discover",
    "terms",
    "categories",
)
"""The functions of a method that evaluation calls on images, on codes or for so many images."""

IMAGES = 250
"""Images on which the functions of a method are timed."""


class Passes:
    """Counts the images and the seconds of every call of :data:`FUNCTIONS` of ``method`` from now
    on; a call within a call belongs to the outer one."""

    def __init__(self, method: Method, device: torch.device) -> None:
        self.images: Counter[str] = Counter()
        self.seconds: dict[str, float] = defaultdict(float)
        self._device, self._busy = device, False
        for name in FUNCTIONS:
            function = getattr(method, name, None)
            if function is not None:
                setattr(method, name, self._timed(name, function))

    def _timed(self, name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any, **named: Any) -> Any:
            if self._busy:
                return function(*arguments, **named)
            self._busy, begun = True, time.perf_counter()
            try:
                return function(*arguments, **named)
            finally:
                _finish(self._device)
                self.seconds[name] += time.perf_counter() - begun
                self.images[name] += _count(arguments[0])
                self._busy = False

        return call

    @property
    def pace(self) -> dict[str, float]:
        """Seconds per image of each function that was called."""
        return {name: self.seconds[name] / max(1, count) for name, count in self.images.items()}


def seconds_per_image(method: Method, images: Tensor) -> dict[str, float]:
    """Return the seconds per image of each of :data:`FUNCTIONS`, from one call on ``images``
    (B, *shape); one that refuses them is left out."""
    method.eval()
    with torch.no_grad():
        code = method.encode(images)  # not timed: memory is laid out in it
        passes = Passes(method, images.device)
        arguments = dict.fromkeys(FUNCTIONS, images) | {"decode": code, "sample": len(images)}
        for name, argument in arguments.items():
            function = getattr(method, name, None)
            with contextlib.suppress(Exception):
                if function is not None:
                    function(argument)
    return passes.pace


def _count(argument: Any) -> int:
    """Return the images of a call: how many are asked for, or how many are handed over."""
    return argument if isinstance(argument, int) else len(argument)


def _finish(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)
