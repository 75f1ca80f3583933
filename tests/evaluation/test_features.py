"""Features of a run: which images they are taken of, kept for runs on the same data, and what
becomes of samples that are no good."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
import torch
from harness import CPU
from safetensors.numpy import save

from baselines.vae import VAE
from benchmark.datasets.digits import Digits
from benchmark.datasets.split import Split
from benchmark.datasets.tensors import TensorSplit
from benchmark.evaluation.evaluator import Evaluator
from benchmark.evaluation.features import Features, Source, other_images
from benchmark.evaluation.measuring import measure
from benchmark.extractors import cnn
from benchmark.metrics.base import Absent
from benchmark.metrics.fid import FD_CNN, FD_CNN_FLOOR, FD_CNN_RECONSTRUCTION
from benchmark.metrics.frechet import FD_RAW_FLOOR
from benchmark.training.runtime import construct

SPLITS = Digits().load()


class Constant(VAE):
    """Collapsed: every sample is the same image."""

    def sample(self, n: int) -> torch.Tensor:
        return torch.full((n, *self.shape), 0.5)


class Broken(VAE):
    """Its samples are no numbers."""

    def sample(self, n: int) -> torch.Tensor:
        return torch.full((n, *self.shape), torch.nan)


def evaluator(kind: type = VAE, cache: Path | None = None, seed: int = 0) -> Evaluator:
    method = construct(kind, kind.Config(), seed, shape=(1, 8, 8), latent_dim=3)
    source = Source(SPLITS.digest, cache=cache)
    return Evaluator(
        method,
        TensorSplit(SPLITS.test),
        seed=seed,
        device=CPU,
        train=TensorSplit(SPLITS.train),
        source=source,
    )


def test_features_are_taken_of_the_images_they_are_said_to_be_of() -> None:
    evidence, network = evaluator(), cnn.load_network("digits")
    samples = torch.cat(list(evidence.samples(360)))
    np.testing.assert_array_equal(
        evidence.features("cnn", "test"), network.features([TensorSplit(SPLITS.test).some(360)])
    )
    np.testing.assert_array_equal(evidence.features("cnn", "samples"), network.features([samples]))
    with torch.no_grad():
        x = TensorSplit(SPLITS.test).some(360)
        reconstructions = evidence.method.decode(evidence.method.encode(x))
    np.testing.assert_array_equal(
        evidence.features("cnn", "reconstructions"), network.features([reconstructions])
    )
    assert evidence.feature_count == 360 and evidence.features("cnn", "train").shape == (360, 64)


def test_other_real_images_are_training_images_each_once_and_the_same_every_time() -> None:
    train = TensorSplit(Split(np.arange(50, dtype=np.float32)[:, None], (1,)))
    chunks = list(other_images(train, 20, 7))
    drawn = torch.cat(chunks).flatten().tolist()
    assert (
        [len(chunk) for chunk in chunks] == [7, 7, 6]
        and len(set(drawn)) == 20
        and drawn != sorted(drawn)
    )
    assert torch.equal(torch.cat(list(other_images(train, 20, 20))), torch.cat(chunks))
    with pytest.raises(
        Absent,
        match="there are 50 training images, fewer than the 51 test images they are compared with",
    ):
        list(other_images(train, 51, 7))


def test_features_of_real_images_are_kept_and_read_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    metrics = [FD_CNN, FD_CNN_RECONSTRUCTION, FD_CNN_FLOOR]
    alone, first = measure(evaluator(), metrics), measure(evaluator(cache=tmp_path), metrics)
    files = sorted(tmp_path.iterdir())
    assert len(files) == 2 and all(
        "cnn-digits" in path.name and SPLITS.digest[:16] in path.name for path in files
    )
    computed: list[str] = []
    compute = Features._compute
    monkeypatch.setattr(
        Features, "_compute", lambda self, kind, of: computed.append(of) or compute(self, kind, of)
    )
    assert measure(evaluator(cache=tmp_path), metrics) == first == alone
    assert sorted(computed) == ["reconstructions", "samples"]
    files[0].write_bytes(b"half a fi")
    assert measure(evaluator(cache=tmp_path), metrics) == first
    assert sorted(computed)[-1] in ("test", "train")


@pytest.mark.parametrize("kind", ["link", "pipe", "large"])
def test_kept_features_are_read_from_regular_files_of_bounded_size_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    """Anything else in their place is replaced; what a link points to stays as it was."""
    expected = evaluator(cache=tmp_path)._features.features("cnn", "test")
    (path,) = tmp_path.iterdir()
    content = save({"features": expected + 1.0})
    elsewhere = tmp_path / "elsewhere"
    if kind == "large":
        path.write_bytes(content)
        read = evaluator(cache=tmp_path)._features.features("cnn", "test")
        np.testing.assert_array_equal(read, expected + 1.0)
        monkeypatch.setattr("benchmark.evaluation.features.LARGEST", len(content) - 1)
    else:
        path.unlink()
        if kind == "link":
            elsewhere.write_bytes(content)
            path.symlink_to(elsewhere)
        else:
            os.mkfifo(path)
    features = evaluator(cache=tmp_path)._features.features("cnn", "test")
    np.testing.assert_array_equal(features, expected)
    assert path.is_file() and not path.is_symlink()
    assert kind != "link" or elsewhere.read_bytes() == content


def test_the_floor_does_not_depend_on_method_or_seed_and_samples_do() -> None:
    first, second = (
        measure(evaluator(seed=seed), [FD_CNN, FD_CNN_FLOOR, FD_RAW_FLOOR])[0] for seed in (0, 1)
    )
    for name, measurement in first.items():
        assert (second[name] == measurement) == ("floor" in name)
    values = {name.partition("[")[0]: measurement["value"] for name, measurement in first.items()}
    assert 0 < values["fd-cnn-floor"] < 0.1 * values["fd-cnn"]


def test_a_collapsed_method_is_remarked_and_a_broken_one_absent() -> None:
    (measurement,) = measure(evaluator(Constant), [FD_CNN])[0].values()
    assert (
        measurement["remark"] == "collapsed: all images have the same features"
        and measurement["value"] > 1.0
    )
    assert measure(evaluator(Broken), [FD_CNN]) == ({}, {"fd-cnn": "images are not finite"})


def test_data_that_no_classifier_was_trained_on_have_no_fd_cnn() -> None:
    data = np.random.default_rng(0).random((50, 1, 8, 8), dtype=np.float32)
    method = construct(VAE, VAE.Config(), 0, shape=(1, 8, 8), latent_dim=3)
    outcome = measure(
        Evaluator(method, TensorSplit(Split(data, (1, 8, 8))), seed=0, device=CPU), [FD_CNN]
    )
    assert outcome == (
        {},
        {
            "fd-cnn": (
                "no classifier was trained on these data; "
                "there is one each for digits, mnist, fashion-mnist"
            )
        },
    )
