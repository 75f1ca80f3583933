"""Nets for what a method must not touch while it trains: files, and random numbers that are not
torch's."""

from __future__ import annotations

import importlib
import random
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch

from benchmark.testing.candidate import CheckFailed

__all__ = ["no_files", "no_foreign_randomness"]

_CODE = (".py", ".pyc", ".so", ".pth")
_SYSTEM = ("/proc/", "/sys/", "/dev/")
_watching: list[Callable[[str], None]] = []
_installed = False


def _hook(event: str, arguments: tuple[Any, ...]) -> None:
    if event == "open" and _watching and isinstance(arguments[0], (str, bytes)):
        name = arguments[0].decode() if isinstance(arguments[0], bytes) else arguments[0]
        if not name.endswith(_CODE) and not name.startswith(_SYSTEM):
            _watching[-1](name)


@contextmanager
def no_files() -> Iterator[None]:
    """Raise at the first file that is opened in the block; Python's own modules are let through."""
    global _installed
    if not _installed:
        sys.addaudithook(_hook)  # cannot be taken away again, so it stays and sleeps
        _installed = True

    def complain(name: str) -> None:
        raise CheckFailed(
            f"'{name}' was opened while the method trained; a method sees the images it is given "
            "and no files, least of all test data"
        )

    _watching.append(complain)
    try:
        yield
    finally:
        _watching.pop()


@contextmanager
def no_foreign_randomness() -> Iterator[None]:
    """Raise at the first call of NumPy's or Python's random functions in the block, and at a torch
    generator of one's own."""
    importlib.import_module("torch._dynamo")  # torch's own; it reads numpy.random while imported
    places = (
        [(np.random, name) for name in np.random.__all__]
        + [(random, name) for name in random.__all__]
        + [(torch, "Generator")]
    )
    kept = [
        (owner, name, getattr(owner, name))
        for owner, name in places
        if callable(getattr(owner, name, None))
    ]
    for owner, name, value in kept:
        setattr(owner, name, _forbidden(f"{owner.__name__}.{name}", value))
    try:
        yield
    finally:
        for owner, name, value in kept:
            setattr(owner, name, value)


def _forbidden(what: str, allowed: Callable[..., Any]) -> Callable[..., Any]:
    """Return what stands for a random function: it complains, but to the harness, which orders the
    training images."""

    def call(*args: Any, **kwargs: Any) -> Any:
        caller = str(sys._getframe(1).f_globals.get("__name__", ""))
        if caller.startswith("benchmark.datasets."):
            return allowed(*args, **kwargs)
        raise CheckFailed(
            f"{what} was called; draw with torch.randn, torch.rand ... without a generator: "
            "the harness seeds them anew for every step"
        )

    return call
