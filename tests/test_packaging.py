"""What is packed is what the code asks for."""

from __future__ import annotations

import configparser
import re
import subprocess
import sys
import tarfile
import zipfile
from fnmatch import fnmatch
from pathlib import Path

import pytest

import benchmark

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = Path(benchmark.__file__).parent


def config() -> configparser.ConfigParser:
    parser = configparser.ConfigParser()
    parser.read(ROOT / "setup.cfg", encoding="utf-8")
    return parser


def test_every_extra_that_a_message_names_exists() -> None:
    extras = set(config()["options.extras_require"])
    texts = [path.read_text(encoding="utf-8") for path in PACKAGE.rglob("*.py")]
    named = {
        extra
        for text in texts
        for extra in re.findall(r"pip install '(?:\.|lstar-bench)\[(\w+)\]'", text)
    }
    assert {"dims", "celeba", "onnx", "tables"} <= named <= extras
    checkout = sum(text.count("pip install '.[") for text in texts)
    elsewhere = sum(text.count("pip install 'lstar-bench[") for text in texts)
    assert checkout == elsewhere  # who has a checkout and who has not are told alike


def test_every_file_of_the_package_that_is_no_code_is_packed() -> None:
    for name in ("benchmark", "baselines"):
        patterns = config()["options.package_data"][name].split()
        files = [
            path.relative_to(ROOT / name).as_posix()
            for path in (ROOT / name).rglob("*")
            if path.is_file() and path.suffix not in (".py", ".pyc")
        ]
        assert "py.typed" in files
        assert [
            file for file in files if not any(fnmatch(file, pattern) for pattern in patterns)
        ] == []


def test_the_licence_is_the_one_that_is_said() -> None:
    assert config()["metadata"]["license"] == "MIT"
    assert (ROOT / "LICENSE").read_text(encoding="utf-8").startswith("MIT License\n")


def execute(module: str, *words: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", module, *words], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.extras
def test_the_wheel_and_the_sdist_are_built_and_pass_twine(tmp_path: Path) -> None:
    """``python -m build`` and ``twine check``: the readme renders, tests and docs are in the
    sdist."""
    pytest.importorskip("build")
    pytest.importorskip("twine")
    execute("build", "--outdir", str(tmp_path), str(ROOT))
    execute("twine", "check", "--strict", *map(str, tmp_path.glob("*")))
    (wheel,), (sdist,) = tmp_path.glob("*.whl"), tmp_path.glob("*.tar.gz")
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
    assert {"benchmark/py.typed", "baselines/py.typed", "benchmark/data/templates/dataset.txt"} <= {
        *names
    }
    with tarfile.open(sdist) as archive:
        packed = {name.partition("/")[2] for name in archive.getnames()}
    tracked = subprocess.run(
        ["git", "-C", str(ROOT), "ls-files"], capture_output=True, text=True, check=True
    ).stdout.split()
    left_out = [name for name in tracked if name not in packed and not name.startswith(".")]
    assert left_out == []
