"""One outer step of the newer methods that select, written anew from their docstrings."""

from __future__ import annotations

import torch
from recomputation.twins import Twin, standard, total
from torch import Tensor, nn
from torch.distributions import Normal, kl_divergence
from torch.nn import functional as F


def irmae(twin: Twin, x: Tensor, progress: float) -> None:
    net = twin.net
    code = net.encoder(x)
    for layer in net.linear:
        code = torch.einsum("ij,bj->bi", layer.weight, code)
    twin.adam(total((x - net.decoder(code)) ** 2), "model")


def ard_vae(twin: Twin, x: Tensor, progress: float) -> None:
    prior = Normal(torch.zeros_like(twin.net.variance), twin.net.variance.sqrt())
    for part in x.chunk(4):
        q, z = twin.gaussian(part)
        error = total((part - twin.net.decoder(z)) ** 2)
        twin.adam(error + twin.config.beta * total(kl_divergence(q, prior)), "model")


def unit(layer: nn.Module, x: Tensor) -> Tensor:
    """The layer with its weights divided by the norm of its map, after one power iteration whose
    adjoint is autograd's."""

    def apply(z: Tensor) -> Tensor:
        if isinstance(layer, nn.Linear):
            return F.linear(z, layer.weight)
        geometry = (layer.stride, layer.padding, layer.output_padding)
        return F.conv_transpose2d(z, layer.weight, None, *geometry)

    u = layer.direction.clone().requires_grad_()
    image = apply(u)
    (back,) = torch.autograd.grad(image, u, image.detach())
    longest = (back / back.norm()).detach()
    bias = layer.bias if isinstance(layer, nn.Linear) else layer.bias[:, None, None]
    return apply(x) / apply(longest).norm() + bias


def least_volume(twin: Twin, x: Tensor, progress: float) -> None:
    code = twin.net.encoder(x)
    decoded = code
    for layer in twin.net.decoder:
        decoded = unit(layer, decoded) if hasattr(layer, "direction") else layer(decoded)
    kind = F.binary_cross_entropy if x.dim() == 4 else F.mse_loss
    error = total(kind(decoded, x, reduction="none"))
    spread = ((code - code.mean(0)) ** 2).sum(0) / (len(code) - 1)
    volume = (spread.sqrt() + twin.config.eta).prod() ** (1.0 / twin.latent_dim)
    twin.adam(error + x[0].numel() * twin.config.volume * volume, "model")


def vaease(twin: Twin, x: Tensor, progress: float) -> None:
    for part in x.chunk(4):
        mean, raw = twin.net.encoder(part).chunk(2, 1)
        sigma = torch.sigmoid(raw).sqrt()
        z = mean + sigma * torch.randn_like(mean)
        nll = twin.nll(part, twin.net.decoder((1.0 - sigma) * z))
        twin.adam(nll + total(kl_divergence(Normal(mean, sigma), standard(z))), "model", "sigma")
