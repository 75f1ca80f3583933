"""Each command of docs/scaling.md is one that can be typed: what a machine alone cannot do (a
cluster, a GPU) is planned and not carried out."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from command import Done, bench

from benchmark.running import executors

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "scaling.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
SCRIPTS = [block for block in BLOCKS if block.startswith("#!")]
LINES = [
    line.partition(" #")[0].strip()
    for block in BLOCKS
    if block not in SCRIPTS
    for line in block.splitlines()
]


@pytest.fixture
def clusters(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine that seems to have what clusters need."""
    monkeypatch.setattr(executors, "find_spec", lambda name: object())
    monkeypatch.setattr(executors, "which", lambda name: f"/usr/bin/{name}")
    stand_in = SimpleNamespace(run_on=lambda *arguments: None)
    monkeypatch.setitem(sys.modules, "benchmark.running.ray_cluster", stand_in)
    monkeypatch.setenv("SLURM_ARRAY_TASK_ID", "1")


def planned(line: str, folder: Path) -> Done:
    """Return what a call of the bench says that looks ahead only."""
    words = shlex.split(os.path.expandvars(line))
    assert words[:2] == ["bench", "run"], line
    return bench(folder, *(word for word in words[1:] if word != "--estimate"), "--dry-run")


@pytest.mark.parametrize("line", [line for line in LINES if line.startswith("bench run")])
@pytest.mark.usefixtures("clusters")
def test_every_grid_can_be_planned(line: str, tmp_path: Path) -> None:
    done = planned(line, tmp_path)
    assert done.returncode == 0, done.stderr
    assert re.search(r"^\d+ to run, 0 finished before", done.stdout, re.MULTILINE), done.stdout
    assert list(tmp_path.iterdir()) == []


@pytest.mark.usefixtures("clusters")
def test_a_task_of_a_batch_array_plans_its_shard(tmp_path: Path) -> None:
    (script,) = SCRIPTS
    subprocess.run(["bash", "-n"], input=script, text=True, check=True)
    options = [line for line in script.splitlines() if line.startswith("#SBATCH ")]
    assert all(re.fullmatch(r"#SBATCH --[a-z-]+(=[\w:-]+)?", line) for line in options)
    assert planned(script.splitlines()[-1], tmp_path).returncode == 0


def test_folders_of_several_machines_are_merged(tmp_path: Path) -> None:
    (line,) = (line for line in LINES if line.startswith("bench merge"))
    words = shlex.split(line)[1:]
    for folder in words[1 : words.index("-o")]:
        (tmp_path / folder).mkdir(parents=True)
    done = bench(tmp_path, *words)
    assert done.returncode == 0 and "nothing to merge" in done.stdout, done.stderr


def test_what_is_installed_and_called_besides_is_there() -> None:
    rest = [line for line in LINES if not line.startswith(("bench ", "ray start")) and line]
    extras = {"slurm", "ray"}
    assert {line for line in rest if line.startswith("pip ")} == {
        f"pip install 'lstar-bench[{extra}]'" for extra in extras
    }
    settings = (ROOT / "setup.cfg").read_text(encoding="utf-8")
    assert all(re.search(rf"^{extra} =$", settings, re.MULTILINE) for extra in extras)
    scripts = [line.split()[0] for line in rest if not line.startswith("pip ")]
    assert scripts == ["tests/performance/gpu.sh"]
    assert all(os.access(ROOT / script, os.X_OK) for script in scripts)
