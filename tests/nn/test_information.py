"""Bounds on mutual information where it is known, the trap of a constant entropy, and the encoder's
information per dimension."""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from benchmark.nn.categorical import kl_uniform
from benchmark.nn.gaussian import kl_standard
from benchmark.nn.information import (
    THRESHOLD,
    VARIANCE_BOUNDS,
    categorical_bound,
    categorical_log_q,
    gaussian_bound,
    gaussian_log_q,
    informative,
    mixture_information,
)


def tensor(values: object) -> Tensor:
    return torch.tensor(values, dtype=torch.float64)


# The channel x' = a z + noise of variance s, z ~ N(0, 1). log Q is quadratic, so four equally
# likely points with the second moments of (z, noise) give its expectation exactly.
A, S = 1.3, 0.5
Z = tensor([[1.0], [1.0], [-1.0], [-1.0]])
X = A * Z + math.sqrt(S) * tensor([[1.0], [-1.0], [1.0], [-1.0]])
TRUTH = 0.5 * math.log(1.0 + A**2 / S)


def channel(slope: float, variance: float) -> float:
    """The bound on the channel with Q = N(slope x', variance)."""
    return float(gaussian_bound(Z, slope * X, torch.full_like(X, math.log(variance))))


BEST = A / (A**2 + S), S / (A**2 + S)


def test_gaussian_bound_is_the_information_of_a_linear_channel_where_q_is_the_posterior() -> None:
    assert pytest.approx(0.73852, abs=5e-6) == TRUTH
    assert channel(*BEST) == pytest.approx(TRUTH, abs=1e-14)


def test_gaussian_bound_is_zero_where_q_is_the_prior() -> None:
    assert channel(0.0, 1.0) == pytest.approx(0.0, abs=1e-15)


@given(st.floats(-2.0, 2.0), st.floats(*VARIANCE_BOUNDS))
def test_every_other_gaussian_q_gives_less(slope: float, variance: float) -> None:
    assert channel(slope, variance) <= TRUTH + 1e-14
    if abs(slope - BEST[0]) > 1e-3 or abs(variance - BEST[1]) > 1e-3:
        assert channel(slope, variance) < TRUTH - 1e-8  # second order in the distance


def test_gaussian_bound_adds_up_over_dimensions() -> None:
    slope, variance = BEST
    both = (
        torch.cat((slope * X, torch.zeros_like(X)), 1),
        torch.cat((torch.full_like(X, math.log(variance)), torch.zeros_like(X)), 1),
    )
    assert float(gaussian_bound(torch.cat((Z, Z), 1), *both)) == pytest.approx(TRUTH, abs=1e-14)


@pytest.mark.parametrize("spread", [1e-3, 0.1, 0.4, 1.0])
def test_trap_a_code_that_shrinks_to_a_point_would_earn_the_entropy_of_the_prior_and_tells_nothing(
    spread: float,
) -> None:
    """The Gaussian twin of the constant category: s = spread Z whatever the image, which Q predicts
    at its best variance."""
    s, best = spread * Z, max(spread**2, VARIANCE_BOUNDS[0])
    q = torch.zeros_like(s), torch.full_like(s, math.log(best))
    with_constant = float(gaussian_log_q(s, *q).mean()) + 0.5 * math.log(2.0 * math.pi * math.e)
    assert with_constant >= 0.5 * math.log(1.0 / best)  # 2.3 nats for what tells nothing
    if spread**2 >= VARIANCE_BOUNDS[0]:
        assert float(gaussian_bound(s, *q)) == pytest.approx(0.0, abs=1e-14)
    else:
        assert 0.0 < float(gaussian_bound(s, *q)) <= 0.5  # what the floor of Q's variance leaves


def test_a_code_wider_than_the_prior_earns_no_more_entropy() -> None:
    wide = torch.full_like(Z, math.log(2.0))
    by_width = [
        float(gaussian_bound(c * Z, (c - 1.0) * Z, wide)) for c in (1.0, 2.0, 5.0)
    ]  # Q errs by Z each time
    assert by_width == pytest.approx([by_width[0]] * 3, abs=1e-13)


def test_variance_is_clamped_so_that_a_deterministic_code_has_a_ceiling() -> None:
    s, sharp, wide = (
        tensor([[-2.0], [-1.0], [0.0], [1.0], [2.0]]),
        torch.full((5, 1), -20.0, dtype=torch.float64),
        torch.full((5, 1), 9.0, dtype=torch.float64),
    )
    assert float(gaussian_bound(s, s, sharp)) == pytest.approx(
        0.5 * (math.log(100.0) + 1.0), abs=1e-14
    )
    assert float(gaussian_bound(s, s + 0.1, sharp)) == pytest.approx(
        0.5 * math.log(100.0), abs=1e-14
    )  # calibrated: errors as it says
    expected = torch.distributions.Normal(s + 1.0, math.sqrt(2.0)).log_prob(s).sum(1)
    torch.testing.assert_close(gaussian_log_q(s, s + 1.0, wide), expected, rtol=0, atol=1e-14)


# How often each pair of a category (row) and an image (column) occurs, of 60: p(c, x') enumerated.
PAIRS = torch.tensor([[12, 2, 1, 5], [3, 9, 2, 1], [0, 4, 15, 6]])


def enumerated(pairs: Tensor) -> tuple[Tensor, Tensor]:
    """Every pair as often as it occurs: one-hot categories (N, K) and images (N,)."""
    c, x = (
        grid.reshape(-1).repeat_interleave(pairs.reshape(-1))
        for grid in torch.meshgrid(*map(torch.arange, pairs.shape), indexing="ij")
    )
    return torch.nn.functional.one_hot(c, len(pairs)).double(), x


def information(pairs: Tensor) -> float:
    p = pairs.double() / pairs.sum()
    product = p.sum(1, keepdim=True) * p.sum(0, keepdim=True)
    return float(torch.where(p > 0, p * (p / product).log(), 0.0).sum())


def test_categorical_bound_is_the_information_of_a_channel_where_q_is_the_posterior() -> None:
    y, x = enumerated(PAIRS)
    posterior = (PAIRS.double() / PAIRS.sum(0)).clamp_min(1e-300).log().T  # images x categories
    assert float(categorical_bound(y, posterior[x], y)) == pytest.approx(
        information(PAIRS), abs=1e-13
    )
    assert information(PAIRS) > 0.3


@settings(max_examples=50, deadline=None)
@given(st.lists(st.lists(st.floats(-5.0, 5.0), min_size=3, max_size=3), min_size=4, max_size=4))
def test_every_categorical_q_gives_at_most_the_information(logits: list[list[float]]) -> None:
    y, x = enumerated(PAIRS)
    assert float(categorical_bound(y, tensor(logits)[x], y)) <= information(PAIRS) + 1e-13


def test_trap_a_constant_category_would_earn_the_constant_entropy_and_tells_nothing() -> None:
    """With ln K for H the code that calls every image category 2 earns a full ln 3 of "information"
    although I(c; x') = 0."""
    pairs = torch.tensor([[0, 0, 0, 0], [0, 0, 0, 0], [15, 10, 25, 10]])
    y, _ = enumerated(pairs)
    certain = tensor([0.0, 0.0, 40.0]).expand(len(y), 3)
    with_constant = float(categorical_log_q(y, certain).mean()) + math.log(3.0)
    assert information(pairs) == pytest.approx(0.0, abs=1e-15)
    assert with_constant > information(pairs) + 1.09
    assert float(categorical_bound(y, certain, y)) == pytest.approx(0.0, abs=1e-12)
    assert float(kl_uniform(certain.log_softmax(1)).mean()) == pytest.approx(
        math.log(3.0), abs=1e-12
    )  # KL_c does not give it away


def test_relaxed_categories_weigh_the_log_probabilities() -> None:
    y, logits = (
        tensor([[0.2, 0.3, 0.5], [1.0, 0.0, 0.0]]),
        tensor([[1.0, 2.0, 3.0], [0.5, -0.5, 0.0]]),
    )
    log_q = logits.log_softmax(1)
    expected = torch.stack([0.2 * log_q[0, 0] + 0.3 * log_q[0, 1] + 0.5 * log_q[0, 2], log_q[1, 0]])
    torch.testing.assert_close(categorical_log_q(y, logits), expected, rtol=0, atol=1e-15)


def draw(mean: Tensor, log_var: Tensor, seed: int = 0) -> Tensor:
    return mean + torch.exp(0.5 * log_var) * torch.randn(
        mean.shape, dtype=mean.dtype, generator=torch.Generator().manual_seed(seed)
    )


def test_equal_posteriors_tell_nothing_and_separated_ones_everything() -> None:
    n = 50
    equal, wide = (
        torch.full((n, 1), 0.7, dtype=torch.float64),
        100.0 * torch.arange(n, dtype=torch.float64)[:, None],
    )
    mean, log_var = torch.cat((equal, wide), 1), torch.zeros(n, 2, dtype=torch.float64)
    information = mixture_information(draw(mean, log_var), mean, log_var)
    torch.testing.assert_close(information, tensor([0.0, math.log(n)]), rtol=0, atol=1e-13)


@pytest.mark.parametrize("rows", [1, 7, 30, 100])
def test_estimate_is_that_of_the_mixture_of_all_posteriors_whatever_the_chunks(rows: int) -> None:
    torch.manual_seed(1)
    mean, log_var = torch.randn(30, 3, dtype=torch.float64), torch.randn(30, 3, dtype=torch.float64)
    z = draw(mean, log_var)
    own = torch.distributions.Normal(mean, torch.exp(0.5 * log_var))
    mixture = torch.distributions.MixtureSameFamily(
        torch.distributions.Categorical(logits=torch.zeros(3, 30, dtype=torch.float64)),
        torch.distributions.Normal(own.mean.T, own.stddev.T),
    )
    expected = (own.log_prob(z) - mixture.log_prob(z)).mean(0)
    torch.testing.assert_close(
        mixture_information(z, mean, log_var, rows=rows), expected, rtol=0, atol=1e-13
    )


def test_information_of_linear_channels_and_its_count() -> None:
    """mu ~ N(0, v), variance w: I = 1/2 log(1 + v / w), the rule's threshold at v / w = 0.1; where
    v + w = 1 it is the mean KL."""
    n, ratio = 4096, tensor([9.0, 1.0, 0.2, 0.02, 0.0])
    variance = 1.0 / (1.0 + ratio)
    spread = torch.randn(n, 5, dtype=torch.float64, generator=torch.Generator().manual_seed(3))
    mean, log_var = spread * torch.sqrt(ratio * variance), variance.log().expand(n, 5)
    information = mixture_information(draw(mean, log_var), mean, log_var)
    # Each term of the mean has a standard deviation of at most 1, so its standard error is 1/64;
    # fewer images than draws bias it by less.
    torch.testing.assert_close(information, 0.5 * torch.log1p(ratio), rtol=0, atol=0.05)
    torch.testing.assert_close(information, kl_standard(mean, log_var).mean(0), rtol=0, atol=0.05)
    assert informative(information).tolist() == [True, True, True, False, False]
    assert bool((information <= math.log(n)).all())


def test_threshold_is_half_log_of_eleven_tenths_and_strict() -> None:
    assert pytest.approx(0.047655, abs=5e-7) == THRESHOLD
    at = tensor([THRESHOLD - 1e-12, THRESHOLD, THRESHOLD + 1e-12])
    assert informative(at).tolist() == [False, False, True]


def test_float32_is_precise_enough_for_the_threshold() -> None:
    torch.manual_seed(2)
    mean, log_var = (
        3.0 * torch.randn(500, 2, dtype=torch.float64),
        -6.0 + torch.randn(500, 2, dtype=torch.float64),
    )
    z = draw(mean, log_var)
    torch.testing.assert_close(
        mixture_information(z.float(), mean.float(), log_var.float()).double(),
        mixture_information(z, mean, log_var),
        rtol=0,
        atol=1e-4,
    )


def test_two_tight_clusters_earn_more_than_they_tell() -> None:
    """The third flaw of the normal entropy, as mi-vae's page states it: ln 2 nats told, half of ln
    100 earned by a critic at its least variance."""
    torch.manual_seed(0)
    centre = torch.tensor([-1.0, 1.0], dtype=torch.float64).repeat(20_000).unsqueeze(1)
    spread = VARIANCE_BOUNDS[0] ** 0.5
    codes = centre + spread * torch.randn_like(centre)
    earned = gaussian_bound(codes, centre, torch.full_like(centre, math.log(VARIANCE_BOUNDS[0])))
    assert float(earned) == pytest.approx(0.5 * math.log(100.0), abs=0.02)
    assert float(earned) > 3.0 * math.log(2.0)
