"""Checks of a trained method: shapes, purity, addresses, batch sizes, and whether pruning is what
it claims."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial

import torch
from torch import Tensor

from benchmark.method import Method
from benchmark.testing.candidate import (
    BATCH,
    CPU,
    LATENT_DIM,
    SHAPE,
    Candidate,
    Check,
    CheckFailed,
    Skipped,
)
from benchmark.training.checkpoint import method_state
from benchmark.training.runtime import seed_noise

__all__ = ["CHECKS"]

TOLERANCE = 1e-4
"""Float32 sums come in another order for another batch size; a dependence on the batch is far
larger."""


@contextmanager
def _evaluating(candidate: Candidate) -> Iterator[tuple[Method, Tensor]]:
    """The trained method in evaluation mode, and 10 images, without gradients."""
    trained = candidate.whole.method  # trains it where no check did, which takes gradients
    with torch.no_grad():
        yield trained.eval(), candidate.train.head(10)


def shapes(candidate: Candidate) -> None:
    """``encode``, ``decode`` and ``sample`` give finite tensors of the promised shapes."""
    with _evaluating(candidate) as (method, x):
        code = method.encode(x)
        if code.dim() != 2 or len(code) != len(x) or code.shape[1] < LATENT_DIM:
            raise CheckFailed(
                f"encode returned {tuple(code.shape)} for {len(x)} images; expected ({len(x)}, "
                f"code_dim) with code_dim >= {LATENT_DIM}"
            )
        shapes = {
            "decode": (method.decode(code), (len(x), *SHAPE)),
            "sample": (method.sample(7), (7, *SHAPE)),
            "encode": (code, tuple(code.shape)),
        }
        for name, (value, expected) in shapes.items():
            if tuple(value.shape) != expected:
                raise CheckFailed(f"{name} returned {tuple(value.shape)}; expected {expected}")
            if not bool(torch.isfinite(value).all()):
                raise CheckFailed(
                    f"{name} returned numbers that are not finite after a few steps; "
                    "find out which step made them"
                )
        posterior = method.posterior(x)
        if posterior is not None and any(
            tuple(part.shape) != (len(x), LATENT_DIM) for part in posterior
        ):
            raise CheckFailed(
                f"posterior returned {[tuple(part.shape) for part in posterior]}; "
                f"expected mean and log-variance {(len(x), LATENT_DIM)}"
            )


def leaves_the_state(candidate: Candidate) -> None:
    """Nothing that evaluation calls changes a parameter, a buffer or player state."""
    with _evaluating(candidate) as (method, x):
        for name, call in _calls(method, x).items():
            before = {key: tensor.clone() for key, tensor in method_state(method).items()}
            call()
            changed = [
                key
                for key, tensor in method_state(method).items()
                if not torch.equal(tensor, before[key])
            ]
            if changed:
                for key, tensor in method_state(method).items():
                    tensor.copy_(before[key])
                raise CheckFailed(
                    f"{name} changed '{changed[0]}'; evaluation must leave the method as it is: "
                    "compute into new tensors"
                )


def _calls(method: Method, x: Tensor) -> dict[str, Callable[[], object]]:
    code = method.encode(x)
    calls: dict[str, Callable[[], object]] = {
        name: partial(getattr(method, name), x)
        for name in ("encode", "discover", "lstar_so_far", "posterior")
    }
    calls |= {
        name: partial(getattr(method, name), x)
        for name in ("terms", "categories")
        if hasattr(method, name)
    }
    return {**calls, "decode": lambda: method.decode(code), "sample": lambda: method.sample(4)}


def codes_are_deterministic(candidate: Candidate) -> None:
    """``encode`` and ``decode`` draw nothing."""
    with _evaluating(candidate) as (method, x):
        codes, images = [], []
        for address in (1, 2):
            seed_noise(address, CPU)
            codes.append(method.encode(x))
            images.append(method.decode(codes[0]))
        for name, (one, other) in {"encode": codes, "decode": images}.items():
            if not torch.equal(one, other):
                raise CheckFailed(
                    f"{name} gave two results for the same input; return the mean, "
                    "and draw in train_step, sample or sampled_code only"
                )


def batch_size_does_not_matter(candidate: Candidate) -> None:
    """Codes and images of an input do not depend on what else is in the batch."""
    with _evaluating(candidate) as (method, x):
        code = method.encode(x)
        pairs = {
            "encode": (code[:3], method.encode(x[:3])),
            "decode": (method.decode(code)[:3], method.decode(code[:3])),
        }
        for name, (whole, part) in pairs.items():
            gap = float((whole - part).abs().max())
            if gap > TOLERANCE * (1.0 + float(whole.abs().max())):
                raise CheckFailed(
                    f"{name} of three images changes by {gap:.2g} with the batch they are in; "
                    "normalise with statistics kept from training (a buffer), "
                    "never with the batch's own"
                )


def samples_obey_their_address(candidate: Candidate) -> None:
    """``sample`` gives the same images for the same noise, and others for other noise."""
    with _evaluating(candidate) as (method, _):
        samples = []
        for address in (5, 5, 6):
            seed_noise(address, CPU)
            samples.append(method.sample(BATCH))
        if not torch.equal(samples[0], samples[1]):
            raise CheckFailed(
                "sample gave two results from the same noise; draw with torch.randn and no "
                "generator of your own, inside sample itself"
            )
        if torch.equal(samples[0], samples[2]):
            raise CheckFailed(
                "sample gave the same images from different noise; draw inside sample, "
                "not once in build() or prepare()"
            )


def prunes_as_claimed(candidate: Candidate) -> None:
    """With ``prunes = True`` the decoder is blind to inactive coordinates, with False it is not."""
    with _evaluating(candidate) as (method, x):
        active = method.discover(candidate.train.head(32)).active
        if bool(active.all()):
            raise Skipped("every dimension is active here, so there is nothing to prune")
        code = method.encode(x)
        other = code.clone()
        other[:, :LATENT_DIM] = torch.where(
            active, code[:, :LATENT_DIM], code[:, :LATENT_DIM] + 10.0
        )
        blind = torch.equal(method.decode(code), method.decode(other))
        if blind != candidate.kind.prunes:
            verb = "does not change" if blind else "changes"
            raise CheckFailed(
                f"the class says prunes = {candidate.kind.prunes}, "
                f"but the image {verb} with inactive coordinates; set it to {blind}"
            )


CHECKS = (
    Check("shapes", "codes, images and samples are finite and of their shapes", shapes),
    Check("pure", "evaluation leaves the state", leaves_the_state),
    Check("deterministic-codes", "encode and decode draw nothing", codes_are_deterministic),
    Check("batch-size", "codes and images do not depend on the batch", batch_size_does_not_matter),
    Check("addressed-samples", "sample obeys its address", samples_obey_their_address),
    Check("prunes", "prunes is what the class says", prunes_as_claimed),
)
