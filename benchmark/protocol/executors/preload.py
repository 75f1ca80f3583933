"""Imported once by the server that runs are forked from, so that no run pays for it again: torch,
the metrics, the determinism switch.

The modules of the datasets are imported beside it
(:func:`benchmark.protocol.executors.processes.context`), and with them what those read data with.
"""

from __future__ import annotations

import signal

for number in (signal.SIGINT, signal.SIGTERM):
    signal.signal(
        number, signal.SIG_IGN
    )  # a signal to the whole group is for the runs, which listen for it; the server ends with its parent

import torch._dynamo  # noqa: E402, F401  every run's Jacobian imports it, for two seconds

from benchmark import registry  # noqa: E402
from benchmark.protocol import job, runtime  # noqa: E402

__all__ = ["job"]

runtime.make_deterministic()
for entry in registry.METRICS:
    registry.load(entry.target)
