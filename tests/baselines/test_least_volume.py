"""Least Volume: its price, its pruning curve, and what weight zero leaves."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from baselines.least_volume import LeastVolume
from benchmark.method import Batch, Tick
from benchmark.training.runtime import construct

TICK = Tick(torch.tensor(0), torch.tensor(0.0), "train")


def build(shape: tuple[int, ...] = (6,), latent_dim: int = 4, **config: Any) -> LeastVolume:
    return construct(
        LeastVolume, replace(LeastVolume.Config(), **config), 0, shape=shape, latent_dim=latent_dim
    )


def images(count: int = 8, shape: tuple[int, ...] = (6,)) -> torch.Tensor:
    return torch.rand(count, *shape, generator=torch.Generator().manual_seed(0))


def linear(rotation: torch.Tensor) -> LeastVolume:
    """Encoder and decoder are a rotation (L, L) and its inverse."""
    size = len(rotation)
    method = build((size,), size)
    method.encoder, method.decoder = (nn.Linear(size, size, bias=False) for _ in range(2))
    with torch.no_grad():
        method.encoder.weight.copy_(rotation)
        method.decoder.weight.copy_(rotation.T)
    return method


def test_the_volume_is_a_geometric_mean() -> None:
    code = torch.randn(50, 4, generator=torch.Generator().manual_seed(1))
    sd = code.std(0)
    assert float(build().volume(code)) == pytest.approx(float((sd + 1.0).prod() ** 0.25), rel=1e-5)
    plain = build(eta=0.0)
    assert float(plain.volume(3.0 * code)) == pytest.approx(
        3.0 * float(plain.volume(code)), rel=1e-5
    )
    assert float(plain.volume(code[:, [2, 0, 3, 1]])) == pytest.approx(float(plain.volume(code)))


@pytest.mark.parametrize("shape", [(6,), (1, 8, 8)])
def test_the_loss_has_both_parts_in_the_units_of_an_image(shape: tuple[int, ...]) -> None:
    method, x = build(shape, volume=0.1), images(shape=shape)
    decoded = method.decode(method.encode(x))
    kind = F.binary_cross_entropy if len(shape) == 3 else F.mse_loss
    error = kind(decoded, x, reduction="none")
    numbers = x[0].numel()
    expected = error.flatten(1).sum(1).mean() + numbers * 0.1 * method.volume(method.encode(x))
    values = method.train_step(Batch(x, torch.arange(8)), TICK)
    torch.testing.assert_close(values["loss"], expected, rtol=1e-3, atol=1e-3)


def test_weight_zero_is_the_autoencoder() -> None:
    values = build(volume=0.0).train_step(Batch(images(), torch.arange(8)), TICK)
    assert torch.equal(values["loss"], values["reconstruction"])


def test_orthonormal_decoders_prune_by_variance_and_the_curve_has_its_ends() -> None:
    """The code is the data turned, so pruning coordinates leaves their variance: PCA."""
    method = linear(torch.eye(4))
    x = torch.randn(4000, 4, generator=torch.Generator().manual_seed(1)) * torch.tensor(
        [0.1, 2.0, 0.5, 1.0]
    )
    with torch.no_grad():
        order, lengths = method.pruning_errors(x, method.encode(x))
    assert order.tolist() == [0, 2, 3, 1]
    assert float(lengths[0]) == pytest.approx(0.0, abs=1e-6)
    assert float(lengths[-1]) == pytest.approx(float((x - x.mean(0)).norm(dim=1).mean()), rel=1e-5)
    assert bool((lengths.diff() > 0).all())


def test_the_count_leaves_out_what_explains_under_a_hundredth() -> None:
    method = linear(torch.eye(4))
    x = torch.randn(4000, 4, generator=torch.Generator().manual_seed(1)) * torch.tensor(
        [0.01, 2.0, 0.0, 1.0]
    )
    discovery = method.discover(x)
    assert discovery.active.tolist() == [False, True, False, True] and discovery.flags == ()
    assert discovery.extra["pruned_share"] < 0.01
    x[:, 0] *= 10.0  # 0.1 against 2 and 1 explains more
    assert method.discover(x).active.tolist() == [True, True, False, True]


def test_a_coordinate_that_never_moves_changes_no_error() -> None:
    method = linear(torch.eye(3))
    x = torch.randn(500, 3, generator=torch.Generator().manual_seed(1))
    x[:, 1] = 0.3
    with torch.no_grad():
        order, lengths = method.pruning_errors(x, method.encode(x))
    assert int(order[0]) == 1
    assert float(lengths[1]) == pytest.approx(float(lengths[0]), abs=1e-6)


def test_codes_that_explain_nothing_are_flagged() -> None:
    method = linear(torch.eye(3))
    with torch.no_grad():
        method.decoder.weight.zero_()
    discovery = method.discover(torch.randn(50, 3, generator=torch.Generator().manual_seed(1)))
    assert discovery.flags == ("collapsed",) and not bool(discovery.active.any())


def test_evaluation_turns_no_direction_and_a_step_does() -> None:
    method, x = build((1, 28, 28)), images(4, (1, 28, 28))
    directions = {name: b.clone() for name, b in method.named_buffers() if "direction" in name}
    assert len(directions) == 7
    with torch.no_grad():
        method.discover(x)
    assert all(torch.equal(b, method.get_buffer(name)) for name, b in directions.items())
    for _ in range(2):
        method.train_step(Batch(x, torch.arange(4)), TICK)
    assert not any(torch.equal(b, method.get_buffer(name)) for name, b in directions.items())


def test_mistakes_are_named() -> None:
    with pytest.raises(ValueError, match="volume and eta cannot be negative"):
        build(volume=-1.0)
