"""FID against pytorch-fid's own code with the same random weights, and the way of the weights from
a pinned pickle to safetensors."""

from __future__ import annotations

import hashlib
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from click.testing import CliRunner
from PIL import Image
from pytorch_fid import fid_score
from pytorch_fid import inception as theirs

from benchmark.cli import cli
from benchmark.datasets.split import Split
from benchmark.datasets.tensors import TensorSplit
from benchmark.evaluation.evaluator import Evaluator
from benchmark.evaluation.features import Source
from benchmark.extractors import inception, weights
from benchmark.extractors.fid_inception import FIDInception
from benchmark.metrics.base import Absent
from benchmark.metrics.fid import FID

COUNT = 3


@pytest.fixture(scope="module")
def state() -> dict[str, torch.Tensor]:
    """Random weights, and running moments of batch normalisation that keep the signal alive."""
    torch.manual_seed(0)
    tensors = dict(FIDInception().trunk.state_dict())
    for name, tensor in tensors.items():
        if name.endswith("conv.weight"):
            tensor.mul_(2.0)
        if name.endswith("running_mean"):
            tensor.normal_(0.0, 0.1)
    return tensors


@pytest.fixture
def folder(state: dict[str, torch.Tensor], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A data folder with these weights in the place of the published ones."""
    path = tmp_path / "data" / weights.FILE
    path.parent.mkdir()
    torch.save(state, path)
    monkeypatch.setattr(weights, "SHA256", hashlib.sha256(path.read_bytes()).hexdigest())
    return path.parent


def pictures(seed: int, channels: int, side: int = 28) -> np.ndarray:
    smooth = np.random.default_rng(seed).random((COUNT, channels, 4, 4))
    return (np.kron(smooth, np.ones((1, 1, side // 4, side // 4))) * 255).astype(np.uint8)


def as_files(images: np.ndarray, folder: Path) -> list[str]:
    folder.mkdir()
    for index, image in enumerate(images):
        Image.fromarray(image[0] if len(image) == 1 else image.transpose(1, 2, 0)).save(
            folder / f"{index}.png"
        )
    return sorted(map(str, folder.iterdir()))


def evaluator(test: np.ndarray, samples: np.ndarray, source: Source) -> Evaluator:
    """An evaluator whose method draws ``samples``: numbers that PNG files would round and clip."""
    drawn = torch.from_numpy(samples).float() / 255.0
    drawn = torch.where(
        drawn >= 1.0, drawn + 0.5, torch.where(drawn <= 0.0, drawn - 0.5, drawn + 0.4 / 255.0)
    )
    method: Any = SimpleNamespace(latent_dim=2, shape=test.shape[1:], sample=lambda n: drawn)
    method.eval = lambda: method
    return Evaluator(
        method,
        TensorSplit(Split(test, test.shape[1:])),
        seed=0,
        device=torch.device("cpu"),
        source=source,
    )


def distance_of_few(x: np.ndarray, y: np.ndarray) -> float:
    """The Frechet distance by way of the images: the last trace is the nuclear norm of the centred
    x y^T over n - 1."""
    a, b = x - x.mean(0), y - y.mean(0)
    cross = np.linalg.norm(a @ b.T, "nuc")
    return float(
        np.square(x.mean(0) - y.mean(0)).sum()
        + (np.square(a).sum() + np.square(b).sum() - 2.0 * cross) / (len(x) - 1)
    )


@pytest.mark.parametrize("channels", [1, pytest.param(3, marks=pytest.mark.slow)])
def test_features_and_distance_are_those_of_pytorch_fid(
    channels: int,
    state: dict[str, torch.Tensor],
    folder: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    test, samples = pictures(0, channels), pictures(1, channels)
    samples[:, :, :4, :4], samples[:, :, -4:, -4:] = 0, 255
    monkeypatch.setattr(theirs, "load_state_dict_from_url", lambda url, progress: state)
    model = theirs.InceptionV3([theirs.InceptionV3.BLOCK_INDEX_BY_DIM[2048]])
    expected = [
        fid_score.get_activations(
            as_files(images, tmp_path / name), model, batch_size=COUNT, num_workers=0
        )
        for name, images in (("test", test), ("samples", samples))
    ]
    assert expected[0].std(0).max() > 1e-3
    evidence = evaluator(test, samples, Source(data_dir=folder))
    for of, features in zip(("test", "samples"), expected, strict=True):
        np.testing.assert_allclose(
            evidence.features("inception", of), features, atol=1e-5 * np.abs(features).max()
        )
    identifier, measured = FID.measure(evidence)
    assert measured.value == pytest.approx(
        distance_of_few(*expected), rel=1e-3
    )  # the root of rounding errors in 2046 empty directions
    assert identifier.endswith("resize=299,rounding=uint8,n=3,reference=3,split=test]")
    assert (
        measured.remark
        == "covariances are singular: 3 images for 2048 features, ranks 2 and 2 (reference)"
    )


def test_without_weights_the_reason_says_what_to_do(tmp_path: Path) -> None:
    evidence = evaluator(pictures(0, 1), pictures(1, 1), Source(data_dir=tmp_path))
    with pytest.raises(
        Absent,
        match=(
            r"weights are missing: looked in .*; "
            r"run `bench data fetch inception`, or put pt_inception.* into the folder"
        ),
    ):
        FID.measure(evidence)
    with pytest.raises(Absent, match="weights are missing"):
        inception.from_folder(None)


def test_wrong_and_damaged_weights_are_absent_with_the_reason(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as published:
        published.setattr(weights, "SHA256", "0" * 64)
        with pytest.raises(
            Absent,
            match=(
                f"wrong checksum: sha256 is .*, expected {'0' * 64}; "
                "delete it and run `bench data fetch inception`"
            ),
        ):
            inception.from_folder(folder)
    path = folder / weights.FILE
    torch.save({"conv": torch.ones(2)}, path)
    monkeypatch.setattr(weights, "SHA256", hashlib.sha256(path.read_bytes()).hexdigest())
    with pytest.raises(Absent, match="not the weights of InceptionV3"):
        inception.from_folder(folder)


def test_the_pickle_is_read_once_and_kept_as_safetensors(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache = tmp_path / "cache"
    first = inception.from_folder(folder, cache)
    (kept,) = (cache / "inception").iterdir()
    assert kept.suffix == ".safetensors" and sorted(path.name for path in folder.iterdir()) == [
        weights.FILE
    ]  # the data folder is left alone
    monkeypatch.setattr(
        torch, "load", lambda *arguments, **options: pytest.fail("the pickle was opened again")
    )
    again = inception.from_folder(folder, cache)
    assert all(
        torch.equal(a, b)
        for a, b in zip(
            first.module.state_dict().values(), again.module.state_dict().values(), strict=True
        )
    )
    data = bytearray(kept.read_bytes())
    data[-1] ^= 1
    kept.write_bytes(data)
    with pytest.raises(Absent, match="wrong checksum"):
        inception.from_folder(folder, cache)


def test_the_command_line_keeps_lists_and_verifies_the_weights(folder: Path) -> None:
    def call(*words: str) -> str:
        return (
            CliRunner()
            .invoke(cli, ["data", *words, "--data-dir", str(folder)], catch_exceptions=False)
            .output
        )

    assert "inception       here" in call("list")
    assert "checksum as pinned" in call("verify", "inception")
    kept = Path(call("fetch", "inception").removeprefix("inception: ").strip())
    assert kept.parent == folder / "inception" and kept.suffix == ".safetensors"
    (folder / weights.FILE).unlink()
    assert inception.from_folder(folder).about.digest == weights.SHA256[:8]
    assert call("verify", "inception") == f"inception: {kept.name}, checksum as pinned\n"
    kept.unlink()
    assert "inception       missing" in call("list")
