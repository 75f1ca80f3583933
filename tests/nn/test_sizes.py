"""Convolutions for images of any size: each side ends at 3 to 5, and comes back exactly."""

from __future__ import annotations

import hashlib

import pytest
import torch

from benchmark.nn import backbones
from benchmark.nn.critics import image_critic
from benchmark.nn.sizes import convolutions, halvings, is_small, misfit
from benchmark.training.weights import draw_weights


@pytest.mark.parametrize("side", range(8, 300))
def test_every_side_ends_at_three_to_five(side: int) -> None:
    assert 3 <= side >> halvings(side) <= 5


@pytest.mark.parametrize("height", [*range(8, 34), 45, 63, 64, 100])
def test_sizes_follow_torchs_convolutions_there_and_back(height: int) -> None:
    for width in (8, 13, 28, 31, 64, 97):
        x = torch.zeros(1, 1, height, width)
        plan = convolutions((height, width))
        for part in plan:
            assert tuple(x.shape[2:]) == part.before
            x = torch.nn.Conv2d(1, 1, part.kernel, part.stride, part.padding)(x)
            assert tuple(x.shape[2:]) == part.after
        assert all(3 <= side <= 5 for side in plan[-1].after)
        for part in reversed(plan):
            geometry = (part.kernel, part.stride, part.padding, part.cut)
            x = torch.nn.ConvTranspose2d(1, 1, *geometry)(x)
        assert tuple(x.shape[2:]) == (height, width)


@pytest.mark.parametrize("shape", [(1, 9, 14), (2, 15, 11), (1, 47, 8), (1, 31, 31)])
def test_every_pixel_is_seen_and_drawn(shape: tuple[int, ...]) -> None:
    """The last row and column of an odd side too."""
    torch.manual_seed(0)
    encoder, decoder = backbones.encoder(shape, 6), backbones.decoder(6, shape)[:-1]
    x = torch.rand(2, *shape, requires_grad=True)
    (seen,) = torch.autograd.grad(encoder(x).square().sum(), x)
    drawn = decoder(torch.randn(64, 6)).std(0)
    assert bool((seen.abs().sum(0) > 0).all()) and bool((drawn > 0).all())


@pytest.mark.parametrize(
    ("size", "strides", "kernels"),
    [
        ((32, 32), [(2, 2)] * 3, [(4, 4)] * 3),
        ((64, 64), [(2, 2)] * 4, [(4, 4)] * 4),
        ((28, 28), [(2, 2), (1, 1)] * 2, [(4, 4), (3, 3)] * 2),
        ((8, 32), [(1, 2), (1, 2), (2, 2)], [(3, 4), (3, 4), (4, 4)]),
        ((20, 9), [(2, 1), (2, 2)], [(4, 3), (4, 4)]),
    ],
)
def test_the_longer_side_is_halved_alone_at_first(
    size: tuple[int, int], strides: list[tuple[int, int]], kernels: list[tuple[int, int]]
) -> None:
    plan = convolutions(size)
    assert [part.stride for part in plan] == strides
    assert [part.kernel for part in plan] == kernels


BITS = {
    (1, 28, 28): "fc37b011bff5",
    (3, 32, 32): "fd7397504a36",
    (1, 64, 64): "4999b51d4668",
    (10,): "d1e764ca00a6",
    (100,): "fc5599b2fafe",
    (1, 8, 8): "c0beaf6fce2e",
}


@pytest.mark.parametrize("shape", BITS)
def test_networks_that_were_there_before_keep_names_and_initial_weights(
    shape: tuple[int, ...],
) -> None:
    """Digests of protocol 1's networks; the stream is torch's Mersenne Twister, alike anywhere."""
    root = torch.nn.Module()
    root.encoder, root.decoder = backbones.encoder(shape, 6), backbones.decoder(3, shape)
    draw_weights(root, 0)
    hasher = hashlib.sha256()
    for name, tensor in root.state_dict().items():
        hasher.update(f"{name}{tuple(tensor.shape)}".encode())
        hasher.update(tensor.mul(2.0**16).round().to(torch.int32).numpy().tobytes())
    assert hasher.hexdigest()[:12] == BITS[shape]


@pytest.mark.parametrize("shape", [(1, 8, 9), (3, 17, 40), (1, 28, 28), (1, 130, 100)])
def test_image_critics_follow(shape: tuple[int, ...]) -> None:
    critic = image_critic(shape)
    assert critic(torch.rand(2, *shape)).shape == (2, 1)
    assert max(p.numel() for p in critic.parameters()) <= 128 * 32 * 32 * 1024


def test_image_critics_of_the_code_keep_their_two_convolutions() -> None:
    for side, last in ((28, 7), (32, 8), (64, 16)):
        shapes = [tuple(p.shape) for p in image_critic((1, side, side)).parameters()]
        assert shapes[:5:2] == [(64, 1, 4, 4), (128, 64, 4, 4), (1024, 128 * last * last)]


@pytest.mark.parametrize(
    ("shape", "fits"),
    [
        ((2,), True),
        ((1000,), True),
        ((4, 4, 4), True),
        ((1, 4, 8), True),
        ((1, 8, 9), True),
        ((1, 7, 40), False),
        ((3, 40, 7), False),
        ((4, 4, 4, 4), False),
        ((28, 28), False),
    ],
)
def test_misfit_says_what_the_networks_say(shape: tuple[int, ...], fits: bool) -> None:
    assert (misfit(shape) is None) is fits
    if fits:
        x = torch.rand(2, *shape)
        assert backbones.decoder(3, shape)(backbones.encoder(shape, 3)(x)).shape == x.shape
    else:
        assert not is_small(shape)
        with pytest.raises(ValueError, match="no network for data of shape"):
            backbones.encoder(shape, 3)
