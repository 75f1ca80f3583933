"""Coupling flows: inverses and log-determinants (invariant I4), in float64."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from benchmark.nn.ard import rate_ard
from benchmark.nn.flows import CouplingFlow
from benchmark.nn.gaussian import kl_standard

F64 = torch.float64
SIZES = [2, 5, 15, 16]


def flow(size: int, scale: float = 3.0) -> CouplingFlow:
    """A flow that is far from the identity."""
    torch.manual_seed(0)
    coupling_flow = CouplingFlow(size).double()
    with torch.no_grad():
        for p in coupling_flow.parameters():
            p.mul_(scale)
    return coupling_flow


@pytest.mark.parametrize("size", SIZES)
def test_inverse_undoes_forward_and_forward_undoes_inverse(size: int) -> None:
    g, z = flow(size), torch.randn(20, size, dtype=F64)
    with torch.no_grad():
        torch.testing.assert_close(g.inverse(g(z)[0]), z, rtol=0, atol=1e-10)
        torch.testing.assert_close(g(g.inverse(z))[0], z, rtol=0, atol=1e-10)
        assert float((g(z)[0] - z).abs().mean()) > 0.1


@pytest.mark.parametrize("size", SIZES)
def test_log_det_equals_that_of_the_jacobian(size: int) -> None:
    g = flow(size)
    for z in torch.randn(3, size, dtype=F64):
        jacobian = torch.autograd.functional.jacobian(lambda v: g(v.unsqueeze(0))[0][0], z)
        torch.testing.assert_close(
            g(z.unsqueeze(0))[1][0], torch.linalg.slogdet(jacobian)[1], rtol=0, atol=1e-9
        )


@pytest.mark.parametrize("size", [2, 16])
def test_log_det_is_bounded_by_the_tanh(size: int) -> None:
    g = flow(size, scale=100.0)
    log_det = g(10 * torch.randn(200, size, dtype=F64))[1].detach()
    assert float(log_det.abs().max()) <= 6 * size / 2 + 1e-9
    assert float(log_det.abs().max()) > 0.5  # the bound is not met by being the identity


def masked(g: CouplingFlow, z: Tensor) -> tuple[Tensor, Tensor]:
    """The flow as the dpVAE code writes it: networks L-64-64-L under masks, here with zeros for the
    weights that a mask hides."""
    size, first = z.shape[1], z.shape[1] // 2
    log_det = z.new_zeros(len(z))
    for k, coupling in reversed(list(enumerate(g.couplings))):
        mask = (torch.arange(size) < first) == (k % 2 == 0)
        one, two, three = (coupling.networks[layer] for layer in (0, 2, 4))
        values = []
        for network in (0, 1):
            full = z.new_zeros(size, 64)
            full[mask] = one.weight[network]
            hidden = torch.nn.functional.leaky_relu(mask * z @ full + one.bias[network])
            hidden = torch.nn.functional.leaky_relu(
                hidden @ two.weight[network] + two.bias[network]
            )
            output = z.new_zeros(len(z), size)
            output[:, ~mask] = torch.tanh(hidden @ three.weight[network] + three.bias[network])
            values.append(output)
        s, t = values
        z = mask * z + ~mask * (z - t) * torch.exp(-s)
        log_det = log_det - s.sum(1)
    return z, log_det


@pytest.mark.parametrize("size", [1, *SIZES])
def test_halves_give_the_numbers_of_masks(size: int) -> None:
    """The first floor(L / 2) coordinates pass in couplings 0, 2, 4, the others in 1, 3, 5."""
    g, z = flow(size), torch.randn(20, size, dtype=F64)
    with torch.no_grad():
        for by_halves, expected in zip(g(z), masked(g, z), strict=True):
            torch.testing.assert_close(by_halves, expected, rtol=0, atol=1e-12)


def test_networks_start_as_the_masked_ones() -> None:
    torch.manual_seed(0)
    coupling = CouplingFlow(64).couplings[0]
    first, last = coupling.networks[0], coupling.networks[4]
    assert first.weight.shape == (2, 32, 64) and last.weight.shape == (2, 64, 32)
    assert 0.12 < float(first.weight.detach().abs().max()) <= 64**-0.5
    assert 0.12 < float(last.weight.detach().abs().max()) <= 64**-0.5


def test_rate_of_the_identity_flow_is_the_closed_form_kl_on_average() -> None:
    g = flow(4, scale=0.0)
    torch.manual_seed(1)
    mean, log_var = torch.randn(1, 4, dtype=F64), torch.randn(1, 4, dtype=F64)
    z = mean + torch.exp(0.5 * log_var) * torch.randn(20_000, 4, dtype=F64)
    rates = rate_ard(log_var, *g(z), torch.zeros(4, dtype=F64)).detach()
    error = float(rates.std()) / 20_000**0.5
    assert float(rates.mean()) == pytest.approx(
        float(kl_standard(mean, log_var).sum()), abs=4 * error
    )
