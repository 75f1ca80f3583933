"""Checks of what must not matter: what was built before a module, how gradients lie in memory."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from unittest import mock

import torch
from torch import Tensor

from benchmark.method import Method, Player
from benchmark.testing.candidate import CPU, Candidate, Check, CheckFailed
from benchmark.training.checkpoint import method_state
from benchmark.training.runtime import seed_noise

__all__ = ["CHECKS"]

IMAGE = (2, 9, 14)
"""Large enough for convolutions, whose second derivatives come transposed; odd and not square."""


def weights_of_their_own(candidate: Candidate) -> None:
    """Initial weights and buffers do not depend on what was drawn before the method was built."""

    def build(method: Method) -> None:
        torch.nn.Linear(5, 5)
        genuine(method)

    genuine = candidate.kind.build
    plain = candidate.build()
    with mock.patch.object(candidate.kind, "build", build):
        name = _first_difference(plain, candidate.build())
    if name is not None:
        raise CheckFailed(
            f"'{name}' starts elsewhere where another module was built first; draw it in the "
            "reset_parameters() of the module that holds it, which the harness calls after it "
            "seeded the stream of that module's name (norms of weights: those of "
            "torch.nn.utils.parametrizations)"
        )


def contiguous_gradients(candidate: Candidate) -> None:
    """An outer step moves parameters and state alike whether or not every gradient is made
    contiguous first, in every phase."""
    candidate.need_steps()
    large = Candidate(candidate.reference, candidate.folder, shape=IMAGE)
    plain, contiguous = _prepared(large), _prepared(large)

    def apply(player: Player, grads: Iterable[Tensor], *args: Any, **kwargs: Any) -> None:
        genuine(player, [grad.contiguous() for grad in grads], *args, **kwargs)

    genuine = Player.apply
    for phase, step in large.phases(plain).items():
        _step(large, plain, step)
        with mock.patch.object(Player, "apply", apply):
            _step(large, contiguous, step)
        name = _first_difference(plain, contiguous)
        if name is not None:
            raise CheckFailed(
                f"in phase '{phase}' '{name}' becomes another where every gradient is contiguous; "
                "step through Player.apply, which lays gradients out as their parameters, or "
                "copy them into tensors like the parameters first"
            )


def _prepared(candidate: Candidate) -> Method:
    method = candidate.build()
    seed_noise(0, CPU)
    method.prepare(candidate.train)
    return method


def _step(candidate: Candidate, method: Method, step: int) -> None:
    seed_noise(step, CPU)
    method.train_step(*candidate.inputs(method, step))


def _first_difference(one: Method, other: Method) -> str | None:
    """Return the name of the first tensor of the state that differs in a bit; None without one."""
    a, b = method_state(one), method_state(other)
    return next((name for name in a if not torch.equal(a[name], b[name])), None)


CHECKS = (
    Check(
        "initial-weights",
        "initial weights come from the stream of their own name",
        weights_of_their_own,
    ),
    Check(
        "gradient-layout",
        "how gradients lie in memory does not matter",
        contiguous_gradients,
    ),
)
