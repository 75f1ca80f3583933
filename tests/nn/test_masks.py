"""Values of the mask, its two regularisers, the ramp of its weight and the counting rule."""

from __future__ import annotations

import math

import pytest
import torch

from benchmark.nn.masks import (
    Mask,
    keep,
    mask_rule,
    polarisation,
    polarisation_weight,
    ramp_period,
    undecided,
    variance_penalty,
)

F64 = torch.float64


def test_mask_is_zero_at_zero_and_a_tenth_at_minus_log_of_nine_tenths() -> None:
    a = torch.tensor([0.0, 0.1053605], dtype=F64)
    torch.testing.assert_close(
        keep(a), torch.tensor([0.0, 0.1], dtype=F64), rtol=0, atol=2e-8
    )  # the parameter is given to seven digits
    assert float(keep(a)[0]) == 0.0
    assert float(keep(torch.tensor(1e-9))) == pytest.approx(
        1e-9, rel=1e-6
    )  # 1 - exp(-a) would give 0 in float32


def test_slope_of_the_mask_is_its_complement() -> None:
    a = torch.linspace(0.0, 8.0, 17, dtype=F64, requires_grad=True)
    (slope,) = torch.autograd.grad(keep(a).sum(), a)
    torch.testing.assert_close(slope, 1.0 - keep(a).detach(), rtol=1e-12, atol=1e-15)


def test_mask_stays_below_one_until_rounding() -> None:
    assert float(keep(torch.tensor(30.0, dtype=F64))) < 1.0
    assert float(keep(torch.tensor(5.0))) < 1.0
    assert float(keep(torch.tensor(30.0))) == 1.0


def test_masks_start_mostly_open() -> None:
    """a is uniform on [0, 5]: shares within five standard errors of 100,000 draws, no mask above 1
    - exp(-5)."""
    torch.manual_seed(0)
    mask = Mask(100_000)().detach()
    for threshold, share in ((0.1, 0.9789), (0.5, 0.8614)):
        assert float((mask > threshold).double().mean()) == pytest.approx(
            share, abs=5 * math.sqrt(share * (1 - share) / 100_000) + 5e-5
        )
    assert 0.9930 < float(mask.max()) < 0.99327
    assert float(mask.min()) >= 0.0


def test_clamp_moves_negative_parameters_alone() -> None:
    mask = Mask(4)
    with torch.no_grad():
        mask.a.copy_(torch.tensor([-0.3, 0.0, 0.2, 7.0]))
    mask.clamp()
    assert torch.equal(mask.a.detach(), torch.tensor([0.0, 0.0, 0.2, 7.0]))


def test_polarisation_vanishes_at_binary_masks_alone_and_peaks_at_a_quarter_each() -> None:
    assert float(polarisation(torch.tensor([0.0, 1.0, 1.0, 0.0]))) == 0.0
    assert float(polarisation(torch.full((12,), 0.5))) == 3.0
    masks = torch.rand(200, 12, generator=torch.Generator().manual_seed(0), dtype=F64)
    penalties = torch.stack([polarisation(mask) for mask in masks])
    assert float(penalties.min()) > 0.0 and float(penalties.max()) < 3.0


def test_slope_of_the_polarisation_pushes_away_from_a_half_and_against_the_clamp() -> None:
    mask = torch.tensor([0.0, 0.3, 0.5, 0.9], dtype=F64, requires_grad=True)
    (slope,) = torch.autograd.grad(polarisation(mask), mask)
    torch.testing.assert_close(slope, 1.0 - 2.0 * mask.detach(), rtol=0, atol=1e-15)
    a, weight = torch.tensor([0.0, 5.0], dtype=F64, requires_grad=True), 32.0
    (slope,) = torch.autograd.grad(weight * polarisation(keep(a)), a)
    assert float(slope[0]) == weight  # descending it moves a below zero, where the clamp holds it
    assert float(slope[1]) < 0.0


def test_variance_penalty_of_constant_codes_is_zero() -> None:
    assert (
        float(variance_penalty(torch.tensor([[1.5, -2.0]]).expand(8, 2), torch.tensor([0.0, 1.0])))
        == 0.0
    )


@pytest.mark.parametrize(("mask", "weight"), [(0.0, 1.0), (0.1, 0.904837418), (1.0, 4.53999298e-5)])
def test_variance_penalty_of_normal_codes_is_the_biased_variance_times_a_weight(
    mask: float, weight: float
) -> None:
    """(B - 1) / B in expectation, within five standard errors of 200,000 dimensions with B = 4;
    exactly, the biased variance."""
    batch, dims = 4, 200_000
    z = torch.randn(batch, dims, generator=torch.Generator().manual_seed(0), dtype=F64) + 3.0
    penalty = float(variance_penalty(z, torch.full((dims,), mask, dtype=F64)))
    assert penalty == pytest.approx(
        weight * float(z.var(0, correction=0).mean()), rel=1e-8
    )  # the weights are given to nine digits
    assert penalty == pytest.approx(
        weight * 0.75, rel=5 * math.sqrt(2 * (batch - 1)) / batch / 0.75 / math.sqrt(dims)
    )


def test_variance_penalty_weighs_each_dimension_by_its_own_mask() -> None:
    z, mask = torch.randn(6, 2, dtype=F64), torch.tensor([0.0, 1.0], dtype=F64)
    first, second = z.var(0, correction=0)
    assert float(variance_penalty(z, mask)) == pytest.approx(
        float((first + math.exp(-10.0) * second) / 2.0), rel=1e-12
    )


@pytest.mark.parametrize(
    ("latent_dim", "period", "reaches_cap"),
    [
        (16, 75, 4200),
        (20, 75, None),
        (32, 3600, 216_000),
        (64, 7200, 460_800),
        (88, 9900, None),
        (89, 10_000, None),
        (128, 10_000, None),
    ],
)
def test_absolute_ramp_is_the_codes(latent_dim: int, period: int, reaches_cap: int | None) -> None:
    assert (
        ramp_period(latent_dim, 500_000, reference=True)
        == ramp_period(latent_dim, 20_000, reference=True)
        == period
    )
    if reaches_cap is not None:
        before, at = (
            float(polarisation_weight(torch.tensor(t), latent_dim, period))
            for t in (reaches_cap - 1, reaches_cap)
        )
        assert (before, at) == (1024.0, 2048.0)
    if latent_dim == 128:
        assert float(polarisation_weight(torch.tensor(499_999), latent_dim, period)) == 64.0


@pytest.mark.parametrize(
    ("latent_dim", "steps", "period"),
    [
        (16, 500_000, 1800),
        (64, 500_000, 7200),
        (128, 500_000, 10_000),
        (16, 4000, 14),
        (32, 4000, 29),
        (8, 20, 1),
    ],
)
def test_relative_ramp_scales_with_the_run_and_knows_no_small_latent_sizes(
    latent_dim: int, steps: int, period: int
) -> None:
    assert ramp_period(latent_dim, steps, reference=False) == period


@pytest.mark.parametrize(("latent_dim", "period"), [(3, 1), (16, 7)])
def test_weight_is_doubled_every_four_periods_up_to_its_cap(latent_dim: int, period: int) -> None:
    """The code's own loop: c = min(2048, 2 c) at every t > 0 with t mod 4R = 0."""
    weight = 2.0 / latent_dim
    for t in range(4 * period * 20):
        weight = min(2048.0, 2.0 * weight) if t > 0 and t % (4 * period) == 0 else weight
        assert float(polarisation_weight(torch.tensor(t), latent_dim, period)) == pytest.approx(
            weight, rel=1e-7
        )  # float32
    assert weight == 2048.0
    assert float(polarisation_weight(torch.tensor(10**12), latent_dim, period)) == 2048.0


def test_rule_counts_from_a_tenth_inclusive_and_tells_which_masks_are_undecided() -> None:
    mask = torch.tensor([0.0, 0.0999999, 0.1, 0.5, 0.8999999, 0.9, 1.0])
    assert mask_rule(mask).tolist() == [False, False, True, True, True, True, True]
    assert undecided(mask).tolist() == [False, False, True, True, True, False, False]
    assert mask_rule(keep(torch.tensor([0.10536, 0.10537]))).tolist() == [False, True]
