"""Other packages called ``benchmark`` or ``baselines``, which Python may take for ours."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Sequence
from pathlib import Path

import benchmark

__all__ = ["collision", "others"]

NAMES = ("benchmark", "baselines")


def others(search: Sequence[str], home: Path) -> list[Path]:
    """Return the packages and modules of our names in the folders ``search`` other than those in
    ``home``, as Python would find them."""
    paths = []
    for folder in dict.fromkeys(Path(entry or ".").resolve() for entry in search):
        for name in NAMES if folder != home else ():
            for path in (folder / name / "__init__.py", folder / f"{name}.py"):
                if path.is_file():
                    paths.append(path.parent if path.name == "__init__.py" else path)
    return paths


def collision() -> str:
    """Return in one line which others of our names Python can find here, and what to do about it;
    empty where there are none."""
    home = Path(benchmark.__file__).resolve().parents[1]
    paths = others(sys.path, home)
    if not paths:
        return ""
    spec = importlib.util.find_spec("baselines")
    origin = Path(spec.origin).resolve() if spec is not None and spec.origin else None
    ours = origin is not None and origin.is_relative_to(home)
    consequence = "they are not used" if ours else "and 'baselines' is taken from there"
    return (
        f"other packages of our names: {', '.join(map(str, paths))}; {consequence}. "
        "Install lstar-bench in an environment of its own, or call it from another folder"
    )
