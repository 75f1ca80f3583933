"""Which methods are asked: by trust, for as long as there is time; the others say why not."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from fake_calibration import fake_calibration

from benchmark import registry
from benchmark.budgets import QUICK_STEPS
from benchmark.controls import DimensionReference
from benchmark.datasets.own import dataset
from benchmark.dims.plan import Asked, Trust, asked, latent_dims_for, steps_for, trusted
from benchmark.identity import code_of
from benchmark.planning.jobs import Described
from benchmark.planning.suites import read_suite


def planned(
    trust: Trust, folder: Path, *, seconds: float, numbers: int = 20, count: int = 400
) -> Asked:
    rows = np.random.default_rng(0).normal(size=(count, numbers))
    reference = dataset("mine", rows, rows[: count // 4], folder=folder)
    choice = registry.choose("datasets", reference)
    facts = Described("d" * 64, count, (numbers,))
    return asked(trust, choice, reference, facts, (16, 32), seconds, folder)


def even(*methods: str) -> Trust:
    return Trust(dict.fromkeys(methods, 0.0), {})


def test_without_a_calibration_the_methods_of_its_suite_are_asked() -> None:
    methods = set(trusted(None).spreads)
    suite = read_suite("known-dimension")
    assert methods == {name for stage in suite.stages for name in stage.grid.methods}


def test_the_calibration_decides_whom_to_trust() -> None:
    trust = trusted(fake_calibration())
    assert list(trust.spreads) == ["pca", "irmae"] and not trust.left_out
    changed = fake_calibration(codes={"pca": str(code_of("pca")), "irmae": "other code"})
    trust = trusted(changed)
    assert list(trust.spreads) == ["pca"]
    assert trust.left_out == {"irmae": "calibrated with other code than is installed"}
    strangers = trusted(fake_calibration(codes={"pca": str(code_of("pca")), "grae": "?"}))
    assert strangers.left_out == {"grae": "answered on 0 datasets of known dimension"}


@pytest.mark.parametrize(
    ("estimates", "sizes"),
    [((2.0, 3.0), (16, 32)), ((7.0, 9.0), (16, 32)), ((8.5, 9.0), (32, 64)), ((90.0,), (64, 128))],
)
def test_latent_sizes_have_room_for_twice_the_estimate(
    estimates: tuple[float, ...], sizes: tuple[int, int]
) -> None:
    values = {f"estimator {number}": [value] for number, value in enumerate(estimates)}
    reference = DimensionReference("mine", "", 9, 1, values, {}, {}, 9)
    assert latent_dims_for(reference) == sizes
    assert latent_dims_for(DimensionReference("mine", "", 9, 1, {}, {}, {}, 9)) == (16, 32)


def test_steps_are_those_of_the_calibration() -> None:
    assert steps_for((64,)) == QUICK_STEPS["manifold"] == 3000
    assert steps_for((1, 28, 28)) == 600


def test_time_goes_to_the_trusted_first_and_then_to_the_quick(tmp_path: Path) -> None:
    everyone = planned(even("grae", "irmae", "maskaae"), tmp_path, seconds=1e6)
    assert {job.spec.method for job in everyone.jobs} == {"grae", "irmae", "maskaae"}
    assert {job.spec.latent_dim for job in everyone.jobs} == {16, 32}
    assert {job.spec.steps for job in everyone.jobs} == {3000} and not everyone.left_out
    few = planned(even("grae", "irmae", "maskaae"), tmp_path, seconds=50)
    assert {job.spec.method for job in few.jobs} == {"irmae"} and few.seconds <= 50
    assert {report.voice for report in few.left_out} == {"grae", "maskaae"}
    assert all("no time: about" in report.left_out for report in few.left_out)
    trust = Trust({"grae": 0.1, "irmae": 0.2}, {})
    assert {job.spec.method for job in planned(trust, tmp_path, seconds=80).jobs} == {"grae"}
    assert not planned(trust, tmp_path, seconds=0).jobs


def test_sizes_that_a_method_refuses_are_left_out_with_its_words(tmp_path: Path) -> None:
    plan = planned(even("pca"), tmp_path, seconds=100)
    assert [job.spec.latent_dim for job in plan.jobs] == [16]
    (report,) = plan.left_out
    assert (report.voice, report.latent_dim) == ("pca", 32)
    assert "at most 20 dimensions" in report.left_out


def test_few_items_are_one_batch(tmp_path: Path) -> None:
    plan = planned(even("irmae"), tmp_path, seconds=1e3, count=60)
    assert {job.spec.batch_size for job in plan.jobs} == {60}
