"""Digests are listed as equivalent where two revisions give equal bits, and refused elsewhere."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from package_copy import PackageCopy

from benchmark.spec import BenchError
from benchmark.testing.checkouts import Plan, Tree
from benchmark.testing.equivalent import Moved, compare, merged

SMALL = Plan(methods=("vae",), seeds=1, steps=3, own_steps=3)
GAUSSIAN, FRECHET = "benchmark/nn/gaussian.py", "benchmark/metrics/frechet.py"


@pytest.fixture
def trees(tmp_path: Path) -> tuple[Tree, PackageCopy, Tree]:
    old, new = PackageCopy(tmp_path / "old"), PackageCopy(tmp_path / "new")
    return Tree(old.folder, tmp_path / "a"), new, Tree(new.folder, tmp_path / "b")


def test_classes_that_share_a_digest_become_one() -> None:
    classes = [{"what": "harness", "digests": ["a", "b"]}]
    single = merged(
        classes,
        [
            Moved("harness", "b", "c", ""),
            Moved("metric mse", "x", "y", ""),
            Moved("metric nac", "u", "v", "other bits"),
        ],
    )
    assert single == [
        {"what": "harness", "digests": ["a", "b", "c"]},
        {"what": "metric mse", "digests": ["x", "y"]},
    ]
    assert merged(single, [Moved("harness", "c", "a", "")]) == single


@pytest.mark.slow
def test_a_refactor_is_shown_and_a_change_of_bits_is_refused(
    trees: tuple[Tree, PackageCopy, Tree],
) -> None:
    old, package, new = trees
    package.edit(  # the same bits by another way
        "benchmark/training/batches.py",
        "return parts[0] if len(parts) == 1 else torch.cat(parts)",
        "return torch.cat(parts)",
    )
    package.edit(FRECHET, "return mean, centred.T", "return 1.0 * mean, centred.T")
    refusals = {comparison.what: comparison.refusal for comparison in compare(old, new, SMALL)}
    assert refusals["harness"] == "" and refusals["metric fd-raw"] == ""


@pytest.mark.slow
def test_a_trainer_of_other_bits_refuses_everything(
    trees: tuple[Tree, PackageCopy, Tree],
) -> None:
    old, package, new = trees
    package.edit("benchmark/training/batches.py", '"order", epoch', '"orders", epoch')
    package.edit(FRECHET, "return mean, centred.T", "return 1.0 * mean, centred.T")
    comparisons = compare(old, new, SMALL)
    assert {"harness", "metric fd-raw"} <= {comparison.what for comparison in comparisons}
    assert all("other bits" in comparison.refusal for comparison in comparisons)


@pytest.mark.slow
def test_a_metric_of_other_values_is_refused_by_name(
    trees: tuple[Tree, PackageCopy, Tree],
) -> None:
    old, package, new = trees
    package.edit(
        FRECHET,
        "return frechet_distance(*moments(found)",
        "return 2 * frechet_distance(*moments(found)",
    )
    refusals = {comparison.what: comparison.refusal for comparison in compare(old, new, SMALL)}
    assert refusals.keys() == {"metric fd-raw", "metric fd-raw-floor"}
    assert all("became" in refusal for refusal in refusals.values())


@pytest.mark.slow
def test_a_study_is_run_by_both_and_its_numbers_compared(
    trees: tuple[Tree, PackageCopy, Tree],
) -> None:
    old, package, new = trees
    package.edit("benchmark/studies/slices.py", "find_peaks(-values,", "find_peaks(-1.0 * values,")
    stage = {"gamma-slices": 'studies = ["gamma-slices"]\nlatent_dims = [8]\nsteps = 5'}
    small = Plan(methods=("vae",), seeds=1, steps=3, studies=stage)
    (same,) = compare(old, new, small)
    assert (same.what, same.refusal) == ("study gamma-slices", "")


@pytest.mark.slow
def test_metrics_of_factors_are_measured_where_there_are_some(
    trees: tuple[Tree, PackageCopy, Tree],
) -> None:
    old, package, new = trees
    package.edit("benchmark/metrics/factors.py", "BINS = 20", "BINS = 10 + 10")
    (same,) = compare(old, new, SMALL)
    assert (same.what, same.refusal) == ("metric mig", "")


def test_nothing_moved_runs_nothing(trees: tuple[Tree, PackageCopy, Tree]) -> None:
    old, package, new = trees
    assert compare(old, new, SMALL) == [] and not list(old.work.iterdir())
    package.edit("benchmark/spec.py", "PROTOCOL = 2", "PROTOCOL = 3")
    with pytest.raises(BenchError, match="protocol 2 became 3"):
        compare(old, new, SMALL)


@pytest.mark.slow
def test_the_command_makes_old_records_current_again(tmp_path: Path) -> None:
    package = PackageCopy(tmp_path / "checkout")
    names = {"GIT_AUTHOR_NAME": "a", "GIT_AUTHOR_EMAIL": "a@b", "GIT_COMMITTER_NAME": "a"}
    environment = {**os.environ, **names, "GIT_COMMITTER_EMAIL": "a@b"}
    for call in (["init", "-q"], ["add", "-A"], ["commit", "-qm", "before"]):
        subprocess.run(["git", *call], cwd=package.folder, check=True, env=environment)
    run = ("-m", "benchmark", "run", "--methods", "vae", "--datasets", "digits", "--steps", "5")
    assert "1 done now" in package.python(*run).stdout
    package.edit(GAUSSIAN, "- 1.0 - log_var)", "- 1 - log_var)")
    done = package.python("-m", "benchmark.testing.equivalent", "--since", "HEAD")
    assert "method vae: " in done.stdout and "0 refused" in done.stdout, done.stderr
    assert "0 done now, 1 finished before" in package.python(*run).stdout
    shutil.rmtree(package.folder / ".git")
    assert package.python("-m", "benchmark.testing.equivalent", "--since", "x").returncode == 2
