"""Our Adam is torch's Adam, bit for bit, with its state on the table from the start."""

from __future__ import annotations

import torch

from benchmark.nn.optim import Adam


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
