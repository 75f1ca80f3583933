"""Bernoulli likelihood of images: its value, its gradient where the sigmoid saturates, and the
choice by the shape of the data."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor, nn
from torch.distributions import Bernoulli, Normal
from torch.nn import functional as F

from benchmark.nn import backbones
from benchmark.nn.bernoulli import GivenLikelihood, bernoulli_nll, in_logits

F64 = torch.float64


def images(*shape: int, seed: int = 0) -> Tensor:
    return torch.rand(*shape, generator=torch.Generator().manual_seed(seed), dtype=F64)


def test_nll_equals_the_log_probability_of_torch_summed_over_an_image() -> None:
    x, logits = images(5, 1, 3, 4).round(), 6.0 * images(5, 1, 3, 4, seed=1) - 3.0
    expected = -Bernoulli(logits=logits).log_prob(x).flatten(1).sum(1)
    torch.testing.assert_close(bernoulli_nll(x, logits), expected, rtol=1e-12, atol=0)


def test_grey_image_has_its_own_entropy_as_floor() -> None:
    x = images(4, 1, 3, 3)
    logits = torch.logit(x).requires_grad_()
    nll = bernoulli_nll(x, logits)
    torch.testing.assert_close(nll, Bernoulli(x).entropy().flatten(1).sum(1), rtol=1e-12, atol=0)
    (slope,) = torch.autograd.grad(nll.sum(), logits)
    assert float(slope.abs().max()) < 1e-15  # float64
    assert bool((bernoulli_nll(x, logits + 0.1) > nll).all())


def test_undecided_pixels_cost_log_two_each() -> None:
    torch.testing.assert_close(
        bernoulli_nll(images(3, 2, 4, 4), torch.zeros(3, 2, 4, 4, dtype=F64)),
        torch.full((3,), 32 * math.log(2.0), dtype=F64),
    )


def test_wrong_saturated_pixel_keeps_its_gradient_in_logits_and_loses_it_behind_the_sigmoid() -> (
    None
):
    """At a logit of 20 a float32 sigmoid is exactly 1."""
    logits, x = torch.full((1, 1, 1, 1), 20.0, requires_grad=True), torch.zeros(1, 1, 1, 1)
    (slope,) = torch.autograd.grad(bernoulli_nll(x, logits).sum(), logits)
    (lost,) = torch.autograd.grad(F.binary_cross_entropy(torch.sigmoid(logits), x), logits)
    assert (slope.item(), lost.item()) == (1.0, 0.0)


@pytest.mark.parametrize("shape", [(1, 8, 8), (1, 28, 28), (3, 32, 32), (1, 64, 64)])
def test_logits_are_those_of_the_decoders_own_images(shape: tuple[int, ...]) -> None:
    decoder, z = backbones.decoder(3, shape), torch.randn(2, 3)
    front = in_logits(decoder)
    assert torch.equal(torch.sigmoid(front(z)), decoder(z))
    assert [id(p) for p in front.parameters()] == [id(p) for p in decoder.parameters()]


def test_decoder_without_a_sigmoid_is_refused() -> None:
    with pytest.raises(ValueError, match="ends in a sigmoid"):
        in_logits(backbones.decoder(3, (64,)))


@pytest.mark.parametrize(
    ("kind", "shape"), [("auto", (64,)), ("gaussian", (64,)), ("gaussian", (1, 8, 8))]
)
def test_vectors_are_gaussian_with_the_given_sigma(kind: str, shape: tuple[int, ...]) -> None:
    likelihood, decoder = (
        GivenLikelihood(kind, shape, 0.3).double(),
        backbones.decoder(3, shape).double(),
    )
    x, z = images(5, *shape), images(5, 3, seed=1)
    expected = -Normal(decoder(z), 0.3).log_prob(x).flatten(1).sum(1)
    torch.testing.assert_close(
        likelihood(x, decoder, z), expected, rtol=1e-6, atol=0
    )  # log sigma is stored in float32 first


@pytest.mark.parametrize("kind", ["auto", "bernoulli"])
def test_images_are_bernoulli(kind: str) -> None:
    likelihood, decoder = (
        GivenLikelihood(kind, (1, 8, 8), 0.3).double(),
        backbones.decoder(3, (1, 8, 8)).double(),
    )
    x, z = images(5, 1, 8, 8).round(), images(5, 3, seed=1)
    expected = -Bernoulli(decoder(z)).log_prob(x).flatten(1).sum(1)
    torch.testing.assert_close(
        likelihood(x, decoder, z), expected, rtol=1e-9, atol=0
    )  # torch goes back from probabilities to logits


def test_likelihood_has_nothing_to_train() -> None:
    assert list(GivenLikelihood("auto", (64,), 0.3).parameters()) == []


@pytest.mark.parametrize(
    ("kind", "shape", "sigma", "message"),
    [("bernoulli", (64,), 0.3, "likelihood=gaussian"), ("auto", (64,), -0.3, "got -0.3")],
)
def test_likelihoods_that_cannot_be_are_errors(
    kind: str, shape: tuple[int, ...], sigma: float, message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        GivenLikelihood(kind, shape, sigma)


def test_any_module_may_stand_in_front_of_the_sigmoid() -> None:
    assert len(in_logits(nn.Sequential(nn.Linear(2, 2), nn.Sigmoid()))) == 1
