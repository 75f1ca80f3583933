"""Shared by all tests: one torch thread, deterministic algorithms, and the places of real data."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest


def _data_dir() -> Path:
    folder = os.environ.get("BENCH_DATA")
    return Path(folder) if folder else Path(__file__).resolve().parents[2] / "shared" / "data"


@pytest.fixture(scope="session")
def data_dir() -> Path:
    """The folder of real data: $BENCH_DATA, or the one beside the checkout; skips where MNIST is
    not in it."""
    folder = _data_dir()
    if not (folder / "MNIST" / "raw").is_dir():
        pytest.skip(f"no MNIST in '{folder}'; set BENCH_DATA to run this test")
    return folder


@pytest.fixture(scope="session", autouse=True)
def deterministic() -> None:
    """The switch that every run throws, thrown for the tests too. Where none of the chosen files
    imports torch, it is left to the runs, and two seconds are not spent."""
    if "torch" in sys.modules:
        from benchmark.training.runtime import make_deterministic

        make_deterministic()
