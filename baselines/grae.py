"""GRAE: Gaussian Regularized AutoEncoder, a deterministic autoencoder that pays for the volume its
decoder stretches.

Citation
    Kumar and Poole, "On Implicit Regularization in beta-VAEs", ICML 2020
    (https://arxiv.org/abs/2002.00041), equations 11, 13 and 14.

Objective
    With h the code of x, J = dg/dz at h (the output sigmoid included) and A = I + J'J / beta, mean
    over images:

        1/2 ||x - g(h)||^2 + beta/2 ||h||^2 + beta/2 R
        hadamard-1:  R = L ln(1 + ||J_c||^2 / beta),  c uniform, one draw per image: unbiased
                     for sum_i ln(1 + ||J_i||^2 / beta) >= ln det A
        exact:       R = ln det A

    Norms sum over pixels and coordinates, so beta is the variance of the decoder: divided by beta,
    with (D/2) ln(2 pi beta) added, the exact objective is the negative ELBO in nats of the
    posterior N(h, A^-1) with the decoder linear around h. ``terms`` gives the ELBO of that
    posterior without the linearisation, from one draw.

Discovery
    Eigenvalues l of the mean of J'J / beta over the first 1,024 reference images; L* = #{i : 1 +
    l_i > 1.1}. On linear models these are the principal components of variance above 1.1 beta. The
    paper has no rule. L* is one at that beta, which is given: `bench run --suite grae-beta` sets
    them beside each other. ``extra``: the count with thresholds 1.02 and 2, that of the directions
    with 95 % of sum l, the mean local count #{eigenvalues of J'J / beta > 0.1}, code_units =
    #{Var(U'h)_i > 1 - 1/1.1}, and 1/2 ln det A with its Hadamard bound, in nats, on 64 images.
    Flags: ``collapsed`` (L* = 0); ``jacobian_evasion`` where the code varies in more than max(2,
    L/8) directions beyond L*, as behind a decoder that is flat where it was looked at.

Deviations
    The objective is blind to rotations, so after training the code is turned to the eigenvectors U
    of the same mean over 1,024 training images: encode is U'h, decode(z) is g(Uz), and each
    coordinate has its own relevance. Shared backbone, without batch normalisation, which would mix
    images in J. ``hadamard-1`` at every budget: an adapter does not know its budget
    (``regularizer=exact`` suits few dimensions). One column per image where the paper does not say
    whether a batch shares one. Adam at 1e-3 on quarters of the large batch; the paper counts
    updates, four to an outer step here, and gives no batch size. Samples take noise in every
    coordinate, as in the paper; unused ones have only seen codes near 0 (``noise=active`` leaves
    them at their mean). The decoder starts at the mean training image, which is ours (nn/start.py).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Annotated, Literal

import torch
from annotated_types import Ge, Gt
from torch import Tensor

from benchmark.method import Batch, Discovery, Images, Method, Tick
from benchmark.needs import Needs
from benchmark.nn import backbones, jacobian
from benchmark.nn.discovery import cumulative_rule
from benchmark.nn.likelihood import gaussian_nll, squared_error
from benchmark.nn.optim import Adam
from benchmark.nn.start import image_moments, start_at_mean

__all__ = ["GRAE"]

EXACT_LIMIT = 32
"""Latent size up to which whole Jacobians are taken of every image."""

IMAGES = 1024
"""Images over which Jacobians are averaged."""


COUNTED = 12
"""Images over which they are averaged while training."""


class GRAE(Method):
    """Encoder without variances; the rotation of the code is a buffer."""

    reference = {"mnist": {"steps": 5000}, "celeba": {"steps": 12500}}

    rotation: Tensor
    centre: Tensor
    spectrum: Tensor

    @dataclass(frozen=True)
    class Config:
        beta: Annotated[float, Gt(0)] = 0.4
        """decoder variance: weight of the code's norm and volume against half the squared error
        summed over pixels"""
        regularizer: Annotated[
            Literal["hadamard-1", "exact"],
            Needs("regularizer != 'exact' or latent_dim <= 32", "a latent size of 32 at most"),
        ] = "hadamard-1"
        """one sampled column of the Jacobian per image, or the whole log-determinant (latent sizes
        up to 32)"""
        noise: Literal["full", "active"] = "full"
        """sampling: noise in every coordinate, or in the active ones with the others at their mean
        code"""
        lr: Annotated[float, Ge(0)] = 1e-3
        """step size of Adam"""
        chunks: int = 4
        """equal parts of a batch, one update each"""

    def build(self) -> None:
        if self.config.beta <= 0.0:
            raise ValueError(f"beta is a variance, expected more than 0, got {self.config.beta}")
        if self.config.regularizer == "exact" and self.latent_dim > EXACT_LIMIT:
            raise ValueError(
                f"regularizer=exact takes {self.latent_dim} Jacobian columns per image and step; "
                f"expected a latent size up to {EXACT_LIMIT}: choose a smaller one, "
                "or regularizer=hadamard-1"
            )
        self.encoder = backbones.encoder(self.shape, self.latent_dim)
        self.decoder = backbones.decoder(self.latent_dim, self.shape)
        self.register_buffer("rotation", torch.eye(self.latent_dim))
        self.register_buffer("centre", torch.zeros(self.latent_dim))
        self.register_buffer("spectrum", torch.zeros(self.latent_dim))
        self.model = self.add_player(
            "model", self.encoder, self.decoder, optimiser=Adam(self.config.lr)
        )

    def prepare(self, train: Images) -> None:
        """Start the decoder at the mean training image."""
        mean, _ = image_moments(train.batches(1000))
        start_at_mean(self.decoder, mean)

    def train_step(self, batch: Batch, tick: Tick) -> dict[str, Tensor]:
        """One Adam step per chunk; the values of the last chunk are returned."""
        beta = self.config.beta
        for part in batch.chunk(self.config.chunks):
            h = self.encoder(part.x)
            images, term, energy = self.regulariser(h)
            reconstruction = 0.5 * squared_error(part.x, images).mean()
            norm = 0.5 * beta * h.square().sum(1).mean()
            volume = 0.5 * beta * term.mean()
            loss = reconstruction + norm + volume
            self.descend(loss, self.model)
        return {
            "loss": loss,
            "reconstruction": reconstruction,
            "norm": norm,
            "volume": volume,
            "column_energy": energy,
        }

    def regulariser(self, h: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Return the images (B, *shape) of codes (B, L), R (B,), and the mean of ``|J_c|^2 / beta``
        over images and columns."""
        beta = self.config.beta
        if self.config.regularizer == "exact":
            images, matrix = jacobian.jacobian(self.decoder, h)
            return (
                images,
                jacobian.log_det_term(jacobian.gram(matrix), beta),
                matrix.detach().square().sum(1).mean() / beta,
            )
        index = torch.randint(self.latent_dim, (len(h),), device=h.device)
        images, column = jacobian.sampled_column(
            self.decoder, h, jacobian.axis_columns(index, self.latent_dim)
        )
        return (
            images,
            jacobian.sampled_term(column, self.latent_dim, beta),
            column.detach().square().sum(1).mean() / beta,
        )

    @torch.no_grad()
    def conclude(self, train: Images) -> None:
        """Turn the code to the principal axes of the decoder on training images, and remember its
        mean there."""
        codes = self.encoder(next(train.sets(min(IMAGES, len(train)))))
        values, vectors = jacobian.principal_axes(
            jacobian.all_grams(self.decoder, codes), self.config.beta
        )
        self.rotation.copy_(vectors)
        self.spectrum.copy_(values)
        self.centre.copy_((codes @ self.rotation).mean(0))

    def encode(self, x: Tensor) -> Tensor:
        return self.encoder(x) @ self.rotation

    def decode(self, z: Tensor) -> Tensor:
        return self.decoder(z @ self.rotation.T)

    def sample(self, n: int) -> Tensor:
        z = torch.randn(n, self.latent_dim, device=self.rotation.device)
        if self.config.noise == "active":
            z = torch.where(jacobian.precision_rule(self.spectrum), z, self.centre)
        return self.decode(z)

    @torch.no_grad()
    def terms(self, x: Tensor) -> dict[str, Tensor]:
        """Return ``nll`` (B,) with one draw of z ~ N(h, A^-1) and ``kl`` (B, L), whose sum is the
        divergence, in nats.

        Part i of the divergence holds what coordinate i shares with those after it. Nothing for
        latent sizes above 32.
        """
        if self.latent_dim > EXACT_LIMIT:
            return {}
        code, beta = self.encode(x), self.config.beta
        root = torch.linalg.cholesky(
            jacobian.posterior_precision(jacobian.all_grams(self.decode, code), beta)
        )
        noise = torch.linalg.solve_triangular(
            root.mT, torch.randn_like(code).unsqueeze(2), upper=True
        )
        variance = torch.cholesky_inverse(root).diagonal(dim1=1, dim2=2)
        kl = 0.5 * (code.square() + variance - 1.0) + root.diagonal(dim1=1, dim2=2).log()
        log_sigma = torch.full((), 0.5 * math.log(beta), device=x.device)
        return {"nll": gaussian_nll(x, self.decode(code + noise.squeeze(2)), log_sigma), "kl": kl}

    @torch.no_grad()
    def lstar_so_far(self, x: Tensor) -> Tensor:
        """Count on a few images: a Jacobian costs as much as L of them."""
        grams = jacobian.all_grams(self.decoder, self.encoder(x[:COUNTED]))
        values, _ = jacobian.principal_axes(grams, self.config.beta)
        return jacobian.precision_rule(values).sum()

    @torch.no_grad()
    def discover(self, x: Tensor) -> Discovery:
        beta = self.config.beta
        codes = self.encoder(x)
        grams = jacobian.all_grams(self.decoder, codes[:IMAGES])
        values, _ = jacobian.principal_axes(grams, beta)
        active = jacobian.precision_rule(values)
        found = int(active.sum())
        varying = int(
            (
                (codes @ self.rotation).double().var(0, correction=0)
                > 1.0 - 1.0 / jacobian.ACTIVE_PRECISION
            ).sum()
        )
        flags = ("collapsed",) if found == 0 else ()  # type: tuple[str, ...]
        if varying - found > max(2.0, self.latent_dim / 8):
            flags += ("jacobian_evasion",)
        extra = {
            "beta": beta,
            "lstar_1_02": float(jacobian.precision_rule(values, 1.02).sum()),
            "lstar_2": float(jacobian.precision_rule(values, 2.0).sum()),
            "lstar_energy_95": float(cumulative_rule(values).sum()),
            "local_dimension": float(
                (torch.linalg.eigvalsh(grams.double() / beta) > jacobian.ACTIVE_PRECISION - 1.0)
                .sum(1)
                .double()
                .mean()
            ),
            "code_units": float(varying),
            "log_det": float(0.5 * jacobian.log_det_term(grams[:64].double(), beta).mean()),
            "hadamard": float(0.5 * jacobian.hadamard_term(grams[:64].double(), beta).mean()),
        }
        return Discovery(values.to(torch.float32), active, flags=flags, extra=extra)
