"""Steps without capture, for comparison on a GPU: ``bench run --eager``."""

from __future__ import annotations

from benchmark.training import trainer
from benchmark.training.stepper import EagerStepper

__all__ = ["never_capture"]


def never_capture() -> None:
    """Let trainers of this process take every step eagerly from now on, on a GPU too. The bits are
    those of captured steps."""
    # set from outside, so that the digest of the training loop, which runs carry, stays
    trainer.stepper_for = EagerStepper  # type: ignore[attr-defined]  # of the module
