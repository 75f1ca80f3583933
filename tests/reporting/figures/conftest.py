"""The records of :mod:`reporting.figures.drawn` in a folder, and what is drawn from them."""

from __future__ import annotations

from pathlib import Path

import pytest
from reporting.figures.drawn import records
from reporting.making import leave, store

from benchmark.reporting.figures.material import Material


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    runs = records()
    path = store(tmp_path_factory.mktemp("results"), runs)
    for run in runs:
        if run.status == "done":
            leave(
                path,
                run,
                image=(1, 8, 8) if run.spec["dataset"] == "digits" else None,
                size=64 if run.spec["dataset"] == "latent-8" else 2,
            )
    return path


@pytest.fixture
def material(folder: Path) -> Material:
    return Material.of(records(), folder)
