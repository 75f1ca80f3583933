"""What a study is: an experiment that trains like a method and ends in numbers of its own.

Studies are for questions that no method x dataset grid answers. They share everything else with
methods: specs and keys, the trainer with its addressed randomness and bitwise resume, the store. A
suite names them (``studies = [...]`` in a stage).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np
from torch import Tensor

from benchmark.datasets.tensors import TensorSplit
from benchmark.method import Method
from benchmark.metrics.base import Measurement

__all__ = ["Outcome", "Study"]


@dataclass(frozen=True)
class Outcome:
    """What a study found: measurements by id, ``mse`` among them, and arrays that go into
    ``artifacts.npz``."""

    measurements: Mapping[str, Measurement]
    arrays: Mapping[str, np.ndarray] = field(default_factory=dict)


class Study(Method):
    """A method whose evaluation is its own. Of the members of :class:`Method` it needs ``Config``,
    ``build`` and ``train_step``, and ``prepare``, ``phase`` and ``conclude`` where it uses them."""

    draws_data: ClassVar[bool] = False
    """True: it takes no dataset but draws its data in :meth:`prepare`, into buffers."""

    def lstar_so_far(self, x: Tensor) -> None:
        """A study counts nothing while it trains."""
        return None

    def outcome(self, test: TensorSplit) -> Outcome:
        """Return what the trained study found. Ordinary draws are addressed; every measurement must
        be finite."""
        raise NotImplementedError
