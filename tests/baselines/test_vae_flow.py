"""VAE with a flow: the VAE where its gate is open, and the rate by change of variables."""

from __future__ import annotations

import torch
from adapters import build, images

from baselines.vae_flow import VAEFlow
from benchmark.nn.gaussian import kl_standard

# vae-flow


def test_an_open_gate_is_the_vae_on_average() -> None:
    method, x = build(VAEFlow, latent_dim=3).double(), images(2).double()
    method.flow.bias = 50.0
    with torch.no_grad():
        mean, log_var, context = method.heads(x[:1].expand(40_000, 6))
        z, rate = method.draw(x[:1].expand(40_000, 6))
        torch.manual_seed(0)
        again, _ = method.flow(mean, context)
        torch.testing.assert_close(again, mean)  # four reversals
        expected = kl_standard(mean, log_var)[0].sum()
    assert float((rate.mean() - expected).abs()) < 5 * float(rate.std()) / 200
    assert z.shape == (40_000, 3)


def test_the_rate_is_the_difference_of_log_densities() -> None:
    """ln q of the flowed draw by change of variables, the Jacobian by autograd."""
    method, x = build(VAEFlow, latent_dim=3).double(), images(1).double()
    torch.manual_seed(0)
    z, rate = method.draw(x)
    torch.manual_seed(0)
    mean, log_var, context = method.heads(x)
    eps = torch.randn_like(mean)
    start = mean + torch.exp(0.5 * log_var) * eps
    jacobian = torch.func.jacrev(lambda v: method.flow(v[None], context)[0][0])(start[0])
    log_q = torch.distributions.Normal(mean, torch.exp(0.5 * log_var)).log_prob(start).sum()
    log_p = torch.distributions.Normal(0.0, 1.0).log_prob(z).sum()
    torch.testing.assert_close(
        rate[0], log_q - torch.linalg.slogdet(jacobian)[1] - log_p, rtol=1e-8, atol=1e-8
    )
