"""The examples in docstrings hold: each is run once, and without torch where its module needs
none.

pytest's own ``--doctest-modules`` would import every module of tests and packages on collection,
with torch, and would read the checkout where the tests run on the built wheel.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

import baselines
import benchmark

RUN = """
import contextlib, doctest, importlib, io, json, sys
class NoTorch:
    def find_spec(name, path=None, target=None):
        if name.split(".")[0] in ("torch", "torchvision"):
            raise ModuleNotFoundError(name, name=name)
if sys.argv[1] == "without":
    sys.meta_path.insert(0, NoTorch)
for name in sys.argv[2:]:
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        try:
            failed, attempted = doctest.testmod(importlib.import_module(name))
        except ModuleNotFoundError as error:
            if sys.argv[1] == "with" or error.name not in ("torch", "torchvision"):
                raise
            continue
    print(json.dumps([name, attempted, failed, printed.getvalue()]))
"""
"""Prints a line for each module that can be imported: its name, examples, failures, and what
``doctest`` says of these."""


def with_examples() -> list[str]:
    """The modules whose text shows examples; none is imported."""
    names = []
    for package in (benchmark, baselines):
        folder = Path(package.__file__ or "").parent
        for path in sorted(folder.rglob("*.py")):
            if ">>> " in path.read_text(encoding="utf-8"):
                parts = path.relative_to(folder.parent).with_suffix("").parts
                names.append(".".join(parts).removesuffix(".__init__"))
    return names


MODULES = with_examples()


def outcomes(torch: str, modules: list[str], folder: Path | None = None) -> dict[str, tuple]:
    """Run the examples of ``modules`` in an interpreter of their own, ``"with"`` or ``"without"``
    torch: (examples, failures, text) by name; a module that needs torch is left out without it."""
    path = os.pathsep.join(filter(None, [str(folder or ""), os.environ.get("PYTHONPATH", "")]))
    done = subprocess.run(
        [sys.executable, "-c", RUN, torch, *modules],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": path},
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return {name: tuple(rest) for name, *rest in map(json.loads, done.stdout.splitlines())}


@pytest.fixture(scope="module")
def examples() -> dict[str, tuple]:
    without = outcomes("without", MODULES)
    return without | outcomes("with", [name for name in MODULES if name not in without])


@pytest.mark.parametrize("module", MODULES)
def test_examples_of_docstrings_hold(module: str, examples: dict[str, tuple]) -> None:
    attempted, failed, text = examples[module]
    assert attempted and not failed, text


def test_wrong_examples_and_hidden_imports_of_torch_are_seen(tmp_path: Path) -> None:
    for name, example in {
        "right": "1 + 1",
        "wrong": "1 + 2",
        "hidden": "__import__('torch') and 2",
    }.items():
        (tmp_path / f"{name}.py").write_text(f'"""\n>>> {example}\n2\n"""\n', encoding="utf-8")
    (tmp_path / "needs.py").write_text(
        '"""\n>>> torch.ones(2).sum().item()\n2.0\n"""\nimport torch\n'
    )
    by_module = outcomes("without", ["right", "wrong", "hidden", "needs"], tmp_path)
    assert {name: rest[:2] for name, rest in by_module.items()} == {
        "right": (1, 0),
        "wrong": (1, 1),
        "hidden": (1, 1),
    }
    assert (
        "Got:\n    3" in by_module["wrong"][2] and "ModuleNotFoundError" in by_module["hidden"][2]
    )
    assert outcomes("with", ["needs"], tmp_path)["needs"][:2] == (1, 0)
