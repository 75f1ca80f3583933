"""What of a record's environment decides its bits: the machine class, and how two environments
differ. Standard library only.

Two runs of one key, one code and one machine class give the same bits. Kernel, commit, Python's
version and the version of safetensors are told, but decide nothing: no number passes through them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

__all__ = ["Change", "changes", "machine_class", "same_class"]

_PACKAGES = ("torch", "torchvision", "numpy", "scipy", "scikit-learn")
_MACHINE = (
    "architecture",
    "libc",
    "cpu",
    "cpu_family",
    "cpu_capability",
    "blas",
    "device",
    "gpu_capability",
    "cuda",
    "cudnn",
)
_SWITCHES = (
    "threads",
    "deterministic",
    "cudnn_deterministic",
    "cudnn_benchmark",
    "tf32",
    "cublas_workspace",
)
_DECIDING = (*_PACKAGES, *_MACHINE, *_SWITCHES)


@dataclass(frozen=True)
class Change:
    """A fact that differs between two runs; ``decides`` says whether it may change bits."""

    name: str
    before: Any
    after: Any
    decides: bool = True

    def __str__(self) -> str:
        return f"{self.name} {self.before} -> {self.after}"


def _facts(environment: Mapping[str, Any]) -> dict[str, Any]:
    """The environment with packages and determinism switches unfolded into it."""
    nested = ("packages", "determinism")
    return {name: value for name, value in environment.items() if name not in nested} | {
        name: value for part in nested for name, value in environment.get(part, {}).items()
    }


def machine_class(environment: Mapping[str, Any]) -> dict[str, Any]:
    """Return the facts of ``environment`` that decide bits, by name; those it does not tell (older
    records) are left out."""
    facts = _facts(environment)
    return {name: facts[name] for name in _DECIDING if facts.get(name) is not None}


def same_class(first: Mapping[str, Any], second: Mapping[str, Any]) -> bool:
    """Return whether two machine classes are one: both tell torch and processor, and nothing that
    both tell differs.

    >>> facts = {"torch": "2.9", "cpu": "A", "device": "cpu"}
    >>> same_class(facts, {**facts, "libc": "glibc 2.36"})
    True
    >>> same_class({"torch": "2.9", "cpu": "A"}, {"torch": "2.9", "cpu": "B"}), same_class({}, {})
    (False, False)
    """
    both_tell = all(name in facts for facts in (first, second) for name in ("torch", "cpu"))
    return both_tell and all(first[name] == second[name] for name in first.keys() & second.keys())


def changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[Change]:
    """Return what differs between two environments, deciding facts first; what only one of them
    tells is left out."""
    old, new = _facts(before), _facts(after)
    rest = [name for name in old if name not in _DECIDING]
    names = [*_DECIDING, *rest]
    return [
        Change(name, old[name], new[name], name in _DECIDING)
        for name in names
        if _both(name, old, new) and old[name] != new[name]
    ]


def _both(name: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> bool:
    return old.get(name) is not None and new.get(name) is not None
