"""Imported once by the server that runs are forked from, so that no run pays for it again: torch, the metrics, the determinism switch."""

from __future__ import annotations

from benchmark import registry
from benchmark.protocol import job, runtime

__all__ = ["job"]

runtime.make_deterministic()
for entry in registry.METRICS:
    registry.load(entry.target)
