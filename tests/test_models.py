"""A trained model in a user's hands gives the numbers that its run was measured by."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from benchmark import load_model
from benchmark.models import TrainedModel
from benchmark.planning.jobs import instance, load, plan
from benchmark.planning.reuse import Settings
from benchmark.planning.suites import Grid
from benchmark.running.job import execute
from benchmark.spec import BenchError, Record


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of one run of the VAE on digits, three steps."""
    results = tmp_path_factory.mktemp("runs")
    (job,) = plan(Grid(["vae"], ["digits"], latent_dims=[4], steps=3), results)
    record = execute(job, Settings(results, device="cpu"))
    assert record is not None and record.status == "done"
    return results / record.key


@pytest.fixture(scope="module")
def model(folder: Path) -> TrainedModel:
    return load_model(folder)


@pytest.fixture(scope="module")
def images() -> np.ndarray:
    """The test images of digits, float32 (360, 1, 8, 8)."""
    from benchmark import registry

    splits = load(instance(registry.choose("datasets", "digits"), Path()))
    return splits.test.stored


def test_the_record_says_what_the_model_takes(folder: Path) -> None:
    document = json.loads((folder / "record.json").read_text())
    assert document["input"] == {
        "shape": [1, 8, 8],
        "train": 1437,
        "test": 360,
        "type": "float32",
        "levels": 1,
    }


def test_the_mse_of_the_record_is_that_of_its_reconstructions(
    model: TrainedModel, images: np.ndarray
) -> None:
    error = (model.reconstruct(images).astype(np.float64) - images).reshape(360, -1)
    assert float((error**2).mean(1).mean()) == pytest.approx(
        model.record.measurements["mse"]["value"], rel=1e-12
    )
    assert np.array_equal(model.decode(model.encode(images)), model.reconstruct(images))


def test_samples_are_those_of_the_run_whatever_was_drawn_before(
    model: TrainedModel, folder: Path
) -> None:
    state = torch.get_rng_state()
    samples = model.sample(64)
    assert torch.equal(torch.get_rng_state(), state)  # the user's generator is left alone
    with np.load(folder / "artifacts.npz") as stored:
        assert np.array_equal((samples.clip(0, 1) * 255).round(), stored["samples"])
    assert np.array_equal(model.sample(3), samples[:3])
    again = model.sample(3, seed=1)
    assert not np.array_equal(again, samples[:3])
    assert np.array_equal(again, model.sample(3, seed=1))


def test_arrays_give_arrays_and_tensors_tensors(model: TrainedModel, images: np.ndarray) -> None:
    for function, values in ((model.encode, images), (model.reconstruct, images)):
        from_array, from_tensor = function(values), function(torch.from_numpy(values))
        assert isinstance(from_array, np.ndarray) and isinstance(from_tensor, torch.Tensor)
        assert np.array_equal(from_array, from_tensor.numpy())
    codes = model.encode(images[:7])
    assert codes.shape == (7, model.code_dim) == (7, 4)
    assert model.decode(torch.from_numpy(codes)).shape == (7, 1, 8, 8)


@pytest.mark.parametrize("layout", ["flat", "no channel", "float64"])
def test_other_layouts_of_the_same_images_are_the_same(
    model: TrainedModel, images: np.ndarray, layout: str
) -> None:
    arranged = {
        "flat": images.reshape(len(images), -1),
        "no channel": images[:, 0],
        "float64": images.astype(np.float64),
    }[layout]
    assert np.array_equal(model.encode(arranged), model.encode(images))


def test_bytes_are_divided_by_the_levels_of_the_record(model: TrainedModel) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (3, 1, 8, 8), dtype=np.uint8)
    assert np.array_equal(model.encode(pixels), model.encode(pixels.astype(np.float32) / 255))


def test_relevance_active_and_flags_are_those_of_the_discovery(model: TrainedModel) -> None:
    discovery = model.record.discovery
    assert discovery is not None
    assert model.relevance.tolist() == discovery["relevance"]
    assert model.active.tolist() == discovery["active"]
    assert model.active.sum() == model.record.measurements["lstar"]["value"]
    assert set(discovery["flags"]) <= set(model.flags)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (np.zeros((2, 3, 8, 8)), r"x has shape \(2, 3, 8, 8\); expected \(N, 1, 8, 8\)"),
        (np.zeros(64), r"x has shape \(64,\)"),
        (np.array([["a"] * 64]), "x is of type <U1; expected numbers"),
    ],
)
def test_what_the_model_cannot_take_is_named(
    model: TrainedModel, values: np.ndarray, message: str
) -> None:
    with pytest.raises(BenchError, match=message):
        model.encode(values)


def test_codes_of_another_size_and_no_samples_are_refused(model: TrainedModel) -> None:
    with pytest.raises(BenchError, match=r"z has shape \(2, 5\); expected codes \(N, 4\)"):
        model.decode(np.zeros((2, 5)))
    with pytest.raises(BenchError, match="asked for 0 images"):
        model.sample(0)


def rewritten(folder: Path, target: Path, **changes: object) -> Path:
    """A copy of the run whose record says something else."""
    copy = target / folder.name
    shutil.copytree(folder, copy)
    document = {**json.loads((folder / "record.json").read_text()), **changes}
    Record.from_document(document)
    (copy / "record.json").write_text(json.dumps(document))
    return copy


def test_a_record_of_before_finds_its_shape_in_the_data(
    folder: Path, model: TrainedModel, images: np.ndarray, tmp_path: Path
) -> None:
    older = load_model(rewritten(folder, tmp_path, input=None))
    assert np.array_equal(older.encode(images), model.encode(images))


def test_other_code_is_refused_unless_it_is_asked_for(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = rewritten(folder, tmp_path, code="0" * 16)
    with pytest.raises(BenchError, match="has code"):  # and the checkpoint is of the old one
        load_model(other, other_code=True)
    monkeypatch.setattr("benchmark.models.same", lambda installed, trained: False)
    with pytest.raises(BenchError, match=f"not the one that trained the run in '{folder}'"):
        load_model(folder)
    assert load_model(folder, other_code=True).latent_dim == 4


def test_what_holds_no_model_is_told(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(BenchError, match="there is no run in"):
        load_model(tmp_path / "nothing")
    failed = rewritten(folder, tmp_path, status="failed", error="it did")
    with pytest.raises(BenchError, match="is failed; a model is what a finished run leaves"):
        load_model(failed / "record.json")
    (failed / "checkpoint.safetensors").unlink()
    shutil.copy(folder / "record.json", failed / "record.json")
    with pytest.raises(BenchError, match="holds no checkpoint that can be read"):
        load_model(failed)


def test_the_package_imports_neither_torch_nor_numpy() -> None:
    code = "import benchmark, sys; assert not {'torch', 'numpy', 'pandas'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)
