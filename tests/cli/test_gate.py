"""``bench baseline`` and ``bench check`` as CI meets them: files, formats, exit status, and no
torch."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest
from command import bench, process
from reporting.making import record, seeds, store

from benchmark.spec import Record

GOOD = (0.50, 0.52, 0.48, 0.51, 0.49)
BAD = tuple(value + 0.3 for value in GOOD)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Results when all was well, their baseline, and results of two later days."""
    folder = tmp_path_factory.mktemp("gate")
    store(folder / "well", [*seeds(GOOD), *seeds(GOOD, dataset="circle", latent_dim=2)])
    store(folder / "worse", [*seeds(BAD), *seeds(GOOD, dataset="circle", latent_dim=2)])
    broken: list[Record] = [*seeds(GOOD), *seeds(GOOD[:4], dataset="circle", latent_dim=2)]
    store(
        folder / "broken",
        [*broken, record(dataset="circle", latent_dim=2, seed=4, status="killed")],
    )
    done = bench(folder, "baseline", "-o", "baseline.json", "--results", "well")
    assert done.returncode == 0, done.stderr
    assert "sees a rise by" in done.stdout and "wrote baseline.json: 2 cells" in done.stdout
    return folder


def test_nothing_changed(folder: Path) -> None:
    done = bench(folder, "check", "--baseline", "baseline.json", "--results", "well")
    assert done.returncode == 0, done.stderr
    assert [line[:11].strip() for line in done.stdout.splitlines()[:2]] == ["not worse"] * 2


def test_a_baseline_may_guard_some_latent_sizes_only(folder: Path) -> None:
    chosen = ("--results", "well", "--latent-dims")
    done = bench(folder, "baseline", "-o", "small.json", *chosen, "2")
    assert done.returncode == 0 and "wrote small.json: 1 cells" in done.stdout
    assert "there are 2, 16" in bench(folder, "baseline", "-o", "small.json", *chosen, "3").stderr


def test_the_gate_imports_no_torch(folder: Path) -> None:
    code = (
        "import sys; from benchmark.cli import main\n"
        "try: main()\n"
        "finally: assert 'torch' not in sys.modules"
    )
    arguments = ("check", "--baseline", "baseline.json", "--results", "well")
    command = [sys.executable, "-c", code, *arguments]
    assert subprocess.run(command, cwd=folder, capture_output=True, check=False).returncode == 0


def test_worse_exits_1_and_says_what_to_do(folder: Path) -> None:
    done = bench(folder, "check", "--baseline", "baseline.json", "--results", "worse")
    assert done.returncode == 1
    first, *_, last = done.stdout.splitlines()
    assert first.startswith("worse        vae on digits, L = 16, mse: 0.5 -> 0.8 (+60 %)")
    assert (
        "bench show vae-digits-L16-s0" in done.stdout and last.strip() == "bench baseline -o FILE"
    )


def test_a_broken_run_exits_3_and_says_how_to_make_it(folder: Path) -> None:
    done = bench(folder, "check", "--baseline", "baseline.json", "--results", "broken")
    assert done.returncode == 3
    assert "no verdict   vae on circle" in done.stdout and "ended as 'killed'" in done.stdout
    assert (
        "bench run --methods 'vae' --datasets 'circle' --latent-dims 2 --seeds 5 --budget quick"
        in done.stdout
    )


def test_junit_counts_failures_and_errors_and_the_text_is_still_printed(folder: Path) -> None:
    for results, failures, errors in (("well", 0, 0), ("worse", 1, 0), ("broken", 0, 1)):
        done = bench(
            folder,
            "check",
            "--baseline",
            "baseline.json",
            "--results",
            results,
            "--format",
            "junit",
            "-o",
            f"{results}.xml",
        )
        suite = ElementTree.parse(folder / f"{results}.xml").getroot()
        assert (suite.tag, suite.get("tests"), suite.get("failures"), suite.get("errors")) == (
            "testsuite",
            "2",
            str(failures),
            str(errors),
        )
        assert (len(suite.findall("testcase")), len(suite.findall("testcase/failure"))) == (
            2,
            failures,
        )
        assert "2 cells:" in done.stdout


def test_github_annotations_are_one_line_each(folder: Path) -> None:
    lines = bench(
        folder, "check", "--baseline", "baseline.json", "--results", "worse", "--format", "github"
    ).stdout.splitlines()
    (annotation,) = [line for line in lines if line.startswith("::")]
    assert annotation.startswith(
        "::error title=worse%3A vae on digits%2C L = 16%2C mse::vae on digits"
    )
    done = bench(
        folder, "check", "--baseline", "baseline.json", "--results", "broken", "--format", "github"
    )
    assert done.stdout.startswith("::error title=no verdict%3A vae on circle")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("check", "--baseline", "nowhere.json"), "bench baseline -o FILE"),
        (("check",), "--baseline"),
        (("check", "--baseline", "baseline.json", "--results", "nowhere"), "bench run"),
        (("baseline", "--results", "well"), "--output"),
        (("baseline", "-o", "b.json", "--results", "broken"), "ended as 'killed'"),
        (("baseline", "-o", "nowhere/b.json", "--results", "well"), "cannot write"),
        (
            ("baseline", "-o", "b.json", "--results", "well", "--methods", "pca"),
            "has the method 'pca'",
        ),
    ],
)
def test_mistakes_are_one_line_and_exit_2(
    folder: Path, arguments: tuple[str, ...], message: str
) -> None:
    done = bench(folder, *arguments)
    assert done.returncode == 2
    assert len(done.stderr.splitlines()) == 1 and message in done.stderr
    assert not (folder / "b.json").exists()


MINE = '''"""A VAE of mine."""

from baselines.vae import VAE


class Mine(VAE):
    """A VAE."""

    prunes = False
'''

BLUR = '''
    def decode(self, z):
        """Return images, a fifth of each pixel from its neighbours."""
        from torch.nn.functional import avg_pool2d

        image = super().decode(z)
        return 0.8 * image + 0.2 * avg_pool2d(image, 3, 1, 1, count_include_pad=False)
'''


@pytest.mark.slow
def test_a_decoder_that_blurs_by_a_fifth_is_seen_by_bits_and_by_seeds(tmp_path: Path) -> None:
    """Five seeds of 100 steps; unpaired, the seeds' own spread hides what the blur adds to FD."""
    grid = ("--methods", "./mine.py", "--datasets", "digits", "--steps", "100", "--seeds", "5")
    for results, source in (("well", MINE), ("blurred", MINE + BLUR)):
        (tmp_path / "mine.py").write_text(source, encoding="utf-8")
        assert process(tmp_path, "run", *grid, "--results", results).returncode == 0
        if results == "well":
            written = ("baseline", "-o", "b.json", "--metrics", "mse,fd-raw", "--results", results)
            assert process(tmp_path, *written).returncode == 0
    for mode in ((), ("--statistical",)):
        done = process(tmp_path, "check", "--baseline", "b.json", "--results", "blurred", *mode)
        assert done.returncode == 1, done.stdout
        assert done.stdout.startswith("worse") and "fd-raw" in done.stdout.splitlines()[0]
