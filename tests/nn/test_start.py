"""Decoders start at the mean image and sigma at the spread about it, by the formulas in float64."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from benchmark.nn import backbones
from benchmark.nn.noise import DecoderNoise
from benchmark.nn.start import MARGIN, image_moments, noise_variance, start_at_mean

F64 = torch.float64
SHAPES = [(2,), (30,), (100,), (1, 8, 8), (1, 28, 28), (3, 32, 32), (1, 64, 64)]


def images(*shape: int) -> torch.Tensor:
    return torch.rand(50, *shape, generator=torch.Generator().manual_seed(0), dtype=F64) ** 3


@pytest.mark.parametrize("sizes", [(50,), (20, 20, 10)])
def test_moments_are_the_mean_image_and_the_error_of_it(sizes: tuple[int, ...]) -> None:
    x = images(2, 3, 3) + 10.0
    mean, variance = image_moments(x.split(list(sizes)))
    torch.testing.assert_close(mean, x.mean(0), rtol=1e-12, atol=0)
    assert float(variance) == pytest.approx(float((x - x.mean(0)).square().mean()), rel=1e-12)


def test_no_images_have_no_mean() -> None:
    with pytest.raises(ValueError, match="no images"):
        image_moments([])


@pytest.mark.parametrize("shape", SHAPES)
def test_a_decoder_whose_last_layer_sees_zeros_gives_the_mean(shape: tuple[int, ...]) -> None:
    """The last layer alone is silenced: every number where it is dense, every channel else."""
    mean = images(*shape).mean(0)
    decoder = backbones.decoder(3, shape).double()
    start_at_mean(decoder, mean)
    *_, layer = (part for part in decoder.modules() if getattr(part, "bias", None) is not None)
    torch.nn.init.zeros_(layer.weight)
    image = decoder(torch.randn(2, 3, dtype=F64))[0].detach()
    if isinstance(layer, torch.nn.ConvTranspose2d):
        mean = mean.mean((1, 2), keepdim=True).expand(shape)
    torch.testing.assert_close(image, mean, rtol=1e-9, atol=0)


def test_only_the_last_bias_moves() -> None:
    torch.manual_seed(0)
    decoder = backbones.decoder(3, (1, 28, 28))
    before = {name: p.detach().clone() for name, p in decoder.named_parameters()}
    start_at_mean(decoder, images(1, 28, 28).mean(0))
    moved = [name for name, p in decoder.named_parameters() if not torch.equal(before[name], p)]
    assert moved == [list(before)[-1]] and moved[0].endswith("bias")


@pytest.mark.parametrize("value", [0.0, 1.0])
def test_numbers_that_never_vary_have_finite_logits(value: float) -> None:
    decoder = backbones.decoder(3, (1, 8, 8))
    start_at_mean(decoder, torch.full((1, 8, 8), value, dtype=F64))
    bias = list(decoder.parameters())[-1]
    expected = math.log(MARGIN / (1.0 - MARGIN)) * (1.0 if value == 0.0 else -1.0)
    torch.testing.assert_close(bias, torch.full((64,), expected))


def test_a_last_layer_without_a_bias_of_that_size_is_an_error() -> None:
    with pytest.raises(ValueError, match="one for each of the data's channels"):
        start_at_mean(torch.nn.Conv2d(4, 1, 3, bias=False), images(1, 8, 8).mean(0))
    with pytest.raises(ValueError, match="a bias of 64 numbers"):
        start_at_mean(torch.nn.Linear(4, 63), images(1, 8, 8).mean(0))


@pytest.mark.parametrize("mode", ["learned", "optimal"])
@pytest.mark.parametrize("variance", [2.0, 0.03, 1e-4])
def test_sigma_in_force_starts_at_the_root_mean_square(mode: str, variance: float) -> None:
    noise = DecoderNoise(mode)
    noise.start(torch.tensor(variance, dtype=F64))
    assert float(noise.current().detach().exp()) == pytest.approx(math.sqrt(variance), rel=1e-5)


@pytest.mark.parametrize(("count", "numbers"), [(200, 2), (200, 30), (20, 30)])
@pytest.mark.parametrize("stretch", [1.0, 3.0, 30.0])
def test_noise_starts_below_the_variance_where_no_direction_stands_out(
    count: int, numbers: int, stretch: float
) -> None:
    """Against NumPy's eigenvalues; from four mean variances on it is the variance itself, bit for
    bit."""
    x = torch.randn(count, numbers, generator=torch.Generator().manual_seed(0), dtype=F64) - 5.0
    x[:, 0] *= stretch
    spectrum = np.linalg.eigvalsh(np.cov(x.numpy().T, ddof=0))
    ratio = spectrum[-1] / spectrum.mean()
    variance = torch.tensor(0.37, dtype=F64)
    start = noise_variance(x, variance)
    if ratio >= 4.0:
        assert torch.equal(start, variance)
    else:
        assert float(start) == pytest.approx(0.37 * (ratio / 4.0) ** 2, rel=1e-9)
    assert (ratio >= 4.0) == (count == 20 or (numbers == 30 and stretch > 1.0))


def test_noise_starts_at_a_quarter_where_all_directions_are_alike() -> None:
    corners = torch.tensor([[1.0, 0.0], [-1.0, 0.0], [0.0, 1.0], [0.0, -1.0]])
    start = noise_variance(corners, torch.tensor(0.5, dtype=F64))
    assert float(start) == pytest.approx(0.5 / 16.0, rel=1e-12)


@pytest.mark.parametrize("count", [1, 5])
def test_noise_of_images_that_do_not_vary_starts_at_the_variance(count: int) -> None:
    variance = torch.tensor(0.2, dtype=F64)
    assert torch.equal(noise_variance(torch.ones(count, 3), variance), variance)


def test_sigma_of_data_that_never_vary_starts_above_the_floor() -> None:
    noise = DecoderNoise("learned")
    noise.start(torch.zeros((), dtype=F64))
    assert float(noise.current().detach()) == pytest.approx(-5.0, rel=1e-6)


def test_a_fixed_sigma_stays() -> None:
    noise = DecoderNoise("fixed", 0.25)
    noise.start(torch.tensor(4.0))
    assert float(noise.current()) == pytest.approx(math.log(0.5))
