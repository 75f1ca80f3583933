"""Versions that stand in two files are the same in both; what is silenced says why."""

from __future__ import annotations

import configparser
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]


def section(file: str, name: str, option: str) -> set[str]:
    """The lines of an option of a file of settings."""
    settings = configparser.ConfigParser(interpolation=None)
    settings.read(ROOT / file, encoding="utf-8")
    return set(settings[name][option].split("\n")) - {""}


def test_commits_and_ci_are_checked_by_the_same_ruff() -> None:
    hooks = (ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8")
    versions = set(re.findall(r"ruff==[\w.*]+", hooks))
    assert versions == section("tox.ini", "testenv:lint", "deps")


def test_the_site_is_built_with_what_the_extra_and_the_package_ask_for() -> None:
    asked = section("setup.cfg", "options.extras_require", "docs")
    installed = section("tox.ini", "testenv:docs", "deps")
    assert asked < installed
    assert installed - asked < section("setup.cfg", "options", "install_requires")


IGNORED = re.compile(r"#\s*type:\s*ignore")
WITH_CODE_AND_REASON = re.compile(r"# type: ignore\[[a-z, -]+\]  # [\w(].{3,}")


def unexplained(text: str) -> list[int]:
    """The lines that silence the type checker without a code or without a reason."""
    return [
        number
        for number, line in enumerate(text.splitlines(), 1)
        if IGNORED.search(line) and not WITH_CODE_AND_REASON.search(line)
    ]


def test_an_error_of_types_is_silenced_with_its_code_and_a_reason() -> None:
    places = {
        str(path.relative_to(ROOT)): lines
        for room in ("benchmark", "baselines", "docs", "tests")
        for path in (ROOT / room).rglob("*.py")
        if path != Path(__file__).resolve()
        and (lines := unexplained(path.read_text(encoding="utf-8")))
    }
    assert places == {}


@pytest.mark.parametrize(
    ("comment", "lines"),
    [
        ("# type: ignore[arg-type]  # (H, W)", []),
        ("# type: ignore[arg-type]  #", [1]),
        ("# type: ignore[arg-type]  # two of them", []),
        ("# type: ignore[call-arg, misc]  # two of them", []),
        ("# type: ignore[arg-type]", [1]),
        ("# type: ignore  # two of them", [1]),
        ("#type:ignore", [1]),
        ("# type: list[int]", []),
    ],
)
def test_silencing_without_code_or_reason_is_seen(comment: str, lines: list[int]) -> None:
    assert unexplained(f"x = f(y)  {comment}\nz = 1\n") == lines
