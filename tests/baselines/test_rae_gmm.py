"""RAE with a mixture: what its penalties pull, and the autoencoder without them."""

from __future__ import annotations

import pytest
import torch
from adapters import batch, build, images, tick

from baselines.rae_gmm import RAEGMM

# rae-gmm


def test_penalties_pull_matrices_of_the_decoder_and_codes_alone() -> None:
    method, x = build(RAEGMM, beta=0.0, decoder_l2=0.5), images()
    loss = method.penalty(method.encode(x))
    for name, p in method.named_parameters():
        (slope,) = torch.autograd.grad(loss, p, retain_graph=True, allow_unused=True)
        decayed = name.startswith("decoder") and p.dim() > 1
        expected = 2 * 0.5 * 6 * p if decayed else torch.zeros_like(p)
        torch.testing.assert_close(torch.zeros_like(p) if slope is None else slope, expected)
    z = images(8, (4,))
    priced = build(RAEGMM, beta=0.2, decoder_l2=0.0).penalty(z)
    assert float(priced) == pytest.approx(6 * 0.2 * float(z.square().mean()), rel=1e-5)


def test_without_prices_it_is_the_autoencoder() -> None:
    method, x = build(RAEGMM, beta=0.0, decoder_l2=0.0), images()
    values = method.train_step(batch(x), tick())
    assert torch.equal(values["loss"], values["reconstruction"])
