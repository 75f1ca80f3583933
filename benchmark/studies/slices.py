"""Slices through the objective of a VAE whose optimal sparse representation is known, at one
decoder variance: where are its minima?

Citation
    Dai, Wenliang, Wipf, "On the value of infinite gradients in variational autoencoder models",
    NeurIPS 2021, definition 1, equation 3 and figure 3.

Objective
    A linear decoder W diag(c) with more coordinates (L) than numbers (``inputs``), columns of W
    of length 1, and one point x = W z0 with ``informative`` non-zero coordinates in z0. Along z(t)
    = z0 + t v with W v = 0 every reconstruction is perfect; t = 0 is sparse, and wherever a
    coordinate of z0 is cancelled one of the others is spared. Means z(t)/c
    and standard deviations s, in nats, twice the negative ELBO up to a constant:

        D log gamma + ||x - W z(t)||^2 / gamma
            + sum_i [ c_i^2 s_i^2 / gamma + s_i^2 - log s_i^2 - 1 + z_i(t)^2 / c_i^2 ]

    At each t the logarithm of c goes down it by Adam, whose step size falls along a cosine, with s
    at its best for that c, s_i^2 = gamma / (gamma + c_i^2), where the bracket is log(1 + c_i^2 /
    gamma) + z_i(t)^2 / c_i^2.

Discovery
    ``minima`` counts the local minima of the slice (as deep as 0.05 nats), ``optimum`` is the
    distance of the lowest point from t = 0. ``excess`` is how far above its minimum over c, which
    is known, the objective stands at worst: with u = (z^2 + |z| sqrt(z^2 + 4 gamma)) / 2 a
    coordinate costs log(1 + u / gamma) + z^2 / u, which is nothing at z = 0 and log(1 / gamma) +
    O(1) elsewhere. The claim: a large gamma leaves one minimum, a small one several, the lowest of
    them at t = 0.

Deviations
    The source's slices are pictures, without model, direction or values of gamma; all of these are
    ours. W, z0 and v are drawn by the seed.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Annotated

import numpy as np
import torch
from annotated_types import Ge, Gt
from scipy.signal import find_peaks
from torch import Tensor, nn

from benchmark.method import Batch, Images, Tick
from benchmark.metrics.base import Measurement
from benchmark.needs import Needs
from benchmark.nn.optim import Adam
from benchmark.nn.schedules import cosine
from benchmark.study import Outcome, Study

__all__ = ["Slices", "draw_slice", "least_cost", "local_minima"]

REACH = 1.25
"""The slice goes from minus this to this; the last coordinate is cancelled at 1."""

ROUNDING = 1e-9
"""Coordinates below this are zero."""

DEPTH = 0.05
"""Nats by which a minimum lies below what surrounds it."""


def draw_slice(inputs: int, size: int, informative: int) -> tuple[Tensor, Tensor, Tensor]:
    """Return W (inputs, size) with columns of length 1, z0 (size,) with ``informative`` non-zero
    coordinates between 1 and 2 in size, and v (size,) with W v = 0, so long that the last of these
    is cancelled at |t| = 1; float64."""
    weight = torch.randn(inputs, size, dtype=torch.float64)
    weight /= weight.norm(dim=0)
    code = torch.zeros(size, dtype=torch.float64)
    signs = torch.randint(0, 2, (informative,)) * 2 - 1
    code[:informative] = signs * (1.0 + torch.rand(informative, dtype=torch.float64))
    null = torch.linalg.svd(weight)[2][inputs:]
    direction = torch.randn(len(null), dtype=torch.float64) @ null
    return weight, code, direction * (code / direction)[:informative].abs().max()


def least_cost(z: Tensor, gamma: float) -> Tensor:
    """Return what coordinates with means of scale ``z`` (...) cost at the best c and s, in nats."""
    size = z.abs()
    u = 0.5 * size * (size + (size.square() + 4.0 * gamma).sqrt())
    price = torch.log1p(u / gamma) + size.square() / u
    return torch.where(size == 0.0, torch.zeros_like(size), price)


def local_minima(values: np.ndarray) -> np.ndarray:
    """Return the places of the local minima of ``values`` (T,) that lie at least 0.05 below what
    surrounds them; the ends are none."""
    return np.asarray(find_peaks(-values, prominence=DEPTH)[0])


class Slices(Study):
    """One model per position of the slice, all in one tensor."""

    draws_data = True
    reference = {"own-data": {"steps": 1000}}

    position: Tensor
    codes: Tensor
    miss: Tensor

    @dataclass(frozen=True)
    class Config:
        gamma: Annotated[float, Gt(0)] = 0.01
        """decoder variance"""
        inputs: Annotated[int, Ge(1), Needs("inputs < latent_dim", "a latent size above it")] = 4
        """numbers D of the point, fewer than the latent size"""
        informative: Annotated[int, Ge(1), Needs("informative < inputs", "more inputs")] = 3
        """non-zero coordinates of the optimal sparse representation"""
        positions: Annotated[
            int, Ge(3), Needs("positions % 2 == 1", "an odd number of positions")
        ] = 401
        """points of the slice at equal distances, an odd number, so that 0 is one of them"""
        lr: Annotated[float, Ge(0)] = 0.1
        """step size of Adam at the start"""

    def build(self) -> None:
        config = self.config
        if config.gamma <= 0.0:
            raise ValueError(f"gamma is a variance, expected more than 0, got {config.gamma}")
        if not 1 <= config.informative < config.inputs < self.latent_dim:
            options = f"informative={config.informative}, inputs={config.inputs}"
            raise ValueError(
                f"got {options} and a latent size of {self.latent_dim}; "
                "expected 1 or more informative coordinates, fewer than inputs, "
                "and these fewer than the latent size (latent_dims = [8])"
            )
        if config.positions < 3 or config.positions % 2 == 0:
            raise ValueError(f"positions are an odd number from 3 on, got {config.positions}")
        count = config.positions + config.informative
        shape = (count, self.latent_dim)
        self.register_buffer("position", torch.zeros(count, dtype=torch.float64))
        self.register_buffer("codes", torch.zeros(shape, dtype=torch.float64))
        self.register_buffer("miss", torch.zeros(count, dtype=torch.float64))
        self.log_scale = nn.Parameter(torch.zeros(shape))
        optimiser = Adam(config.lr, betas=(0.9, 0.99), schedule=cosine())
        self.model = self.add_player("model", self.log_scale, optimiser=optimiser)

    def prepare(self, train: Images) -> None:
        """Draw the slice, on the CPU, so that every device has the same; c starts at sqrt(1 +
        z(t)^2)."""
        weight, code, direction = draw_slice(
            self.config.inputs, self.latent_dim, self.config.informative
        )
        half = self.config.positions // 2
        even = torch.arange(-half, half + 1, dtype=torch.float64) * (REACH / half)
        cancelled = -(code / direction)[: self.config.informative]
        position = torch.cat((even, cancelled)).sort().values
        codes = code + position.unsqueeze(1) * direction
        codes[codes.abs() < ROUNDING] = 0.0
        self.position.copy_(position)
        self.codes.copy_(codes)
        with torch.no_grad():
            self.log_scale.copy_(0.5 * torch.log1p(codes.square()))
        self.miss.copy_((weight @ code - codes @ weight.mT).square().sum(1))

    def train_step(self, batch: Batch, tick: Tick) -> dict[str, Tensor]:
        """One Adam step at every position."""
        loss = self.objective(self.log_scale)
        self.descend(loss.sum(), self.model, tick=tick)
        return {"loss": loss.detach().mean()}

    def objective(self, log_scale: Tensor) -> Tensor:
        """Return the objective at every position with the scales exp(``log_scale``), (T, L); (T,),
        in nats."""
        square = torch.exp(2.0 * log_scale)
        price = torch.log1p(square / self.config.gamma) + self.codes.square().to(square) / square
        return self.constant() + price.sum(1).double()

    def constant(self) -> Tensor:
        """Return what c and s do not change, (T,), float64: the error of the means and its
        normaliser."""
        return self.config.inputs * math.log(self.config.gamma) + self.miss / self.config.gamma

    @torch.no_grad()
    def outcome(self, test: object) -> Outcome:
        """Return the number of minima, where the lowest point is, and how far training went."""
        objective = self.objective(self.log_scale.double())
        best = self.constant() + least_cost(self.codes, self.config.gamma).sum(1)
        values, where = objective.cpu().numpy(), self.position.cpu().numpy()
        count = len(values)
        numbers = {
            "minima": (len(local_minima(values)), "minima", "local minima 0.05 nats deep"),
            "optimum": (
                abs(where[values.argmin()]),
                "",
                "distance of the lowest point from the optimal sparse representation",
            ),
            "excess": (
                float((objective - best).max()),
                "nats",
                "largest distance from the minimum over scales",
            ),
            "mse": (
                float(self.miss.mean()) / self.config.inputs,
                "squared data units",
                "means decoded, along the slice",
            ),
        }
        measurements = {
            name: Measurement(float(value), unit, count, f"{count} positions: {text}")
            for name, (value, unit, text) in numbers.items()
        }
        arrays = {"position": where, "objective": values, "best": best.cpu().numpy()}
        return Outcome(measurements, arrays)
