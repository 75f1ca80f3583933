"""Imported once by the server that runs are forked from, so that no run pays for it again: torch,
the metrics, the determinism switch.

The modules of the datasets are imported beside it
(:func:`benchmark.running.forkserver.context`), and with them what those read data with.
"""

from __future__ import annotations

import signal

SIGNALS = (signal.SIGINT, signal.SIGTERM)
"""Sent to the whole group they are for the runs, which listen for them; the server ends with its
parent. They were held back until here (:func:`benchmark.running.forkserver.launch`)."""

for number in SIGNALS:
    signal.signal(number, signal.SIG_IGN)
signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)

import torch._dynamo  # noqa: E402, F401  every run's Jacobian imports it, for two seconds

from benchmark import registry  # noqa: E402
from benchmark.running import job  # noqa: E402
from benchmark.training import runtime  # noqa: E402

__all__ = ["job"]

runtime.make_deterministic()
for entry in registry.METRICS:
    registry.load(entry.target)
