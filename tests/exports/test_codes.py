"""Codes that leave the benchmark are the model's, row by row, and a dataset again."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from benchmark import load_model, registry
from benchmark.cli import cli
from benchmark.planning.jobs import instance, load, plan
from benchmark.planning.reuse import Settings
from benchmark.planning.suites import Grid
from benchmark.running.job import execute
from benchmark.spec import BenchError


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of one run of pca on digits."""
    results = tmp_path_factory.mktemp("runs")
    (job,) = plan(Grid(["pca"], ["digits"], latent_dims=[20], budget="smoke"), results)
    record = execute(job, Settings(results, device="cpu"))
    assert record is not None and record.status == "done"
    return results / record.key


def export(folder: Path, *words: object) -> str:
    done = CliRunner().invoke(
        cli,
        ["export", folder.name, "--results", str(folder.parent), *map(str, words)],
        catch_exceptions=False,
    )
    assert done.exit_code == 0, done.output
    return done.output


@pytest.mark.parametrize("active", [False, True])
def test_npz_and_csv_hold_the_codes_of_both_splits(
    folder: Path, tmp_path: Path, active: bool
) -> None:
    splits = load(instance(registry.choose("datasets", "digits"), tmp_path))
    model = load_model(folder)
    assert 0 < model.active.sum() < 20  # or --active would show nothing
    kept = model.active if active else slice(None)
    expected = model.encode(splits.test.stored)[:, kept]
    words = ["--active"] if active else []
    assert f"360 test codes of {expected.shape[1]} numbers" in export(
        folder, "-o", tmp_path / "codes.npz", *words
    )
    with np.load(tmp_path / "codes.npz") as arrays:
        assert np.array_equal(arrays["test"], expected)
        assert np.array_equal(arrays["train_labels"], splits.train.labels)
    export(folder, "-o", tmp_path / "codes.csv", *words)
    with (tmp_path / "codes.csv").open(newline="") as file:
        rows = [row for row in csv.reader(file) if row[0] == "test"]
    assert np.array_equal(np.array([row[3:] for row in rows], dtype=np.float32), expected)
    assert [int(row[2]) for row in rows] == list(splits.test.labels)


def test_exported_codes_are_a_dataset(folder: Path, tmp_path: Path) -> None:
    export(folder, "-o", tmp_path / "codes.npz")
    splits = load(instance(registry.choose("datasets", f"npz:{tmp_path}/codes.npz"), tmp_path))
    assert splits.test.shape == (20,) and len(splits.test) == 360
    assert splits.test.labels is not None


def test_codes_of_other_data_of_the_same_shape(folder: Path, tmp_path: Path) -> None:
    images = np.random.default_rng(0).random((6, 1, 8, 8), dtype=np.float32)
    np.savez(tmp_path / "mine.npz", train=images[:4], test=images[4:])
    export(folder, "-o", tmp_path / "codes.npz", "--dataset", f"npz:{tmp_path}/mine.npz")
    with np.load(tmp_path / "codes.npz") as arrays:
        assert np.array_equal(arrays["test"], load_model(folder).encode(images[4:]))
        assert set(arrays) == {"train", "test"}


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--dataset", "circle"], r"'circle' has shape \(2,\), the model takes \(1, 8, 8\)"),
        (["-o", "codes.xls"], "'codes.xls' ends in '.xls'; expected a file ending in .npz"),
    ],
)
def test_what_cannot_be_exported_is_told(folder: Path, words: list[str], message: str) -> None:
    with pytest.raises(BenchError, match=message):
        export(folder, *words)
    with pytest.raises(BenchError, match="2 runs were named"):
        export(folder, "another")
