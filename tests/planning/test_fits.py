"""What cannot run is refused when planning, in one line, before anything is trained; what can run
is not refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner

from benchmark import registry
from benchmark.api import run
from benchmark.cli import cli
from benchmark.planning.fits import refusal
from benchmark.planning.jobs import plan
from benchmark.planning.suites import Grid
from benchmark.spec import BenchError
from benchmark.training.runtime import construct

SHAPES = [(2,), (100,), (1, 8, 8), (1, 7, 30), (2, 9, 12), (4, 4, 4, 4), (28, 28)]
METHODS = [entry.name for entry in registry.METHODS]


@pytest.mark.parametrize("name", METHODS)
@pytest.mark.parametrize("shape", SHAPES)
def test_a_shape_is_refused_where_the_method_cannot_be_built_on_it_and_nowhere_else(
    name: str, shape: tuple[int, ...]
) -> None:
    choice = registry.choose("methods", name)
    kind = registry.load(choice.entry.target)
    size = {"shape": shape, "latent_dim": 2, "steps": 2_000, "batch_size": 8}
    try:
        construct(kind, kind.Config(**choice.options), 0, **size)
    except ValueError as error:
        assert str(error) in str(refusal(choice, shape, 2, 8, 2_000))
    else:
        assert refusal(choice, shape, 2, 8, 2_000) is None


def test_latent_sizes_beyond_the_data_are_refused_where_the_class_says_so() -> None:
    pca, vae = (registry.choose("methods", name) for name in ("pca", "vae"))
    assert refusal(pca, (2,), 2, 0, 0) is None
    assert "at most 2 dimensions in data of shape (2,), asked for 3" in str(
        refusal(pca, (2,), 3, 0, 0)
    )
    assert refusal(pca, None, 3, 0, 0) is None  # data that is not here
    assert refusal(vae, (2,), 3, 8, 90) is None


@pytest.mark.parametrize(
    ("method", "batch_size", "fits"),
    [("vae", 128, True), ("vae", 130, False), ("vae[chunks=5]", 130, True), ("flexae", 131, True)],
)
def test_batches_that_chunks_do_not_divide_are_refused(
    method: str, batch_size: int, fits: bool
) -> None:
    reason = refusal(registry.choose("methods", method), (1, 28, 28), 4, batch_size, 90)
    assert (reason is None) is fits
    assert fits or f"a batch of {batch_size} images cannot be cut into chunks=4" in str(reason)


@pytest.mark.parametrize("chunks", [0, -4])
def test_a_batch_has_one_part_at_least(chunks: int) -> None:
    reason = refusal(registry.choose("methods", f"vae[chunks={chunks}]"), (2,), 1, 128, 90)
    assert reason == f"a batch cannot be cut into chunks={chunks} parts; choose chunks=1 or more"


def test_planning_refuses_and_names_method_and_dataset(tmp_path: Path) -> None:
    images = tmp_path / "thin.npz"
    np.savez(
        images, train=np.zeros((300, 1, 7, 30), np.uint8), test=np.zeros((9, 1, 7, 30), np.uint8)
    )
    for grid, words in (
        (Grid(["vae"], [f"npz:{images}"], steps=1), "'vae' on 'npz:thin': no network for data"),
        (Grid(["pca"], ["circle"], latent_dims=[3]), "'pca' on 'circle': it finds at most 2"),
        (Grid(["vae"], ["circle"], steps=1, batch_size=30), "'vae' on 'circle': a batch of 30"),
    ):
        with pytest.raises(BenchError, match=words.replace("(", r"\(")):
            plan(grid, tmp_path)
    assert len(plan(Grid(["pca"], [f"npz:{images}"]), tmp_path)) == 1


def test_the_command_leaves_with_status_2_and_trains_nothing(tmp_path: Path) -> None:
    results = tmp_path / "runs"
    asked = [
        "run",
        "--methods",
        "vae",
        "--datasets",
        "circle",
        "--steps",
        "1",
        "--batch-size",
        "30",
    ]
    done = CliRunner().invoke(cli, [*asked, "--results", str(results)])
    assert isinstance(done.exception, BenchError)  # one line and status 2 (cli.main)
    assert not results.exists()


UNBOUNDED = {"chunks", "mi_weight"}
"""Numbers without a range of their own: ``chunks`` must divide a batch, which is judged with it;
a negative ``mi_weight`` lowers the information of the codes."""


def test_numbers_of_methods_and_studies_have_ranges() -> None:
    for entry in (*registry.METHODS, *registry.STUDIES):
        for option in entry.source.fields("Config"):
            if option.type in ("int", "float"):
                assert bool(option.range.words) == (option.name not in UNBOUNDED), option


@pytest.mark.parametrize(
    ("method", "message"),
    [
        ("grae[beta=0]", "option 'beta' of 'grae' is '0'; expected a finite float more than 0"),
        ("r-dpvae[burn_in=1.5]", "expected a finite float at least 0, at most 1"),
        ("two-stage-vae[first_share=1]", "expected a finite float more than 0, less than 1"),
        ("mi-vae-joint[categories=1]", "expected a finite int at least 2"),
        ("r-vae[lr_relevance=-1]", "expected a finite float at least 0 or none"),
    ],
)
def test_a_number_out_of_range_is_refused_before_anything_runs(
    tmp_path: Path, method: str, message: str
) -> None:
    command = ["run", "--methods", method, "--datasets", "circle", "--results", str(tmp_path / "r")]
    outcome = CliRunner().invoke(cli, command)
    assert isinstance(outcome.exception, BenchError) and message in str(outcome.exception)
    assert not (tmp_path / "r").exists()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("latent_dims", [0]),
        ("latent_dims", [2, -1]),
        ("latent_dims", [2.0]),
        ("latent_dims", [np.int64(2)]),
        ("seeds", 0),
        ("steps", 0),
        ("steps", -5),
        ("batch_size", 0),
        ("batch_size", True),
    ],
)
def test_sizes_from_python_are_whole_numbers_from_1(tmp_path: Path, name: str, value: Any) -> None:
    """Command line and suites check theirs; without steps or a batch the budget has them."""
    sizes: dict[str, Any] = {name: value}
    with pytest.raises(BenchError, match=f"{name} is or holds .*; expected whole numbers from 1"):
        run(["vae"], ["circle"], results=tmp_path / "r", **sizes)
    assert not (tmp_path / "r").exists()
