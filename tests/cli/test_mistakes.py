"""Mistakes of the caller: one line on stderr with the next step, status 2, and nothing written."""

from __future__ import annotations

from pathlib import Path

import pytest
from command import bench, process


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("run",), "nothing to run: give --all"),
        (("run", "--methods", "vea", "--datasets", "circle"), "did you mean 'vae'?"),
        (("run", "--methods", "vae", "--datasets", "cirle"), "did you mean 'circle'?"),
        (
            ("run", "--methods", "vae[", "--datasets", "circle"),
            "expected a name, or name[option=value,...]",
        ),
        (("run", "--methods", "vae[gamma=big]", "--datasets", "circle"), "expected a finite float"),
        (("run", "--methods", "vae", "--datasets", "circle[noise=-1]"), "noise"),
        (
            ("run", "--methods", "vae", "--datasets", "circle", "--budget", "huge"),
            "unknown budget 'huge'",
        ),
        (
            ("run", "--methods", "vae", "--datasets", "circle", "--latent-dims", "two"),
            "expected whole numbers",
        ),
        (("run", "--methods", "vae", "--datasets", "circle", "--seeds", "0"), "--seeds"),
        (("run", "--methods", "vae", "--datasets", "circle", "--shard", "5/4"), "expected I/N"),
        (
            ("run", "--methods", "vae", "--datasets", "circle", "--batch-size", "5000"),
            "fewer than one batch",
        ),
        (
            ("run", "--methods", "vae", "--datasets", "digits", "--budget", "paper"),
            "no paper schedule for 'digits'",
        ),
        (
            ("run", "--methods", "vae", "--datasets", "mnist", "--data-dir", "nowhere"),
            "bench data fetch mnist",
        ),
        (("run", "--methods", "vae", "--datasets", "npz:nowhere.npz"), "nowhere.npz"),
        (
            (
                "run",
                "--methods",
                "vae",
                "--datasets",
                "circle",
                "--budget",
                "smoke",
                "--results",
                "/proc/x",
            ),
            "--results",
        ),
        (("run", "--nonsense"), "--nonsense"),
        (("run", "--time-limit", "nan"), "'nan' is not a number"),
        (("run", "--checkpoint-every", "NaN"), "'NaN' is not a number"),
        (("run", "--suite", "gamma", "--latent-dims", "4"), "--suite has its own grid"),
        (("run", "--suite", "gamma", "--budget", "huge"), "unknown budget 'huge'"),
        (("table", "--results", "/etc/hostname"), "--results"),
        (("nonsense",), "nonsense"),
        (("list", "nonsense"), "nonsense"),
        (("show", "nonsense"), "bench list"),
        (("table", "--results", "nowhere"), "bench run"),
        (("table", "nonsense"), "nonsense"),
        (("figure", "nonsense"), "nonsense"),
        (("data", "fetch", "nonsense"), "unknown dataset"),
    ],
)
def test_mistakes_are_one_line_with_the_next_step_and_exit_2(
    tmp_path: Path, arguments: tuple[str, ...], message: str
) -> None:
    done = bench(tmp_path, *arguments)
    assert done.returncode == 2, done.stderr
    assert len(done.stderr.splitlines()) == 1 and done.stderr.startswith("bench: error: ")
    assert message in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_process_ends_as_the_entry_point_does(tmp_path: Path) -> None:
    arguments = ("run", "--methods", "vea", "--datasets", "circle")
    assert process(tmp_path, *arguments) == bench(tmp_path, *arguments)
    assert process(tmp_path, *arguments).returncode == 2
