"""Flags that the harness raises itself, whatever a method says of itself."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from harness import CPU, splits

from baselines.pca import PCA
from benchmark.datasets.tensors import TensorSplit
from benchmark.evaluation.evaluator import Evaluator
from benchmark.evaluation.measuring import measure
from benchmark.metrics.base import Absent
from benchmark.metrics.reconstruction import MSE, MSE_MEAN_IMAGE, no_better_than_mean
from benchmark.planning.jobs import Job, plan
from benchmark.planning.reuse import Settings
from benchmark.planning.suites import Grid
from benchmark.records import Store
from benchmark.running.job import execute
from benchmark.spec import NO_BETTER_THAN_MEAN
from benchmark.training.runtime import construct


def test_the_mean_image_is_that_of_the_training_split_measured_on_the_test_split() -> None:
    data = splits()
    method = construct(PCA, PCA.Config(), 0, shape=(6,), latent_dim=2)
    train, test = TensorSplit(data.train), TensorSplit(data.test)
    measured, _ = measure(
        Evaluator(method, test, seed=0, device=CPU, train=train), [MSE_MEAN_IMAGE]
    )
    x, y = (part.stored.astype(np.float64) for part in (data.train, data.test))
    assert measured["mse-mean-image"]["value"] == pytest.approx(
        np.square(y - x.mean(0)).mean(), rel=1e-12
    )
    assert measured["mse-mean-image"]["n"] == len(y)
    with pytest.raises(Absent, match="training images are not at hand"):
        _ = Evaluator(method, test, seed=0, device=CPU).mean_image_error


@pytest.mark.parametrize(
    ("mse", "mean", "expected"),
    [
        (0.5, 0.4, True),
        (0.4, 0.4, True),
        (0.39, 0.4, True),
        (0.3601, 0.4, True),
        (0.3599, 0.4, False),
        (0.0, 0.0, True),
        (None, 0.4, False),
        (0.5, None, False),
    ],
)
def test_less_than_a_tenth_below_the_mean_image_is_no_better(
    mse: float | None, mean: float | None, expected: bool
) -> None:
    errors = {"mse": mse, "mse-mean-image": mean}
    measured = {name: {"value": value} for name, value in errors.items() if value is not None}
    assert no_better_than_mean(measured) is expected


@pytest.fixture
def job() -> Job:
    (planned,) = plan(Grid(["pca"], ["circle"], latent_dims=[1], budget="smoke"), Path())
    return planned


@pytest.mark.parametrize("collapsed", [True, False])
def test_a_collapsed_run_is_flagged_in_its_record_though_the_method_is_silent(
    job: Job, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, collapsed: bool
) -> None:
    if collapsed:
        monkeypatch.setattr(PCA, "decode", lambda self, z: torch.zeros(len(z), *self.shape) - 9.0)
    record = execute(job, Settings(tmp_path, device="cpu"))
    assert record is not None and record.status == "done"
    assert NO_BETTER_THAN_MEAN not in record.discovery["flags"]
    assert record.flags == ([NO_BETTER_THAN_MEAN] if collapsed else [])
    assert Store(tmp_path).read(job.spec.key) == record
    assert record.measurements[MSE.name]["value"] > 0.0
