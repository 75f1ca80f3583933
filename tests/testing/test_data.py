"""The checks of datasets pass for what is honest and fail, by name, for each broken promise."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from benchmark.cli import cli
from benchmark.testing import outcomes
from benchmark.testing.data import CHECKS, DataSource


def invoke(*words: object) -> tuple[int, str]:
    done = CliRunner().invoke(cli, [*map(str, words)], catch_exceptions=False)
    return done.exit_code, done.output


@pytest.fixture
def written(tmp_path: Path) -> Path:
    """What ``bench new --dataset`` writes."""
    path = tmp_path / "my_data.py"
    assert invoke("new", "my-data", "--dataset", "-o", path)[0] == 0
    return path


def test_a_new_dataset_keeps_every_promise(written: Path, tmp_path: Path) -> None:
    code, report = invoke("check-dataset", written, "--data-dir", tmp_path)
    assert code == 0 and "9 passed, 0 failed, 1 skipped" in report


@pytest.mark.parametrize("name", ["digits", "circle", "sprites[size=32]"])
def test_built_in_datasets_keep_their_promises(name: str, tmp_path: Path) -> None:
    by_check = {
        outcome.check.name: outcome for outcome in outcomes(DataSource(name, tmp_path), CHECKS)
    }
    assert [outcome.message for outcome in by_check.values() if outcome.status == "failed"] == []


BROKEN = {
    "options": ('        """standard deviation of the noise', '        # """standard'),
    "arrays": ("x.astype(np.float32), shape", "x, shape"),
    "shape": ("shape = (5,)", "shape = (4,)"),
    "numbers": ("x = curve +", "x = np.log(curve) +"),
    "standardised": ("x = curve +", "x = 1000.0 + curve +"),
    "disjoint": (
        "return Splits(train=points(2048), test=points(512))",
        "return Splits(*[points(9)] * 2)",
    ),
    "network": ("batch_size = 128", "batch_size = 4096"),
    "digest": ("np.random.PCG64(0)", "np.random.PCG64()"),
}
"""For each check an edit of the template that breaks its promise."""


@pytest.mark.parametrize("name", BROKEN)
def test_each_check_sees_its_promise_broken(written: Path, tmp_path: Path, name: str) -> None:
    before, after = BROKEN[name]
    text = written.read_text()
    assert before in text
    broken = written.with_name(f"broken_{name}.py")
    broken.write_text(text.replace(before, after).replace("shape=self.shape", "shape=(5,)"))
    (check,) = (candidate for candidate in CHECKS if candidate.name == name)
    honest, of_broken = (
        next(outcomes(DataSource(str(path), tmp_path), [check])) for path in (written, broken)
    )
    assert honest.status == "passed"
    assert of_broken.status == "failed" and of_broken.message


def test_no_docstring_is_seen(tmp_path: Path) -> None:
    bare = tmp_path / "bare.py"
    bare.write_text(
        "import numpy as np\n"
        "from benchmark.datasets.split import Dataset, Split, Splits\n\n"
        "class Bare(Dataset):\n"
        "    def load(self):\n"
        "        x = np.random.default_rng(0).normal(size=(400, 3)).astype(np.float32)\n"
        "        return Splits(Split(x[:300], (3,)), Split(x[300:], (3,)))\n"
    )
    checks = [check for check in CHECKS if check.name != "digest"]  # which starts a process
    statuses = {
        outcome.check.name: outcome.status
        for outcome in outcomes(DataSource(str(bare), tmp_path), checks)
    }
    assert [name for name, status in statuses.items() if status == "failed"] == ["docstring"]


@pytest.mark.parametrize(
    ("train", "test", "message"),
    [
        ([0, 1], [0, 2], "class 2 is in the test split alone"),
        ([0, 1], None, "'test' has no labels, the other split has"),
    ],
)
def test_labels_that_do_not_fit_are_seen(
    tmp_path: Path, train: list[int], test: list[int] | None, message: str
) -> None:
    x = np.random.default_rng(0).normal(size=(40, 3))
    arrays = {"train": x[:20], "test": x[20:], "train_labels": np.array(train * 10)}
    if test is not None:
        arrays["test_labels"] = np.array(test * 10)
    np.savez(tmp_path / "mine.npz", **arrays)
    code, report = invoke("check-dataset", f"npz:{tmp_path}/mine.npz")
    assert code == 1 and message in " ".join(report.split())


def test_a_dataset_in_a_file_of_yours_runs(written: Path, tmp_path: Path) -> None:
    from benchmark.planning.jobs import Grid, plan
    from benchmark.planning.reuse import Settings
    from benchmark.running.job import execute

    (job,) = plan(Grid(["pca"], [f"{written}[noise=0.1]"], budget="smoke"), tmp_path)
    assert job.spec.dataset == "my-data" and job.spec.options == {"noise": 0.1}
    record = execute(job, Settings(tmp_path, device="cpu"))
    assert record is not None and record.status == "done"
    assert record.measurements["lstar-error"]["value"] >= 0  # the class knows its dimension
