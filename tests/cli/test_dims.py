"""``bench dims``: an answer (0), none (3), mistakes (2); and learning what counts are worth."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from command import Done, bench
from fake_calibration import fake_calibration
from reporting.making import record, store
from unseen_data import GENERATED, written

from benchmark.calibration.data_answer import DataAnswer

CALIBRATION = "calibration.json"


def folder_of(tmp_path: Path) -> Path:
    """A folder with a plane of three dimensions in 20 numbers, and a calibration."""
    stream = np.random.default_rng(0)
    rows = stream.normal(size=(400, 3)) @ stream.normal(size=(3, 20))
    np.save(tmp_path / "mine.npy", rows + 0.02 * stream.normal(size=rows.shape))
    (tmp_path / CALIBRATION).write_text(fake_calibration().to_json())
    return tmp_path


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    pytest.importorskip("skdim", reason="scikit-dimension is not installed (pip install '.[dims]')")
    return folder_of(tmp_path_factory.mktemp("dims"))


def asked(folder: Path, *words: str) -> Done:
    return bench(folder, "dims", "mine.npy", "--estimators-only", *words)


def test_an_answer_is_printed_with_its_voices_and_kept(folder: Path) -> None:
    done = asked(folder, "--calibration", CALIBRATION)
    assert done.returncode == 0, done.stderr
    first = done.stdout.splitlines()[0]
    assert first.startswith("npz:mine: about ") and "95 % interval" in first
    assert "provision L = " in first
    for voice in ("TwoNN", "local PCA", "PCA-99"):
        assert voice in done.stdout
    (stored,) = (folder / "results/dims/answers").iterdir()
    answer = DataAnswer.from_json(stored.read_text())
    assert answer.low is not None and answer.high is not None
    assert answer.low < 3.0 < answer.high and "estimating" in done.stderr


def test_an_answer_that_cannot_be_stored_is_printed_all_the_same(folder: Path) -> None:
    asked(folder, "--calibration", CALIBRATION)
    (stored,) = (folder / "results/dims/answers").iterdir()
    before = stored.read_text()
    stored.write_text(json.dumps({**json.loads(before), "schema": 7}))
    done = asked(folder, "--calibration", CALIBRATION)
    stored.write_text(before)
    assert done.returncode not in (0, 3) and "written by a newer version" in done.stderr
    assert done.stdout.startswith("npz:mine: about ")


def test_without_a_calibration_it_says_so_and_exits_3(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("benchmark.dims.calibrating.packaged", lambda: None)
    done = asked(folder)
    assert done.returncode == 3, done.stderr
    assert done.stdout.startswith("npz:mine: no answer: not calibrated") and "TwoNN" in done.stdout


def test_json_is_the_document_and_nothing_else(folder: Path) -> None:
    done = asked(folder, "--calibration", CALIBRATION, "--json")
    document = json.loads(done.stdout)
    assert done.returncode == 0 and document["items"] == 320 and document["numbers"] == 20
    assert document["low"] < document["value"] < document["high"]
    assert {voice["voice"] for voice in document["voices"]} >= {"TwoNN", "MLE"}


def test_pages_and_pictures_are_written(folder: Path) -> None:
    for name, start in (("a.html", b"<!doctype html>"), ("a.png", b"\x89PNG"), ("a.json", b"{")):
        done = asked(folder, "--calibration", CALIBRATION, "-o", name)
        assert done.returncode == 0 and (folder / name).read_bytes().startswith(start)
        assert f"wrote {name}" in done.stderr


def test_a_method_is_trained_and_its_flags_are_told(folder: Path) -> None:
    words = ("--methods", "irmae,pca", "--steps", "20", "--latent-dims", "4", "--device", "cpu")
    done = bench(folder, "dims", "mine.npy", *words, "--calibration", CALIBRATION, "--json")
    assert done.returncode in (0, 3), done.stderr
    voices = {voice["voice"]: voice for voice in json.loads(done.stdout)["voices"]}
    assert voices["pca"]["count"] is not None and voices["pca"]["latent_dim"] == 4
    assert voices["irmae"]["key"].startswith("irmae-npz-mine-L4-s0-steps-20")
    assert "done     irmae on npz:mine, L = 4, seed 0" in done.stderr


def test_clouds_have_no_manifold_or_no_narrow_answer(folder: Path) -> None:
    written(GENERATED["blobs-10"], folder, 800, 200)
    words = ("--estimators-only", "--calibration", CALIBRATION, "--json")
    done = bench(folder, "dims", "blobs-10.npz", *words)
    answer = json.loads(done.stdout)
    refused = done.returncode == 3 and "of another kind" in answer["absent"]
    full = any("no manifold of fewer dimensions" in remark for remark in answer["remarks"])
    wide = answer["value"] is not None and answer["high"] > 2.0 * answer["low"]
    assert refused or full or wide, answer


def test_the_old_name_estimates_without_an_answer(folder: Path) -> None:
    done = bench(folder, "data", "dims", "mine.npy", "--results", "runs")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("mine.npy: ") and "TwoNN" in done.stdout
    assert list((folder / "runs/references").iterdir())


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("dims",), "Missing argument 'DATA'"),
        (("dims", "nowhere.npz"), "there is no file 'nowhere.npz'; expected a file"),
        (("dims", "digitz"), "did you mean 'digits'?"),
        (("dims", "digits", "--methods", "gare"), "unknown method 'gare'"),
        (("dims", "digits", "--methods", "vae", "--estimators-only"), "without --methods"),
        (("dims", "digits", "--latent-dims", "two"), "expected whole numbers"),
        (("dims", "digits", "--minutes", "0"), "--minutes"),
        (("dims", "digits", "--calibration", "nowhere"), "nowhere"),
        (("dims", "digits", "--calibration", "notes.json"), "is no calibration"),
        (("dims", "digits", "-o", "answer.txt"), "expected a name that ends in .html"),
        (("dims", "digits", "-o", "nowhere/answer.html"), "there is no folder 'nowhere'"),
        (("calibrate", "--results", "nowhere"), "bench run"),
        (("calibrate", "--results", "runs"), "datasets of known dimension, 20 are needed"),
    ],
)
def test_mistakes_are_one_line_and_exit_2(
    tmp_path: Path, words: tuple[str, ...], message: str
) -> None:
    (tmp_path / "notes.json").write_text("{}")
    store(tmp_path / "runs", [record("grae", "latent-8")])
    done = bench(tmp_path, *words)
    assert done.returncode == 2, done.stdout + done.stderr
    assert message in done.stderr and len(done.stderr.splitlines()) == 1
    assert not (tmp_path / "results").exists() and not (tmp_path / CALIBRATION).exists()


def test_a_calibration_is_learned_and_used(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from benchmark.dims import calibrating

    monkeypatch.setattr(calibrating, "calibration_of", lambda path: fake_calibration())
    done = bench(folder, "calibrate", "--results", "runs", "-o", "learned.json")
    assert done.returncode == 0, done.stderr
    assert "8 voices on 25 datasets of known dimension" in done.stdout
    assert "of 25 intervals at level 0.95 hold the truth" in done.stdout
    assert (folder / "learned.json").read_text() == fake_calibration().to_json()
    assert asked(folder, "--calibration", "learned.json").returncode == 0
