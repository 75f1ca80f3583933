"""Whether L* had settled when training ended: the method's rule is applied now and then while it
trains, on the same training images with the same noise, and nothing of the run changes by that."""

from __future__ import annotations

import math

import numpy as np
import torch
from torch import Tensor

from benchmark.datasets.tensors import TensorSplit
from benchmark.method import Method
from benchmark.spec import derive_seed
from benchmark.training.runtime import seed_noise

__all__ = ["COUNTS", "Counter", "is_unsettled", "points"]

COUNTS = "lstar", "lstar_step"
"""Names of the series in curves: the count (K,) and the number of steps done before it (K,)."""

_MOST, _FEWEST, _STEPS_EACH = 30, 5, 30
"""Counts of a run at most and at least, and steps between them where neither decides."""

_IMAGES = 64, 256
"""Images that are looked at: a tenth as many as steps, within these limits, so that counting takes
no more than a hundredth of the time of a run of 300 steps or more."""


def points(steps: int) -> frozenset[int]:
    """Return after how many outer steps, of ``steps``, L* is counted: up to 30 times at equal
    distances, the last time at the end."""
    count = max(_FEWEST, min(_MOST, steps // _STEPS_EACH))
    return frozenset(math.ceil(k * steps / count) for k in range(1, count + 1))


def is_unsettled(steps: np.ndarray, counts: np.ndarray, total: int) -> bool:
    """Return whether L* moved in the last fifth of a run of ``total`` steps: whether the counts
    (K,) after ``steps`` (K,), from the last at or before 4/5 of the run on, are not all equal.

    A count that could not be made (NaN) among them is a movement, and so is a first count in the
    last fifth, of a method that selected nothing before; a run without counts has none.
    """
    if not len(steps):
        return False
    start = int(np.searchsorted(steps, 0.8 * total, side="right")) - 1
    if start < 0:
        return True
    window = counts[start:]
    return bool(np.isnan(window).any() or (window != window[0]).any())


class Counter:
    """Counts by the method's own rule (:meth:`Method.lstar_so_far`) on up to 256 training images,
    drawn once."""

    def __init__(
        self, method: Method, train: TensorSplit, seed: int, steps: int, device: torch.device
    ) -> None:
        self.method, self.device, self.points = method, device, points(steps)
        self.noise = derive_seed(seed, "count")
        generator = torch.Generator().manual_seed(derive_seed(seed, "count", "images"))
        most = min(_IMAGES[1], max(_IMAGES[0], steps // 10), len(train))
        index = torch.randperm(len(train), generator=generator)[:most]
        self.images = train.images(index.to(device))

    @torch.no_grad()
    def count(self) -> Tensor | None:
        """Return the count now, 0-d float32 on the CPU, NaN where the rule fails; None where the
        method does not count. Modules keep their modes."""
        training = {module: module.training for module in self.method.modules()}
        self.method.eval()
        seed_noise(self.noise, self.device)
        try:
            count = self.method.lstar_so_far(self.images)
        except Exception:  # what cannot be judged while it trains is still worth its run
            count = torch.full((), math.nan)
        finally:
            for module, mode in training.items():
                module.training = mode
        return None if count is None else count.detach().to("cpu", torch.float32, copy=True)
