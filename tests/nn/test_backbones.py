"""Backbones fit every shape the benchmark has, with the layer sizes of their sources."""

from __future__ import annotations

import math

import pytest
import torch

from benchmark.nn import backbones

SHAPES = [
    (2,),
    (10,),
    (64,),
    (100,),
    (1, 8, 8),
    (1, 28, 28),
    (1, 32, 32),
    (3, 32, 32),
    (1, 64, 64),
    (3, 64, 64),
    (1, 8, 9),
    (2, 11, 12),
    (1, 13, 96),
    (3, 47, 28),
]


@pytest.mark.parametrize("shape", SHAPES)
def test_encoder_and_decoder_have_the_right_shapes_and_ranges(shape: tuple[int, ...]) -> None:
    x = torch.rand(3, *shape)
    code = backbones.encoder(shape, 7)(x)
    image = backbones.decoder(7, shape)(10.0 * code).detach()
    assert code.shape == (3, 7)
    assert image.shape == x.shape
    if len(shape) == 3:
        assert float(image.min()) >= 0.0 and float(image.max()) <= 1.0
    else:
        assert not isinstance(backbones.decoder(7, shape)[-1], torch.nn.Sigmoid)


@pytest.mark.parametrize("shape", SHAPES)
def test_every_parameter_receives_a_gradient(shape: tuple[int, ...]) -> None:
    encoder, decoder = backbones.encoder(shape, 5), backbones.decoder(5, shape)
    loss = decoder(encoder(torch.rand(4, *shape))).square().sum()
    grads = torch.autograd.grad(loss, [*encoder.parameters(), *decoder.parameters()])
    assert all(bool(torch.isfinite(grad).all()) and bool(grad.any()) for grad in grads)


def test_28x28_encoder_has_the_layers_of_the_dpvae_code() -> None:
    layers = [
        (tuple(p.shape))
        for name, p in backbones.encoder((1, 28, 28), 32).named_parameters()
        if name.endswith("weight")
    ]
    assert layers == [
        (32, 1, 4, 4),
        (32, 32, 3, 3),
        (32, 32, 4, 4),
        (32, 32, 3, 3),
        (256, 512),
        (256, 256),
        (32, 256),
    ]


def test_toy_networks_are_mirrored_and_not_linear() -> None:
    shapes = [
        tuple(p.shape)
        for name, p in backbones.decoder(2, (2,)).named_parameters()
        if name.endswith("weight")
    ]
    assert shapes == [(50, 2), (100, 50), (2, 100)]
    slopes = {
        module.negative_slope
        for module in backbones.encoder((2,), 4)
        if isinstance(module, torch.nn.LeakyReLU)
    }
    assert slopes == {0.2}


@pytest.mark.parametrize("shape", [(1, 7, 30), (3, 28, 7), (4, 4, 4, 4), (28, 28)])
def test_what_no_network_fits_is_an_error_that_says_what_does(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="height and width 8 or more"):
        backbones.encoder(shape, 4)
    with pytest.raises(ValueError, match="height and width 8 or more"):
        backbones.decoder(4, shape)


def test_small_means_up_to_64_numbers() -> None:
    assert [
        backbones.is_small(shape) for shape in ((2,), (64,), (1, 8, 8), (65,), (1, 28, 28))
    ] == [True, True, True, False, False]
    assert math.prod((1, 8, 8)) == backbones.SMALL


@pytest.mark.parametrize("shape", [(64,), (1, 28, 28), (1, 32, 32), (1, 64, 64)])
def test_initial_weights_keep_the_signal_alive(shape: tuple[int, ...]) -> None:
    """The code must reach the image: torch's own start loses it over eight layers, and a sigma-VAE
    then collapses."""
    torch.manual_seed(0)
    ours = backbones.decoder(16, shape)
    ours = torch.nn.Sequential(
        *(layer for layer in ours if not isinstance(layer, torch.nn.Sigmoid))
    )
    with torch.no_grad():
        spread = ours(torch.randn(256, 16)).std(0).mean()
        for layer in ours:
            if hasattr(layer, "reset_parameters"):
                super(type(layer), layer).reset_parameters()
        spread_of_torch = ours(torch.randn(256, 16)).std(0).mean()
    assert 0.3 < float(spread) < 3.0
    assert float(spread_of_torch) < 0.15


@pytest.mark.parametrize("shape", [(1, 28, 28), (3, 9, 14)])
def test_weights_of_convolutions_lie_channels_last_and_compute_the_same(
    shape: tuple[int, ...],
) -> None:
    ours = torch.nn.Sequential(backbones.encoder(shape, 5), backbones.decoder(5, shape))
    kernels = [p for p in ours.parameters() if p.dim() == 4]
    assert kernels and all(p.is_contiguous(memory_format=torch.channels_last) for p in kernels)
    x = torch.rand(3, *shape)
    output = ours(x)
    plain = ours.to(memory_format=torch.contiguous_format)
    torch.testing.assert_close(output, plain(x), rtol=1e-4, atol=1e-6)
