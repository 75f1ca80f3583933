"""Evaluation is deterministic, addressed per chunk, and leaves the model as it was."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from harness import CPU, Honest, split

from baselines.mi_vae import MIVAE
from baselines.mi_vae_joint import JointMIVAE
from baselines.vae import VAE
from benchmark import registry
from benchmark.datasets.split import Split
from benchmark.datasets.tensors import TensorSplit
from benchmark.evaluation.artifacts import LIMIT, artifacts, npz_bytes
from benchmark.evaluation.evaluator import REFERENCE_IMAGES, Evaluator
from benchmark.evaluation.measuring import measure
from benchmark.method import Discovery
from benchmark.metrics.base import Absent
from benchmark.training.checkpoint import method_state
from benchmark.training.runtime import construct


def evaluator(
    count: int = 1203,
    shape: tuple[int, ...] = (6,),
    kind: type = VAE,
    latent_dim: int = 3,
    **facts: object,
) -> Evaluator:
    method = construct(kind, kind.Config(), 0, shape=shape, latent_dim=latent_dim)
    data = np.random.default_rng(0).random((count, *shape), dtype=np.float32)
    return Evaluator(method, TensorSplit(Split(data, shape)), seed=0, device=CPU, **facts)


class Watched(VAE):
    """Notes the images that rules and parts of the ELBO are taken of."""

    def discover(self, x: torch.Tensor) -> Discovery:
        self.discovered = x
        return super().discover(x)

    def terms(self, x: torch.Tensor) -> dict[str, torch.Tensor]:
        self.told = torch.cat((getattr(self, "told", x[:0]), x))
        return super().terms(x)


class WithoutBeginning(TensorSplit):
    """Refuses to stand by its first images for the whole."""

    def head(self, n: int) -> torch.Tensor:
        assert n == 1
        return super().head(n)


def test_a_part_of_a_sorted_split_stands_for_the_whole() -> None:
    """What takes less than all test images takes as many of the first half as of the second."""
    stored = np.repeat(np.float32([0, 1]), 3 * REFERENCE_IMAGES)[:, None].repeat(3, 1)
    data = WithoutBeginning(Split(stored, (3,)))
    method = construct(Watched, Watched.Config(), 0, shape=(3,), latent_dim=2)
    method.chosen = torch.arange(2)
    evidence = Evaluator(method, data, seed=0, device=CPU, train=data)
    assert evidence.discovery and evidence.terms()
    assert evidence.impact()[1] == 1000 and evidence.information("code")[1] == 4096
    vectors = torch.from_numpy(evidence.test_vectors[:2000])
    seen = [method.discovered, method.told, torch.cat(list(evidence._test(5000))), vectors]
    assert [len(x) for x in seen] == [4096, 1000, 5000, 2000]
    assert all(0.45 < float(x.mean()) < 0.55 for x in seen)


METRICS = [registry.load(entry.target) for entry in registry.METRICS if entry.headline]
FULL = [registry.load(entry.target) for entry in registry.METRICS if not entry.headline]


def test_measuring_twice_gives_the_same_bits_and_changes_nothing() -> None:
    first = evaluator()
    before = {name: tensor.clone() for name, tensor in method_state(first.method).items()}
    assert measure(first, METRICS) == measure(evaluator(), METRICS)
    assert all(
        torch.equal(before[name], tensor) for name, tensor in method_state(first.method).items()
    )


def test_a_measurement_does_not_depend_on_what_was_measured_before() -> None:
    alone = {metric.name: measure(evaluator(), [metric])[0] for metric in METRICS}
    together = measure(evaluator(), list(reversed(METRICS)))[0]
    assert {
        key: value for measured in alone.values() for key, value in measured.items()
    } == together


def test_full_tier_gives_the_same_bits_in_any_order_and_leaves_the_method_alone() -> None:
    first, second = evaluator(120), evaluator(120)
    for evidence in (first, second):
        evidence.train = evidence.test
    before = {name: tensor.clone() for name, tensor in method_state(first.method).items()}
    measured, absent = measure(first, FULL)
    assert {"prd-recall", "recall", "sw2", "mmd", "nac", "mi-bound"} <= {
        name.partition("[")[0] for name in measured
    }
    assert "mi-bound-category" in absent and measure(second, list(reversed(FULL)))[0] == measured
    assert all(
        torch.equal(before[name], tensor) for name, tensor in method_state(first.method).items()
    )


def test_the_first_samples_are_the_same_whatever_the_number() -> None:
    few, many = evaluator().sample_vectors(30), evaluator().sample_vectors(1100)
    assert len(few) == 30 and len(many) == 1100
    assert np.array_equal(few, many[:30])
    assert not np.array_equal(many[:500], many[500:1000])


def test_sampled_error_exceeds_the_error_of_the_mean_and_needs_a_posterior() -> None:
    evidence = evaluator()
    assert evidence.sampled_squared_error is not None
    assert len(evidence.squared_error) == len(evidence.sampled_squared_error) == 1203
    assert not np.array_equal(evidence.squared_error, evidence.sampled_squared_error)
    measurements, absent = measure(evaluator(kind=Honest), METRICS)
    assert absent["mse-sampled"] == "the method has no posterior to sample codes from"
    assert measurements["mse"]["n"] == 1203


def test_discovery_sees_4096_images_at_most() -> None:
    seen: list[int] = []

    class Watching(Honest):
        def discover(self, x: torch.Tensor):
            seen.append(len(x))
            return super().discover(x)

    for count in (100, 5000):
        evidence = evaluator(count, kind=Watching)
        assert evidence.active.shape == (3,)
        assert evidence.reference_count == seen[-1]
    assert seen == [100, 4096]


def test_malformed_discovery_is_an_error() -> None:
    class Wrong(Honest):
        def discover(self, x: torch.Tensor):
            whole = super().discover(x)
            return type(whole)(whole.relevance[:2], whole.active)

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

    assert measure(evaluator(), [Never()]) == ({}, {"never": "not today"})


@pytest.mark.parametrize("shape", [(2,), (6,), (1, 8, 8), (1, 28, 28), (3, 64, 64)])
def test_artifacts_fit_their_limit_and_are_the_same_bytes_twice(shape: tuple[int, ...]) -> None:
    evidence, train = (
        evaluator(40, shape),
        TensorSplit(Split(np.random.default_rng(1).random((30, *shape), dtype=np.float32), shape)),
    )
    arrays = artifacts(evidence, train)
    data = npz_bytes(arrays)
    assert len(data) <= LIMIT
    assert data == npz_bytes(artifacts(evaluator(40, shape), train))
    pictures = {
        "samples",
        "inputs",
        "reconstructions",
        "traversals",
        "interpolations",
        "neighbours",
    }
    assert set(arrays) == pictures | {"codes", "code_covariance", "jacobian_gram"}
    assert all(arrays[name].shape[-len(shape) :] == shape for name in pictures)
    assert len(arrays["inputs"]) == len(arrays["reconstructions"])


def test_pictures_of_a_sorted_split_are_of_every_class() -> None:
    stored = np.repeat(np.float32([0, 1]), 2000)[:, None].repeat(3, 1)
    data = WithoutBeginning(Split(stored, (3,)))
    method = construct(VAE, VAE.Config(), 0, shape=(3,), latent_dim=2)
    arrays = artifacts(Evaluator(method, data, seed=0, device=CPU, train=data), data)
    assert 0.4 < arrays["inputs"].mean() < 0.6


def test_neighbours_are_the_nearest_training_images() -> None:
    evidence, train = evaluator(40), TensorSplit(split(200))
    arrays = artifacts(evidence, train)
    distances = np.linalg.norm(
        train.stored.numpy()[None] - arrays["samples"][: len(arrays["neighbours"]), None], axis=2
    )
    np.testing.assert_array_equal(arrays["neighbours"], train.stored.numpy()[distances.argmin(1)])


def test_interpolations_run_from_one_reconstruction_to_the_next() -> None:
    arrays = artifacts(evaluator(40), TensorSplit(split(30)))
    np.testing.assert_allclose(
        arrays["interpolations"][:, 0], arrays["reconstructions"][:8:2], rtol=1e-5
    )
    np.testing.assert_allclose(
        arrays["interpolations"][:, -1], arrays["reconstructions"][1:8:2], rtol=1e-5
    )
    straight = artifacts(evaluator(40, kind=Honest), TensorSplit(split(30)))[
        "interpolations"
    ]  # a linear decoder keeps equal steps equal
    np.testing.assert_allclose(np.diff(straight, n=2, axis=1), 0.0, atol=1e-6)


def test_the_gram_matrix_is_that_of_the_decoder() -> None:
    evidence = evaluator(40, kind=Honest)
    weight = (evidence.method.decoder.weight * torch.exp(evidence.method.scale)).detach().numpy()
    np.testing.assert_allclose(
        artifacts(evidence, TensorSplit(split(30)))["jacobian_gram"],
        weight.T @ weight,
        rtol=1e-5,
        atol=1e-7,
    )


def test_a_decoder_that_cannot_be_differentiated_forward_leaves_no_gram_matrix() -> None:
    class Opaque(Honest):
        def decode(self, z: torch.Tensor) -> torch.Tensor:
            return torch.from_numpy(super().decode(z).detach().numpy().copy())

    assert "jacobian_gram" not in artifacts(evaluator(40, kind=Opaque), TensorSplit(split(30)))


@pytest.mark.parametrize("latent_dim", [136, 140])
def test_a_matrix_that_is_no_small_picture_is_left_out(latent_dim: int) -> None:
    arrays = artifacts(evaluator(40, latent_dim=latent_dim), TensorSplit(split(30)))
    assert ("jacobian_gram" in arrays) == ("code_covariance" in arrays) == (latent_dim == 136)


def test_rewarded_components_leave_a_line_and_a_plane_of_images() -> None:
    train = TensorSplit(split(30))
    evidence = evaluator(40, kind=MIVAE, train=train)
    arrays = artifacts(evidence, train)
    assert arrays["rewarded_line"].shape[:2] == (4, 10)
    assert arrays["rewarded_plane"].shape[:2] == (7, 7)
    code = evidence.method.encode(evidence.test.some(40)[:1]).detach().clone()
    for (row, column), values in {(0, 0): (-3.0, -3.0), (1, 6): (-2.0, 3.0)}.items():
        moved = code.clone()
        moved[0, :2] = torch.tensor(values)
        image = arrays["rewarded_plane"][row, column]
        np.testing.assert_allclose(image, evidence.method.decode(moved)[0].detach(), rtol=1e-5)
    code[0, 0] = 5.0
    image = arrays["rewarded_line"][0, 9]
    np.testing.assert_allclose(image, evidence.method.decode(code)[0].detach(), rtol=1e-5)
    others = artifacts(evaluator(40, train=train), train)
    assert not {"rewarded_line", "rewarded_plane"} & set(others)


def test_categories_leave_counts_and_their_images() -> None:
    labels = (np.arange(30) % 3 + 5, np.arange(40) % 3 + 5)
    train = TensorSplit(split(30))
    evidence = evaluator(40, kind=JointMIVAE, train=train, labels=labels)
    arrays = artifacts(evidence, train)
    assert arrays["classes"].tolist() == [5, 6, 7]
    assert arrays["contingency"].shape == (10, 3) and arrays["contingency"].sum(0).tolist() == [
        14,
        13,
        13,
    ]
    likeliest = evidence.category_probabilities.argmax(1)
    np.testing.assert_array_equal(
        arrays["contingency"].sum(1), np.bincount(likeliest, minlength=10)
    )
    assert (
        arrays["category_histogram"].shape == (10, 20)
        and arrays["category_histogram"].sum(1).tolist() == [40] * 10
    )
    code = evidence.method.encode(evidence.test.some(40)[:4])
    code[:, 3:] = torch.eye(10)[7]
    np.testing.assert_allclose(
        arrays["category_traversals"][:, 7], evidence.method.decode(code).detach(), rtol=1e-5
    )
    assert "category_histogram" in artifacts(
        evaluator(40, kind=JointMIVAE, train=train), train
    )  # no labels, no contingency
    assert "contingency" not in artifacts(evaluator(40, kind=JointMIVAE, train=train), train)
