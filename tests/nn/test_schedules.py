"""Step sizes over a run: values at the edges, closed forms, nothing read back to the host."""

from __future__ import annotations

import math
from itertools import pairwise

import pytest
import torch
from torch import Tensor

from benchmark.nn.schedules import (
    Schedule,
    cosine,
    exponential,
    linear,
    milestones,
    staircase,
)
from benchmark.training.host_reads import no_host_reads

EVERY: dict[str, Schedule] = {
    "linear": linear(0.1),
    "cosine": cosine(0.1),
    "exponential": exponential(0.9, 7, 100),
    "staircase": staircase(0.5, 30, 100),
    "milestones": milestones(0.1, 0.5, 0.75),
}


def values(schedule: Schedule, steps: int) -> list[float]:
    """Return the factor at each step of a run, progress as the trainer fills it."""
    progress, factors = torch.zeros(()), []
    for step in range(steps):
        progress.fill_(step / steps)
        factors.append(float(schedule(progress)))
    return factors


@pytest.mark.parametrize("name", EVERY)
def test_starts_at_one_never_rises_and_stays_a_tensor_on_the_device(name: str) -> None:
    with no_host_reads():
        factor = EVERY[name](torch.zeros(()))
    assert (factor.shape, factor.dtype) == (torch.Size([]), torch.float32)
    factors = values(EVERY[name], 100)
    assert factors[0] == 1.0 and factors[-1] < 0.6
    assert all(later <= earlier for earlier, later in pairwise(factors))


def test_linear_and_cosine_end_where_they_are_told() -> None:
    middle, end = torch.tensor(0.5), torch.tensor(1.0)
    for kind in (linear, cosine):
        assert float(kind(0.1)(middle)) == pytest.approx(0.55, rel=1e-6)
        assert float(kind(0.1)(end)) == pytest.approx(0.1, rel=1e-6)
    quarter = 0.5 * (1.0 + math.cos(math.pi / 4.0))
    assert float(cosine()(torch.tensor(0.25))) == pytest.approx(quarter, rel=1e-6)


@pytest.mark.parametrize("steps", [7, 100, 9_973, 100_003])
@pytest.mark.parametrize("every", [1, 3, 50, 469])
def test_a_staircase_falls_at_the_very_step_of_its_edge(every: int, steps: int) -> None:
    """Progress is a float32 quotient; its product with the number of epochs may end below a whole
    number, and the edge would come a step late."""
    progress = torch.tensor([step / steps for step in range(steps)])
    factors = staircase(0.5, every, steps)(progress)
    edges = [step // every for step in range(steps)]
    expected = torch.tensor([0.5**edge for edge in edges], dtype=torch.float64).float()
    assert torch.equal(factors, expected)


def test_exponential_is_one_factor_per_epoch() -> None:
    factors = values(exponential(0.98, 50, 400), 400)
    for epoch in range(8):
        assert factors[50 * epoch] == pytest.approx(0.98**epoch, rel=1e-6)
    assert factors[25] == pytest.approx(0.98**0.5, rel=1e-6)


@pytest.mark.parametrize("steps", [10, 600, 1_001, 130_001])
def test_milestones_act_from_their_share_of_the_run_onward(steps: int) -> None:
    shares = (0.3, 0.6)
    progress: Tensor = torch.tensor([step / steps for step in range(steps)])
    factors = milestones(0.1, *shares)(progress)
    passed = [sum(step / steps >= share for share in shares) for step in range(steps)]
    expected = torch.tensor([0.1**count for count in passed])
    torch.testing.assert_close(factors, expected, rtol=1e-6, atol=0.0)
