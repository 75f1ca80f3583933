"""The encoder of sets and the counts made of its posterior (invariant I8 and the L* rule's
readings)."""

from __future__ import annotations

import pytest
import torch

from benchmark.nn.discovery import active_units
from benchmark.nn.relevance import (
    Relevance,
    RelevanceEncoder,
    equal_within_a_set,
    first_joint_step,
)


@pytest.fixture
def encoder() -> RelevanceEncoder:
    torch.manual_seed(0)
    return RelevanceEncoder(12, 4, scale=16.0)


@pytest.fixture
def pairs() -> tuple[torch.Tensor, torch.Tensor]:
    torch.manual_seed(1)
    return torch.rand(32, 1, 3, 4), torch.randn(32, 4)


def close(one: tuple[torch.Tensor, ...], other: tuple[torch.Tensor, ...]) -> bool:
    return all(
        torch.allclose(a, b, rtol=1e-6, atol=1e-5) for a, b in zip(one, other, strict=True)
    )  # float32 sums in another order


def test_order_of_the_set_does_not_matter_but_pairing_does(
    encoder: RelevanceEncoder, pairs: tuple[torch.Tensor, torch.Tensor]
) -> None:
    x, z = pairs
    order, other = torch.randperm(32), torch.randperm(32)
    assert close(encoder(x, z), encoder(x[order], z[order]))
    assert not close(encoder(x, z), encoder(x[order], z[other]))


def test_duplicating_the_set_leaves_the_posterior(
    encoder: RelevanceEncoder, pairs: tuple[torch.Tensor, torch.Tensor]
) -> None:
    x, z = pairs
    assert close(encoder(x, z), encoder(torch.cat((x, x)), torch.cat((z, z))))


@pytest.mark.parametrize("scale", [1.0, 50.0])
def test_mean_of_alpha_starts_near_one_whatever_the_scale(
    scale: float, pairs: tuple[torch.Tensor, torch.Tensor]
) -> None:
    torch.manual_seed(2)
    encoder = RelevanceEncoder(12, 4, scale)
    encoder.head.reset_parameters()
    a, b = encoder(*pairs)
    torch.testing.assert_close((a / b).detach(), torch.ones(4), rtol=0, atol=0.15)
    torch.testing.assert_close(a.detach() / scale, torch.ones(4), rtol=0, atol=0.15)


def test_small_variance_of_the_prior_means_an_irrelevant_dimension() -> None:
    relevance = Relevance(12, 4, posterior="conjugate", scale=1.0)
    z = torch.randn(2000, 4, generator=torch.Generator().manual_seed(3)) * torch.tensor(
        [3.0, 2.0, 0.01, 0.01]
    )
    relevance.summarise([relevance.posterior(z, z, z)] * 2)
    relevance.carry(torch.ones(4))
    variance, active, extra = relevance.verdict()
    torch.testing.assert_close(variance, z.square().mean(0), rtol=0.01, atol=0)
    assert active.tolist() == [True, True, False, False]
    assert (extra["lstar_mean"], extra["lstar_last"], extra["lstar_99"]) == (2.0, 4.0, 2.0)
    assert set(extra) == {
        "lstar_mean",
        "lstar_last",
        "lstar_draw",
        "lstar_90",
        "lstar_99",
        "participation_ratio",
        "gap",
        "gap_position",
    }
    assert extra["gap_position"] == 2.0 and extra["gap"] == pytest.approx(1e3 * 4 / 9, rel=0.1)
    assert 1.0 < extra["participation_ratio"] < 2.0


def test_alpha_that_is_no_number_is_an_error() -> None:
    relevance = Relevance(12, 2, posterior="conjugate", scale=1.0)
    relevance.mean.fill_(torch.nan)
    with pytest.raises(ValueError, match="finite"):
        relevance.verdict()


@pytest.mark.parametrize(
    ("burn_in", "steps", "per_epoch", "expected"),
    [
        (0.1, 100 * 600, 600, 11 * 600),
        (0.0, 100 * 600, 600, 600),
        (0.5, 1500 * 32, 32, 751 * 32),
        (0.1, 300, 390, 30),
        (0.0, 300, 390, 0),
        (0.29, 100, 1, 30),
        (0.8, 10 * 32, 32, 9 * 32),
        (0.9, 10 * 32, 32, 9 * 32),  # epoch 10 of 0 to 9 does not come: the share of the steps
        (0.95, 10 * 32, 32, 304),
        (0.95, 1500 * 32, 32, 1426 * 32),
    ],
)
def test_joint_steps_begin_where_algorithm_1_says(
    burn_in: float, steps: int, per_epoch: int, expected: int
) -> None:
    assert first_joint_step(burn_in, steps, per_epoch) == expected


@pytest.mark.parametrize("steps", [300, 6000])
def test_burn_in_over_the_whole_run_leaves_no_joint_step(steps: int) -> None:
    assert first_joint_step(1.0, steps, 390) >= steps
    with pytest.raises(ValueError, match="expected 0 to 1"):
        first_joint_step(1.5, steps, 390)


@pytest.mark.parametrize("burn_in", [0.0, 0.3, 0.5, 0.9, 0.95, 0.99])
@pytest.mark.parametrize("epochs", [1, 3, 9, 10, 11, 20, 100])
def test_any_burn_in_short_of_the_whole_run_leaves_a_joint_step(
    burn_in: float, epochs: int
) -> None:
    assert first_joint_step(burn_in, 100 * epochs, 100) < 100 * epochs


def test_equal_relevances_are_those_that_one_set_cannot_tell_apart() -> None:
    """Two dimensions of equal variance, judged by the exact posterior of single sets, are called
    equal nineteen times in twenty; twice the variance is told apart as often."""
    torch.manual_seed(5)
    for factor, least, most in ((1.0, 0.93, 0.97), (2.0, 0.0, 0.07)):
        z = torch.randn(4000, 128, 2) * torch.tensor([1.0, factor]).sqrt()
        equal = [equal_within_a_set(v, 128) for v in z.square().mean(1)]
        assert least <= sum(equal) / len(equal) <= most
    assert equal_within_a_set(torch.tensor([1.0, 1.41]), 128)
    assert not equal_within_a_set(torch.tensor([1.0, 1.43]), 128)
    assert equal_within_a_set(torch.tensor([1.0, 1.43]), 100)


def test_active_units_equal_the_metric() -> None:
    from benchmark.metrics.dimension import active_units as metric

    torch.manual_seed(4)
    mean, log_var = (
        torch.randn(500, 6) * torch.tensor([2.0, 1.0, 0.5, 0.3, 0.1, 0.01]),
        torch.randn(500, 6) - 1,
    )
    assert active_units(mean, log_var) == metric(
        mean.double().numpy().var(0), log_var.double().exp().numpy().mean(0)
    )
