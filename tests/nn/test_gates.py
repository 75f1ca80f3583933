"""Hard gates: what ARM estimates, held against enumeration of every gate pattern (float64), and
what counts as an open gate."""

from __future__ import annotations

import itertools

import pytest
import torch
from torch import Tensor

from benchmark.nn.gates import (
    HardGates,
    antithetic_gates,
    arm_gradient,
    l0_gradient,
    open_gates,
    undecided_gates,
)

F64 = torch.float64
GAMMA = torch.tensor([0.3, -0.1, 0.05, 0.2], dtype=F64)
GROUPS, SIZE = 400, 500
"""Draws of an estimator: so many means of so many rows each, whose spread gives the standard
error."""


def table(count: int = 4, seed: int = 0) -> Tensor:
    """A random F over {0, 1}^count, indexed by the gates as binary digits."""
    return torch.randn(2**count, generator=torch.Generator().manual_seed(seed), dtype=F64)


def pattern(gates: Tensor) -> Tensor:
    """The gates (..., L) read as a binary number."""
    return (gates * 2 ** torch.arange(gates.shape[-1])).sum(-1)


def look_up(values: Tensor, gates: Tensor) -> Tensor:
    return values[pattern(gates)]


def enumerated(values: Tensor, gamma: Tensor, slope: float) -> Tensor:
    """The gradient of E[F] in gamma, by autograd through the probability of each of the 2^L
    patterns."""
    gamma = gamma.clone().requires_grad_()
    p = torch.sigmoid(slope * gamma)
    patterns = torch.tensor(list(itertools.product((0, 1), repeat=len(gamma))))
    probability = torch.where(patterns.bool(), p, 1.0 - p).prod(1)
    return torch.autograd.grad((probability * look_up(values, patterns)).sum(), gamma)[0]


def uniform(rows: int = GROUPS * SIZE, count: int = 4, seed: int = 1) -> Tensor:
    return torch.rand(rows, count, generator=torch.Generator().manual_seed(seed), dtype=F64)


def arm_means(values: Tensor, gamma: Tensor, slope: float) -> Tensor:
    """Estimates (GROUPS, L), each averaged over SIZE draws by the function under test."""
    p = torch.sigmoid(slope * gamma)
    groups = []
    for u in uniform(count=len(gamma)).split(SIZE):
        first, second = antithetic_gates(p, u)
        groups.append(arm_gradient(look_up(values, first), look_up(values, second), u, slope))
    return torch.stack(groups)


def agrees(estimates: Tensor, truth: Tensor) -> bool:
    """Whether the mean of independent estimates (n, L) lies within five standard errors of
    ``truth`` (L,): one seeded draw, four numbers."""
    error = estimates.std(0) / len(estimates) ** 0.5
    return bool(((estimates.mean(0) - truth).abs() < 5.0 * error).all())


@pytest.mark.parametrize("slope", [1.0, 7.0])
@pytest.mark.parametrize("count", [1, 4])
def test_arm_equals_enumeration(slope: float, count: int) -> None:
    values, gamma = table(count), GAMMA[:count]
    truth, estimates = enumerated(values, gamma, slope), arm_means(values, gamma, slope)
    assert agrees(estimates, truth)
    assert not agrees(estimates, 1.1 * truth), "too few draws to tell a tenth"


def test_arm_varies_less_than_one_pass() -> None:
    """AR, k F(a) (1 - 2u), has the same mean from one evaluation, and more noise."""
    values, slope = table(), 7.0
    u = uniform()
    first, _ = antithetic_gates(torch.sigmoid(slope * GAMMA), u)
    one_pass = slope * look_up(values, first).unsqueeze(1) * (1.0 - 2.0 * u)
    assert agrees(one_pass, enumerated(values, GAMMA, slope))
    assert float(SIZE * arm_means(values, GAMMA, slope).var(0).sum()) < 0.9 * float(
        one_pass.var(0).sum()
    )


def test_both_draws_open_a_gate_with_its_probability() -> None:
    p, u = torch.tensor([0.05, 0.3, 0.5, 0.99], dtype=F64), uniform()
    for gates in antithetic_gates(p, u):
        error = (p * (1 - p) / len(u)).sqrt()
        assert bool(((gates.double().mean(0) - p).abs() < 5.0 * error).all())


def test_settled_gates_give_equal_draws_and_no_gradient() -> None:
    p = torch.sigmoid(torch.tensor([41.0, -41.0, 50.0, -60.0]))
    u = uniform(10_000).float()
    u[0] = 0.0  # the one draw at which a closed comparison would shut a gate of p = 1
    first, second = antithetic_gates(p[[0, 2]], u[:, :2])
    assert torch.equal(first, second) and bool(first.all())
    first, second = antithetic_gates(p, u[1:])
    assert torch.equal(first, second)
    values = table()
    assert not arm_gradient(look_up(values, first), look_up(values, second), u[1:]).any()


def test_gate_that_f_ignores_has_mean_zero_but_is_not_zero() -> None:
    values = table().view(2, 2, 2, 2).clone()  # the first gate is the last axis
    values[..., 1] = values[..., 0]
    estimates = arm_means(values.reshape(-1), GAMMA, 7.0)
    truth = enumerated(values.reshape(-1), GAMMA, 7.0)
    assert float(truth[0].abs()) < 1e-15 and agrees(estimates, truth)
    assert bool(estimates[:, 0].ne(0.0).all())


def test_draws_per_image_and_per_batch_agree_and_the_mixture_loses_a_factor_of_the_batch() -> None:
    """F of image i is a table of its own, most of it shared by all, as images agree on what is
    useful; sought is the mean over images."""
    batch, trials, slope = 4, 8000, 7.0
    tables = table() + 0.3 * torch.stack([table(seed=seed) for seed in range(1, 1 + batch)])
    truth = torch.stack([enumerated(values, GAMMA, slope) for values in tables]).mean(0)
    u = uniform(rows=trials * batch)
    image = torch.arange(len(u)) % batch
    first, second = antithetic_gates(torch.sigmoid(slope * GAMMA), u)
    a, b = (tables[image, pattern(gates)].view(trials, batch) for gates in (first, second))
    shared_a, shared_b = (
        tables.mean(0)[pattern(gates[::batch])].view(trials, 1) for gates in (first, second)
    )
    rows = u.view(trials, batch, -1)
    per_image = torch.stack([arm_gradient(a[t], b[t], rows[t], slope) for t in range(trials)])
    per_batch = torch.stack(
        [arm_gradient(shared_a[t], shared_b[t], rows[t, :1], slope) for t in range(trials)]
    )
    mixed = torch.stack(
        [
            arm_gradient(a[t].mean().expand(batch), b[t].mean().expand(batch), rows[t], slope)
            for t in range(trials)
        ]
    )
    assert agrees(per_image, truth) and agrees(per_batch, truth)
    assert agrees(mixed, truth / batch) and not agrees(mixed, truth)
    assert float(per_image.var(0).sum()) < 0.5 * float(per_batch.var(0).sum())


def test_mean_cost_with_a_draw_per_image_is_refused() -> None:
    with pytest.raises(
        ValueError, match=r"one F per row of u, got F of \(1,\) and \(1,\) for u of \(8, 4\)"
    ):
        arm_gradient(torch.zeros(1), torch.zeros(1), torch.zeros(8, 4))


def test_expected_l0_gradient_is_exact() -> None:
    gamma = GAMMA.clone().requires_grad_()
    truth = torch.autograd.grad(torch.sigmoid(7.0 * gamma).sum(), gamma)[0]
    torch.testing.assert_close(l0_gradient(torch.sigmoid(7.0 * GAMMA)), truth)


def test_counting_rule_is_strict_and_undecided_gates_lie_between() -> None:
    p = torch.tensor([0.05, 0.2, 0.5, 0.5000001, 0.8, 0.95])
    assert open_gates(p).tolist() == [False, False, False, True, True, True]
    assert undecided_gates(p).tolist() == [False, True, True, True, True, False]
    assert not open_gates(torch.sigmoid(torch.zeros(1))).any()


@pytest.mark.parametrize("start", [0.1, 0.5, 0.9])
def test_gates_start_at_their_probability(start: float) -> None:
    gates = HardGates(3, start)
    torch.testing.assert_close(gates.probability(), torch.full((3,), start))
    assert not gates.probability().requires_grad
    assert bool(undecided_gates(gates.probability()).any()) == (start == 0.5)


@pytest.mark.parametrize("start", [0.0, 1.0])
def test_gates_that_could_never_move_are_refused(start: float) -> None:
    with pytest.raises(ValueError, match=r"inside \(0, 1\)"):
        HardGates(3, start)
