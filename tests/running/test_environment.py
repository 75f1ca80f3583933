"""What a record tells of the environment its run was made in."""

from __future__ import annotations

import torch
from harness import CPU

from benchmark.running.environment import environment
from benchmark.training.runtime import make_deterministic


def test_environment_tells_what_a_repetition_needs() -> None:
    make_deterministic()
    facts = environment(CPU)
    assert facts["threads"] == 1
    assert (
        facts["packages"]["torch"] == torch.__version__.partition("+")[0]
        or facts["packages"]["torch"] == torch.__version__
    )
    assert {"cpu", "cpu_capability", "deterministic", "commit", "dirty", "python"} <= set(facts)
