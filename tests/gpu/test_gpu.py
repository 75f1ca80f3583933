"""What is promised of a GPU, on one: captured steps have the bits of eager ones, gradients are laid
out as their parameters, lanes have the bits of runs by themselves."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
import torch
from performance.gpu import Bench, capture, in_lanes

from benchmark import registry

pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="torch sees no CUDA device here"),
]


@pytest.mark.parametrize("name", [entry.name for entry in registry.METHODS])
def test_captured_steps_have_the_bits_of_eager_ones(name: str, tmp_path: Path) -> None:
    rows = dict(capture(Bench(torch.device("cuda"), tmp_path, [name], True, math.inf)))
    assert rows["captured = eager, bit for bit"] in ("1 of 1 methods", "0 of 0 methods")
    assert rows["gradients with other strides than their parameter"].endswith(
        "; 0 of them not laid out"
    )


def test_lanes_have_the_bits_of_runs_by_themselves(tmp_path: Path) -> None:
    rows = dict(in_lanes(Bench(torch.device("cuda"), tmp_path, [], True, math.inf)))
    assert all("2 of 2 with the bits" in value for value in rows.values()), rows
