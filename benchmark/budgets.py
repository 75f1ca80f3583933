"""How long to train: the budgets that a grid may name. Standard library only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

__all__ = ["BUDGETS", "QUICK_ELSEWHERE", "QUICK_STEPS", "Budget", "quick_steps"]


@dataclass(frozen=True)
class Budget:
    """How long to train, in outer steps or epochs (one of both, or what :func:`quick_steps` or the
    method's paper says); ``summary`` is its line in ``bench list budgets``.

    ``sweep`` says whether a dataset's whole list of latent dimensions is run by default, or only
    its first; ``full`` whether metrics of tier full are measured too.
    """

    name: str
    summary: str
    steps: int | None = None
    epochs: int | None = None
    sweep: bool = False
    full: bool = False


BUDGETS: Mapping[str, Budget] = {
    budget.name: budget
    for budget in (
        Budget("smoke", "20 outer steps: does it run?", steps=20),
        Budget("quick", "the steps at which methods separate, one latent size (default)"),
        Budget(
            "short", "10 epochs, every latent size of the dataset", epochs=10, sweep=True, full=True
        ),
        Budget(
            "paper", "the schedule the method's paper gives for the dataset", sweep=True, full=True
        ),
    )
}


QUICK_STEPS: Mapping[str, int] = {
    "circle": 1500,
    "one-moon": 1500,
    "latent-8": 3000,
    "latent-16": 3000,
    "manifold": 3000,
    "digits": 1000,
    "sprites": 600,
}
"""Outer steps of budget ``quick`` by dataset: where the L* of the methods that select have parted
(measured, docs/decisions.md; of manifold those of latent-8, whose map it has)."""

QUICK_ELSEWHERE = 600
"""Outer steps of budget ``quick`` on other data, where nobody has measured when methods part."""


def quick_steps(dataset: str) -> int:
    """Return the outer steps of budget ``quick`` on the dataset called ``dataset``."""
    return QUICK_STEPS.get(dataset, QUICK_ELSEWHERE)
