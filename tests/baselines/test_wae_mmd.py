"""WAE-MMD: the autoencoder where nothing weighs its divergence, and the published step sizes."""

from __future__ import annotations

import pytest
import torch
from adapters import batch, build, images, tick

from baselines.wae_mmd import WAEMMD, published
from benchmark.nn.likelihood import squared_error

# wae-mmd


def test_without_weight_it_is_the_autoencoder() -> None:
    method, x = build(WAEMMD, weight=0.0), images()
    expected = squared_error(x, method.decode(method.encode(x))).mean()
    assert torch.equal(method.train_step(batch(x), tick())["loss"], expected)


def test_the_step_size_falls_as_in_the_code_on_mnist() -> None:
    at = {0.0: 1.0, 0.29: 1.0, 0.3: 0.5, 0.49: 0.5, 0.5: 0.1, 0.99: 0.1}
    for progress, factor in at.items():
        assert float(published(torch.tensor(progress))) == pytest.approx(factor)
    assert build(WAEMMD, schedule="constant").model.optimiser.schedule is None
