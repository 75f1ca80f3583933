"""Planning without data."""

from __future__ import annotations

from pathlib import Path

import pytest
from suite_plans import TRAIN

from benchmark import registry
from benchmark.planning import jobs as suite_module
from benchmark.planning import stages as stages_module
from benchmark.planning.jobs import Described


@pytest.fixture
def no_data(monkeypatch: pytest.MonkeyPatch) -> None:
    """Planning believes that every dataset is here with as many training images as it has."""

    def described(choice: registry.Choice, data_dir: Path, seen: object) -> Described:
        count = (
            choice.options.get("train")
            or choice.entry.source.constants.get("train_count")
            or TRAIN[choice.entry.name]
        )
        return Described(f"{choice.name}{dict(choice.options)}", count)

    for module in (suite_module, stages_module):
        monkeypatch.setattr(module, "described", described)
