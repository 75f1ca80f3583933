"""The small classifiers: their weights are the committed ones, they classify as well as promised,
and making them again gives the same bits."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from benchmark import registry
from benchmark.datasets.digits import Digits
from benchmark.datasets.tensors import TensorSplit
from benchmark.extractors import cnn
from benchmark.extractors.train import RECIPES, train
from benchmark.metrics.base import Absent
from benchmark.spec import BenchError


@pytest.mark.parametrize("name", cnn.TRAINED)
def test_the_test_accuracy_is_the_one_that_is_told(
    name: str, request: pytest.FixtureRequest
) -> None:
    folder: Path | None = None if name == "digits" else request.getfixturevalue("data_dir")
    splits = registry.load(registry.find("datasets", name).target)(data_dir=folder).load()
    assert splits.digest == cnn.TRAINED[name].data
    network = cnn.load_network(name).module
    assert isinstance(network, cnn.SmallCNN)
    labels = splits.test.labels
    assert labels is not None
    accuracy = cnn.accuracy(
        network, TensorSplit(splits.test).head(len(splits.test)), torch.from_numpy(labels)
    )
    assert accuracy == pytest.approx(
        cnn.TRAINED[name].accuracy, abs=2e-4
    )  # another processor may turn one image
    assert accuracy >= {"digits": 0.97, "mnist": 0.99, "fashion-mnist": 0.91}[name]


@pytest.mark.parametrize("name", cnn.TRAINED)
def test_weights_are_small_and_give_as_many_features_as_they_say(name: str) -> None:
    network = cnn.load_network(name)
    assert sum(tensor.nbytes for tensor in network.module.state_dict().values()) < 1_000_000
    assert network.about.shape is not None
    assert network.features([torch.rand(3, *network.about.shape)]).shape == (3, network.about.dim)
    assert network.about.digest == cnn.TRAINED[name].sha256[:8]


def test_training_twice_gives_the_same_bits() -> None:
    splits, recipe = Digits().load(), replace(RECIPES["digits"], epochs=3, shift=1)
    (first, right), (second, again), (other, _) = (
        train(splits, recipe),
        train(splits, recipe),
        train(splits, recipe, seed=1),
    )
    assert right == again > 0.2  # chance is 0.1
    assert all(
        torch.equal(a, b)
        for a, b in zip(first.state_dict().values(), second.state_dict().values(), strict=True)
    )
    assert not torch.equal(first.head.weight, other.head.weight)


def test_changed_weights_and_unknown_data_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(cnn.TRAINED, "digits", replace(cnn.TRAINED["digits"], sha256="0" * 64))
    with pytest.raises(BenchError, match="sha256"):
        cnn.load_network("digits")
    with pytest.raises(
        Absent, match="no classifier was trained on these data; there is one each for digits"
    ):
        cnn.for_data("1" * 64)


def test_images_of_another_shape_and_numbers_that_are_not_finite_are_absent() -> None:
    network = cnn.load_network("digits")
    with pytest.raises(Absent, match="cnn-digits is made for images of 1x8x8, this has 1x28x28"):
        network.features([torch.zeros(2, 1, 28, 28)])
    with pytest.raises(Absent, match="images are not finite"):
        network.features([torch.full((2, 1, 8, 8), torch.nan)])


def test_features_do_not_depend_on_how_images_come_in_chunks() -> None:
    network = cnn.load_network("digits")
    images = TensorSplit(Digits().load().test).head(200)
    whole = network.features([images])
    np.testing.assert_allclose(
        network.features(images.split(7)), whole, atol=1e-5
    )  # float32 sums may be ordered otherwise
    order = torch.randperm(200, generator=torch.Generator().manual_seed(0))
    np.testing.assert_allclose(network.features([images[order]]), whole[order.numpy()], atol=1e-5)
