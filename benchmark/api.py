"""The small Python API: run a grid or a suite, read its records. The same planning, reuse, loop and
processes as ``bench run``."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmark import registry
from benchmark.datasets.split import Splits
from benchmark.planning.jobs import instance, load
from benchmark.planning.reuse import Settings
from benchmark.planning.shards import shard_of
from benchmark.planning.suites import Grid, narrowed, read_suite, scaled
from benchmark.records import UnreadableRecord
from benchmark.running.processes import Events
from benchmark.running.suite import SuiteRun
from benchmark.spec import BenchError, Record

__all__ = ["load_data", "run"]


def load_data(name: str, data_dir: Path | str = "data") -> Splits:
    """Return the splits ``train`` and ``test`` of a dataset, named as on the command line
    (``"digits"``, ``"images:photos"``, ``"./my_data.py"``): ``stored`` is what a trained model's
    ``encode`` takes (``vectors(rows)``, where it is ``packed``), ``labels`` the classes, None where
    there are none."""
    return load(instance(registry.choose("datasets", name), Path(data_dir)))


def run(
    methods: Sequence[str] = (),
    datasets: Sequence[str] = (),
    *,
    suite: str | None = None,
    shard: str | None = None,
    latent_dims: Sequence[int] = (),
    seeds: int | None = None,
    budget: str | None = None,
    steps: int | None = None,
    batch_size: int | None = None,
    results: Path | str = "results/runs",
    data_dir: Path | str = "data",
    device: str = "auto",
    workers: int = 1,
) -> list[Record]:
    """Train and evaluate what has no finished record yet, and return the record of every run of the
    grid, or of the suite, in the order of the plan.

    Arguments:
        methods, datasets: names as on the command line, ``"vae[sigma=fixed]"`` or
            ``"./my_vae.py"``; of a suite they narrow its own.
        suite: name of a suite, also of one of studies (``"grae-jacobian"``), or a file
            ``"./mine.toml"``; its runs on data that is not here are left out.
        shard: ``"I/N"``, the I-th of N equal parts of the grid or the suite, counted from 1.
        latent_dims: provisioned sizes L; empty: the datasets' or the suite's own.
        seeds, budget: how many seeds, from 0, and how long to train; by default 1 and ``"quick"``,
            or what the suite says.
        results, data_dir: folders of records and of data.
        workers: runs at once, each in a process of its own. Scripts must call from under ``if
            __name__ == "__main__":``.

    A failed run is a record with its status and error, not an exception; a mistake in the arguments
    is a ``BenchError``. A record that cannot be read stays, and its run is left out with an
    :class:`~benchmark.records.UnreadableRecord` warning.
    """
    scale = {"seeds": seeds, "budget": budget, "steps": steps, "batch_size": batch_size}
    axes, settings = (methods, datasets, latent_dims), Settings(Path(results), device)
    whole = _planned(suite, axes, scale, Path(data_dir), settings)
    return _carried_out(whole, (1, 1) if shard is None else shard_of(shard), workers)


def _carried_out(whole: SuiteRun, shard: tuple[int, int], workers: int) -> list[Record]:
    """Run what is missing of a shard and return the records of its runs, in the order of the
    plan."""
    whole.shard = shard
    for part in whole.parts():
        for reason in part.unreadable.values():
            warnings.warn(f"left out: {reason}", UnreadableRecord, stacklevel=3)
        whole.prepare(part)
        whole.carry_out(part, workers, Events())
    whole.count_untrained()
    records = (whole.store.read(job.spec.key) for job in whole.jobs)
    return [record for record in records if record is not None]


def _refuse_texts(**lists: Sequence[str]) -> None:
    """``BenchError`` where one of the lists of names is a text, which is a list of letters too."""
    for name, names in lists.items():
        if isinstance(names, str):
            raise BenchError(
                f"{name} is the text '{names}'; expected a list of names, as ['{names}']"
            )


def _planned(
    suite: str | None,
    axes: tuple[Sequence[str], Sequence[str], Sequence[int]],
    scale: dict[str, Any],
    data_dir: Path,
    settings: Settings,
) -> SuiteRun:
    """Return the suite, or the grid of ``axes`` (methods, datasets, latent sizes), to be run; what
    is None of ``scale`` is left as it is."""
    methods, datasets, latent_dims = axes
    _refuse_texts(methods=methods, datasets=datasets)
    scale = {name: value for name, value in scale.items() if value is not None}
    if suite is not None:
        narrow = narrowed(read_suite(suite), methods, datasets, latent_dims)
        return SuiteRun.of_suite(scaled(narrow, **scale), data_dir, settings)
    if not methods or not datasets:
        raise BenchError("nothing to run: give methods and datasets, or a suite")
    grid = Grid(list(methods), list(datasets), list(latent_dims), **scale)
    return SuiteRun.of_grid(grid, data_dir, settings)
