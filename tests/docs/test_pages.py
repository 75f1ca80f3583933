"""What the pages tell a newcomer to type works, in the order of the page, in an empty folder."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from command import bench

DOCS = Path(__file__).resolve().parents[2] / "docs"
BLOCK = re.compile(r"^```(console|python|toml)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
ROOT = DOCS.parent


def blocks(page: str, kind: str) -> list[str]:
    return [
        text
        for language, text in BLOCK.findall((DOCS / page).read_text(encoding="utf-8"))
        if language == kind
    ]


def execute(command: list[str], folder: Path, path: Path = ROOT) -> str:
    """Run in ``folder`` with the project on the path; its standard output."""
    done = subprocess.run(
        command,
        cwd=folder,
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{path}"},
    )
    assert done.returncode == 0, f"{' '.join(command)}: {done.stdout[-2000:]}{done.stderr[-2000:]}"
    return done.stdout


def words_of(line: str) -> list[str]:
    """The arguments of a line that calls the bench."""
    words = shlex.split(line.replace("FOLDER", str(DOCS)))
    assert words[0] == "bench", line
    return words[1:]


def typed(line: str, folder: Path) -> str:
    """Call the bench in ``folder``; its standard output."""
    done = bench(folder, *words_of(line))
    assert done.returncode == 0, f"{line}: {done.stdout[-2000:]}{done.stderr[-2000:]}"
    return done.stdout


def installed(line: str, folder: Path, site: Path) -> str:
    """Call the bench in ``folder``, in a process that sees the packages in ``site``."""
    return execute([sys.executable, "-m", "benchmark", *words_of(line)], folder, site)


def test_add_a_method_from_nothing_to_a_row(tmp_path: Path) -> None:
    lines = [line for text in blocks("add-a-method.md", "console") for line in text.splitlines()]
    outputs = {line: typed(line, tmp_path) for line in lines}
    table = next(text for line, text in outputs.items() if line.startswith("bench table"))
    rows = [
        [cell.strip() for cell in row.strip("| ").split(" | ")]
        for row in table.splitlines()
        if row.startswith("| ")
    ]
    column = rows[0].index("Method")
    named = [row[column].rstrip("#") for row in rows if row[0] == "digits"]
    assert named == ["pca", "vae", "my-vae", "mean image"]
    assert all(
        " 0 failed" in text
        for line, text in outputs.items()
        if line.startswith("bench check-method")
    )
    (tmp_path / "script.py").write_text(blocks("add-a-method.md", "python")[0], encoding="utf-8")
    printed = execute([sys.executable, "script.py"], tmp_path).split()
    assert len(printed) == 3


def test_add_a_dataset_of_arrays(tmp_path: Path) -> None:
    execute([sys.executable, "-c", blocks("add-a-dataset.md", "python")[0]], tmp_path)
    outputs = [
        typed(line, tmp_path) for line in blocks("add-a-dataset.md", "console")[0].splitlines()
    ]
    assert "npz:mine" in outputs[-1]


METRIC = '''"""Largest error."""

from benchmark.metrics.base import Metric

WORST = Metric(
    name="worst-error",
    unit="squared data units",
    direction="min",
    tier="core",
    reference="mine",
    compute=lambda evidence: (float(evidence.squared_error.max()), len(evidence.squared_error)),
    protocol="test split",
)
'''

PROJECT = """[build-system]
requires = ["setuptools"]
build-backend = "setuptools.build_meta"

[project]
name = "my-package"
version = "1"
"""


def test_a_package_brings_a_method_a_dataset_and_a_metric(tmp_path: Path) -> None:
    """Built and installed as pip does it, from the pages' own blocks; nothing of it is known to the
    registry."""
    pytest.importorskip("setuptools", reason="building a package needs setuptools")
    package = tmp_path / "source" / "my_package"
    package.mkdir(parents=True)
    (package / "__init__.py").touch()
    typed(f"bench new my-vae -o {package / 'my_vae.py'}", tmp_path)
    (package / "line.py").write_text(
        '"""A line."""\n\n' + blocks("add-a-dataset.md", "python")[1], encoding="utf-8"
    )
    (package / "worst.py").write_text(METRIC, encoding="utf-8")
    points = [*blocks("add-a-method.md", "toml"), *blocks("add-a-dataset.md", "toml")]
    metric = '[project.entry-points."bench.metrics"]\nworst-error = "my_package.worst:WORST"\n'
    (package.parent / "pyproject.toml").write_text(
        "\n".join([PROJECT, *points, metric]), encoding="utf-8"
    )
    site = tmp_path / "site"
    options = ["--quiet", "--no-index", "--no-deps", "--no-build-isolation", "--target", str(site)]
    execute([sys.executable, "-m", "pip", "install", *options, str(package.parent)], tmp_path)
    assert "from the package my-package" in installed("bench list methods", tmp_path, site)
    assert "Intrinsic dimension: 1" in installed("bench show line", tmp_path, site)
    line = "bench run --methods my-vae --datasets 'line[noise=0.1]' --budget smoke"
    installed(line, tmp_path, site)
    assert "worst-error" in installed("bench table --format csv", tmp_path, site)
