"""The check that needs another process: the same key gives the same bits there. One process serves
all methods that are asked for."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path

from benchmark.spec import BenchError
from benchmark.testing.candidate import Candidate, Check, CheckFailed, digest

__all__ = ["CHECKS", "digests_elsewhere"]


def digests_elsewhere(references: Iterable[str]) -> dict[str, str]:
    """Return the digest of a short run of each method, made in one fresh process with another hash
    seed."""
    environment = {**os.environ, "PYTHONHASHSEED": "1"}
    command = [
        sys.executable,
        "-c",
        "from benchmark.testing.processes import main; main()",
        *references,
    ]
    done = subprocess.run(command, capture_output=True, text=True, env=environment)
    if done.returncode:
        raise BenchError(
            "the helper process of the conformance checks failed: "
            f"{done.stderr.strip().splitlines()[-1:]}"
        )
    return json.loads(done.stdout.splitlines()[-1])


def main() -> None:
    """Print the digests of the methods named on the command line as one line of JSON."""
    digests: dict[str, str] = {}
    with tempfile.TemporaryDirectory() as folder:
        for reference in sys.argv[1:]:
            results = Path(folder) / str(len(digests))
            results.mkdir()
            try:
                digests[reference] = digest(Candidate(reference, results).whole)
            except Exception as error:
                digests[reference] = f"{type(error).__name__}: {error}"
    sys.stdout.write(json.dumps(digests))


def same_bits_in_two_processes(candidate: Candidate) -> None:
    """The same key gives the same bits in this process and in another one."""
    here = digest(candidate.whole)
    elsewhere = (
        candidate.elsewhere
        if candidate.elsewhere is not None
        else digests_elsewhere([candidate.reference])
    )
    if elsewhere[candidate.reference] != here:
        raise CheckFailed(
            f"the same run in another process ended with {elsewhere[candidate.reference][:60]}, "
            f"here with {here[:12]}; nothing may depend on hash(), id(), the clock, "
            "the order of a set, or an operation without a deterministic form"
        )


CHECKS = (
    Check(
        "processes", "the same key gives the same bits in two processes", same_bits_in_two_processes
    ),
)
