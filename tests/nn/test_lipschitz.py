"""Decoders of norm one: the norm is that of the whole map, and codes bound the distance of
images."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from benchmark.nn import backbones
from benchmark.nn.lipschitz import (
    UnitDense,
    UnitTransposedConvolution,
    iterate,
    lipschitz_decoder,
)
from benchmark.training.weights import draw_weights

SHAPES = [(6,), (70,), (1, 8, 8), (1, 28, 28), (3, 32, 32), (1, 17, 21)]


def drawn(shape: tuple[int, ...], latent_dim: int = 3) -> nn.Sequential:
    network = lipschitz_decoder(latent_dim, shape)
    draw_weights(network, 0)
    return network


def units(network: nn.Module) -> list[UnitDense | UnitTransposedConvolution]:
    return [part for part in network if isinstance(part, UnitDense | UnitTransposedConvolution)]


def matrix(layer: UnitDense | UnitTransposedConvolution) -> Tensor:
    """The map, without bias, as a matrix (outputs, inputs)."""
    basis = torch.eye(layer.direction.numel()).view(-1, *layer.direction.shape[1:])
    with torch.no_grad():
        zero = layer(torch.zeros_like(basis[:1]))
        return torch.cat([layer(row[None]) - zero for row in basis]).flatten(1).T


@pytest.mark.parametrize("kernel", [((4, 4), (2, 2), (1, 1)), ((3, 3), (1, 1), (0, 0))])
@pytest.mark.parametrize("size", [(4, 4), (7, 5)])
def test_a_transposed_convolution_has_the_norm_of_its_dense_map(
    kernel: tuple[tuple[int, int], ...], size: tuple[int, int]
) -> None:
    torch.manual_seed(0)
    layer = UnitTransposedConvolution(size, 4, 3, *kernel, (0, 0))
    layer.reset_parameters()
    assert float(torch.linalg.matrix_norm(matrix(layer), 2)) == pytest.approx(1.0, abs=1e-2)
    kernel_norm = torch.linalg.matrix_norm(layer.weight.flatten(1), 2)
    assert abs(float((layer.norm() / kernel_norm).detach()) - 1.0) > 0.02  # another number


def test_a_dense_layer_has_norm_one_and_settles_after_a_change() -> None:
    torch.manual_seed(0)
    layer = UnitDense(5, 9)
    layer.reset_parameters()
    assert float(torch.linalg.matrix_norm(matrix(layer), 2)) == pytest.approx(1.0, abs=1e-4)
    with torch.no_grad():
        layer.weight += torch.randn_like(layer.weight)
    iterate(layer)
    first = float(torch.linalg.matrix_norm(matrix(layer), 2))
    for _ in range(100):
        iterate(layer)
    assert float(torch.linalg.matrix_norm(matrix(layer), 2)) == pytest.approx(1.0, abs=1e-4)
    assert first >= 1.0 - 1e-6  # power iteration comes from below


def test_the_adjoint_is_the_transpose() -> None:
    torch.manual_seed(0)
    layer = UnitTransposedConvolution((4, 3), 4, 3, (4, 4), (2, 2), (1, 1), (1, 0))
    x = torch.randn(2, 4, 4, 3)
    y = torch.randn_like(layer.apply_map(x))
    left, right = (layer.apply_map(x) * y).sum(), (x * layer.apply_adjoint(y)).sum()
    torch.testing.assert_close(left, right, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("shape", SHAPES)
def test_images_are_no_further_apart_than_codes(shape: tuple[int, ...]) -> None:
    network = drawn(shape)
    torch.manual_seed(1)
    a, b = 3.0 * torch.randn(2, 50, 3)
    for decode in (network, network[:-1] if len(shape) == 3 else network):
        with torch.no_grad():
            apart = (decode(a) - decode(b)).flatten(1).norm(dim=1)
        assert bool((apart <= 1.01 * (a - b).norm(dim=1)).all())


@pytest.mark.parametrize("shape", SHAPES)
def test_weights_and_sizes_are_those_of_the_shared_decoder(shape: tuple[int, ...]) -> None:
    usual = backbones.decoder(3, shape)
    draw_weights(usual, 0)
    network = drawn(shape)
    named = dict(network.named_parameters())
    assert list(named) == [name for name, _ in usual.named_parameters()]
    assert all(torch.equal(p, named[name]) for name, p in usual.named_parameters())
    assert network(torch.zeros(2, 3)).shape == (2, *shape)


def test_a_fresh_draw_settles_every_direction() -> None:
    for layer in units(drawn((1, 28, 28))):
        before = layer.direction.clone()
        layer.iterate(200)
        assert abs(float(layer.norm().detach())) > 0
        cosine = float((before * layer.direction).sum().abs())
        assert cosine > 0.5 and float(layer.direction.norm()) == pytest.approx(1.0, abs=1e-5)
