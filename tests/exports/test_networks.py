"""Networks in other formats compute what the model does, and are not given out where they do
not."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from benchmark import load_model
from benchmark.exports import networks
from benchmark.exports.networks import TOLERANCE, onnx_files, torchscript_file
from benchmark.models import TrainedModel
from benchmark.planning.jobs import plan
from benchmark.planning.reuse import Settings
from benchmark.planning.suites import Grid
from benchmark.running.job import execute
from benchmark.spec import BenchError


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> TrainedModel:
    """grae on digits, three steps."""
    results = tmp_path_factory.mktemp("runs")
    (job,) = plan(Grid(["grae"], ["digits"], latent_dims=[4], steps=3), results)
    record = execute(job, Settings(results, device="cpu"))
    assert record is not None and record.status == "done"
    return load_model(results / record.key)


@pytest.fixture
def images() -> torch.Tensor:
    return torch.rand(5, 1, 8, 8, generator=torch.Generator().manual_seed(0))


def test_torchscript_is_read_without_the_package_and_is_the_model(
    model: TrainedModel, images: torch.Tensor, tmp_path: Path
) -> None:
    assert torchscript_file(model, tmp_path / "model.pt") <= TOLERANCE
    loaded = torch.jit.load(tmp_path / "model.pt")
    torch.testing.assert_close(loaded.encode(images), model.encode(images))
    torch.testing.assert_close(loaded(images), model.reconstruct(images))
    codes = model.encode(images)
    torch.testing.assert_close(loaded.decode(codes), model.decode(codes))


def test_a_file_that_computes_something_else_is_not_given_out(
    model: TrainedModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    honest = networks._Network.decode
    monkeypatch.setattr(networks._Network, "decode", lambda self, z: 1.001 * honest(self, z))
    with pytest.raises(BenchError, match=r"'decode' in the file differs from the model's by 0.001"):
        torchscript_file(model, tmp_path / "model.pt")
    assert not list(tmp_path.iterdir())


def test_a_method_that_cannot_be_traced_is_told(
    model: TrainedModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(networks._Network, "encode", lambda self, x: x.numpy().tolist())
    with pytest.raises(BenchError, match="'grae' cannot be written as TorchScript"):
        torchscript_file(model, tmp_path / "model.pt")
    assert not list(tmp_path.iterdir())


def test_onnx_says_what_to_install(
    model: TrainedModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(networks.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(BenchError, match=r"needs the package 'onnx'.*pip install '\.\[onnx\]'"):
        onnx_files(model, tmp_path / "model.onnx")


@pytest.mark.extras
def test_onnx_is_the_model_by_another_runtime(
    model: TrainedModel, images: torch.Tensor, tmp_path: Path
) -> None:
    import onnxruntime

    paths, difference = onnx_files(model, tmp_path / "model.onnx")
    assert [path.name for path in paths] == ["model-encoder.onnx", "model-decoder.onnx"]
    assert difference <= TOLERANCE
    sessions = [
        onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"]) for path in paths
    ]
    (codes,) = sessions[0].run(None, {"x": images.numpy()})
    (decoded,) = sessions[1].run(None, {"z": codes})
    np.testing.assert_allclose(decoded, model.reconstruct(images).numpy(), atol=1e-5)
