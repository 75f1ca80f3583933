"""The unbiased kernel discrepancy of codes and prior draws."""

from __future__ import annotations

import pytest
import torch

from benchmark.nn.discrepancy import SCALES, imq_discrepancy

F64 = torch.float64


def test_it_is_the_double_loop() -> None:
    generator = torch.Generator().manual_seed(0)
    z, n = torch.randn(2, 7, 3, generator=generator, dtype=F64)
    expected = 0.0
    for scale in SCALES:
        c = 6.0 * scale
        k = lambda a, b, c=c: float(c / (c + (a - b).square().sum()))  # noqa: E731
        same = sum(k(s[i], s[j]) for s in (z, n) for i in range(7) for j in range(7) if i != j)
        expected += same / 42 - 2 / 49 * sum(k(a, b) for a in z for b in n)
    assert float(imq_discrepancy(z, n)) == pytest.approx(expected, rel=1e-12)
    assert float(imq_discrepancy(n, z)) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("size", [2, 8])
def test_it_is_zero_on_average_for_equal_distributions_and_often_negative(size: int) -> None:
    generator = torch.Generator().manual_seed(0)
    pairs = torch.randn(4000, 2, 25, size, generator=generator)
    values = torch.stack([imq_discrepancy(z, n) for z, n in pairs])
    assert abs(float(values.mean())) < 4 * float(values.std()) / 4000**0.5
    assert 0.4 < float((values < 0).float().mean()) < 0.7


def test_codes_at_a_point_cost() -> None:
    n = torch.randn(400, 8, generator=torch.Generator().manual_seed(0))
    assert float(imq_discrepancy(torch.zeros_like(n), n)) == pytest.approx(1.83, abs=0.1)
