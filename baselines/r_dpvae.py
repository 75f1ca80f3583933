"""R-dpVAE: a relevance encoding network on a VAE with decoupled prior, the method of the RENs
paper.

Citation
    Iyer, Bhalodia, Elhabian, "RENs: Relevance Encoding Networks", 2022
    (https://arxiv.org/abs/2205.13061), Algorithm 1, on the dpVAE of Bhalodia, Lee, Elhabian, 2020
    (https://arxiv.org/abs/1911.10506).

Objective
    alpha_l ~ Gamma(1e-3, rate 1e-4) once per set, z0_n | alpha ~ N(0, diag(1/alpha)), z =
    g_inv(z0), x_n | z_n as in the VAE. A large batch of B images is a set; its posterior over alpha
    is Gamma(a, b) with a, b from a permutation-invariant network of (x, z). Losses in nats:

        small steps, on quarters:   mean_n [ NLL_n + rate_n(alpha_hat) ],   alpha_hat carried, not trained
        joint step, on the batch:   mean_n [ NLL_n + rate_n(alpha) ] + KL(Gamma(a, b) || Gamma(a0, b0)) / B,   alpha ~ Gamma(a, b)
        rate_n(alpha) = 1/2 sum_l [ alpha_l z0_l^2 - log alpha_l - log s_l^2 - 1 ] - log |det dg/dz|,   z0 = g(z)

    After a joint step alpha_hat is a / b. Joint steps begin after the burn-in (phases ``burn-in``
    and ``joint``); Adam at 1e-3 for small steps, a second Adam at 1e-5 for joint ones, over the
    same parameters and the network's.

Discovery
    v_l = 1 / alpha_l with alpha the mean of a / b over sets of neighbouring training images. L* =
    the fewest dimensions of z0 that hold 95 % of sum v. Relevance is v. The paper does not say
    which alpha: ``extra`` has the count for the mean, the last carried value and one posterior
    draw, with 90 % and 99 %, the participation ratio, and active units (counted in z). 1/alpha is
    the learned *scale* of a dimension of z0, which the bound hardly identifies: an L* here is to be
    read beside its null interval (docs/decisions.md).

Deviations
    Equations 7, 12 and 13 print the prior of g(Z) without alpha; the derivation above them
    conditions on it, and so does this. The set's KL is counted once per set. Algorithm 1 leaves the
    flow out of both update lists: it is trained in both. Algorithm 1 prints the N(0, I) prior for
    the small steps; alpha_hat is used, as section 4.2 says (``small_prior=standard`` for the
    letter). The burn-in is never given: a tenth of the epochs, and joint steps come in epochs e >
    burn_in E as the algorithm counts; in runs of fewer than ten epochs, after that share of the
    steps. Between joint steps the mean a / b is carried, not a draw. Sizes of flow and network are
    ours, as the paper shows them in pictures only. Also ours: both optimisers (Adam, moments of
    their own), the scale B / 2 of a and b that the network starts with, and the decoder, which
    reads z alone where the paper writes p(x | z, alpha). On dsprites the schedule's epochs are of
    the images chosen, 9,000 by default; the paper trained on 663,552 (``dsprites[count=737280]``),
    and L* moves with the steps.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from torch import Tensor

from baselines.r_vae import RVAE
from benchmark.nn.ard import rate_ard
from benchmark.nn.flows import CouplingFlow
from benchmark.nn.gaussian import reparameterise

__all__ = ["RDPVAE"]


class RDPVAE(RVAE):
    """Algorithm 1 with the prior of the dpVAE. Its code is z0 = g(mu)."""

    @dataclass(frozen=True)
    class Config(RVAE.Config):
        ren_input: Literal["z", "z0"] = "z"
        """codes that the relevance network reads beside the images"""

    def build(self) -> None:
        self.flow = CouplingFlow(self.latent_dim)
        super().build()

    def mapped(self, z: Tensor) -> tuple[Tensor, Tensor]:
        return self.flow(z)

    def divergence_given(
        self, mean: Tensor, log_var: Tensor, mapped: tuple[Tensor, Tensor | None], alpha: Tensor
    ) -> Tensor:
        return rate_ard(log_var, *mapped, alpha)  # type: ignore[arg-type]

    def alpha_posterior(self, x: Tensor, z: Tensor, z0: Tensor) -> tuple[Tensor, Tensor]:
        return super().alpha_posterior(x, z0 if self.config.ren_input == "z0" else z, z0)

    def encode(self, x: Tensor) -> Tensor:
        return self.flow(self.posterior(x)[0])[0]

    def sampled_code(self, x: Tensor) -> Tensor:
        return self.flow(reparameterise(*self.posterior(x)))[0]

    def decode(self, z: Tensor) -> Tensor:
        return self.decoder(self.flow.inverse(z))
