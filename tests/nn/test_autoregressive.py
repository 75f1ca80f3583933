"""Masked networks see what comes before alone; the flow knows its own Jacobian."""

from __future__ import annotations

import pytest
import torch

from benchmark.nn.autoregressive import InverseAutoregressiveFlow, MaskedNetwork
from benchmark.training.weights import draw_weights

F64 = torch.float64


def shaken(module: torch.nn.Module) -> torch.nn.Module:
    draw_weights(module, 0)
    generator = torch.Generator().manual_seed(1)
    with torch.no_grad():
        for p in module.parameters():
            p += 0.3 * torch.randn(p.shape, generator=generator)
    return module.double()


@pytest.mark.parametrize("size", [1, 2, 5])
def test_each_coordinate_depends_on_all_before_it_and_on_no_other(size: int) -> None:
    network = shaken(MaskedNetwork(size, 3))
    z, h = torch.randn(size, dtype=F64), torch.randn(1, 3, dtype=F64)
    for part in (0, 1):
        jacobian = torch.func.jacrev(lambda v, part=part: network(v[None], h)[part][0])(z)
        below = torch.ones(size, size).tril(-1).bool()
        assert bool((jacobian[~below] == 0).all()) and bool((jacobian[below] != 0).all())


@pytest.mark.parametrize("size", [1, 4])
def test_the_log_determinant_is_that_of_the_jacobian(size: int) -> None:
    flow = shaken(InverseAutoregressiveFlow(size, 3, 2))
    z, h = torch.randn(size, dtype=F64), torch.randn(1, 2, dtype=F64)
    jacobian = torch.func.jacrev(lambda v: flow(v[None], h)[0][0])(z)
    expected = torch.linalg.slogdet(jacobian)[1]
    torch.testing.assert_close(flow(z[None], h)[1][0], expected, rtol=1e-10, atol=1e-10)


def test_the_context_moves_the_flow_and_an_open_gate_passes_all() -> None:
    flow = shaken(InverseAutoregressiveFlow(4, 2, 2))
    z = torch.randn(3, 4, dtype=F64)
    one, other = (flow(z, torch.full((3, 2), value, dtype=F64))[0] for value in (0.0, 1.0))
    assert not torch.allclose(one, other)
    flow.bias = 60.0
    out, log_det = flow(z, torch.zeros(3, 2, dtype=F64))
    torch.testing.assert_close(out, z)  # two reversals
    torch.testing.assert_close(log_det, torch.zeros_like(log_det), rtol=0, atol=1e-9)
