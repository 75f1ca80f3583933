"""The marks on real networks: an untrained one bears a flag or the mark of its null, one that found
the eight dimensions of latent-8 bears neither."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from harness import CPU
from reporting.making import inside_null

from benchmark.controls import References
from benchmark.datasets.split import Splits
from benchmark.datasets.tensors import TensorSplit
from benchmark.evaluation.evaluator import Evaluator
from benchmark.evaluation.untrained import count_once
from benchmark.metrics.dimension import smallest_share
from benchmark.planning.jobs import Job, instance, load, plan
from benchmark.planning.reuse import Settings
from benchmark.planning.suites import Grid
from benchmark.records import Store
from benchmark.reporting.named_tables import build as table_of
from benchmark.reporting.tables import notes
from benchmark.running.job import attempt
from benchmark.spec import UNSETTLED, Record, canonical_json
from benchmark.training.runtime import build

FIVE = ("r-vae", "r-dpvae", "rf-vae", "maskaae", "geco-l0")

EIGHT: dict[str, list[float]] = {
    "r-vae": [
        *(0.08179, 1.528, 0.08546, 0.08068, 1.845, 0.05345, 1.668, 0.0816),
        *(0.06549, 1.726, 1.758, 1.647, 0.08833, 1.501, 0.08743, 1.673),
    ],
    "maskaae": [1.0, 0.0, 0.0, 1.0, 1.0, 1.0, 1.0, 1.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 0.0, 1.0],
    "geco-l0": [
        *(0.0004758, 0.9994, 0.0003719, 0.0003139, 0.9996, 0.000385, 0.9998, 0.0002218),
        *(0.0002294, 0.0003304, 0.0002727, 0.9999, 0.9989, 0.9998, 0.9999, 0.9998),
    ],
}
"""Relevances after `bench run --datasets latent-8 --latent-dims 16 --steps 3000`, seed 0; L* is 8
in each."""

NOTHING: dict[str, list[float]] = {
    "r-dpvae": [
        *(0.8851, 0.82, 0.8861, 0.7331, 0.7552, 0.5605, 0.6515, 0.8379),
        *(0.5165, 0.6857, 0.694, 0.7754, 0.7313, 0.6465, 0.6972, 0.7408),
    ],
    "rf-vae": [
        *(0.9969, 0.9966, 0.9968, 0.9968, 0.9967, 0.9968, 0.9966, 0.9967),
        *(0.9968, 0.9967, 0.9967, 0.9967, 0.9972, 0.9966, 0.9968, 0.9967),
    ],
}
"""Those of the others after the same: L* is 15 and 16."""


@cache
def planned(method: str) -> tuple[Job, Splits]:
    (job,) = plan(Grid([method], ["latent-8"], [16], steps=3000), Path())
    return job, load(instance(job.dataset, job.data_dir))


def record_of(
    job: Job, relevance: Sequence[float], active: Sequence[bool], flags: Sequence[str]
) -> Record:
    discovery: dict[str, Any] = {
        "relevance": list(relevance),
        "active": list(active),
        "flags": list(flags),
        "extra": {},
    }
    count = {"value": float(sum(active)), "unit": "dimensions", "n": 1, "protocol": "rule"}
    return Record(
        job.spec.document(), job.spec.key, job.code, "done", {"lstar": count}, {}, discovery
    )


def marks(record: Record, references: References) -> tuple[str, ...]:
    table = table_of("summary", [record], ["lstar"], references)
    column = [column.title for column in table.columns].index("L*")
    return table.rows[0].cells[column].marks


@pytest.mark.parametrize("method", FIVE)
def test_untrained_networks_bear_a_flag_or_the_mark(method: str, tmp_path: Path) -> None:
    """Eight networks, none of them among the 32 that a null is made of."""
    job, splits = planned(method)
    count_once(job, record_of(job, [], [], ()), splits, tmp_path, CPU)
    references = References(tmp_path)
    test = TensorSplit(replace(splits.test, stored=splits.test.stored[:512]), CPU)
    for seed in range(8):
        network = build(replace(job, spec=replace(job.spec, seed=seed)), splits)
        discovery = Evaluator(network, test, seed=seed, device=CPU).discovery
        record = record_of(
            job, discovery.relevance.tolist(), discovery.active.tolist(), discovery.flags
        )
        assert inside_null(record, references) or discovery.flags
        assert marks(record, references)


@pytest.mark.parametrize("method", EIGHT)
def test_what_found_the_eight_dimensions_bears_no_mark(method: str, tmp_path: Path) -> None:
    job, splits = planned(method)
    relevance = np.array(EIGHT[method])
    assert smallest_share(relevance, 0.95) == 8
    record = record_of(job, EIGHT[method], (relevance > 0.5 * relevance.max()).tolist(), ())
    count_once(job, record, splits, tmp_path, CPU)
    assert inside_null(record, References(tmp_path)) is False
    assert marks(record, References(tmp_path)) == ()


@pytest.mark.parametrize(("method", "count"), [("r-dpvae", 15), ("rf-vae", 16)])
def test_what_found_nothing_bears_the_mark(method: str, count: int, tmp_path: Path) -> None:
    record = record_of(planned(method)[0], NOTHING[method], [True] * count, ())
    assert inside_null(record, References(tmp_path)) is True
    assert marks(record, References(tmp_path)) == (notes.CHANCE,)


@pytest.mark.slow
@pytest.mark.parametrize("method", FIVE)
def test_after_3000_steps_who_settled_on_eight_bears_no_mark_and_who_found_nothing_one(
    method: str, tmp_path: Path
) -> None:
    job, splits = planned(method)
    Store(tmp_path).folder(job.spec.key).mkdir(parents=True)
    record = attempt(job, Settings(tmp_path, device="cpu"))
    assert record is not None and record.status == "done"
    count_once(job, record, splits, tmp_path, CPU)
    count = record.measurements["lstar"]["value"]
    signs = {*marks(record, References(tmp_path))} - {notes.REMARK}
    if UNSETTLED in record.flags or count >= 15:
        assert signs
    elif abs(count - 8) <= 1:
        assert not signs


@pytest.mark.parametrize("method", ["r-vae", "rf-vae"])
def test_a_record_carries_the_null_that_its_method_declares(method: str, tmp_path: Path) -> None:
    (job,) = plan(Grid([method], ["circle"], [2], steps=4), Path())
    Store(tmp_path).folder(job.spec.key).mkdir(parents=True)
    record = attempt(job, Settings(tmp_path, device="cpu"))
    assert record is not None and record.discovery is not None
    declared = job.method.entry.source.constants["null"]
    assert canonical_json(record.discovery["null"]) == canonical_json(declared)
    assert inside_null(record, References(tmp_path)) is True
