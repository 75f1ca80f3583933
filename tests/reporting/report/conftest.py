"""Reports without their figures."""

from __future__ import annotations

import pytest

from benchmark.reporting.report import drawings


@pytest.fixture
def few_figures(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave the figures out where they are not what is looked at: each costs a second."""
    monkeypatch.setattr(drawings, "FIGURES", {})
