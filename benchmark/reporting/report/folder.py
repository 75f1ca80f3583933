"""Putting a report where it belongs: whole or not at all, and never over anything that is not a
report."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Iterable
from pathlib import Path

from benchmark.spec import BenchError

__all__ = ["MANIFEST", "check", "write"]

MANIFEST = "report.json"
"""The file that makes a folder a report; it lists all others."""


def check(folder: Path) -> None:
    """Raise :class:`BenchError` where ``folder`` is there and is neither empty nor a report with
    nothing else in it."""
    if not folder.exists():
        return
    if not folder.is_dir():
        raise BenchError(f"'{folder}' is a file; name a folder for the report with -o")
    files = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if not path.is_dir()}
    foreign = sorted(files - _listed(folder))
    if foreign:
        what = "is not a report"
        if MANIFEST in files:
            what = f"holds '{foreign[0]}', which is no part of the report"
        raise BenchError(
            f"the folder '{folder}' {what}; it is left as it was: name another with -o, "
            "or move it away"
        )


def _listed(folder: Path) -> set[str]:
    """Return the files of the report in ``folder``, none where it is no report."""
    try:
        document = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        return {MANIFEST, *document["lstar-bench report"]}
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return set()


def write(folder: Path, files: Iterable[tuple[str, bytes]]) -> int:
    """Write ``files`` (path, content) as the report ``folder`` and return how many there are.

    They are written beside it, and the two change names when all are there: an error or a kill on
    the way leaves the old report as it was.
    """
    check(folder)
    folder = folder.resolve()
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder.parent, prefix=f".{folder.name}.") as scratch:
            new = Path(scratch) / "new"
            names = [_place(new, name, content) for name, content in files]
            listed = json.dumps({"lstar-bench report": sorted(names)}, indent=1) + "\n"
            _place(new, MANIFEST, listed.encode())
            _exchange(new, folder, Path(scratch) / "old")
    except OSError as error:
        raise BenchError(
            f"cannot write the report '{folder}': {error.strerror}; "
            "name a folder that can be written with -o"
        ) from None
    return len(names)


def _place(root: Path, name: str, content: bytes) -> str:
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return name


def _exchange(new: Path, folder: Path, old: Path) -> None:
    """Rename ``new`` to ``folder``, which becomes ``old``; where that fails, it is put back."""
    if not folder.exists():
        new.rename(folder)
        return
    folder.rename(old)
    try:
        new.rename(folder)
    except OSError:
        old.rename(folder)
        raise
    shutil.rmtree(old, ignore_errors=True)
