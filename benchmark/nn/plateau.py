"""Whether a number that is seen in every step has come to rest by the end of a run."""

from __future__ import annotations

import torch
from torch import Tensor, nn

__all__ = ["CRITIC_UNSETTLED", "TOLERANCE", "Plateau"]

CRITIC_UNSETTLED = "critic_unsettled"
"""The flag of methods whose critic's distance is still on the move at the end."""

WINDOW = 0.2
"""Two windows of this share of the run each are compared: the last one and the one before it."""

TOLERANCE = 0.25
"""How far the two means may be apart, in units of the larger one's size. MaskAAE on latent-8, L =
16, 3,000 steps of batch 64, ends 0.11 apart with its usual critic (0.375 and 0.334) and 0.39 with
one of 2 x 64, which cannot keep up (0.203 and 0.333); seed 0."""


class Plateau(nn.Module):
    r"""Means of a number over the last fifth of a run and over the fifth before it.

    A critic's distance W falls while autoencoder and prior approach each other and rises while the
    critic learns; where it still does either, the adversarial part is not trained to its end. W has
    flattened where :math:`|\bar W_{\text{last}} - \bar W_{\text{before}}| \le \tfrac14
    \max(|\bar W_{\text{last}}|, |\bar W_{\text{before}}|)`.
    """

    total: Tensor
    count: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("total", torch.zeros(2))
        self.register_buffer("count", torch.zeros(2))

    @torch.no_grad()
    def add(self, value: Tensor, progress: Tensor) -> None:
        """Take note of ``value`` (0-d) at ``progress`` (0-d, in [0, 1)); nothing is read back."""
        window = torch.stack((progress >= 1.0 - 2.0 * WINDOW, progress >= 1.0 - WINDOW))
        inside = torch.stack((window[0] & ~window[1], window[1]))
        self.total += torch.where(inside, value, 0.0)
        self.count += inside

    def means(self) -> Tensor:
        """Return the means of both windows, the earlier first, (2,); NaN where one saw nothing."""
        return self.total / self.count

    def flat(self) -> bool:
        """Whether the number has come to rest; False too where a window saw nothing."""
        before, last = self.means().tolist()
        return abs(last - before) <= TOLERANCE * max(abs(last), abs(before))
