"""Checks of the step: its values, its randomness, its state, who moves what, and that a cut run
equals a whole one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from unittest import mock

import torch
from torch import Tensor

from benchmark.method import Method, Player
from benchmark.testing.candidate import (
    CPU,
    LATENT_DIM,
    PER_EPOCH,
    STEPS,
    Candidate,
    Check,
    CheckFailed,
    Skipped,
    digest,
)
from benchmark.testing.graphs import GraphReplay
from benchmark.testing.guards import no_files, no_foreign_randomness
from benchmark.training import stepper
from benchmark.training import trainer as trainer_module
from benchmark.training.checkpoint import method_state
from benchmark.training.host_reads import HostRead, no_host_reads
from benchmark.training.runtime import seed_noise

__all__ = ["CHECKS"]


def step_values(candidate: Candidate) -> None:
    """``train_step`` returns the same finite named tensors, () or (latent_dim,), in every phase."""
    candidate.need_steps()
    method, seen = candidate.build(), {}
    method.prepare(candidate.train)
    for phase, step in candidate.phases(method).items():
        seed_noise(step, CPU)
        values = method.train_step(*candidate.inputs(method, step))
        for name, value in values.items():
            if not isinstance(value, Tensor) or tuple(value.shape) not in ((), (LATENT_DIM,)):
                shape = tuple(value.shape) if isinstance(value, Tensor) else type(value).__name__
                raise CheckFailed(
                    f"train_step returned {name} of shape {shape} in phase '{phase}'; "
                    "expected tensors of shape () or (latent_dim,)"
                )
            if not bool(torch.isfinite(value).all()):
                raise CheckFailed(
                    f"train_step returned {name} = {value.tolist()} in phase '{phase}'; "
                    "expected finite numbers from the first step on"
                )
        seen[phase] = sorted(values)
    if len({tuple(names) for names in seen.values()}) != 1 or not next(iter(seen.values())):
        raise CheckFailed(
            f"train_step returned {seen} by phase; expected at least one name, "
            "and the same names in all phases"
        )


def no_host_traffic(candidate: Candidate) -> None:
    """A step reads nothing back to the host and brings nothing from it, in any phase."""
    candidate.need_steps()
    method = candidate.build()
    method.prepare(candidate.train)
    for step in candidate.phases(method).values():
        inputs = candidate.inputs(method, step)
        try:
            with no_host_reads():
                method.train_step(*inputs)
        except HostRead as error:
            raise CheckFailed(str(error)) from None


def operations_are_deterministic(candidate: Candidate) -> None:
    """Every operation of a step has a deterministic form."""
    try:
        candidate.walk()
    except RuntimeError as error:
        if "deterministic" not in str(error):
            raise
        raise CheckFailed(
            f"{str(error).split('.')[0]}; use an operation that has one (scatter, "
            "index_add and put_ often have a twin in gather or one-hot products)"
        ) from None


def torch_randomness_only(candidate: Candidate) -> None:
    """No random number comes from NumPy, from Python or from a generator of the method's own."""
    with no_foreign_randomness():
        candidate.walk()


def trains_on_what_it_is_given(candidate: Candidate) -> None:
    """No file is opened between build and conclude; so no test image is seen."""
    with no_files():
        candidate.walk()


def every_parameter_moves(candidate: Candidate) -> None:
    """Over all phases each parameter is moved by some player."""
    candidate.need_steps()
    before = {name: p.detach().clone() for name, p in candidate.build().named_parameters()}
    after = dict(candidate.whole.method.named_parameters())
    still = [name for name, p in before.items() if torch.equal(p, after[name])]
    if still:
        owners = [
            player.name
            for player in candidate.whole.method.players.values()
            if still[0] in player.parameters
        ]
        change = (
            f"it belongs to player '{owners[0]}', whose losses do not reach it"
            if owners
            else "no player owns it: give it to add_player(...)"
        )
        raise CheckFailed(
            f"parameter '{still[0]}' kept its initial value in {STEPS} steps ({len(still)} such); "
            f"{change}, or make it a buffer if it is meant to be constant"
        )


def only_players_move_parameters(candidate: Candidate) -> None:
    """A parameter changes only when a player that owns it steps, and no gradient is left lying
    about."""
    candidate.need_steps()
    method, stepped = candidate.build(), set[str]()
    method.prepare(candidate.train)

    def apply(player: Player, *args: Any, **kwargs: Any) -> None:
        stepped.update(player.parameters)
        genuine(player, *args, **kwargs)

    genuine = Player.apply
    for phase, step in candidate.phases(method).items():
        before = {name: p.detach().clone() for name, p in method.named_parameters()}
        stepped.clear()
        with mock.patch.object(Player, "apply", apply):
            method.train_step(*candidate.inputs(method, step))
        left = [name for name, p in method.named_parameters() if p.grad is not None]
        if left:
            raise CheckFailed(
                f"after a step in phase '{phase}' parameter '{left[0]}' carries a gradient; "
                "loss.backward() leaks into every network the loss passes through, "
                "the opponent's too: use self.descend(loss, player), "
                "which takes gradients for that player alone"
            )
        moved = [
            name
            for name, p in method.named_parameters()
            if name not in stepped and not torch.equal(before[name], p)
        ]
        if moved:
            raise CheckFailed(
                f"parameter '{moved[0]}' changed in phase '{phase}' although no player that owns "
                "it stepped; change it through its player"
            )


def resumes(candidate: Candidate, at: int) -> None:
    candidate.need_steps()
    path = candidate.folder / f"cut-{at}.safetensors"
    candidate.trained(stop_at=at, path=path)
    again = candidate.trained(path=path)
    if digest(again) != digest(candidate.whole):
        raise CheckFailed(
            f"a run stopped before step {at} and resumed ended differently from one left alone: "
            f"{_difference(again.method, candidate.whole.method)}; "
            "everything that changes must be a parameter, a buffer or player state (no Python "
            "counters, lists or generators)"
        )


def resumes_inside_an_epoch(candidate: Candidate) -> None:
    """Stopped inside an epoch and resumed equals left alone, bit for bit."""
    for at in (2, STEPS - 1):
        resumes(candidate, at)


def resumes_at_an_edge(candidate: Candidate) -> None:
    """Stopped at the edge of an epoch and resumed equals left alone, bit for bit."""
    for at in (PER_EPOCH, 2 * PER_EPOCH):
        resumes(candidate, at)


def _difference(one: Method, other: Method) -> str:
    a, b = method_state(one), method_state(other)
    names = [name for name in a if name not in b or not torch.equal(a[name], b[name])]
    return f"{len(names)} tensors differ, the first '{names[0]}'" if names else "the curves differ"


def captured_equals_eager(candidate: Candidate) -> None:
    """Steps recorded once per phase and replayed give the bits of plain steps; warm-ups leave no
    trace."""
    candidate.need_steps()
    _same(
        candidate,
        CPU,
        lambda method, device: stepper.CapturedStepper(method, device, GraphReplay()),
    )


def captured_equals_eager_on_cuda(candidate: Candidate) -> None:
    """The same with CUDA graphs."""
    candidate.need_steps()
    if not torch.cuda.is_available():
        raise Skipped("needs a CUDA device")
    _same(
        candidate,
        torch.device("cuda"),
        lambda method, device: stepper.CapturedStepper(method, device, stepper.CudaGraphs()),
    )


def _same(
    candidate: Candidate,
    device: torch.device,
    captured: Callable[[Method, torch.device], stepper.CapturedStepper],
) -> None:
    candidates = []
    for kind in (stepper.EagerStepper, captured):
        with mock.patch.object(trainer_module, "stepper_for", kind):
            candidates.append(candidate.trained(device=device))
    if digest(candidates[0]) != digest(candidates[1]):
        raise CheckFailed(
            "captured steps end differently from plain ones: "
            f"{_difference(candidates[1].method, candidates[0].method)}; "
            "a step may depend on tensors and the phase alone, and state that is no tensor is not "
            "restored after a warm-up"
        )


CHECKS = (
    Check(
        "deterministic", "every operation has a deterministic form", operations_are_deterministic
    ),
    Check("step-values", "train_step returns the same finite values in every phase", step_values),
    Check("host-reads", "a step stays on the device", no_host_traffic),
    Check("torch-randomness", "random numbers come from torch alone", torch_randomness_only),
    Check("given-images", "trains on what it is given, opens no file", trains_on_what_it_is_given),
    Check("every-parameter", "every parameter is moved by some player", every_parameter_moves),
    Check(
        "ownership",
        "only its player moves a parameter, no gradient leaks",
        only_players_move_parameters,
    ),
    Check("resume-inside", "resume inside an epoch is bitwise", resumes_inside_an_epoch),
    Check("resume-edge", "resume at an epoch's edge is bitwise", resumes_at_an_edge),
    Check(
        "captured",
        "captured equals eager (a stand-in for graphs on the CPU)",
        captured_equals_eager,
    ),
    Check("captured-cuda", "captured equals eager with CUDA graphs", captured_equals_eager_on_cuda),
)
