"""The decoder's standard deviation: one scalar for all pixels, trained, computed or given.

Trained, it starts where the method's ``prepare`` puts it: at the data's root mean square about the
mean image, what it would be for a decoder that ignores its code, or below (nn/start.py). Without
that it starts at log sigma = 0, as the algorithms that start it there print it.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from benchmark.nn.likelihood import LOG_SIGMA_FLOOR, optimal_log_sigma, softclip

__all__ = ["DecoderNoise"]

_LOWEST_START = LOG_SIGMA_FLOOR + 1.0
"""Data that hardly vary start this far above the floor, where the clip still has a slope."""


class DecoderNoise(nn.Module):
    """Gives the log standard deviation in force for a batch, 0-d.

    Arguments:
        mode: ``learned``: a trained scalar, 0 until :meth:`start`; ``optimal``: the
            maximum-likelihood value of each batch (both clipped softly at -6, see
            :func:`~benchmark.nn.likelihood.softclip`); ``fixed``: half the log of ``gamma``.
        gamma: decoder variance where it is fixed, more than 0.
    """

    log_sigma: Tensor

    def __init__(self, mode: str, gamma: float = 1.0) -> None:
        super().__init__()
        if gamma <= 0.0:
            raise ValueError(f"gamma is a variance, expected more than 0, got {gamma}")
        self.mode = mode
        start = torch.tensor(0.5 * math.log(gamma) if mode == "fixed" else 0.0)
        if mode == "learned":
            self.log_sigma = nn.Parameter(start)
        else:
            self.register_buffer("log_sigma", start)

    def forward(self, x: Tensor, reconstruction: Tensor) -> Tensor:
        """Return the value for training on this batch; ``optimal`` remembers it for
        :meth:`current`."""
        if self.mode == "optimal":
            log_sigma = softclip(optimal_log_sigma(x, reconstruction))
            self.log_sigma.copy_(log_sigma.detach())
            return log_sigma
        return self.current()

    @torch.no_grad()
    def start(self, variance: Tensor) -> None:
        """Move the standard deviation to sqrt(``variance``), 0-d, unless it is fixed; in force is
        at least exp(-5)."""
        if self.mode == "fixed":
            return
        log_sigma = (0.5 * variance.double().log()).clamp_min(_LOWEST_START)
        if self.mode == "learned":
            log_sigma = LOG_SIGMA_FLOOR + torch.expm1(log_sigma - LOG_SIGMA_FLOOR).log()
        self.log_sigma.copy_(log_sigma)

    def current(self) -> Tensor:
        """Return the value last in force."""
        return softclip(self.log_sigma) if self.mode == "learned" else self.log_sigma
