"""One outer step of the comparison methods that select nothing, written anew from their
docstrings."""

from __future__ import annotations

import torch
from recomputation.twins import Twin, standard, total
from torch import Tensor
from torch.distributions import Categorical, Independent, MixtureSameFamily, Normal, kl_divergence
from torch.nn import functional as F


def vae_cross_entropy(twin: Twin, x: Tensor, progress: float) -> None:
    for part in x.chunk(4):
        q, z = twin.gaussian(part)
        error = total(F.binary_cross_entropy(twin.net.decoder(z), part, reduction="none"))
        twin.adam(error + total(kl_divergence(q, standard(z))), "model")


def wae_mmd(twin: Twin, x: Tensor, progress: float) -> None:
    z = twin.net.encoder(x)
    n = torch.randn_like(z)
    count, size = z.shape
    loss = total((x - twin.net.decoder(z)) ** 2)
    for scale in (0.1, 0.2, 0.5, 1, 2, 5, 10):
        c = 2 * size * scale
        k = lambda a, b, c=c: c / (c + ((a - b) ** 2).sum())  # noqa: E731
        pairs = [(i, j) for i in range(count) for j in range(count)]
        same = sum(k(s[i], s[j]) for s in (z, n) for i, j in pairs if i != j)
        across = sum(k(z[i], n[j]) for i, j in pairs)
        weight = twin.config.weight
        loss = loss + weight * (same / (count * (count - 1)) - 2 * across / count**2)
    twin.optimiser("model").param_groups[0]["lr"] *= 0.1  # 1/2 at 30 %, 1/5 at 50 % of the run
    twin.adam(loss, "model")


def aae(twin: Twin, x: Tensor, progress: float) -> None:
    first, second, third = x.chunk(3)
    net = twin.net
    twin.adam(total((first - net.decoder(net.encoder(first))) ** 2), "autoencoder")
    z = net.encoder(second).detach()
    draws = torch.randn_like(z)
    real, fake = torch.sigmoid(net.discriminator(draws)), torch.sigmoid(net.discriminator(z))
    twin.adam(-real.log().mean() - (1 - fake).log().mean(), "discriminator")
    twin.adam(-torch.sigmoid(net.discriminator(net.encoder(third))).log().mean(), "encoder")


def two_stage_vae(twin: Twin, x: Tensor, progress: float) -> None:
    """Of the second stage, past both halvings; the first is the VAE (tests of the method)."""
    net = twin.net
    sigma = lambda: (-6.0 + torch.log1p(torch.exp(net.noise2.log_sigma + 6.0))).exp()  # noqa: E731
    for player in ("second", "second-sigma"):
        halvings = (progress >= 1 / 3 + 2 / 3 * 0.375) + (progress >= 1 / 3 + 2 / 3 * 0.75)
        twin.optimiser(player).param_groups[0]["lr"] *= 0.5**halvings
    for part in x.chunk(4):
        z = twin.gaussian(part)[1].detach()
        mean, log_var = net.encoder2(z).chunk(2, 1)
        q = Normal(mean, (0.5 * log_var).exp())
        u = q.loc + q.scale * torch.randn_like(mean)
        nll = -total(Normal(net.decoder2(u), sigma()).log_prob(z))
        twin.adam(nll + total(kl_divergence(q, standard(u))), "second", "second-sigma")


def rae_gmm(twin: Twin, x: Tensor, progress: float) -> None:
    z, config = twin.net.encoder(x), twin.config
    numbers = x[0].numel()
    squares = sum((p**2).sum() for p in twin.net.decoder.parameters() if p.dim() >= 2)
    codes = config.beta / twin.latent_dim * total(z**2)
    error = total((x - twin.net.decoder(z)) ** 2)
    twin.adam(error + numbers * (codes + config.decoder_l2 * squares), "model")


def vae_vampprior(twin: Twin, x: Tensor, progress: float) -> None:
    net = twin.net

    def posterior(images: Tensor) -> Normal:
        mean, log_var = net.encoder(images).chunk(2, 1)
        return Normal(mean, (0.5 * log_var.clamp(-6.0, 2.0)).exp())

    q, components = posterior(x), posterior(net.pseudo.images)
    z = q.loc + q.scale * torch.randn_like(q.loc)
    even = Categorical(logits=torch.zeros(len(net.pseudo.images), dtype=x.dtype))
    prior = MixtureSameFamily(even, Independent(components, 1))
    rate = q.log_prob(z).sum(1) - prior.log_prob(z)
    twin.adam(twin.nll(x, net.decoder(z)) + rate.mean(), "model", "sigma")
    if x.dim() == 4:
        with torch.no_grad():
            net.pseudo.images.clamp_(0.0, 1.0)


def vae_flow(twin: Twin, x: Tensor, progress: float) -> None:
    """The flow's determinant from the Jacobian of every row."""
    size = twin.latent_dim
    for part in x.chunk(4):
        q, start = twin.gaussian(part)
        context = twin.net.encoder(part)[:, 2 * size :]
        z = twin.net.flow(start, context)[0]
        alone = lambda v, h: twin.net.flow(v[None], h[None])[0][0]  # noqa: E731
        jacobians = torch.func.vmap(torch.func.jacrev(alone))(start, context)
        log_q = q.log_prob(start).sum(1) - torch.linalg.slogdet(jacobians)[1]
        rate = (log_q - standard(z).log_prob(z).sum(1)).mean()
        twin.adam(twin.nll(part, twin.net.decoder(z)) + rate, "model", "sigma")


def vae_iop(twin: Twin, x: Tensor, progress: float) -> None:
    net = twin.net
    first, *others = x.chunk(1 + twin.config.ratio)

    def ratio(z: Tensor, dropout: bool = False) -> Tensor:
        for layer in net.ratio.hidden:
            z = torch.tanh(layer(z))
        return net.ratio.last(F.dropout(z, 0.5, training=dropout))[:, 0]

    q, z = twin.gaussian(first)
    rate = total(kl_divergence(q, standard(z))) - ratio(z).mean()
    twin.adam(twin.nll(first, net.decoder(z)) + rate, "model", "sigma")
    for part in others:
        z = twin.gaussian(part)[1].detach()
        n = torch.randn_like(z)
        codes, draws = ratio(z, dropout=True), ratio(n, dropout=True)
        twin.adam(-F.logsigmoid(codes).mean() - F.logsigmoid(-draws).mean(), "ratio")


def injflow(twin: Twin, x: Tensor, progress: float) -> None:
    """J v by two backward passes: w'J is linear in w, and its slope along v is J v."""
    beta, size = twin.config.beta, twin.latent_dim
    for part in x.chunk(4):
        h = twin.net.encoder(part)
        v = torch.randn_like(h)
        v = v / v.norm(dim=1, keepdim=True)
        decoded = twin.net.decoder(h)
        w = torch.zeros_like(decoded, requires_grad=True)
        (pulled,) = torch.autograd.grad(decoded, h, w, create_graph=True)
        (column,) = torch.autograd.grad((pulled * v).sum(), w, create_graph=True)
        volume = size / 2 * (column.flatten(1).square().sum(1) + 1e-6).log()
        error = total((part - decoded) ** 2)
        twin.adam(0.5 * error + beta * (0.5 * total(h**2) + volume.mean()), "model")
