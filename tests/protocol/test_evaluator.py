"""Evaluation is deterministic, addressed per chunk, and leaves the model as it was."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from harness import CPU, Honest, split

from baselines.vae import VAE
from benchmark import registry
from benchmark.datasets.split import Split
from benchmark.datasets.tensors import TensorSplit
from benchmark.metrics.base import Absent
from benchmark.protocol.artifacts import LIMIT, artifacts, npz_bytes
from benchmark.protocol.checkpoint import method_state
from benchmark.protocol.evaluator import Evaluator, measure
from benchmark.protocol.runtime import construct


def evaluator(count: int = 1203, shape: tuple[int, ...] = (6,), kind: type = VAE) -> Evaluator:
    method = construct(kind, kind.Config(), 0, shape=shape, latent_dim=3)
    data = np.random.default_rng(0).random((count, *shape), dtype=np.float32)
    return Evaluator(method, TensorSplit(Split(data, shape)), seed=0, device=CPU)


METRICS = [registry.load(entry.target) for entry in registry.METRICS if entry.headline]
FULL = [registry.load(entry.target) for entry in registry.METRICS if not entry.headline]


def test_measuring_twice_gives_the_same_bits_and_changes_nothing() -> None:
    first = evaluator()
    before = {name: tensor.clone() for name, tensor in method_state(first.method).items()}
    assert measure(first, METRICS) == measure(evaluator(), METRICS)
    assert all(torch.equal(before[name], tensor) for name, tensor in method_state(first.method).items())


def test_a_measurement_does_not_depend_on_what_was_measured_before() -> None:
    alone = {metric.name: measure(evaluator(), [metric])[0] for metric in METRICS}
    together = measure(evaluator(), list(reversed(METRICS)))[0]
    assert {key: value for found in alone.values() for key, value in found.items()} == together


def test_full_tier_gives_the_same_bits_in_any_order_and_leaves_the_method_alone() -> None:
    first, second = evaluator(120), evaluator(120)
    for each in (first, second):
        each.train = each.test
    before = {name: tensor.clone() for name, tensor in method_state(first.method).items()}
    found, absent = measure(first, FULL)
    assert {"prd-recall", "recall", "sw2", "mmd", "nac", "mi-bound"} <= {name.partition("[")[0] for name in found}
    assert "mi-bound-category" in absent and measure(second, list(reversed(FULL)))[0] == found
    assert all(torch.equal(before[name], tensor) for name, tensor in method_state(first.method).items())


def test_the_first_samples_are_the_same_whatever_the_number() -> None:
    few, many = evaluator().sample_vectors(30), evaluator().sample_vectors(1100)
    assert len(few) == 30 and len(many) == 1100
    assert np.array_equal(few, many[:30])
    assert not np.array_equal(many[:500], many[500:1000])


def test_sampled_error_exceeds_the_error_of_the_mean_and_needs_a_posterior() -> None:
    found = evaluator()
    assert found.sampled_squared_error is not None
    assert len(found.squared_error) == len(found.sampled_squared_error) == 1203
    assert not np.array_equal(found.squared_error, found.sampled_squared_error)
    measurements, absent = measure(evaluator(kind=Honest), METRICS)
    assert absent["mse-sampled"] == "the method has no posterior to sample codes from"
    assert measurements["mse"]["n"] == 1203


def test_discovery_sees_4096_images_at_most() -> None:
    seen: list[int] = []

    class Watching(Honest):
        def discover(self, x: torch.Tensor):  # type: ignore[no-untyped-def]
            seen.append(len(x))
            return super().discover(x)

    for count in (100, 5000):
        found = evaluator(count, kind=Watching)
        assert found.active.shape == (3,)
        assert found.reference_count == seen[-1]
    assert seen == [100, 4096]


def test_malformed_discovery_is_an_error() -> None:
    class Wrong(Honest):
        def discover(self, x: torch.Tensor):  # type: ignore[no-untyped-def]
            found = super().discover(x)
            return type(found)(found.relevance[:2], found.active)

    with pytest.raises(RuntimeError, match="discover returned relevance"):
        _ = evaluator(kind=Wrong).discovery


def test_a_value_that_is_not_finite_is_absent() -> None:
    class Broken(Honest):
        def decode(self, z: torch.Tensor) -> torch.Tensor:
            return super().decode(z) * torch.nan

    measurements, absent = measure(evaluator(kind=Broken), METRICS)
    assert absent["mse"] == "the value is not finite"
    assert "mse" not in measurements


def test_metrics_that_do_not_apply_give_their_reason() -> None:
    class Never:
        name = "never"

        def measure(self, evidence: object) -> None:
            raise Absent("not today")

    assert measure(evaluator(), [Never()]) == ({}, {"never": "not today"})  # type: ignore[list-item]


@pytest.mark.parametrize("shape", [(2,), (6,), (1, 8, 8), (1, 28, 28), (3, 64, 64)])
def test_artifacts_fit_their_limit_and_are_the_same_bytes_twice(shape: tuple[int, ...]) -> None:
    found, train = evaluator(40, shape), TensorSplit(Split(np.random.default_rng(1).random((30, *shape), dtype=np.float32), shape))
    arrays = artifacts(found, train)
    data = npz_bytes(arrays)
    assert len(data) <= LIMIT
    assert data == npz_bytes(artifacts(evaluator(40, shape), train))
    assert set(arrays) == {"samples", "inputs", "reconstructions", "traversals", "neighbours", "codes", "code_covariance"}
    assert all(array.shape[-len(shape) :] == shape for name, array in arrays.items() if not name.startswith("code"))
    assert len(arrays["inputs"]) == len(arrays["reconstructions"])


def test_neighbours_are_the_nearest_training_images() -> None:
    found, train = evaluator(40), TensorSplit(split(200))
    arrays = artifacts(found, train)
    distances = np.linalg.norm(train.stored.numpy()[None] - arrays["samples"][: len(arrays["neighbours"]), None], axis=2)
    np.testing.assert_array_equal(arrays["neighbours"], train.stored.numpy()[distances.argmin(1)])
