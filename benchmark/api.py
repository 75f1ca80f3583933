"""The small Python API: run a grid, read its records. The same planning, reuse and processes as
``bench run``."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from pathlib import Path

from benchmark import registry
from benchmark.datasets.split import Splits
from benchmark.planning.jobs import Grid, instance, load, plan
from benchmark.planning.reuse import Settings, divided
from benchmark.records import Store, UnreadableRecord
from benchmark.running.processes import Events, run_jobs
from benchmark.spec import BenchError, Record

__all__ = ["load_data", "run"]


def run(
    methods: Sequence[str],
    datasets: Sequence[str],
    *,
    latent_dims: Sequence[int] = (),
    seeds: int = 1,
    budget: str = "quick",
    steps: int | None = None,
    batch_size: int | None = None,
    results: Path | str = "results/runs",
    data_dir: Path | str = "data",
    device: str = "auto",
    workers: int = 1,
) -> list[Record]:
    """Train and evaluate what has no finished record yet, and return the record of every run of the
    grid, in the order of the plan.

    Arguments:
        methods, datasets: names as on the command line, ``"vae[sigma=fixed]"`` or
            ``"./my_vae.py"``.
        latent_dims: provisioned sizes L; empty: the datasets' own.
        seeds: how many, from 0.
        results, data_dir: folders of records and of data.
        workers: runs at once, each in a process of its own. Scripts must call from under ``if
            __name__ == "__main__":``.

    A failed run is a record with its status and error, not an exception; a mistake in the arguments
    is a ``BenchError``. A record that cannot be read is left as it is, and its run left out with an
    :class:`~benchmark.records.UnreadableRecord` warning that names it.
    """
    for name, given in (("methods", methods), ("datasets", datasets)):
        if isinstance(given, str):
            raise BenchError(
                f"{name} is the text '{given}'; expected a list of names, as ['{given}']"
            )
    grid = Grid(
        list(methods),
        list(datasets),
        list(latent_dims),
        seeds=seeds,
        budget=budget,
        steps=steps,
        batch_size=batch_size,
    )
    store = Store(Path(results))
    jobs = plan(grid, Path(data_dir))
    todo, _, unreadable = divided(jobs, store)
    for reason in unreadable.values():
        warnings.warn(f"left out: {reason}", UnreadableRecord, stacklevel=2)
    if todo:
        store.ensure_writable()
    run_jobs(todo, Settings(Path(results), device), workers, Events())
    here = [job.spec.key for job in jobs if job.spec.key not in unreadable]
    return [record for key in here if (record := store.read(key)) is not None]


def load_data(name: str, data_dir: Path | str = "data") -> Splits:
    """Return the splits ``train`` and ``test`` of a dataset, named as on the command line
    (``"digits"``, ``"images:photos"``, ``"./my_data.py"``): ``stored`` is what a trained model's
    ``encode`` takes (``vectors(rows)``, where it is ``packed``), ``labels`` the classes, None where
    there are none."""
    return load(instance(registry.choose("datasets", name), Path(data_dir)))
