"""Decoder likelihoods with nothing to train: Bernoulli for images in [0, 1], a Gaussian of given
standard deviation for vectors.

The shared decoders end in a sigmoid on images. A Bernoulli likelihood of its output would take
log(1 - p) of a float32 p that rounds to 1 from a logit of 17 on, where the gradient of a wrong
pixel is then zero instead of one; so the logits are taken, in front of the sigmoid.
"""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional as F

from benchmark.nn.likelihood import gaussian_nll
from benchmark.nn.noise import DecoderNoise

__all__ = ["GivenLikelihood", "bernoulli_nll", "in_logits"]


def bernoulli_nll(x: Tensor, logits: Tensor) -> Tensor:
    r"""Return the cross-entropy of each image under independent Bernoulli pixels with these logits,
    shape (B,), in nats.

    .. math:: -\sum_d x_d \log p_d + (1 - x_d) \log(1 - p_d), \qquad p = \mathrm{sigmoid}(l)

    Arguments:
        x: images (B, *shape) in [0, 1]; grey ones are allowed, and leave the entropy of their
            pixels as a floor.
        logits: likewise (B, *shape).
    """
    return F.binary_cross_entropy_with_logits(logits, x, reduction="none").flatten(1).sum(1)


def in_logits(decoder: nn.Sequential) -> nn.Sequential:
    """Return ``decoder`` without its final sigmoid, the same layers and parameters; ``ValueError``
    where it does not end in one."""
    if not isinstance(decoder[-1], nn.Sigmoid):
        raise ValueError(
            "a Bernoulli likelihood needs a decoder that ends in a sigmoid, "
            f"got one that ends in {decoder[-1]}; use a Gaussian"
        )
    return decoder[:-1]


class GivenLikelihood(nn.Module):
    """Gives the negative log-likelihood of images under a decoder, without a parameter of its own.

    Arguments:
        kind: ``bernoulli``; ``gaussian``; or ``auto``: Bernoulli for images, Gaussian for vectors.
        shape: of one image, (C, H, W), or vector, (D,).
        sigma: standard deviation of the Gaussian, more than 0.
    """

    def __init__(self, kind: str, shape: tuple[int, ...], sigma: float) -> None:
        super().__init__()
        self.bernoulli = kind == "bernoulli" or (kind == "auto" and len(shape) == 3)
        if self.bernoulli and len(shape) != 3:
            raise ValueError(
                "a Bernoulli likelihood is for images in [0, 1], the data are vectors of shape "
                f"{shape}; use likelihood=gaussian"
            )
        if sigma <= 0.0:
            raise ValueError(f"sigma is a standard deviation, expected more than 0, got {sigma}")
        self.noise = DecoderNoise("fixed", sigma * sigma)

    def forward(self, x: Tensor, decoder: nn.Sequential, z: Tensor) -> Tensor:
        """Return the negative log-likelihood (B,) of images x (B, *shape) given codes z (B, L), in
        nats, all constants kept."""
        if self.bernoulli:
            return bernoulli_nll(x, in_logits(decoder)(z))
        return gaussian_nll(x, decoder(z), self.noise.current())
