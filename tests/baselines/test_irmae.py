"""IRMAE: linear layers that are one matrix, penalties that are nuclear norms, and counts."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import torch
from torch import nn

from baselines.irmae import IRMAE
from benchmark.method import Batch, Tick
from benchmark.nn import backbones
from benchmark.nn.likelihood import squared_error
from benchmark.training.runtime import construct

TICK = Tick(torch.tensor(0), torch.tensor(0.0), "train")
F64 = torch.float64


def build(shape: tuple[int, ...] = (6,), latent_dim: int = 4, **config: Any) -> IRMAE:
    return construct(
        IRMAE, replace(IRMAE.Config(), **config), 0, shape=shape, latent_dim=latent_dim
    )


def images(count: int = 8, shape: tuple[int, ...] = (6,)) -> torch.Tensor:
    return torch.rand(count, *shape, generator=torch.Generator().manual_seed(0))


def test_without_layers_it_is_the_autoencoder() -> None:
    method, x = build(layers=0), images()
    plain = nn.Sequential(backbones.encoder((6,), 4), backbones.decoder(4, (6,)))
    plain[0].load_state_dict(method.encoder.state_dict())
    plain[1].load_state_dict(method.decoder.state_dict())
    assert torch.equal(method.decode(method.encode(x)), plain(x))
    values = method.train_step(Batch(x, torch.arange(8)), TICK)
    assert torch.equal(values["loss"], squared_error(x, plain(x)).mean())


def test_layers_change_no_other_weight() -> None:
    with_layers, without = build(layers=4), build(layers=0)
    ours = dict(with_layers.named_parameters())
    assert all(torch.equal(p, ours[name]) for name, p in without.named_parameters())


@pytest.mark.parametrize("start", ["torch", "orthogonal"])
def test_layers_are_one_matrix(start: str) -> None:
    method, x = build(layers=5, start=start).double(), images().double()
    product = torch.eye(4, dtype=F64)
    for layer in method.linear:
        product = layer.weight @ product
    torch.testing.assert_close(method.encode(x), method.encoder(x) @ product.T)
    values = torch.linalg.svdvals(product)
    assert (float(values[-1] / values[0]) == pytest.approx(1.0)) == (start == "orthogonal")


def test_decay_is_half_the_squared_norm_times_the_numbers_of_an_image() -> None:
    method, x = build(decay=0.1), images()
    expected = squared_error(x, method.decode(method.encode(x))).mean() + 6 * 0.05 * sum(
        p.square().sum() for p in method.parameters()
    )
    values = method.train_step(Batch(x, torch.arange(8)), TICK)
    torch.testing.assert_close(values["loss"], expected)


def test_no_penalty_adds_nothing() -> None:
    values = build().train_step(Batch(images(), torch.arange(8)), TICK)
    assert float(values["penalty"]) == 0.0
    assert torch.equal(values["loss"], values["reconstruction"])


def test_squared_norms_of_two_factors_are_the_nuclear_norm_at_their_best() -> None:
    """AB = W: the balanced factors of the singular value decomposition reach it, others do not."""
    generator = torch.Generator().manual_seed(0)
    w = torch.randn(4, 4, generator=generator, dtype=F64)
    u, s, v = torch.linalg.svd(w)
    method = build(layers=2, nuclear=1.0, shape=(6,)).double()
    with torch.no_grad():
        values = []
        for stretch in (1.0, 1.5):
            method.linear[1].weight.copy_(stretch * u * s.sqrt())
            method.linear[0].weight.copy_((v.T * s.sqrt()).T / stretch)
            torch.testing.assert_close(method.linear[1].weight @ method.linear[0].weight, w)
            values.append(method.penalty(torch.zeros(1, 4, dtype=F64)) / 6)
    torch.testing.assert_close(values[0], s.sum())
    torch.testing.assert_close(values[1], 0.5 * (1.5**2 + 1.5**-2) * s.sum())


def test_small_products_learn_singular_values_one_after_the_other() -> None:
    """Data of three scales, two layers that start small: when one direction is learned the next is
    still near zero."""
    scales = torch.tensor([3.0, 1.5, 0.75], dtype=F64)
    a, b = (0.01 * torch.eye(3, dtype=F64) for _ in range(2))
    reached: dict[int, int] = {}
    for step in range(4000):
        error = torch.diag(scales) - a @ b
        a, b = a + 0.02 * error @ b.T, b + 0.02 * a.T @ error
        values = torch.diag(a @ b) / scales
        for rank in range(3):
            if float(values[rank]) > 0.5 and rank not in reached:
                reached[rank] = step
                assert bool((values[rank + 1 :] < 0.1).all())
    assert sorted(reached) == [0, 1, 2] and reached[0] < reached[1] < reached[2]


def test_discovery_counts_directions_and_flags_what_is_no_gap() -> None:
    x = images(400)
    method = build(layers=0, rule="gap")
    method.encoder = nn.Linear(6, 4, bias=False)
    with torch.no_grad():
        method.encoder.weight.copy_(torch.eye(4, 6))
        discovery = method.discover(x)
        assert discovery.flags == ("undecided",)
        method.encoder.weight[2:] *= 1e-3
        discovery = method.discover(x)
        assert discovery.flags == () and int(discovery.active.sum()) == 2
        assert discovery.extra["lstar_share"] == discovery.extra["lstar_gap"] == 2.0
        assert discovery.active.tolist() == [True, True, False, False]
        method.encoder.weight.zero_()
        assert method.discover(x).flags == ("collapsed",)


def test_the_rule_follows_the_options() -> None:
    values = torch.tensor([1.0, 0.5, 0.005, 0.004], dtype=F64)
    values_wide = torch.tensor([1.0, 0.009, 1e-6, 1e-7], dtype=F64)
    assert build().count(values) == 2 and build(decay=1e-6).count(values) == 2
    assert build().count(values_wide) == 1 and build(decay=1e-6).count(values_wide) == 2
    assert build(rule="share", decay=1e-6).count(values_wide) == 1


def test_mistakes_are_named() -> None:
    with pytest.raises(ValueError, match="got layers=4; choose layers=2"):
        build(nuclear=0.1)
    with pytest.raises(ValueError, match="cannot be negative"):
        build(decay=-1.0)
