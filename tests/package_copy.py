"""A copy of the package that a test may edit, and what its digests are."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]

DIGESTS = """
import json
from benchmark import identity, registry
print(json.dumps({
    "harness": identity.harness_code(),
    "methods": {each.name: each.code for each in registry.METHODS},
    "studies": {each.name: each.code for each in registry.STUDIES},
    "metrics": {each.name: identity.metric_code(each.name) for each in registry.METRICS},
}))
"""


class PackageCopy:
    """``benchmark`` and ``baselines`` in a folder of their own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        for package in ("benchmark", "baselines"):
            shutil.copytree(
                ROOT / package, folder / package, ignore=shutil.ignore_patterns("__pycache__")
            )

    def edit(self, file: str, old: str, new: str) -> None:
        """Replace the one occurrence of ``old`` in a file."""
        path = self.folder / file
        text = path.read_text(encoding="utf-8")
        assert text.count(old) == 1, (file, old, text.count(old))
        path.write_text(text.replace(old, new), encoding="utf-8")

    def restore(self) -> None:
        """Bring every source file back as it is in the checkout."""
        for package in ("benchmark", "baselines"):
            for path in (self.folder / package).rglob("*.py"):
                if not (ROOT / path.relative_to(self.folder)).exists():
                    path.unlink()
            for path in (ROOT / package).rglob("*.py"):
                copy = self.folder / path.relative_to(ROOT)
                if not copy.exists() or copy.read_bytes() != path.read_bytes():
                    shutil.copy(path, copy)

    def python(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run Python on the copy, from its folder."""
        environment = {**os.environ, "PYTHONPATH": str(self.folder), "PYTHONDONTWRITEBYTECODE": "1"}
        return subprocess.run(
            [sys.executable, *arguments],
            capture_output=True,
            text=True,
            check=False,
            env=environment,
            cwd=self.folder,
        )

    def digests(self) -> dict[str, Any]:
        """Return the digests of harness, methods, studies and metrics of the copy."""
        done = self.python("-c", DIGESTS)
        assert done.returncode == 0, done.stderr
        by_name: dict[str, Any] = json.loads(done.stdout)
        return by_name


def moved(before: dict[str, Any], after: dict[str, Any]) -> set[str]:
    """Return what has another digest: ``harness`` and the names of methods, studies, metrics."""
    changed = {"harness"} if before["harness"] != after["harness"] else set()
    for room in ("methods", "studies", "metrics"):
        assert before[room].keys() == after[room].keys()
        changed |= {name for name in before[room] if before[room][name] != after[room][name]}
    return changed
