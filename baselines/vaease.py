"""VAEase: a VAE whose decoder sees each coordinate scaled by one minus its standard deviation, so
that every image chooses its own active dimensions.

Citation
    Lu, Zhu, He, Wipf, "Sparse Autoencoders, Again?", ICML 2025 (https://arxiv.org/abs/2506.04859).

Objective
    The negative ELBO of ``vae``, in nats, mean over images, one draw of z = mu + sigma eps per
    image, with the decoder given the product of (1 - sigma) and z:

        D (log sigma_x + 1/2 log 2 pi) + ||x - decode((1 - sigma) z)||^2 / (2 sigma_x^2)
            + KL(q(z|x) || N(0, I))

    sigma_x, one trained scalar, is the decoder's. A coordinate at the prior, sigma = 1, gives the
    decoder an exact zero, image by image. ``gate=False`` is ``vae`` with bounded posteriors.

Discovery
    p_l = share of reference images with sigma_l^2 < 0.05; A = sum_l p_l is the average number of
    active dimensions of an image; L* = round(A), the coordinates of largest p (of equal ones those
    of lower index). Relevance is p. Where the data are a union of manifolds, more than L*
    coordinates are in use: ``extra.union`` counts p > 0.01, ``always`` p > 0.5; ``aad`` is A,
    ``aad_sd`` its standard deviation over images, ``aad_split`` the average by the authors' second
    rule, which parts the log-variances of an image into the two groups of least variance within
    groups. Flags, where A < 1/2: ``undecided`` if the decoder's variance is above a tenth of the
    data's, so that training had not come far enough to tell, else ``collapsed``.

Deviations
    Of the paper abstract and introduction were read; objective and rule are from the authors' code,
    which gives no sampler: samples take (1 - sigma) of one of 1,024 training images, times N(0, I).
    sigma^2 is a sigmoid, as in the code's networks for activations; ``variance=clip``, at 1, is
    that of its image networks, where coordinates that start there have no gradient and stay dead.
    Its Adam runs at 0.005 to 0.05 with warm restarts of a cosine, in batches of 1,024 and 2,048;
    ours is that of ``vae``, and so are start and pace of sigma_x and the start of the decoder. The
    authors also average variances over a class before they count, which needs labels.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor
from torch.nn import functional as F

from baselines.vae import VAE
from benchmark.method import Discovery, Images
from benchmark.nn.gaussian import kl_standard, reparameterise
from benchmark.nn.likelihood import gaussian_nll

__all__ = ["VAEase"]

ACTIVE_VARIANCE = 0.05
"""Posterior variance below which a coordinate is active for an image."""

GATES = 1024
"""Training images whose gates samples take."""


class VAEase(VAE):
    """The VAE with a bounded posterior variance and a gate in front of the decoder."""

    null = ({"relevances": "equal", "share": 1.0},)

    reference = {}

    gates: Tensor

    @dataclass(frozen=True)
    class Config(VAE.Config):
        gate: bool = True
        """scale the decoder's input by 1 - sigma"""
        variance: Literal["sigmoid", "clip"] = "sigmoid"
        """how sigma^2 is kept below 1: a sigmoid, or its logarithm cut off at 0"""

    def build(self) -> None:
        super().build()
        self.register_buffer("gates", torch.ones(GATES, self.latent_dim))

    def posterior(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Return the means and the logarithms of variances of at most 1, (B, L)."""
        mean, raw = self.encoder(x).chunk(2, dim=1)
        bounded = F.logsigmoid(raw) if self.config.variance == "sigmoid" else raw.clamp(max=0.0)
        return mean, bounded

    def opening(self, log_var: Tensor) -> Tensor:
        """Return 1 - sigma of log-variances (B, L); ones without gate."""
        if not self.config.gate:
            return torch.ones_like(log_var)
        return -torch.expm1(0.5 * log_var)

    def negative_bound(self, x: Tensor) -> dict[str, Tensor]:
        """Return the negative ELBO of images (B, *shape), its two parts and log sigma_x, 0-d."""
        mean, log_var = self.posterior(x)
        z = reparameterise(mean, log_var)
        nll, log_sigma = self.nll(x, self.opening(log_var) * z)
        kl = self.divergence(mean, log_var, z).sum(1).mean()
        return {"loss": nll + kl, "nll": nll, "kl": kl, "log_sigma": log_sigma}

    def encode(self, x: Tensor) -> Tensor:
        mean, log_var = self.posterior(x)
        return self.opening(log_var) * mean

    def sampled_code(self, x: Tensor) -> Tensor:
        """Return one draw of what the decoder sees, (B, L)."""
        mean, log_var = self.posterior(x)
        return self.opening(log_var) * reparameterise(mean, log_var)

    @torch.no_grad()
    def conclude(self, train: Images) -> None:
        """Keep the gates of training images, again from the first where there are fewer."""
        images = next(train.sets(min(GATES, len(train))))
        gates = self.opening(self.posterior(images)[1])
        self.gates.copy_(gates[torch.arange(GATES, device=gates.device) % len(gates)])

    def sample(self, n: int) -> Tensor:
        row = torch.randint(GATES, (n,), device=self.gates.device)
        gates = self.gates.index_select(0, row)
        return self.decode(gates * torch.randn_like(gates))

    def terms(self, x: Tensor) -> dict[str, Tensor]:
        """Return ``nll`` (B,) with one draw of z and ``kl`` (B, L), in nats."""
        mean, log_var = self.posterior(x)
        code = self.opening(log_var) * reparameterise(mean, log_var)
        nll = gaussian_nll(x, self.decoder(code), self.noise.current())
        return {"nll": nll, "kl": kl_standard(mean, log_var)}

    @torch.no_grad()
    def discover(self, x: Tensor) -> Discovery:
        log_var = self.posterior(x)[1]
        used = (log_var.exp() < ACTIVE_VARIANCE).double()
        share, per_image = used.mean(0), used.sum(1)
        average = float(share.sum())
        active = torch.zeros_like(share, dtype=torch.bool)
        active[torch.argsort(share, descending=True, stable=True)[: int(average + 0.5)]] = True
        gamma = float(torch.exp(2.0 * self.noise.current()))
        flags: tuple[str, ...] = ()
        if average < 0.5:
            spread = float((x - x.mean(0)).square().mean())
            flags = ("undecided",) if gamma > 0.1 * spread else ("collapsed",)
        extra = {
            "aad": average,
            "aad_sd": float(per_image.std(correction=0)),
            "aad_split": float(split_counts(log_var).double().mean()),
            "union": float((share > 0.01).sum()),
            "always": float((share > 0.5).sum()),
            "gamma": gamma,
        }
        return Discovery(share.float(), active, flags=flags, extra=extra)


def split_counts(log_var: Tensor) -> Tensor:
    r"""Return how many coordinates of each image (B,) lie in the lower of the two groups of
    log-variances (B, L) that leave the least sum of squares within groups.

    Sorted, a group of k and one of L - k leave :math:`\sum v^2 - s_k^2 / k - (s_L - s_k)^2 / (L -
    k)`, s_k the sum of the k smallest. A single coordinate is a group of its own.
    """
    size = log_var.shape[1]
    if size < 2:
        return torch.ones(len(log_var), dtype=torch.int64, device=log_var.device)
    sums = log_var.double().sort(1).values.cumsum(1)
    low, total = sums[:, :-1], sums[:, -1:]
    k = torch.arange(1, size, dtype=torch.float64, device=log_var.device)
    return (low.square() / k + (total - low).square() / (size - k)).argmax(1) + 1
