"""MIG and DCI on codes whose answer is known, and their parts against closed forms."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from sklearn.metrics import mutual_info_score

from benchmark.metrics import factors
from benchmark.metrics.base import Absent
from benchmark.metrics.factors import (
    DCI_COMPLETENESS,
    DCI_DISENTANGLEMENT,
    DCI_INFORMATIVENESS,
    HANDED,
    MIG,
    completeness,
    disentanglement,
    mutual_information,
    mutual_information_gap,
    predict,
)

GRID = np.stack(np.meshgrid(*(np.arange(n) for n in (3, 6, 10)), indexing="ij"), -1).reshape(-1, 3)
"""Every combination of three factors, so that they are independent to the last count."""

TURN = np.array([[1.0, 1.0, 1.0], [1.0, -1.0, 1.0], [1.0, 0.0, -2.0]]) / np.sqrt([3.0, 2.0, 6.0])
"""A rotation that leaves no coordinate to itself."""


def stream() -> np.random.Generator:
    return np.random.Generator(np.random.PCG64(0))


class Handed:
    """Evidence that knows codes beside factors, or does not."""

    def __init__(self, **shared: Any) -> None:
        self.shared = shared

    def once(self, name: str, make: Any) -> Any:
        if name not in self.shared:
            self.shared[name] = make()
        return self.shared[name]


class Known:
    def __init__(self, codes: np.ndarray, factors: np.ndarray) -> None:
        self.train = self.test = (codes, factors)


def evidence(codes: np.ndarray, factors: np.ndarray = GRID) -> Any:
    return Handed(**{HANDED: Known(codes, factors)})


def test_mutual_information_is_that_of_the_counts() -> None:
    rng = stream()
    one, other = rng.integers(0, 4, 500), rng.integers(0, 7, 500)
    other[:200] = one[:200]
    assert mutual_information(one, other) == pytest.approx(mutual_info_score(one, other))
    assert mutual_information(one, one) == pytest.approx(
        -sum(p * math.log(p) for p in np.bincount(one) / 500)
    )


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 0, 1)])
def test_factors_themselves_have_gap_one_in_any_order_and_scale(order: tuple[int, ...]) -> None:
    codes = GRID[:, order] * np.array([-3.0, 0.1, 7.0]) + 5.0
    assert mutual_information_gap(codes, GRID) == pytest.approx(1.0)
    padded = np.c_[codes, np.zeros(len(codes))]
    assert mutual_information_gap(padded, GRID) == pytest.approx(1.0)


def test_a_factor_told_twice_has_no_gap_and_one_told_by_none_neither() -> None:
    twice = GRID[:, [0, 1, 2, 1]].astype(float)
    assert mutual_information_gap(twice, GRID) == pytest.approx(2 / 3)
    assert mutual_information_gap(GRID[:, :2].astype(float), GRID) == pytest.approx(2 / 3)
    assert mutual_information_gap(np.zeros((len(GRID), 2)), GRID) == 0.0


def test_of_one_coordinate_the_second_counts_as_nothing() -> None:
    assert mutual_information_gap(GRID[:, :1].astype(float), GRID) == pytest.approx(1 / 3)


def test_two_factors_turned_by_45_degrees_are_told_by_both_coordinates_alike() -> None:
    grid = np.stack(np.meshgrid(np.arange(8), np.arange(8), indexing="ij"), -1).reshape(-1, 2)
    turned = grid @ np.array([[1.0, 1.0], [1.0, -1.0]]) / math.sqrt(2.0)
    assert mutual_information_gap(grid.astype(float), grid) == pytest.approx(1.0)
    assert mutual_information_gap(turned, grid) == pytest.approx(0.0, abs=1e-9)


def test_factors_that_do_not_vary_are_left_out() -> None:
    factors = np.c_[GRID, np.full(len(GRID), 7)]
    assert mutual_information_gap(GRID.astype(float), factors) == pytest.approx(1.0)
    assert predict((GRID.astype(float), factors), (GRID.astype(float), factors)).error.shape == (3,)
    with pytest.raises(Absent, match="no factor of the data varies"):
        mutual_information_gap(GRID.astype(float), np.zeros_like(GRID))


def test_disentanglement_and_completeness_are_their_closed_forms() -> None:
    perfect = np.array([[0.0, 1.0], [0.0, 0.0], [1.0, 0.0]])
    assert disentanglement(perfect) == completeness(perfect) == 1.0
    even = np.full((4, 2), 0.25)
    assert disentanglement(even) == pytest.approx(0.0) and completeness(even) == pytest.approx(0.0)
    shared = np.array([[1.0, 1.0], [0.0, 0.0]])  # one coordinate tells both factors
    assert disentanglement(shared) == pytest.approx(0.0) and completeness(shared) == 1.0
    split = np.array([[0.5, 0.0], [0.5, 0.0], [0.0, 1.0]])  # two coordinates tell one factor
    assert disentanglement(split) == 1.0
    assert completeness(split) == pytest.approx((1 - math.log(2) / math.log(3) + 1.0) / 2)
    weighted = np.array([[1.0, 0.0, 0.5], [0.0, 1.0, 0.5]])
    row = 1.0 + (2 / 3 * math.log(2 / 3) + 1 / 3 * math.log(1 / 3)) / math.log(3)
    assert disentanglement(weighted) == pytest.approx(row)
    assert disentanglement(np.zeros((3, 2))) == completeness(np.zeros((3, 2))) == 0.0


def test_forests_find_codes_that_are_the_factors() -> None:
    rng = stream()
    rows = rng.integers(0, len(GRID), 3000)
    codes = GRID[rows][:, [2, 0, 1]] * np.array([0.1, -2.0, 1.0]) + rng.normal(0, 0.01, (3000, 3))
    codes = np.c_[codes, rng.normal(0, 1.0, (3000, 2))]
    prediction = predict((codes[:2000], GRID[rows[:2000]]), (codes[2000:], GRID[rows[2000:]]))
    assert prediction.importance.argmax(0).tolist() == [1, 2, 0]
    assert prediction.importance.sum(0) == pytest.approx(1.0)
    assert (
        disentanglement(prediction.importance) > 0.99 and completeness(prediction.importance) > 0.99
    )
    assert prediction.error.max() < 0.02


def test_turned_codes_are_as_informative_and_less_disentangled_and_noise_tells_nothing() -> None:
    rng = stream()
    factors = GRID[rng.integers(0, len(GRID), 3000)]
    codes = (factors - factors.mean(0)) / factors.std(0) @ TURN
    turned = predict((codes[:2000], factors[:2000]), (codes[2000:], factors[2000:]))
    assert disentanglement(turned.importance) < 0.6 and turned.error.max() < 0.35
    noise = rng.normal(size=(3000, 3))
    nothing = predict((noise[:2000], factors[:2000]), (noise[2000:], factors[2000:]))
    assert nothing.error.min() > 0.95 and disentanglement(nothing.importance) < 0.1


def test_forests_give_the_same_numbers_again() -> None:
    rng = stream()
    factors = GRID[rng.integers(0, len(GRID), 300)]
    pair = (rng.normal(size=(300, 2)) + factors[:, :2], factors)
    assert np.array_equal(predict(pair, pair).importance, predict(pair, pair).importance)


def test_metrics_say_what_they_rest_on_and_share_one_prediction(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    calls: list[int] = []
    true = factors.predict
    monkeypatch.setattr(factors, "predict", lambda *pair: calls.append(1) or true(*pair))
    shared = evidence(GRID.astype(float))
    metrics = (MIG, DCI_DISENTANGLEMENT, DCI_COMPLETENESS, DCI_INFORMATIVENESS)
    measured = dict(metric.measure(shared) for metric in metrics)
    assert list(measured) == [
        "mig[n=180,split=train,bins=20]",
        *(
            f"dci-{name}[n=180,test=180]"
            for name in ("disentanglement", "completeness", "informativeness")
        ),
    ]
    assert len(calls) == 1
    values = [measurement.value for measurement in measured.values()]
    assert values[:3] == pytest.approx([1.0] * 3, abs=0.02) and values[3] < 0.1


@pytest.mark.parametrize(
    "metric", [MIG, DCI_DISENTANGLEMENT, DCI_COMPLETENESS, DCI_INFORMATIVENESS]
)
def test_without_factors_or_with_broken_codes_there_is_none(metric: Any) -> None:
    with pytest.raises(Absent, match="factors of the data are not known"):
        metric.measure(Handed())
    broken = GRID.astype(float)
    broken[3, 1] = np.nan
    with pytest.raises(Absent, match="codes are not finite"):
        metric.measure(evidence(broken))
