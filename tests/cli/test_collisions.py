"""Another package of our names is told in one line, and nothing is told where there is none."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import benchmark
from benchmark.cli.collisions import others

HOME = Path(benchmark.__file__).resolve().parents[1]


def test_packages_and_modules_count_and_plain_folders_do_not(tmp_path: Path) -> None:
    (tmp_path / "package" / "baselines").mkdir(parents=True)
    assert others([str(tmp_path / "package"), str(HOME)], HOME) == []
    (tmp_path / "package" / "baselines" / "__init__.py").touch()
    (tmp_path / "benchmark.py").touch()
    assert others([str(tmp_path), str(tmp_path / "package"), str(HOME)], HOME) == [
        tmp_path / "benchmark.py",
        tmp_path / "package" / "baselines",
    ]


def listed(*path: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "benchmark", "list", "budgets"],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(map(str, path))},
        cwd=Path(__file__).parent,
    )


def test_bench_tells_it_in_one_line_and_goes_on(tmp_path: Path) -> None:
    (tmp_path / "baselines").mkdir()
    (tmp_path / "baselines" / "__init__.py").touch()
    assert listed(HOME).stderr == ""
    behind, before = listed(HOME, tmp_path), listed(tmp_path, HOME)
    for done, word in ((behind, "they are not used"), (before, "'baselines' is taken from there")):
        (line,) = done.stderr.splitlines()
        assert line.startswith(f"bench: other packages of our names: {tmp_path / 'baselines'};")
        assert word in line
        assert "smoke" in done.stdout
