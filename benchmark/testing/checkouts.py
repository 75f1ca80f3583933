"""A checkout of this repository beside this one, and the short runs that are done on it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from benchmark.records import Store
from benchmark.spec import BenchError

__all__ = ["STUDIES", "Plan", "Tree"]

DIGESTS = """
import json
from benchmark import identity, registry, spec
rooms = {"method": registry.METHODS, "study": registry.STUDIES}
digests = {f"{room} {entry.name}": entry.code for room in rooms for entry in rooms[room]}
digests |= {f"metric {entry.name}": identity.metric_code(entry.name) for entry in registry.METRICS}
digests |= {"harness": identity.harness_code(), "protocol": str(spec.PROTOCOL)}
print(json.dumps(digests))
"""


STUDIES = {
    "grae-jacobian": """
        studies = ["grae-jacobian"]
        datasets = ["digits"]
        latent_dims = [4]
        steps = 20
    """,
    "grae-objective": """
        studies = ["grae-objective"]
        datasets = ["digits"]
        latent_dims = [4]
        steps = 20
    """,
    "grae-uniqueness": """
        studies = ["grae-uniqueness[points=100,trials=2]"]
        steps = 500
    """,
    "gamma-slices": """
        studies = ["gamma-slices"]
        latent_dims = [8]
        steps = 100
    """,
}
"""A stage of a suite for each study, short."""


@dataclass(frozen=True)
class Plan:
    """The runs that are done by both revisions: for the harness and the metrics some of each of
    ``methods`` on the digits, for a method its own, which are longer, for a study its stage; for
    metrics that say nothing of the digits a run on data of known factors."""

    methods: Sequence[str] = ("vae", "maskaae", "geco-l0", "grae")
    seeds: int = 3
    steps: int = 60
    own_steps: int = 300
    studies: Mapping[str, str] = field(default_factory=lambda: STUDIES)
    factors: str = "sprites[size=32,count=1000]"


class Tree:
    """A checkout and the results of its runs."""

    def __init__(self, root: Path, work: Path) -> None:
        self.root, self.work = root, work
        work.mkdir(parents=True, exist_ok=True)

    def python(self, *arguments: str) -> str:
        """Return what Python prints when it runs on this checkout."""
        environment = {**os.environ, "PYTHONPATH": str(self.root)}
        done = subprocess.run(
            [sys.executable, *arguments],
            capture_output=True,
            text=True,
            check=False,
            env=environment,
            cwd=self.work,
        )
        if done.returncode:
            last = (done.stderr.strip().splitlines() or ["no message"])[-1]
            raise BenchError(f"'{self.root}' cannot be run: {last}")
        return done.stdout

    def digests(self) -> dict[str, str]:
        """Return the digest of everything, by what it is of."""
        digests: dict[str, str] = json.loads(self.python("-c", DIGESTS))
        return digests

    def run(
        self, methods: Iterable[str], seeds: int, steps: int, name: str, dataset: str = "digits"
    ) -> Store:
        """Run ``methods`` on a dataset and return the store of their records."""
        return self._carried_out(
            *("--methods", ",".join(methods), "--datasets", dataset),
            *("--seeds", str(seeds), "--steps", str(steps)),
            name=name,
        )

    def study(self, stage: str, name: str) -> Store:
        """Run the stage of a study and return the store of its record."""
        suite = self.work / f"{name}.toml"
        suite.write_text(f"[[stage]]\n{stage}", encoding="utf-8")
        return self._carried_out("--suite", str(suite), name=name)

    def _carried_out(self, *arguments: str, name: str) -> Store:
        self.python(
            *("-m", "benchmark", "run", *arguments, "--device", "cpu", "--results", name),
        )
        return Store(self.work / name)

    def evaluate(self, metrics: Iterable[str], name: str) -> None:
        """Measure ``metrics`` in the runs of a store."""
        self.python(
            *("-m", "benchmark", "evaluate", "--metrics", ",".join(metrics)),
            *("--device", "cpu", "--results", name),
        )
