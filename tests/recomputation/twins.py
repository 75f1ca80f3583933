"""One outer step of every method, written anew from the formulas of its docstring: torch's
distributions, autograd and optimisers, plain loops.

A ``Twin`` is a copy of a method before the step. Its networks are the method's own; losses, draws,
updates and their order are not.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch.distributions import Bernoulli, Categorical, Gamma, Normal, kl_divergence
from torch.nn import functional as F

F64 = torch.float64


class Twin:
    """The method's networks and parameters before the step, and fresh optimisers of torch."""

    def __init__(self, method: Any) -> None:
        self.net = copy.deepcopy(method)
        self.config, self.steps, self.latent_dim = method.config, method.steps, method.latent_dim
        self.named = dict(self.net.named_parameters())
        self.optimisers: dict[str, torch.optim.Adam] = {}
        self.second: dict[str, Tensor] = {}

    def parameters(self, player: str) -> list[Tensor]:
        return [self.named[name] for name in self.net.players[player].parameters]

    def adam(self, loss: Tensor, *players: str) -> None:
        """Step the players' Adams along the gradient of ``loss``."""
        everything = [p for player in players for p in self.parameters(player)]
        for p, grad in zip(everything, torch.autograd.grad(loss, everything), strict=True):
            p.grad = grad
        for player in players:
            self.optimiser(player).step()
        for p in self.named.values():
            p.grad = None

    def optimiser(self, player: str) -> torch.optim.Adam:
        if player not in self.optimisers:
            kind = self.net.players[player].optimiser
            self.optimisers[player] = torch.optim.Adam(
                self.parameters(player), lr=kind.lr, betas=kind.betas, eps=kind.eps
            )
        return self.optimisers[player]

    def rmsprop(self, loss: Tensor, player: str, rate: float) -> None:
        """One step of TensorFlow's RMSProp: v starts at one, epsilon inside the root."""
        names = list(self.net.players[player].parameters)
        grads = torch.autograd.grad(loss, [self.named[name] for name in names])
        with torch.no_grad():
            for name, grad in zip(names, grads, strict=True):
                slot = f"{player}/{name}"
                v = self.second.get(slot, torch.ones_like(grad))
                self.second[slot] = 0.9 * v + 0.1 * grad**2
                self.named[name] -= rate * grad / (self.second[slot] + 1e-10).sqrt()

    def gaussian(self, x: Tensor) -> tuple[Normal, Tensor]:
        """The posterior of images, and one draw."""
        raw = self.net.encoder(x)
        mean, log_var = raw[:, : self.latent_dim], raw[:, self.latent_dim : 2 * self.latent_dim]
        q = Normal(mean, (0.5 * log_var).exp())
        return q, q.loc + q.scale * torch.randn_like(mean)

    def nll(self, x: Tensor, decoded: Tensor) -> Tensor:
        """Under the learned sigma, clipped softly at e^-6."""
        sigma = (-6.0 + torch.log1p(torch.exp(self.net.noise.log_sigma + 6.0))).exp()
        return -total(Normal(decoded, sigma).log_prob(x))

    def flow(self, z: Tensor) -> tuple[Tensor, Tensor]:
        """g(z) and its log-determinant from the Jacobian of every row."""
        alone = lambda row: self.net.flow(row[None])[0][0]  # noqa: E731
        jacobians = torch.func.vmap(torch.func.jacrev(alone))(z)
        return self.net.flow(z)[0], torch.linalg.slogdet(jacobians)[1]


def total(values: Tensor) -> Tensor:
    """Sum over numbers, mean over images."""
    return values.flatten(1).sum(1).mean()


def standard(like: Tensor) -> Normal:
    return Normal(torch.zeros_like(like), torch.ones_like(like))


def vae(twin: Twin, x: Tensor, progress: float) -> None:
    for part in x.chunk(4):
        q, z = twin.gaussian(part)
        loss = twin.nll(part, twin.net.decoder(z)) + total(kl_divergence(q, standard(z)))
        twin.adam(loss, "model", "sigma")


def flow_rate(twin: Twin, q: Normal, z: Tensor, alpha: Tensor) -> Tensor:
    """- entropy of q - log p(z | alpha), p behind the flow."""
    z0, log_det = twin.flow(z)
    prior = Normal(torch.zeros_like(alpha), alpha**-0.5).log_prob(z0).sum(1) + log_det
    return (-q.entropy().sum(1) - prior).mean()


def dpvae(twin: Twin, x: Tensor, progress: float) -> None:
    for part in x.chunk(4):
        q, z = twin.gaussian(part)
        rate = flow_rate(twin, q, z, torch.ones(twin.latent_dim, dtype=F64))
        twin.adam(twin.nll(part, twin.net.decoder(z)) + rate, "model", "sigma")


def plain_rate(twin: Twin, q: Normal, z: Tensor, alpha: Tensor) -> Tensor:
    return total(kl_divergence(q, Normal(torch.zeros_like(z), (alpha**-0.5).expand_as(z))))


def ren(rate: Callable[[Twin, Normal, Tensor, Tensor], Tensor]) -> Callable[..., None]:
    """Algorithm 1: small steps given the carried alpha, then a joint one."""

    def step(twin: Twin, x: Tensor, progress: float) -> None:
        carried = twin.net.relevance.carried
        for part in x.chunk(4):
            q, z = twin.gaussian(part)
            loss = twin.nll(part, twin.net.decoder(z)) + rate(twin, q, z, carried)
            twin.adam(loss, "model", "sigma")
        q, z = twin.gaussian(x)
        a, b = twin.net.relevance.encoder(x, z)
        gamma = torch._standard_gamma(a + 1.0)  # Gamma(a) = Gamma(a + 1) U^(1/a)
        alpha = gamma * torch.exp(-torch.empty_like(a).exponential_() / a) / b
        zero, one = Gamma(a, b), Gamma(torch.full_like(a, 1e-3), torch.full_like(b, 1e-4))
        loss = twin.nll(x, twin.net.decoder(z)) + rate(twin, q, z, alpha)
        twin.adam(loss + kl_divergence(zero, one).sum() / len(x), "joint", "relevance")
        carried.copy_((a / b).detach())

    return step


def mi_vae(twin: Twin, x: Tensor, progress: float) -> None:
    def log_q(s: Tensor, image: Tensor) -> Tensor:
        mean, log_var = twin.net.critic(image).chunk(2, 1)
        return Normal(mean, log_var.exp().clamp(0.01, 2.0).sqrt()).log_prob(s).sum(1).mean()

    for part in x.chunk(4):
        q, z = twin.gaussian(part)
        decoded, s = twin.net.decoder(z), z[:, :2]
        twin.adam(-log_q(s.detach(), decoded.detach()), "critic")
        variance = ((s - s.mean(0)) ** 2).mean(0).clamp(0.01, 1.0)
        entropy = Normal(torch.zeros_like(variance), variance.sqrt()).entropy().sum()
        reward = twin.config.mi_weight * (log_q(s, decoded) + entropy)
        loss = twin.nll(part, decoded) + total(kl_divergence(q, standard(z))) - reward
        twin.adam(loss, "model", "sigma")


def mi_vae_joint(twin: Twin, x: Tensor, progress: float) -> None:
    count = twin.config.categories
    warmth = twin.config.temperature ** min(1.0, 2.0 * progress)
    uniform = Categorical(logits=torch.zeros(count, dtype=F64))
    for part in x.chunk(4):
        q, z = twin.gaussian(part)
        c = Categorical(logits=twin.net.encoder(part)[:, -count:])
        noise = -torch.empty_like(c.logits).exponential_().log()
        y = ((c.logits + noise) / warmth).softmax(1)
        decoded = twin.net.decoder(torch.cat((z, y), 1))
        read = lambda image: Categorical(logits=twin.net.critic(image)).logits  # noqa: E731
        twin.adam(-(y.detach() * read(decoded.detach())).sum(1).mean(), "critic")
        bound = (y * read(decoded)).sum(1).mean() + Categorical(c.probs.mean(0)).entropy()
        kl = total(kl_divergence(q, standard(z))) + kl_divergence(c, uniform).mean()
        twin.adam(twin.nll(part, decoded) + kl - twin.config.mi_weight * bound, "model", "sigma")


def beta_vae(twin: Twin, x: Tensor, progress: float) -> None:
    for part in x.chunk(4):
        q, z = twin.gaussian(part)
        error = 0.5 * total((part - twin.net.decoder(z)) ** 2)
        twin.adam(error + twin.config.beta * total(kl_divergence(q, standard(z))), "model")


def grae(twin: Twin, x: Tensor, progress: float) -> None:
    """The sampled column of J by two backward passes: v'J is linear in v, and its slope is J."""
    beta, size = twin.config.beta, twin.latent_dim
    for part in x.chunk(4):
        h = twin.net.encoder(part)
        column = torch.randint(size, (len(h),))
        decoded = twin.net.decoder(h)
        v = torch.zeros_like(decoded, requires_grad=True)
        (pulled,) = torch.autograd.grad(decoded, h, v, create_graph=True)
        chosen = sum(row[c] for row, c in zip(pulled, column, strict=True))
        (columns,) = torch.autograd.grad(chosen, v, create_graph=True)
        volume = size * (1.0 + columns.flatten(1).square().sum(1) / beta).log()
        error = total((part - decoded) ** 2)
        twin.adam(0.5 * error + 0.5 * beta * (total(h**2) + volume.mean()), "model")


def rf_nll(twin: Twin, x: Tensor, z: Tensor) -> Tensor:
    decoded = twin.net.decoder(z)
    if x.dim() == 4:
        return -total(Bernoulli(decoded, validate_args=False).log_prob(x))
    return -total(Normal(decoded, 0.3).log_prob(x))


def permuted(z: Tensor) -> Tensor:
    """Each column in an order of its own."""
    order = torch.rand_like(z).argsort(0)
    return torch.stack([z[order[:, j], j] for j in range(z.shape[1])], 1)


def rf_model(twin: Twin, x: Tensor, r: Tensor, port: bool) -> tuple[Tensor, Tensor]:
    """The loss of model and indicators, and r*z."""
    q, z = twin.gaussian(x)
    kl = kl_divergence(q, standard(z)).mean(0)
    weight = 10.0 - 9.9 * r
    divergence = weight.mean() * kl.sum() if port else (weight * kl).sum()
    logits = twin.net.discriminator(r * z)
    entropy = Bernoulli(r, validate_args=False).entropy().sum()
    loss = rf_nll(twin, x, z) + divergence + 6.4 * (logits[:, 0] - logits[:, 1]).mean()
    etas = (6.4, -6.4) if port else (1.0, 100.0)
    return loss + etas[0] * r.sum() + etas[1] * entropy, (r * z).detach()


def rf_vae(twin: Twin, x: Tensor, progress: float, port: bool = False) -> None:
    first, second = x.chunk(2)
    of = lambda: (  # noqa: E731
        twin.net.indicators.relevance if port else torch.sigmoid(twin.net.indicators.logits)
    )
    loss, joint = rf_model(twin, first, of(), port)
    twin.adam(loss, "model", "indicators")
    with torch.no_grad():
        if port:
            other = of() * permuted(twin.gaussian(second)[1])
        else:
            joint = of() * twin.gaussian(second)[1]
            other = permuted(joint)
    judged = [twin.net.discriminator(z) for z in (joint, other)]
    classes = [torch.full((len(z),), k) for k, z in enumerate((joint, other))]
    losses = [F.cross_entropy(z, k) for z, k in zip(judged, classes, strict=True)]
    twin.adam(0.5 * (losses[0] + losses[1]), "discriminator")


def rf_vae_port(twin: Twin, x: Tensor, progress: float) -> None:
    rf_vae(twin, x, progress, port=True)


def geco_l0(twin: Twin, x: Tensor, progress: float) -> None:
    """Gates drawn per image; the constraint was met before (the test sees to it)."""
    net, numbers = twin.net, x[0].numel()
    raw, gamma = net.constraint.raw, net.gates.gamma
    average = None
    for part in x.chunk(4):
        q, z = twin.gaussian(part)
        kl = kl_divergence(q, standard(z))
        p, weight = torch.sigmoid(7.0 * gamma).detach(), F.softplus(raw).detach() ** 2
        u = torch.rand_like(kl)
        costs = []
        for gates in ((u < p).double(), (u >= 1.0 - p).double()):
            error = (part - net.decoder(z * gates)).square().flatten(1).sum(1)
            costs.append((error - numbers * net.tau_per_pixel, (gates * kl).sum(1)))
        (error, rate), (other_error, other_rate) = costs
        c = error.mean()
        average = c.detach() if average is None else 0.99 * average + 0.01 * c.detach()
        f, g = rate + weight * error, other_rate + weight * other_error
        arm = torch.stack([7.0 * (g[n] - f[n]) * (u[n] - 0.5) for n in range(len(u))]).mean(0)
        price = (
            twin.config.l0 * 7.0 * p * (1.0 - p) if bool(c.detach() <= 0.0) else torch.zeros_like(p)
        )
        twin.adam(rate.mean() + weight * c, "model")
        twin.adam((gamma * (arm + price).detach()).sum(), "gate")
        twin.adam(-average * F.softplus(raw) ** 2, "multiplier")
