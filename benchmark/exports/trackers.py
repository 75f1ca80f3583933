"""Records and curves in the local stores of other people's trackers: TensorBoard, MLflow, Weights &
Biases. Each is an optional package, and is written to a folder; nothing is sent anywhere."""

from __future__ import annotations

import importlib.util
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from benchmark.names import labels, metric_of
from benchmark.records import Store
from benchmark.reporting.cells.arrays import read_arrays
from benchmark.spec import BenchError, Record, digest

__all__ = ["TRACKERS", "Run", "export", "points", "read_run", "require"]

PROJECT = "lstar-bench"
"""The experiment or project that runs are filed under."""

PACKAGES = {"tensorboard": "tensorboard", "mlflow": "mlflow", "wandb": "wandb"}


@dataclass(frozen=True)
class Run:
    """A record and the curves beside it."""

    record: Record
    curves: Mapping[str, np.ndarray]

    @property
    def parameters(self) -> dict[str, Any]:
        """What was asked for, flat: ``method``, ``latent_dim``, ``config.sigma``, ..."""
        spec = self.record.spec
        nested = {"config", "options", "taken"}
        flat = {name: value for name, value in spec.items() if name not in nested}
        for part in ("config", "options"):
            flat |= {f"{part}.{name}": value for name, value in spec[part].items()}
        return flat

    @property
    def measurements(self) -> dict[str, float]:
        """The measured values by metric; by id, where two are of one metric."""
        measurements = self.record.measurements
        names = [metric_of(identifier) for identifier in measurements]
        return {
            name if names.count(name) == 1 else _plain(identifier): float(
                measurements[identifier]["value"]
            )
            for name, identifier in zip(names, measurements, strict=True)
        }

    @property
    def title(self) -> str:
        """The run in a few words."""
        method, dataset = labels(self.record.spec, self.record.given)
        spec = self.record.spec
        return f"{method} on {dataset}, L = {spec['latent_dim']}, seed {spec['seed']}"


def read_run(store: Store, key: str) -> Run:
    """Return the run ``key`` of a results folder; ``BenchError`` where there is none."""
    record = store.read(key)
    if record is None:
        raise BenchError(f"there is no run '{key}' in '{store.root}'")
    return Run(record, read_arrays(store.folder(key) / "curves.npz"))


def points(run: Run) -> Iterator[tuple[int, dict[str, float]]]:
    """Yield what was logged at each step, by name; a value per latent dimension as ``kl/03``. What
    is not finite is left out, as trackers cannot show it."""
    rows: dict[int, dict[str, float]] = {}
    for name, values in run.curves.items():
        if name in ("step", "lstar_step"):
            continue
        steps = run.curves["lstar_step" if name == "lstar" else "step"]
        columns = values[:, None] if values.ndim == 1 else values
        for step, row in zip(steps.tolist(), columns.tolist(), strict=True):
            for index, value in enumerate(row):
                if np.isfinite(value):
                    label = name if values.ndim == 1 else f"{name}/{index:02}"
                    rows.setdefault(int(step), {})[label] = value
    yield from sorted(rows.items())


def require(tracker: str) -> None:
    """``BenchError`` where the tracker's package is not installed."""
    if importlib.util.find_spec(PACKAGES[tracker]) is None:
        raise BenchError(
            f"the package '{PACKAGES[tracker]}' is not installed; run pip install '.[log]' in a "
            "checkout (pip install 'lstar-bench[log]' elsewhere)"
        )


def export(tracker: str, run: Run, folder: Path) -> bool:
    """Write ``run`` to the local store of ``tracker`` in ``folder``; False where the same record is
    there already."""
    require(tracker)
    return TRACKERS[tracker](run, folder)


def _mark(run: Run) -> str:
    """What tells a record from another of the same key."""
    return digest(run.record.to_json())[:12]


def _plain(identifier: str) -> str:
    """Return an id with the signs alone that every tracker takes."""
    return re.sub(r"[^\w\-. /]+", "_", identifier).strip("_")


def _tensorboard(run: Run, folder: Path) -> bool:
    """One event file per record: curves, measurements at the last step under ``measured/``, the
    record as text."""
    from torch.utils.tensorboard import SummaryWriter

    log_dir = folder / run.record.key / _mark(run)
    if log_dir.is_dir():
        return False
    with SummaryWriter(log_dir=str(log_dir)) as writer:
        for step, values in points(run):
            for name, value in values.items():
                writer.add_scalar(name, value, step)
        for name, value in run.measurements.items():
            writer.add_scalar(f"measured/{name}", value, run.record.spec["steps"])
        text = "    " + run.record.to_json().replace("\n", "\n    ")  # a code block of Markdown
        writer.add_text("record", text)
    return True


def _mlflow(run: Run, folder: Path) -> bool:
    """One MLflow run per record in a SQLite store: parameters, curves, measurements, tags."""
    from mlflow import MlflowClient
    from mlflow.entities import Metric, Param, RunTag

    folder.mkdir(parents=True, exist_ok=True)
    client = MlflowClient(tracking_uri=f"sqlite:///{folder.resolve() / 'mlflow.db'}")
    experiment = client.get_experiment_by_name(PROJECT)
    number = (
        experiment.experiment_id
        if experiment is not None
        else client.create_experiment(PROJECT, str((folder / "artifacts").resolve().as_uri()))
    )
    mark = f"tags.record = '{_mark(run)}'"
    if client.search_runs([number], mark, max_results=1):
        return False
    tracked = client.create_run(
        number,
        run_name=run.record.key,
        tags={"record": _mark(run), "title": run.title, "status": run.record.status},
    )
    parameters = [Param(name, str(value)) for name, value in run.parameters.items()]
    steps = run.record.spec["steps"]
    metrics = [Metric(name, value, 0, steps) for name, value in run.measurements.items()]
    metrics += [
        Metric(f"curve/{name}", value, 0, step)
        for step, values in points(run)
        for name, value in values.items()
    ]
    flags = [RunTag("flags", ", ".join(run.record.flags))]
    client.log_batch(tracked.info.run_id, params=parameters, tags=flags)
    for start in range(0, len(metrics), 1000):  # as many as a batch may have
        client.log_batch(tracked.info.run_id, metrics=metrics[start : start + 1000])
    client.log_text(tracked.info.run_id, run.record.to_json(), "record.json")
    ended = "FINISHED" if run.record.status == "done" else "FAILED"
    client.set_terminated(tracked.info.run_id, ended)
    return True


def _wandb(run: Run, folder: Path) -> bool:
    """One offline run per record; ``wandb sync`` sends it, if you want that."""
    import wandb

    mark = _mark(run)
    if list(folder.glob(f"wandb/offline-run-*-{mark}")):
        return False
    folder.mkdir(parents=True, exist_ok=True)
    settings = wandb.Settings(
        silent=True, console="off", x_disable_stats=True, x_disable_meta=True, disable_git=True
    )
    with wandb.init(
        mode="offline",
        project=PROJECT,
        dir=str(folder),
        id=mark,
        name=run.record.key,
        config=run.parameters,
        settings=settings,
    ) as tracked:
        for step, values in points(run):
            tracked.log(values, step=step)
        tracked.summary.update({f"measured/{k}": value for k, value in run.measurements.items()})
        tracked.summary.update({"status": run.record.status, "flags": ", ".join(run.record.flags)})
    return True


TRACKERS: Mapping[str, Callable[[Run, Path], bool]] = {
    "tensorboard": _tensorboard,
    "mlflow": _mlflow,
    "wandb": _wandb,
}
"""How a run is written to the store of each."""
