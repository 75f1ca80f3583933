"""Losses that adversarial autoencoders with a critic of codes share."""

from __future__ import annotations

from collections.abc import Callable

from torch import Tensor
from torch.nn import functional as F

from benchmark.nn.slopes import distance_and_penalty

__all__ = ["PENALTY_WEIGHT", "critic_loss", "reconstruction_loss"]

PENALTY_WEIGHT = 10.0

_SMALLEST = 1e-7


def reconstruction_loss(x: Tensor, reconstruction: Tensor) -> Tensor:
    """Return the mean over all B D numbers, 0-d: of the binary cross-entropy in nats for images, of
    the squared error for vectors.

    Images (B, C, H, W) lie in [0, 1]; probabilities are clipped to [1e-7, 1 - 1e-7]. The
    cross-entropy of grey pixels has a floor above zero, the entropy of x. Vectors are (B, D).
    """
    if x.dim() == 4:
        return F.binary_cross_entropy(reconstruction.clamp(_SMALLEST, 1.0 - _SMALLEST), x)
    return (x - reconstruction).square().mean()


def critic_loss(
    critic: Callable[[Tensor], Tensor], codes: Tensor, prior: Tensor
) -> tuple[Tensor, Tensor]:
    r"""Return the loss of a critic C that shall score ``prior`` (B, L) high and ``codes`` (B, L)
    low, and its distance between them, both 0-d.

    .. math:: -\hat W + 10\, P, \qquad \hat W = \frac1B \sum_b C(\text{prior}_b)
        - \frac1B \sum_b C(\text{codes}_b)

    P is the gradient penalty on one point per pair, uniform on the segment between a code and a
    prior draw; all L coordinates count. Codes and prior draws are taken as constants.
    """
    distance, penalty = distance_and_penalty(critic, prior, codes)
    return PENALTY_WEIGHT * penalty - distance, distance
