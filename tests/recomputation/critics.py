"""One outer step of the methods with a critic of codes, written anew: gradient penalties by
autograd of autograd, every player a loop of its own, nothing shared between steps."""

from __future__ import annotations

from collections.abc import Callable

import torch
from recomputation.twins import Twin, total
from torch import Tensor
from torch.nn import functional as F


def penalty(critic: Callable[[Tensor], Tensor], points: Tensor) -> Tensor:
    points = points.detach().requires_grad_()
    (slope,) = torch.autograd.grad(critic(points).sum(), points, create_graph=True)
    return ((slope.flatten(1).norm(dim=1) - 1.0) ** 2).mean()


def between(a: Tensor, b: Tensor) -> Tensor:
    share = torch.rand(len(a), *(1,) * (a.dim() - 1), dtype=a.dtype)
    return (1.0 - share) * a + share * b


def reconstruction(x: Tensor, decoded: Tensor) -> Tensor:
    return F.binary_cross_entropy(decoded, x) if x.dim() == 4 else F.mse_loss(decoded, x)


def adversarial(twin: Twin, x: Tensor, mask: Callable[[], Tensor], weight: float) -> Tensor:
    """The steps of autoencoder, critic (five times) and encoder; returns the batches left over."""
    net = twin.net
    size = len(x) // twin.config.batches_per_step
    first, *critics, last = x[: 7 * size].split(size)
    mu, z = mask().detach(), net.encoder(first)
    spread = ((z - z.mean(0)) ** 2 * torch.exp(-10.0 * mu**2)).mean()
    twin.rmsprop(reconstruction(first, net.decoder(mu * z)) + weight * spread, "autoencoder", 5e-4)
    prior = (mu * torch.randn(5 * size, twin.latent_dim, dtype=x.dtype)).split(size)
    for images, n in zip(critics, prior, strict=True):
        codes = (mu * net.encoder(images)).detach()
        loss = net.critic(codes).mean() - net.critic(n).mean()
        twin.rmsprop(loss + 10.0 * penalty(net.critic, between(n, codes)), "critic", 1e-4)
    twin.rmsprop(-net.critic(mu * net.encoder(last)).mean(), "encoder", 1e-4)
    return x[7 * size :]


def wae_gan(twin: Twin, x: Tensor, progress: float) -> None:
    adversarial(twin, x, lambda: torch.ones(twin.latent_dim, dtype=x.dtype), 0.0)


def maskaae(twin: Twin, x: Tensor, progress: float) -> None:
    net = twin.net
    mask = lambda: 1.0 - torch.exp(-net.mask.a)  # noqa: E731
    x = adversarial(twin, x, mask, 100.0)
    z, mu = net.encoder(x).detach(), mask()
    n = torch.randn_like(z)
    w = net.critic(mu * n).mean() - net.critic(mu * z).mean()
    since = int(progress * twin.steps) - min(100, twin.steps // 3)
    period = max(1, round((twin.steps - min(100, twin.steps // 3)) * 112.5 * z.shape[1] / 500_000))
    c = min(2048.0, 2.0 / z.shape[1] * 2.0 ** (since // (4 * period)))
    rec = (1000.0 if x.dim() == 4 else 100.0) * reconstruction(x, net.decoder(mu * z))
    rate = max(5e-4, 40.0 / twin.steps)
    twin.rmsprop(rec + (1.0 + w) ** 2 + c * (mu * (1.0 - mu)).sum(), "mask", rate)
    with torch.no_grad():
        net.mask.a.clamp_(min=0.0)


def flexae(twin: Twin, x: Tensor, progress: float) -> None:
    net, smooth = twin.net, twin.config.image_critic
    size = len(x) // twin.config.batches_per_step
    first, *others = x.split(size)
    images, partners = others[:5], others[5:]
    twin.adam(total((first - net.decoder(net.encoder(first))) ** 2), "reconstruction")
    noise = torch.randn(5 * size, twin.latent_dim, dtype=x.dtype).split(size)
    for real, n in zip(images, noise, strict=True):
        codes, drawn = net.encoder(real).detach(), net.generator(n).detach()
        loss = net.critic(drawn).mean() - net.critic(codes).mean()
        twin.adam(loss + 10.0 * penalty(net.critic, between(codes, drawn)), "critic")
    if smooth:
        image_steps(twin, images, partners)
    drawn, codes = net.generator(noise[-1]), net.encoder(images[-1])
    of_drawn, of_codes = -net.critic(drawn).mean(), net.critic(codes).mean()
    twin.adam(of_drawn, "generator")
    twin.adam(of_codes, "encoder")


def image_steps(twin: Twin, images: list[Tensor], partners: list[Tensor]) -> None:
    """K on decoded points between codes, then E and decoder on the last pairs."""
    net, size = twin.net, len(images[0])
    shares = torch.rand(5 * size, 1, dtype=images[0].dtype).split(size)
    for x, other, share in zip(images, partners, shares, strict=True):
        fake = net.decoder(share * net.encoder(x) + (1.0 - share) * net.encoder(other)).detach()
        loss = net.image_critic(fake).mean() - net.image_critic(x).mean()
        twin.adam(loss + 10.0 * penalty(net.image_critic, between(x, fake)), "image_critic")
    share = torch.rand(size, 1, dtype=images[0].dtype)
    ends = net.encoder(images[-1]), net.encoder(partners[-1])
    mixed = net.decoder(share * ends[0] + (1.0 - share) * ends[1])
    twin.adam(-net.image_critic(mixed).mean(), "smoothing")
