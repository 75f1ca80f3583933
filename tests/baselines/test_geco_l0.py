"""GECO-L0 step by step: the objective against a GECO-VAE written out, the gates' gradient against
enumeration, latch, consolidation."""

from __future__ import annotations

import itertools
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from baselines.geco_l0 import GecoL0
from benchmark.datasets.split import Split
from benchmark.datasets.tensors import TensorSplit
from benchmark.method import Batch, Tick
from benchmark.nn.gaussian import kl_standard
from benchmark.training.checkpoint import method_state
from benchmark.training.runtime import construct

STEPS, PER_EPOCH, BATCH, L = 20, 4, 16, 5
DATA = Split(
    np.random.default_rng(0).random((PER_EPOCH * BATCH, 1, 8, 8), dtype=np.float32), (1, 8, 8)
)
LATER = 0.1
"""A tau per pixel that this noise, of variance 1/12, reaches after some steps."""


def build(latent_dim: int = L, **config: Any) -> GecoL0:
    size = {
        "shape": (1, 8, 8),
        "latent_dim": latent_dim,
        "steps": STEPS,
        "steps_per_epoch": PER_EPOCH,
        "batch_size": BATCH,
    }
    return construct(GecoL0, replace(GecoL0.Config(), **config), 0, **size)


def latched(p: float | list[float] | None = None, **config: Any) -> GecoL0:
    """A method whose constraint was met before; gates at probabilities ``p`` where given."""
    method = build(**{"tau_per_pixel": LATER, **config})
    method.constraint.ever_met.fill_(True)
    if p is not None:
        method.gates.gamma.data.copy_(
            torch.logit(torch.tensor(p).expand(method.latent_dim), eps=1e-12) / method.gates.slope
        )
    return method


def images(count: int = BATCH) -> Tensor:
    return TensorSplit(DATA).head(count)


def step(method: GecoL0, phase: str = "select") -> dict[str, Tensor]:
    return method.train_step(
        Batch(images(), torch.arange(BATCH)), Tick(torch.tensor(0), torch.tensor(0.0), phase)
    )


def bits(method: GecoL0, part: str = "") -> dict[str, Tensor]:
    return {name: tensor.clone() for name, tensor in method_state(method).items() if part in name}


def same(one: dict[str, Tensor], other: dict[str, Tensor]) -> bool:
    return one.keys() == other.keys() and all(torch.equal(one[name], other[name]) for name in one)


def test_open_gates_give_the_geco_vae_bit_for_bit() -> None:
    """p = 1 everywhere: losses, and parameters and Adam's moments after the step, are those of KL +
    lambda C_eff without any gate."""
    method, plain = latched(1.0, chunks=1), latched(1.0, chunks=1)
    assert bool((method.gates.probability() == 1.0).all())
    for model in (method, plain):
        model.constraint.raw.data.fill_(2.0)  # a multiplier of 1 would hide a missing one
    torch.manual_seed(3)
    values = step(method)
    torch.manual_seed(3)
    x = images()
    mean, log_var = plain.encoder(x).chunk(2, dim=1)
    z = mean + torch.exp(0.5 * log_var) * torch.randn_like(mean)
    kl = kl_standard(mean, log_var).sum(1).mean()
    error = ((x - plain.decoder(z)) ** 2).flatten(1).sum(1) - 64 * plain.tau_per_pixel
    plain.descend(
        kl + plain.constraint.multiplier() * error.mean(), plain.model
    )  # the first average is C itself
    assert torch.equal(values["kl"], kl) and torch.equal(values["constraint"], error.mean())
    assert same(bits(method, "coder"), bits(plain, "coder"))


def test_closed_gate_cuts_its_dimension_off_encoder_and_image() -> None:
    method, x = latched(), images()
    mean, log_var = (torch.randn(BATCH, L, requires_grad=True) for _ in range(2))
    gates = torch.tensor([1.0, 0.0, 1.0, 1.0, 0.0])
    z = mean + torch.exp(0.5 * log_var)
    error, rate = method.costs(x, z, kl_standard(mean, log_var), gates)
    for grad in torch.autograd.grad((rate + error).sum(), (mean, log_var)):
        assert not grad[:, gates == 0].any() and bool(grad[:, gates == 1].ne(0.0).all())
    assert torch.equal(
        error, method.costs(x, z + 9.0 * (1.0 - gates), kl_standard(mean, log_var), gates)[0]
    )


@pytest.mark.parametrize("kl_mode", ["sum", "mean_open"])
@pytest.mark.parametrize("shared", [False, True])
def test_gate_gradient_equals_enumeration(shared: bool, kl_mode: str) -> None:
    """Of mean_i E[KL_i + lambda C_i] with z held, over all gate patterns; no L0 term in it."""
    count, groups, size = 3, 200, 40
    method = latched([0.7, 0.4, 0.9], latent_dim=count, shared_u=shared, kl=kl_mode).double()
    x = images(2).double()
    method.constraint.raw.data.fill_(2.0)
    generator = torch.Generator().manual_seed(0)
    z = 3.0 * torch.randn(2, count, generator=generator).double()
    kl = torch.rand(2, count, generator=generator).double()

    def total(gates: Tensor) -> Tensor:
        error, rate = method.costs(x, z, kl, gates)
        return (rate + method.constraint.multiplier() * error).mean()

    gamma = method.gates.gamma.detach().clone().requires_grad_()
    p = torch.sigmoid(7.0 * gamma)
    patterns = torch.tensor(list(itertools.product((0.0, 1.0), repeat=count))).double()
    weights = torch.where(patterns.bool(), p, 1.0 - p).prod(1)
    truth = torch.autograd.grad(
        (weights * torch.stack([total(row) for row in patterns]).detach()).sum(), gamma
    )[0]
    block_means = []
    with torch.no_grad():
        for _ in range(groups * (5 if shared else 1)):
            copies = 1 if shared else size
            many = [tensor.repeat(copies, *[1] * (tensor.dim() - 1)) for tensor in (x, z, kl)]
            u = torch.rand(1 if shared else 2 * size, count, generator=generator).double()
            first, second = u < p, u >= 1.0 - p
            error, rate = method.costs(*many, first.double())
            block_means.append(
                method.gate_gradient(
                    *many, second.double(), u, rate + method.constraint.multiplier() * error
                )
            )
    estimates = torch.stack(block_means)
    error = estimates.std(0) / len(estimates) ** 0.5
    assert bool(((estimates.mean(0) - truth).abs() < 5.0 * error).all())
    assert bool((truth.abs() > 10.0 * error).any()), "too few draws to see any gradient"


def test_gates_are_open_and_keep_their_bits_until_the_constraint_was_met() -> None:
    method = build(tau_per_pixel=1e-6)
    before = bits(method, "gate")
    method.gates.gamma.data.fill_(-1.0)  # closed by their probability, yet open
    closed = bits(method, "gate")
    assert before.keys() == closed.keys() and method.mask().all()
    seen: list[Tensor] = []
    method.decoder.register_forward_pre_hook(lambda module, inputs: seen.append(inputs[0].detach()))
    for _ in range(3):
        step(method)
    assert len(seen) == 24 and all(bool(z.ne(0.0).all()) for z in seen[::2]), (
        "the trained pass is the first of two"
    )
    assert same(closed, bits(method, "gate")) and method.gate.updates == 0
    assert not method.constraint.ever_met and method.ascent.updates == 12
    discovery = method.discover(images())
    assert discovery.flags == ("constraint_never_met", "constraint_not_tight")
    assert discovery.active.all()


def test_latch_works_from_the_next_update_and_the_first_move_is_one_step_size() -> None:
    """A zero gradient before the latch would have advanced Adam, whose first move would then be
    larger."""
    method = build(tau_per_pixel=10.0, chunks=1, gate_lr=1e-3)
    start = method.gates.gamma.detach().clone()
    step(method)
    assert bool(method.constraint.ever_met) and torch.equal(start, method.gates.gamma)
    step(method)
    moves = (method.gates.gamma.detach() - start).abs()
    torch.testing.assert_close(
        moves, torch.full((L,), 1e-3), rtol=1e-3, atol=0
    )  # Adam's first step is lr g / (|g| + eps)


@pytest.mark.parametrize("kept", [True, False])
def test_price_of_open_gates_is_charged_only_while_the_batch_keeps_the_constraint(
    kept: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    method = latched(0.8, chunks=1, l0=3.0, tau_per_pixel=10.0 if kept else 1e-6)
    gate_grads: list[Tensor] = []
    monkeypatch.setattr(method, "gate_gradient", lambda *parts: torch.zeros(L))
    monkeypatch.setattr(method.gate, "apply", lambda grads, when: gate_grads.extend(grads))
    step(method)
    p = method.gates.probability()
    torch.testing.assert_close(gate_grads[0], 3.0 * 7.0 * p * (1.0 - p) if kept else torch.zeros(L))


def test_average_is_that_of_the_trained_pass_and_drives_the_multiplier() -> None:
    method = latched(0.5, chunks=1)
    before, values = method.constraint.multiplier(), step(method)
    assert torch.equal(method.constraint.average, values["constraint"])
    assert float(values["constraint"]) > 0.0 and float(method.constraint.multiplier()) > float(
        before
    )


def test_consolidation_fixes_the_gates_and_trains_the_rest() -> None:
    method = latched([0.9, 0.2, 0.6, 0.5, 0.9])
    before, seen = bits(method), []
    method.decoder.register_forward_pre_hook(lambda module, inputs: seen.append(inputs[0].detach()))
    step(method, "consolidate")
    assert same(
        bits(method, "gate"), {name: tensor for name, tensor in before.items() if "gate" in name}
    )
    assert len(seen) == 4 and all(torch.equal(z.ne(0.0), method.mask().expand_as(z)) for z in seen)
    assert method.mask().tolist() == [True, False, True, False, True]
    assert (
        not torch.equal(before["method/constraint.raw"], method.constraint.raw)
        and method.model.updates == 4
    )


def test_constraint_first_met_while_consolidating_is_no_discovery() -> None:
    method = build(tau_per_pixel=10.0)
    step(method, "consolidate")
    assert "constraint_never_met" in method.discover(images()).flags
