"""Versions that stand in two files are the same in both."""

from __future__ import annotations

import configparser
import re
from pathlib import Path

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
