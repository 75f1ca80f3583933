"""Categories as classifiers: the two maps against exhaustive search, what counts as wrong, and what
evidence they need."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import permutations
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from harness import CPU
from torch import Tensor

from benchmark.datasets.split import Split
from benchmark.datasets.tensors import TensorSplit
from benchmark.evaluation.evaluator import Evaluator
from benchmark.evaluation.measuring import measure
from benchmark.method import Method
from benchmark.metrics.base import Absent, Metric
from benchmark.metrics.categorical import (
    ACCURACY,
    ACCURACY_MAJORITY,
    NO_CLASS,
    contingency,
    majority,
    one_to_one,
)
from benchmark.planning.jobs import plan
from benchmark.planning.reuse import Settings
from benchmark.planning.suites import Grid
from benchmark.running.job import execute


def evidence(
    train: list[int], train_labels: list[int], test: list[int], test_labels: list[int]
) -> Any:
    return SimpleNamespace(
        categories=(np.array(train), np.array(test)),
        labels=(np.array(train_labels), np.array(test_labels)),
    )


def value(metric: Metric, *parts: list[int]) -> float:
    return metric.measure(evidence(*parts))[1].value


def test_contingency_counts_pairs() -> None:
    assert contingency(np.array([0, 2, 2, 2]), np.array([1, 0, 0, 1]), (3, 2)).tolist() == [
        [0, 1],
        [0, 0],
        [2, 1],
    ]


@pytest.mark.parametrize("size", [(4, 4), (3, 5), (5, 3)])
@pytest.mark.parametrize("seed", range(5))
def test_one_to_one_map_is_the_best_of_all(size: tuple[int, int], seed: int) -> None:
    counts = np.random.default_rng(seed).integers(0, 50, size)
    few, many = min(size), max(size)
    tall = counts if size[0] == many else counts.T
    best = max(
        sum(tall[row, column] for column, row in enumerate(rows))
        for rows in permutations(range(many), few)
    )
    class_of = one_to_one(counts)
    assigned = class_of[class_of != NO_CLASS]
    assert len(assigned) == len(set(assigned.tolist())) == few
    assert (
        sum(counts[category, name] for category, name in enumerate(class_of) if name != NO_CLASS)
        == best
    )


def test_majority_takes_the_commonest_class_and_leaves_empty_categories_out() -> None:
    assert majority(np.array([[1, 5, 2], [3, 3, 0], [0, 0, 0]])).tolist() == [1, 0, NO_CLASS]


@pytest.mark.parametrize("metric", [ACCURACY, ACCURACY_MAJORITY])
def test_renamed_classes_are_recognised_whatever_their_labels(metric: Metric) -> None:
    assert value(metric, [2, 0, 1, 2], [70, -3, 12, 70], [0, 1, 2], [-3, 12, 70]) == 1.0
    assert metric.measure(evidence([0, 1], [0, 1], [0, 1, 1], [0, 1, 0]))[1].n == 3


@pytest.mark.parametrize("metric", [ACCURACY, ACCURACY_MAJORITY])
def test_map_is_learned_on_the_training_split(metric: Metric) -> None:
    assert value(metric, [0, 0, 1, 1], [0, 0, 1, 1], [0, 0, 1, 1], [1, 1, 0, 0]) == 0.0


def test_two_categories_of_one_class_count_by_majority_only() -> None:
    parts = ([0, 0, 0, 1, 1, 2], [0, 0, 0, 0, 0, 1], [0, 1, 2, 2], [0, 0, 1, 1])
    assert value(ACCURACY_MAJORITY, *parts) == 1.0
    assert value(ACCURACY, *parts) == 0.75


def test_a_category_that_training_never_saw_is_wrong() -> None:
    assert value(ACCURACY_MAJORITY, [0, 0], [0, 1], [0, 1], [0, 0]) == 0.5
    assert value(ACCURACY, [0, 0], [0, 0], [0, 3], [0, 0]) == 0.5


def test_a_constant_category_has_the_accuracy_of_the_commonest_class() -> None:
    labels = [0] * 5 + [1] * 3 + [2] * 2
    assert (
        value(ACCURACY, [1] * 10, labels, [1] * 10, labels)
        == value(ACCURACY_MAJORITY, [1] * 10, labels, [1] * 10, labels)
        == 0.5
    )


class Sign(Method):
    """Its category is the sign of the first number, of a third it is never; nothing is learned."""

    @dataclass(frozen=True)
    class Config:
        pass

    def build(self) -> None:
        pass

    def categories(self, x: Tensor) -> Tensor | None:
        return torch.stack(
            (
                0.9 * torch.sigmoid(x[:, 0]),
                torch.full_like(x[:, 0], 0.1),
                0.9 * torch.sigmoid(-x[:, 0]),
            ),
            1,
        )


class Blind(Sign):
    def categories(self, x: Tensor) -> Tensor | None:
        return None


def measured(kind: type[Method], *, labelled: bool = True) -> tuple[dict[str, Any], dict[str, str]]:
    rng = np.random.default_rng(0)
    data = [rng.normal(size=(count, 2)).astype(np.float32) for count in (1203, 701)]
    train, test = (TensorSplit(Split(x, (2,))) for x in data)
    labels = (7 * (data[0][:, 0] < 0), 7 * (data[1][:, 0] < 0)) if labelled else (None, None)
    evidence = Evaluator(
        kind(kind.Config(), shape=(2,), latent_dim=1),
        test,
        seed=0,
        device=CPU,
        train=train,
        labels=labels,
    )
    return measure(evidence, [ACCURACY, ACCURACY_MAJORITY])


def test_evaluator_gathers_the_categories_of_both_splits() -> None:
    measurements, absent = measured(Sign)
    assert {
        name: (measurement["value"], measurement["n"]) for name, measurement in measurements.items()
    } == dict.fromkeys(("accuracy", "accuracy-majority"), (1.0, 701))
    assert absent == {}


@pytest.mark.parametrize(
    ("kind", "labelled", "reason"),
    [(Blind, True, "no categorical variable"), (Sign, False, "the data have no labels")],
)
def test_absent_with_a_reason(kind: type[Method], labelled: bool, reason: str) -> None:
    measurements, absent = measured(kind, labelled=labelled)
    assert measurements == {} and set(absent) == {"accuracy", "accuracy-majority"}
    assert all(reason in text for text in absent.values())
    with pytest.raises(Absent, match="no labels"):
        ACCURACY.measure(SimpleNamespace(labels=None, categories=None))


def test_a_run_measures_both_where_there_are_labels_and_categories(tmp_path: Path) -> None:
    (job,) = plan(Grid(["mi-vae-joint"], ["digits"], steps=2), tmp_path)
    record = execute(job, Settings(tmp_path, device="cpu"))
    assert record is not None and record.status == "done"
    assert {name: record.measurements[name]["n"] for name in ("accuracy", "accuracy-majority")} == {
        "accuracy": 360,
        "accuracy-majority": 360,
    }
