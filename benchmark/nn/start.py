r"""Where a decoder starts: at the mean of the training images, and its standard deviation at their
root mean square about it, or below where no direction of the data stands out.

A decoder that ends in a sigmoid and starts with a bias of zero gives grey on average. Where images
are nearly black, the first updates therefore push every logit down at once, Adam moves all layers
together at full step, and within some thirty updates the logits are at -57 where -3.2 was wanted:
the slope of the sigmoid is 2e-4, nothing tells the encoder anything, and the posterior stays at the
prior. With the bias at the mean there is no such push. A log standard deviation that starts at 0
weighs the error of images in [0, 1] some thirty times too little against the KL, and leaves it so
for as long as Adam's step size takes. Measured in docs/decisions.md; both starts are ours, no
source has them.

The root mean square is what sigma is for a decoder that ignores its code, so a run that starts
there leaves the prior only where some direction is worth its KL: in the linear VAE, one of a
variance above sigma^2 (Lucas et al., "Don't Blame the ELBO!", 2019,
https://arxiv.org/abs/1911.02469). Images have such directions by the dozen. A noisy circle in the
plane has none, both are its mean variance, and every run stays at the mean image, a local optimum
of the bound (2.17 nats; 1.7 to 1.9 with the circle). There sigma starts lower
(:func:`noise_variance`).
"""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import Tensor, nn

__all__ = ["MARGIN", "STANDS_OUT", "image_moments", "noise_variance", "start_at_mean"]

MARGIN = 0.01
"""A mean closer than this to 0 or 1 is moved to it: its logit would be without bound."""

STANDS_OUT = 4.0
"""From this many mean variances on, the largest variance of a direction needs no lower sigma.

The planar circle has 1, one moon 1.7, latent-16 5.2, digits and latent-8 9, MNIST 77, sprites of
32x32 132.
"""

_AFFINE = (nn.Linear, nn.Conv2d, nn.ConvTranspose2d)


def image_moments(batches: Iterable[Tensor]) -> tuple[Tensor, Tensor]:
    """Return the mean image (*shape) and the squared error per number with it as the
    reconstruction of every image (0-d), of chunks (size, *shape); float64, one pass."""
    count = 0
    total = squares = torch.zeros((), dtype=torch.float64)
    for x in batches:
        count += len(x)
        total = total + x.double().sum(0)
        squares = squares + x.double().square().sum(0)
    if count == 0:
        raise ValueError("there are no images to take a mean of; expected at least one")
    mean = total / count
    return mean, (squares / count - mean.square()).clamp_min(0.0).mean()


@torch.no_grad()
def noise_variance(x: Tensor, variance: Tensor) -> Tensor:
    r"""Return the decoder variance to start at, 0-d: ``variance``, the data's about the mean image,
    or less where no direction of the images ``x`` (n, *shape) stands out.

    .. math:: \sigma^2 = v \min(1, r / 4)^2, \qquad r = \lambda_1 / \bar\lambda,

    the largest eigenvalue of the covariance of x over their mean: 1 where all directions are alike,
    which start at a quarter of the root mean square. Images that do not vary start at it.
    """
    centred = (x.double() - x.double().mean(0)).flatten(1)
    numbers = centred.shape[1]
    products = centred @ centred.T if numbers > len(x) else centred.T @ centred
    total = centred.square().sum()
    ratio = torch.linalg.eigvalsh(products)[-1] * numbers / total
    share = torch.where(total > 0.0, ratio / STANDS_OUT, 1.0).clamp(max=1.0)
    return variance * share.square()


@torch.no_grad()
def start_at_mean(decoder: nn.Module, mean: Tensor) -> None:
    """Set the bias of the decoder's last layer so that this layer gives ``mean`` (*shape) where its
    inputs are zero.

    A bias per number takes each number's mean, a bias per channel the channel's. Behind a sigmoid
    it is their logit, of means at least :data:`MARGIN` from 0 and 1. ``ValueError`` where the last
    layer has no bias of either size.
    """
    *_, layer = (part for part in decoder.modules() if isinstance(part, _AFFINE))
    start = mean.flatten() if isinstance(layer, nn.Linear) else mean.flatten(1).mean(1)
    if layer.bias is None or layer.bias.shape != start.shape:
        raise ValueError(
            f"the decoder's last layer is {layer}; expected a bias of {len(start)} numbers, "
            "one for each of the data's "
            f"{'numbers' if isinstance(layer, nn.Linear) else 'channels'}"
        )
    if any(isinstance(part, nn.Sigmoid) for part in decoder.modules()):
        start = start.clamp(MARGIN, 1.0 - MARGIN).logit()
    layer.bias.copy_(start)
