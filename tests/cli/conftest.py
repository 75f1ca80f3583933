"""What tests of several commands read and none changes."""

from __future__ import annotations

from pathlib import Path

import pytest
from command import GRID, Done, bench


@pytest.fixture(scope="session")
def finished_grid(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Done]:
    """The folder from which ``GRID`` was run, and how that call ended."""
    folder = tmp_path_factory.mktemp("grid")
    return folder, bench(folder, *GRID)
