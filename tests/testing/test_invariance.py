"""What must not matter: the checks see it when it does."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from benchmark.spec import derive_seed
from benchmark.testing import Candidate, CheckFailed
from benchmark.testing.invariance import IMAGE, contiguous_gradients, weights_of_their_own
from benchmark.testing.training import (
    captured_equals_eager,
    resumes_at_an_edge,
    resumes_inside_an_epoch,
)


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


NORMED = """
import torch

from baselines.vae import VAE


class Normed(VAE):
    def build(self) -> None:
        super().build()
        torch.nn.utils.parametrizations.{norm}(self.encoder[1])
        del self.players["model"]
        self.model = self.add_player("model", self)
"""


def plain_resets(root: nn.Module, seed: int) -> None:
    """How weights were drawn before: parametrised layers wrote into a computed tensor, lost at
    once."""
    for name, module in reversed(list(root.named_modules())):
        if name and callable(getattr(module, "reset_parameters", None)):
            torch.default_generator.manual_seed(derive_seed(seed, "init", name))
            module.reset_parameters()


@pytest.mark.parametrize("norm", ["spectral_norm", "weight_norm"])
@pytest.mark.parametrize("planted", [False, True])
def test_parametrised_weights_that_no_stream_reaches_are_caught(
    planted: bool, norm: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "normed.py"
    path.write_text(NORMED.format(norm=norm), encoding="utf-8")
    if not planted:
        weights_of_their_own(Candidate(str(path), tmp_path))
        return
    monkeypatch.setattr("benchmark.training.runtime.draw_weights", plain_resets)
    with pytest.raises(CheckFailed, match=r"encoder.*original.* starts elsewhere"):
        weights_of_their_own(Candidate(str(path), tmp_path))


@pytest.mark.parametrize(
    "name", ["vae", "geco-l0", "grae", pytest.param("flexae-sr", marks=pytest.mark.slow)]
)
def test_promises_of_a_step_hold_with_convolutions_too(name: str, tmp_path: Path) -> None:
    """Other checks see 8x8 images, which have none; weights of convolutions lie channels last.
    Critics take minutes; ``test_gradients_as_they_come_are_caught`` has one in the default lane."""
    candidate = Candidate(name, tmp_path, shape=IMAGE)
    strides = {p.stride() for p in candidate.whole.method.encoder.parameters() if p.dim() == 4}
    assert strides and not any(sorted(layout, reverse=True) == list(layout) for layout in strides)
    for check in (resumes_inside_an_epoch, resumes_at_an_edge, captured_equals_eager):
        check(candidate)
