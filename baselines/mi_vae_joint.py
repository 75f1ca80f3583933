"""MI-VAE with a categorical latent variable, which is rewarded for the information that it leaves
in the decoded image.

Citation
    Serdega, master's thesis, KAIST, 2019, joint model; the same framework: Serdega and Kim,
    "Variational Mutual Information Maximization Framework for VAE Latent Codes with Continuous and
    Discrete Priors", 2020 (https://arxiv.org/abs/2006.02227). Relaxation: Jang, Gu, Poole,
    "Categorical Reparameterization with Gumbel-Softmax", 2017 (https://arxiv.org/abs/1611.01144).
    Decoder variance: sigma-VAE (https://arxiv.org/abs/2006.13202).

Objective
    q(z, c | x) = N(z; mu(x), diag s^2(x)) Cat(c; pi(x)) against N(0, I) and the uniform
    distribution on K categories; the decoder reads z and the relaxed draw y = softmax((log pi +
    Gumbel noise) / T), x' = decode(z, y). In nats, mean over images, one draw of z and y per image:

        critic:   -sum_k y_k log Q_k(x')
        model:    NLL + KL_z + KL_c - lambda [ sum_k y_k log Q_k(x') + H(pi_bar) ]
        KL_c = sum_k pi_k log(K pi_k),   pi_bar = the mean of pi over the chunk

    The critic's step holds y and x' fixed and moves the critic alone; the model's takes the critic
    just updated and moves the model alone. The bracket bounds I(c; x') from below; its gradient
    flows through x', y and pi_bar. T falls exponentially from 1 to ``temperature`` over the first
    half of the steps. lambda is ``mi_weight``; with lambda = 0 the model is the joint VAE, bit for
    bit.

Discovery
    The rule of mi-vae on the Gaussian coordinates: L* = the number of I_i = E_x KL(q(z_i|x) ||
    q(z_i)) above 1/2 log 1.1 = 0.047655 nats (flag ``collapsed`` where there is none); relevance is
    I_i, at least 0. The category is reported beside it and never added: ``extra`` has kl_c, i_c =
    H(pi_bar) - mean H(pi), and whether i_c is above the same threshold (c_active).

Deviations
    As in mi-vae where the thesis is silent. H is the entropy of the mean posterior: with the
    constant log K the code that calls every image category 3 earns the whole reward and tells
    nothing. The mean is over the images of one update, a quarter of the batch, whose entropy is a
    little below that of all images. lambda is not given for this model: 0.01, the largest of the
    Gaussian one, does nothing where NLL sums over pixels, and read per pixel it is 7.84 on MNIST,
    hence 8. KL_c is that of the categorical distributions, as its ceiling of log 10 in the thesis
    shows. The temperature's course is ours. A sampled code takes the category hard; the
    deterministic code, which every MSE is of, carries pi.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import torch
from annotated_types import Ge, Gt
from torch import Tensor
from torch.nn import functional as F

from baselines.vae import VAE
from benchmark.method import Batch, Discovery, Tick
from benchmark.nn import backbones
from benchmark.nn.categorical import (
    category_information,
    draw_one_hot,
    gumbel_softmax,
    kl_uniform,
    shares_of_tenths,
    temperature,
)
from benchmark.nn.gaussian import kl_standard, reparameterise
from benchmark.nn.information import (
    THRESHOLD,
    categorical_bound,
    categorical_log_q,
    informative,
    mixture_information,
)
from benchmark.nn.likelihood import gaussian_nll
from benchmark.nn.noise import DecoderNoise
from benchmark.nn.optim import Adam

__all__ = ["JointMIVAE"]


class JointMIVAE(VAE):
    """A VAE with L Gaussian components and one category, and a critic that reads the category from
    decoded images."""

    reference = {
        "mnist": {"epochs": 100, "batch_size": 100},
        "fashion-mnist": {"epochs": 100, "batch_size": 100},
    }

    @dataclass(frozen=True)
    class Config(VAE.Config):
        mi_weight: float = 8.0
        """lambda, nats of loss per nat of the information bound; 0: the joint VAE bit for bit"""
        categories: Annotated[int, Ge(2)] = 10
        """K, values of the categorical variable"""
        temperature: Annotated[float, Gt(0)] = 0.5
        """of the relaxed draws from the middle of the run on"""
        lr: Annotated[float, Ge(0)] = 1e-3
        """step size of both Adams"""

    def build(self) -> None:
        if self.config.categories < 2 or self.config.temperature <= 0.0:
            found = f"categories={self.config.categories}, temperature={self.config.temperature:g}"
            raise ValueError(
                f"got {found}; expected at least 2 categories and a temperature above 0"
            )
        self.encoder = backbones.encoder(self.shape, 2 * self.latent_dim + self.config.categories)
        self.decoder = backbones.decoder(self.latent_dim + self.config.categories, self.shape)
        self.noise = DecoderNoise(self.config.sigma, self.config.gamma)
        self.build_players()
        self.critic = backbones.encoder(self.shape, self.config.categories)
        self.reader = self.add_player("critic", self.critic, optimiser=Adam(self.config.lr))

    def train_step(self, batch: Batch, tick: Tick) -> dict[str, Tensor]:
        """One Adam step of the critic, then one of the model, per chunk; the values of the last
        chunk are returned, and as ``pi_0`` to ``pi_9`` the shares of its category probabilities in
        each tenth of 0 to 1."""
        warmth = temperature(tick.progress, self.config.temperature)
        for part in batch.chunk(self.config.chunks):
            mean, log_var, log_pi = self.joint_posterior(part.x)
            z, y = reparameterise(mean, log_var), gumbel_softmax(log_pi, warmth)
            reconstruction = self.decode(torch.cat((z, y), dim=1))
            self.descend(
                -categorical_log_q(y.detach(), self.critic(reconstruction.detach())).mean(),
                self.reader,
            )
            log_sigma = self.noise(part.x, reconstruction)
            nll = gaussian_nll(part.x, reconstruction, log_sigma).mean()
            kl_z, kl_c = kl_standard(mean, log_var).sum(1).mean(), kl_uniform(log_pi).mean()
            mi = categorical_bound(y, self.critic(reconstruction), log_pi.exp())
            loss = nll + kl_z + kl_c - self.config.mi_weight * mi
            self.descend(loss, *self.small)
        return {
            "loss": loss,
            "nll": nll,
            "kl": kl_z,
            "kl_c": kl_c,
            "mi": mi,
            "log_sigma": log_sigma,
            **{f"pi_{tenth}": share for tenth, share in enumerate(shares_of_tenths(log_pi.exp()))},
        }

    def joint_posterior(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Return mean and log-variance (B, L) of z, and log pi (B, K)."""
        mean, log_var, logits = self.encoder(x).split(
            (self.latent_dim, self.latent_dim, self.config.categories), dim=1
        )
        return mean, log_var, logits.log_softmax(1)

    def posterior(self, x: Tensor) -> tuple[Tensor, Tensor]:
        return self.joint_posterior(x)[:2]

    def categories(self, x: Tensor) -> Tensor:
        return self.joint_posterior(x)[2].exp()

    def encode(self, x: Tensor) -> Tensor:
        """Return the means (B, L) followed by pi: (B, L + K)."""
        mean, _, log_pi = self.joint_posterior(x)
        return torch.cat((mean, log_pi.exp()), dim=1)

    def sampled_code(self, x: Tensor) -> Tensor:
        mean, log_var, log_pi = self.joint_posterior(x)
        return torch.cat((reparameterise(mean, log_var), draw_one_hot(log_pi)), dim=1)

    def sample(self, n: int) -> Tensor:
        """Return images of z ~ N(0, I) and a category drawn uniformly."""
        z = torch.randn(n, self.latent_dim, device=self.noise.log_sigma.device)
        category = torch.randint(self.config.categories, (n,), device=z.device)
        return self.decode(
            torch.cat((z, F.one_hot(category, self.config.categories).to(z.dtype)), dim=1)
        )

    def terms(self, x: Tensor) -> dict[str, Tensor]:
        """Return ``nll`` (B,) with one draw of z and c, ``kl`` (B, L) and ``kl_c`` (B,), in
        nats."""
        mean, log_var, log_pi = self.joint_posterior(x)
        code = torch.cat((reparameterise(mean, log_var), draw_one_hot(log_pi)), dim=1)
        nll = gaussian_nll(x, self.decode(code), self.noise.current())
        return {"nll": nll, "kl": kl_standard(mean, log_var), "kl_c": kl_uniform(log_pi)}

    @torch.no_grad()
    def discover(self, x: Tensor) -> Discovery:
        mean, log_var, log_pi = self.joint_posterior(x)
        information = mixture_information(reparameterise(mean, log_var), mean, log_var)
        active, i_c = informative(information), float(category_information(log_pi.exp()))
        extra = {
            "kl": float(kl_standard(mean, log_var).sum(1).mean()),
            "gamma": float(torch.exp(2.0 * self.noise.current())),
        }
        extra |= {
            "kl_c": float(kl_uniform(log_pi).mean()),
            "i_c": i_c,
            "c_active": float(i_c > THRESHOLD),
        }
        return Discovery(
            information.clamp_min(0.0),
            active,
            flags=() if bool(active.any()) else ("collapsed",),
            extra=extra,
        )
