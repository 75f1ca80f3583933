"""What is asked of Ray for a run, and which machines of a cluster could give it. Imports no Ray."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from benchmark.running.shares import Share

__all__ = ["Asks", "asks_of", "capped", "fits"]

Asks = Mapping[str, float]
"""Options of a task: ``num_cpus``, ``num_gpus`` and ``memory`` in bytes."""

NAMES = {"num_cpus": "CPU", "num_gpus": "GPU", "memory": "memory"}
"""What a machine of the cluster calls them."""


def asks_of(share: Share, *, on_gpu: bool) -> Asks:
    """Return what is asked for a run with this share: one core and, ``on_gpu``, one GPU unless it
    says otherwise.

    >>> asks_of(Share(memory=1_500_000_000, gpus=0.25), on_gpu=True)
    {'num_cpus': 1, 'num_gpus': 0.25, 'memory': 1500000000}
    """
    asks: dict[str, float] = {"num_cpus": share.cores or 1}
    asks["num_gpus"] = (share.gpus or 1) if on_gpu else 0
    return asks if share.memory is None else {**asks, "memory": share.memory}


def fits(asks: Asks, machine: Mapping[str, float]) -> bool:
    """Whether a machine with these resources could take such a run if it had no other."""
    return all(machine.get(NAMES[name], 0) >= amount for name, amount in asks.items())


def capped(asks: Asks, machines: Sequence[Mapping[str, float]]) -> Asks:
    """Return ``asks`` with no more memory than the machine has that has most of it among those that
    could take the run otherwise: measured memory has a margin, and a run that waits for ever is
    worse than one that is tried."""
    rest = {name: amount for name, amount in asks.items() if name != "memory"}
    most = max((machine.get("memory", 0) for machine in machines if fits(rest, machine)), default=0)
    return {**asks, "memory": int(most)} if 0 < most < asks.get("memory", 0) else asks
