"""The baseline of five seeds."""

from __future__ import annotations

import pytest
from reporting.gate.judging import VALUES, runs

from benchmark.reporting.gate.baseline import make
from benchmark.reporting.gate.baseline_file import Baseline


@pytest.fixture(scope="module")
def baseline() -> Baseline:
    return make(runs(VALUES))
