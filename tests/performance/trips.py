"""Count the files that five trips through the project enter, and how often they change file.

    python tests/performance/trips.py [--root CHECKOUT]

A profile hook sees every call of a function of ``benchmark`` or ``baselines``. Each trip is taken
once, in a process of its own that has imported everything and made the digests of its code. The
trips: one run (vae on circle, budget smoke), its record to a LaTeX cell of ``summary``, to the
layout ``ren-1``, to the verdict on a claim, and to a figure. ``--root`` names another checkout,
whose modules may lie elsewhere.
"""

from __future__ import annotations

import argparse
import importlib
import os
import pkgutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from types import FrameType
from typing import Any

HOMES = {
    "plan": ("benchmark.planning.jobs", "benchmark.protocol.suite"),
    "Grid": ("benchmark.planning.suites", "benchmark.protocol.suites"),
    "Settings": ("benchmark.planning.reuse", "benchmark.protocol.reuse"),
    "execute": ("benchmark.running.job", "benchmark.protocol.job"),
    "build": ("benchmark.reporting.named_tables", "benchmark.reporting.tables"),
    "References": ("benchmark.controls", "benchmark.references"),
    "verdicts": ("benchmark.reporting.claims.verdicts", "benchmark.reporting.verdicts"),
    "claims": ("benchmark.reporting.claims.claims", "benchmark.reporting.claims"),
    "draw": ("benchmark.reporting.figures.draw", "benchmark.reporting.figures"),
    "Material": ("benchmark.reporting.figures.material", "benchmark.reporting.material"),
}
"""Where each function lies: now, and before the rooms."""


def look_up(name: str) -> Any:
    """Return the function or class ``name`` of whichever checkout is imported."""
    for home in HOMES[name]:
        try:
            return getattr(importlib.import_module(home), name)
        except (ImportError, AttributeError):
            continue
    raise LookupError(f"'{name}' is in none of {', '.join(HOMES[name])}")


class Count:
    """The files entered on a trip, and the changes from one to another, by call or by return."""

    def __init__(self, root: Path) -> None:
        self.root = str(root)
        self.files: set[str] = set()
        self.changes = 0
        self._stack: list[str] = []
        self._importing = 0

    def __call__(self, frame: FrameType, event: str, argument: object) -> None:
        """The hook of :func:`sys.setprofile`."""
        name = frame.f_code.co_filename
        if name.startswith("<frozen importlib"):
            self._importing += {"call": 1, "return": -1}.get(event, 0)
        ours = name.startswith(self.root) and "/tests/" not in name
        if not ours or self._importing > 0 or frame.f_code.co_name == "<module>":
            return
        if event == "call":
            self.files.add(name)
            self.changes += bool(self._stack) and self._stack[-1] != name
            self._stack.append(name)
        elif event == "return" and self._stack:
            left = self._stack.pop()
            self.changes += bool(self._stack) and self._stack[-1] != left


@contextmanager
def profiled(count: Count) -> Iterator[None]:
    """Count every call within."""
    sys.setprofile(count)
    try:
        yield
    finally:
        sys.setprofile(None)


def import_everything() -> None:
    """Import every module of the project, so that no import is counted; what needs a library that
    is not installed is on no trip."""
    for package in ("benchmark", "baselines"):
        folder = importlib.import_module(package).__path__
        for module in pkgutil.walk_packages(folder, f"{package}."):
            if not module.name.endswith(("__main__", "preload")):
                with suppress(ModuleNotFoundError):
                    importlib.import_module(module.name)


def digest_everything() -> None:
    """Make the digests of the code, which are cached: they follow every definition of the code."""
    from benchmark import registry
    from benchmark.identity import harness_code, metric_code

    harness_code()
    for room in ("methods", "datasets", "metrics"):
        for entry in registry.entries(room):
            assert entry.code
            metric_code(entry.name)


def run(folder: Path) -> None:
    """Train and evaluate vae on circle by budget smoke, in this process."""
    grid = look_up("Grid")(["vae"], ["circle"], budget="smoke")
    (job,) = look_up("plan")(grid, Path("data"))
    record = look_up("execute")(job, look_up("Settings")(folder, device="cpu", force=True))
    assert record.status == "done", record.error


def table(folder: Path, name: str) -> None:
    """Write a table of the records in ``folder`` as LaTeX."""
    from benchmark.records import load_records
    from benchmark.reporting.render import RENDERERS

    references = look_up("References")(folder)
    built = look_up("build")(name, load_records(folder), references=references)
    RENDERERS["latex"](built)


def verdict(folder: Path) -> None:
    """Judge the first claim on a figure of vae by the records in ``folder``."""
    from benchmark.records import load_records

    claim = next(candidate for candidate in look_up("claims")() if "vae" in candidate.methods)
    look_up("verdicts")(load_records(folder), [claim], look_up("References")(folder))


def figure(folder: Path) -> None:
    """Draw the metric against the latent size from the records in ``folder``."""
    from benchmark.records import load_records

    material = look_up("Material").of(load_records(folder), folder)
    look_up("draw")("metric-vs-latent-dim", material, "svg")


TRIPS: dict[str, Callable[[Path], None]] = {
    "a run": run,
    "record to LaTeX cell": partial(table, name="summary"),
    "record to ren-1": partial(table, name="ren-1"),
    "record to verdict": verdict,
    "record to figure": figure,
}


def count_trip(name: str, folder: Path, root: Path, files: bool) -> None:
    """Take one trip in this process, which has taken none before, and print its counts."""
    import_everything()
    digest_everything()
    count = Count(root)
    with profiled(count):
        TRIPS[name](folder)
    print(  # noqa: T201
        f"{name:22s} {len(count.files):3d} files, {count.changes:5d} changes of file"
    )
    if files:
        print(  # noqa: T201
            "  " + " ".join(sorted(path.removeprefix(f"{root}/") for path in count.files))
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--root", type=Path, default=Path(__file__).resolve().parents[2])
    parser.add_argument("--files", action="store_true", help="name the files too")
    parser.add_argument("--trip", nargs=2, metavar=("NAME", "FOLDER"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    root = options.root.resolve()
    if options.trip:
        sys.path.insert(0, str(root))
        count_trip(options.trip[0], Path(options.trip[1]), root, options.files)
        return
    environment = {**os.environ, "PYTHONPATH": str(root)}
    with tempfile.TemporaryDirectory() as folder:
        for name in TRIPS:
            command = [sys.executable, __file__, *sys.argv[1:], "--trip", name, folder]
            subprocess.run(command, env=environment, check=True)


if __name__ == "__main__":
    main()
