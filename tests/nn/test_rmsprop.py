"""RMSProp in TensorFlow's dialect, against its formula and against torch's own where the dialects
agree."""

from __future__ import annotations

import math

import pytest
import torch

from benchmark.nn.rmsprop import RMSProp

F64 = torch.float64


def step(optimiser: RMSProp, grad: torch.Tensor, **state: torch.Tensor) -> torch.Tensor:
    """Return the change of parameters at zero by one step, with slots of the fresh state
    replaced."""
    p = [torch.zeros_like(grad)]
    slots = optimiser.initial_state(p) | {name: [value] for name, value in state.items()}
    optimiser.update(p, [grad], slots)
    return p[0]


def test_first_step_starts_from_ones() -> None:
    grad = torch.tensor([1e-6, -3e-2, 1.0, 250.0], dtype=F64)
    expected = -1e-3 * grad / torch.sqrt(0.9 + 0.1 * grad.square() + 1e-10)
    torch.testing.assert_close(
        step(RMSProp(1e-3), grad), expected, rtol=1e-7, atol=0
    )  # the rate is kept in float32


def test_epsilon_stands_inside_the_root() -> None:
    """From an empty second moment a gradient of 1e-7 moves 1e-7 / 1e-5 of the rate; outside the
    root it would be three times the rate."""
    change = step(
        RMSProp(1.0), torch.tensor([1e-7], dtype=F64), square_avg=torch.zeros(1, dtype=F64)
    )
    assert float(change) == pytest.approx(-1e-7 / math.sqrt(1e-15 + 1e-10), rel=1e-9)


def test_without_epsilon_it_is_torchs_started_at_ones() -> None:
    generator = torch.Generator().manual_seed(0)
    start = [torch.randn(shape, generator=generator, dtype=F64) for shape in ((4, 3), (5,), ())]
    ours, theirs = [p.clone() for p in start], [p.clone().requires_grad_() for p in start]
    optimiser, reference = (
        RMSProp(0.25, eps=0.0),
        torch.optim.RMSprop(theirs, lr=0.25, alpha=0.9, eps=0.0),
    )  # 0.25 is exact in float32
    state = optimiser.initial_state(ours)
    for p in theirs:
        reference.state[p] = {"step": torch.tensor(0.0), "square_avg": torch.ones_like(p)}
    for _ in range(20):
        grads = [torch.randn(p.shape, generator=generator, dtype=F64) for p in start]
        optimiser.update(ours, grads, state)
        for p, grad in zip(theirs, grads, strict=True):
            p.grad = grad
        reference.step()
    for a, b in zip(ours, theirs, strict=True):
        torch.testing.assert_close(a, b.detach(), rtol=1e-12, atol=1e-12)
    assert [float(count) for count in state["step"]] == [20.0] * 3


def test_gradients_and_other_parameters_keep_their_bits() -> None:
    """Two players may be given the same gradients."""
    grads, p = [torch.tensor([0.3, -0.2]), torch.tensor([0.0])], [torch.zeros(2), torch.ones(1)]
    optimiser = RMSProp(0.1)
    optimiser.update(p, grads, optimiser.initial_state(p))
    assert torch.equal(grads[0], torch.tensor([0.3, -0.2]))
    assert float(p[1]) == 1.0


def strides(
    scale_at: int | None = None, rate_at: int | None = None, steps: int = 300
) -> list[float]:
    """Lengths of steps under a constant gradient of 0.01 at rate 1; from one step on the gradient,
    or the rate, is a fifth."""
    optimiser, p = RMSProp(1.0), [torch.zeros((), dtype=F64)]
    state, lengths = optimiser.initial_state(p), []
    for t in range(steps):
        if t == rate_at:
            state["rate"][0].mul_(0.2)
        before = float(p[0])
        optimiser.update(
            p,
            [torch.full((), 0.01 if scale_at is None or t < scale_at else 0.002, dtype=F64)],
            state,
        )
        lengths.append(before - float(p[0]))
    return lengths


def test_step_size_warms_up_over_a_hundred_steps() -> None:
    """v_t = 0.9^t + (1 - 0.9^t) g^2."""
    lengths = strides()
    for t in (1, 10, 50, 100, 200):
        assert lengths[t - 1] == pytest.approx(
            0.01 / math.sqrt(0.9**t + (1 - 0.9**t) * 1e-4 + 1e-10), rel=1e-9
        )
    assert lengths[0] < 0.011 and lengths[99] > 0.88


def test_scaling_the_loss_is_forgotten_and_lowering_the_rate_is_not() -> None:
    """Why a decay of the loss is no decay of the step size: within fifty steps it is back from 21
    to 94 %."""
    plain, scaled, lowered = strides(), strides(scale_at=200), strides(rate_at=200)
    for t in (
        1,
        51,
        100,
    ):  # v = 0.04 g^2 + 0.9^t 0.96 g^2; what is left of the ones it started from is below 1e-5
        assert scaled[199 + t] / plain[199 + t] == pytest.approx(
            1.0 / math.sqrt(1.0 + 24.0 * 0.9**t), rel=1e-4
        )
    assert scaled[250] / plain[250] > 0.94 and scaled[200] / plain[200] < 0.22
    assert all(
        slow == pytest.approx(0.2 * fast, rel=1e-6)
        for slow, fast in zip(lowered[200:], plain[200:], strict=True)
    )  # float32 rate


def test_rates_are_state_one_per_parameter() -> None:
    p = [torch.zeros(3), torch.zeros(3)]
    optimiser, grads = RMSProp(5e-4), [torch.ones(3), torch.ones(3)]
    state = optimiser.initial_state(p)
    assert {name: [value.shape for value in values] for name, values in state.items()} == {
        "step": [torch.Size([])] * 2,
        "square_avg": [torch.Size([3])] * 2,
        "rate": [torch.Size([])] * 2,
    }
    state["rate"][1].zero_()
    optimiser.update(p, grads, state)
    assert bool((p[0] < 0).all()) and torch.equal(p[1], torch.zeros(3))
