"""Our Adam is torch's Adam, bit for bit, with its state on the table from the start; players lay
gradients out as their parameters, and rates follow schedules."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn

from benchmark.method import Player, Tick
from benchmark.nn.critics import gradient_penalty, image_critic
from benchmark.nn.flows import PairedLinear
from benchmark.nn.optim import Adam, Optimiser, laid_out
from benchmark.nn.rmsprop import RMSProp
from benchmark.nn.schedules import cosine, milestones

OPTIMISERS = pytest.mark.parametrize("optimiser", [Adam(1e-2), RMSProp(1e-2)], ids=["adam", "rms"])


def transposed(grad: Tensor) -> Tensor:
    """The same numbers, the last stride first."""
    return grad.T.contiguous().T


def expanded(grad: Tensor) -> Tensor:
    """One number for all, without memory of its own for each: what a sum's gradient looks like."""
    return grad.flatten()[0].expand(grad.shape)


def reversed_strides(grad: Tensor) -> Tensor:
    """The same numbers in every second place of a longer memory."""
    return torch.stack((grad, torch.full_like(grad, torch.nan)), -1)[..., 0]


def at(progress: float) -> Tick:
    return Tick(torch.tensor(0), torch.tensor(progress), "train")


def test_adam_equals_torch_bitwise() -> None:
    generator = torch.Generator().manual_seed(0)
    start = [torch.randn(shape, generator=generator) for shape in ((4, 3), (5,), ())]
    ours, theirs = [p.clone() for p in start], [p.clone().requires_grad_() for p in start]
    adam, reference = Adam(lr=3e-3), torch.optim.Adam(theirs, lr=3e-3, fused=True)
    state = adam.initial_state(ours)
    for _ in range(20):
        grads = [torch.randn(p.shape, generator=generator) for p in start]
        adam.update(ours, grads, state)
        for p, grad in zip(theirs, grads, strict=True):
            p.grad = grad
        reference.step()
    assert all(torch.equal(a, b) for a, b in zip(ours, theirs, strict=True))


def test_first_step_has_the_size_of_the_learning_rate() -> None:
    p, grad = [torch.zeros(3)], [torch.tensor([1e-3, -2.0, 50.0])]
    adam = Adam(lr=0.1)
    adam.update(p, grad, adam.initial_state(p))
    torch.testing.assert_close(
        p[0], -0.1 * grad[0].sign(), rtol=1e-4, atol=0
    )  # eps against the smallest gradient


@OPTIMISERS
@pytest.mark.parametrize("layout", [transposed, expanded, reversed_strides])
def test_layout_of_a_gradient_does_not_matter(
    optimiser: Optimiser, layout: Callable[[Tensor], Tensor]
) -> None:
    torch.manual_seed(0)
    start = torch.randn(5, 7)
    ours, plain = (Player("p", {"w": nn.Parameter(start.clone())}, optimiser) for _ in range(2))
    for _ in range(3):
        grad = layout(torch.randn(5, 7))
        assert grad.stride() != start.stride()
        ours.apply([grad])
        plain.apply([grad.contiguous()])
    for a, b in zip(
        [*ours.tensors, *ours.state_dict().values()],
        [*plain.tensors, *plain.state_dict().values()],
        strict=True,
    ):
        assert torch.equal(a, b)


@OPTIMISERS
def test_layout_of_a_parameter_does_not_matter(optimiser: Optimiser) -> None:
    """A kernel in channels_last, its gradient in the usual order."""
    start, grad = torch.randn(4, 3, 2, 2), torch.randn(4, 3, 2, 2)
    plain = Player("p", {"w": nn.Parameter(start.clone())}, optimiser)
    last = start.clone(memory_format=torch.channels_last)
    other = Player("p", {"w": nn.Parameter(last)}, optimiser)
    for player in (plain, other):
        player.apply([grad])
    assert other.tensors[0].is_contiguous(memory_format=torch.channels_last)
    assert torch.equal(plain.tensors[0], other.tensors[0])


def test_a_gradient_that_lies_right_is_not_copied() -> None:
    grad, parameter = torch.randn(3, 4), torch.zeros(3, 4)
    assert laid_out([grad], [parameter])[0] is grad
    assert laid_out([grad.T.contiguous().T], [parameter])[0] is not grad


@pytest.mark.parametrize("shape", [(1, 28, 28), (3, 32, 32)])
def test_steps_of_an_image_critic_are_torchs(shape: tuple[int, ...]) -> None:
    """The second derivative of a convolution comes transposed."""
    torch.manual_seed(0)
    ours, theirs = image_critic(shape), image_critic(shape)
    theirs.load_state_dict(ours.state_dict())
    player = Player("critic", dict(ours.named_parameters()), Adam(1e-3, (0.5, 0.9)))
    reference = torch.optim.Adam(theirs.parameters(), 1e-3, (0.5, 0.9), fused=True)
    for _ in range(2):
        x, points = torch.rand(2, 4, *shape)
        distance = ours(x).mean()
        loss = 10.0 * gradient_penalty(ours, points) - distance
        grads = torch.autograd.grad(loss, player.tensors)
        assert any(g.stride() != p.stride() for g, p in zip(grads, player.tensors, strict=True))
        for p, grad in zip(theirs.parameters(), grads, strict=True):
            p.grad = grad.contiguous()
        player.apply(grads)
        reference.step()
    for a, b in zip(ours.parameters(), theirs.parameters(), strict=True):
        assert torch.equal(a, b)


@pytest.mark.parametrize("latent_dim", [1, 2, 5])
def test_steps_of_paired_layers_are_torchs(latent_dim: int) -> None:
    torch.manual_seed(0)
    ours, theirs = PairedLinear(latent_dim, 6), PairedLinear(latent_dim, 6)
    theirs.load_state_dict(ours.state_dict())
    player = Player("pair", dict(ours.named_parameters()), Adam(1e-2))
    reference = torch.optim.Adam(theirs.parameters(), 1e-2, foreach=False)
    for _ in range(3):
        x = torch.randn(2, 4, latent_dim)
        player.apply(torch.autograd.grad(ours(x).square().sum(), list(ours.parameters())))
        reference.zero_grad()
        theirs(x).square().sum().backward()
        reference.step()
    for a, b in zip(ours.parameters(), theirs.parameters(), strict=True):
        torch.testing.assert_close(a, b, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("memory", [torch.zeros(4, 6)[:, ::2], torch.zeros(3, 1).expand(3, 4)])
def test_a_parameter_without_memory_of_its_own_is_refused(memory: Tensor) -> None:
    with pytest.raises(ValueError, match="parameter 'w' of player 'p' is a view"):
        Player("p", {"w": nn.Parameter(memory)}, Adam())


@pytest.mark.parametrize("kind", [Adam, RMSProp])
def test_a_schedule_of_one_keeps_the_bits(kind: type[Adam] | type[RMSProp]) -> None:
    torch.manual_seed(0)
    start = torch.randn(50)
    plain = Player("p", {"w": nn.Parameter(start.clone())}, kind(3e-3))
    ones = Player("p", {"w": nn.Parameter(start.clone())}, kind(3e-3, schedule=torch.ones_like))
    for _ in range(20):
        grad = torch.randn(50)
        plain.apply([grad])
        ones.apply([grad], tick=at(0.3))
    assert torch.equal(plain.tensors[0], ones.tensors[0])


@pytest.mark.parametrize("kind", [Adam, RMSProp])
@pytest.mark.parametrize("schedule", [cosine(), milestones(0.2, 0.5)])
def test_a_schedule_is_a_rate_of_its_own_at_each_step(
    kind: type[Adam] | type[RMSProp], schedule: Callable[[Tensor], Tensor]
) -> None:
    """Each step equals that of an optimiser at the constant rate of that moment."""
    torch.manual_seed(0)
    player = Player("p", {"w": nn.Parameter(torch.randn(50))}, kind(0.1, schedule=schedule))
    for step in range(10):
        before, progress = player.tensors[0].detach().clone(), step / 10
        rate = 0.1 * float(schedule(torch.tensor(progress)))
        twin = Player("p", {"w": nn.Parameter(before.clone())}, kind(rate))
        for slot in player.state.keys() - {"rate"}:
            twin.state[slot] = [tensor.clone() for tensor in player.state[slot]]
        grad = torch.randn(50)
        player.apply([grad], tick=at(progress))
        twin.apply([grad])
        torch.testing.assert_close(player.tensors[0], twin.tensors[0], rtol=1e-6, atol=1e-7)


def test_a_schedule_without_the_time_says_how_to_pass_it() -> None:
    player = Player("p", {"w": nn.Parameter(torch.zeros(2))}, Adam(schedule=cosine()))
    with pytest.raises(ValueError, match=r"descend\(\.\.\., tick=tick\)"):
        player.apply([torch.ones(2)])
