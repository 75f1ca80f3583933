"""What must not matter: the checks see it when it does."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

import pytest
from torch import Tensor

from benchmark.testing import Candidate, CheckFailed
from benchmark.testing.invariance import contiguous_gradients


def as_they_come(grads: Iterable[Tensor], parameters: Sequence[Tensor]) -> list[Tensor]:
    """What players did with gradients before: nothing."""
    return list(grads)


@pytest.mark.parametrize("planted", [False, True])
def test_gradients_as_they_come_are_caught(
    planted: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not planted:
        contiguous_gradients(Candidate("flexae-sr", tmp_path))
        return
    monkeypatch.setattr("benchmark.method.laid_out", as_they_come)
    with pytest.raises(CheckFailed, match="becomes another where every gradient"):
        contiguous_gradients(Candidate("flexae-sr", tmp_path))
