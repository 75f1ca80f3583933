"""Every registered method keeps every promise; one helper process serves all of them."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmark import registry
from benchmark.testing import CHECKS, Candidate, Check, CheckFailed
from benchmark.testing.candidate import Skipped
from benchmark.testing.processes import digests_elsewhere

NAMES = [entry.name for entry in registry.METHODS]


@pytest.fixture(scope="module")
def elsewhere() -> dict[str, str]:
    return digests_elsewhere(NAMES)


@pytest.fixture(scope="module")
def candidates(
    tmp_path_factory: pytest.TempPathFactory, elsewhere: dict[str, str]
) -> dict[str, Candidate]:
    return {name: Candidate(name, tmp_path_factory.mktemp(name), elsewhere) for name in NAMES}


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.name)
def test_promise(check: Check, name: str, candidates: dict[str, Candidate]) -> None:
    try:
        check.run(candidates[name])
    except Skipped as reason:
        pytest.skip(str(reason))
    except CheckFailed as failure:
        pytest.fail(f"{name}: {failure}", pytrace=False)


def test_checks_have_names_of_their_own_and_promises() -> None:
    assert len({check.name for check in CHECKS}) == len(CHECKS)
    assert all(check.promise for check in CHECKS)


@pytest.mark.parametrize("name", NAMES)
def test_files_stay_readable(name: str) -> None:
    """No adapter is longer than 300 lines, its docstring included."""
    path: Path = registry.find("methods", name).path
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 300
