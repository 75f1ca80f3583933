"""``bench export``: codes, networks and records for other programs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from benchmark.cli import data_dir_option, results_option

if TYPE_CHECKING:
    from benchmark.models import TrainedModel

__all__ = ["export"]

SUFFIXES = (".npz", ".csv", ".pt", ".onnx")


@click.command()
@click.argument("runs", nargs=-1, metavar="[RUN]...")
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="codes: FILE.npz, FILE.csv; the network: FILE.pt (TorchScript), FILE.onnx (two files)  "
    "[default: KEY.npz]",
)
@click.option(
    "--to",
    "tracker",
    type=click.Choice(["tensorboard", "mlflow", "wandb"]),
    help="write records and curves to this tracker's local store in the folder -o  "
    "[default: tensorboard, mlflow, wandb]",
)
@click.option(
    "--dataset",
    metavar="NAME",
    help="codes of this dataset, npz:FILE or any other of the same shape  [default: the run's]",
)
@click.option("--active", is_flag=True, help="codes with the dimensions alone that L* counts")
@click.option("--method", metavar="FILE.py", help="the file of a method of yours")
@results_option
@data_dir_option
def export(
    runs: tuple[str, ...],
    output: Path | None,
    tracker: str | None,
    dataset: str | None,
    active: bool,
    method: str | None,
    results: Path,
    data_dir: Path,
) -> None:
    """Export finished runs: RUN is a key (its beginning suffices), a folder or a record.json.

    Codes of one run are written as arrays 'train' and 'test' with the labels, which npz:FILE reads
    as a dataset again, or as a table. Networks are held against the model before they are written.
    With --to any number of runs goes to a tracker, all of --results where none is named; what is
    there already is left alone.
    """
    if tracker is not None:
        click.echo(_track(tracker, runs, output or Path(tracker), results))
        return
    from benchmark.running.stored import locate
    from benchmark.spec import BenchError

    if len(runs) != 1:
        raise BenchError(
            f"{len(runs)} runs were named; expected one (see `bench show`, "
            f"or the folder '{results}')"
        )
    stored = locate(runs[0], results)
    path = _file(output, stored.record.key)
    from benchmark.models import load_model

    model = load_model(stored.folder, method=method, data_dir=data_dir)
    if path.suffix in (".npz", ".csv"):
        click.echo(_codes(model, path, dataset, active, data_dir))
    else:
        click.echo(_network(model, path))


def _file(output: Path | None, key: str) -> Path:
    """Return the file to write; ``BenchError`` where its suffix says nothing."""
    from benchmark.spec import BenchError

    path = output or Path(f"{key}.npz")
    if path.suffix not in SUFFIXES:
        raise BenchError(
            f"'{path}' ends in '{path.suffix}'; expected a file ending in {', '.join(SUFFIXES)}"
        )
    return path


def _track(tracker: str, runs: tuple[str, ...], folder: Path, results: Path) -> str:
    """Write runs to a tracker's local store; what was written, in words."""
    from benchmark.exports.trackers import export, read_run, require
    from benchmark.records import Store
    from benchmark.running.stored import locate

    require(tracker)
    store = Store(results)
    chosen = [locate(text, results).folder for text in runs] or [
        store.folder(record.key) for record in store.records()
    ]
    new = sum(
        export(tracker, read_run(Store(run_folder.parent), run_folder.name), folder)
        for run_folder in chosen
    )
    word = "run" if new == 1 else "runs"
    return f"{new} {word} exported, {len(chosen) - new} there before; {_HINTS[tracker]} {folder}"


_HINTS = {
    "tensorboard": "see them with tensorboard --logdir",
    "mlflow": "see them with mlflow ui --backend-store-uri sqlite:///mlflow.db, in",
    "wandb": "send them, if you want to, with wandb sync --sync-all, in",
}
"""How a user sees what was written to a folder."""


def _codes(
    model: TrainedModel, path: Path, dataset: str | None, active: bool, data_dir: Path
) -> str:
    """Write the codes of a dataset; what was written, in words."""
    from benchmark.cli.output import save
    from benchmark.evaluation.artifacts import npz_bytes
    from benchmark.exports.codes import csv_bytes, npz_arrays, splits_for

    arrays = npz_arrays(model, splits_for(model, dataset, data_dir), active=active)
    if path.suffix == ".npz":
        save(path, npz_bytes(arrays))
    else:
        columns = range(model.code_dim) if not active else model.active.nonzero()[0]
        save(path, csv_bytes(arrays, [f"z{column + 1}" for column in columns]))
    sizes = " and ".join(f"{len(arrays[role])} {role}" for role in ("train", "test"))
    return f"wrote {path}: {sizes} codes of {arrays['train'].shape[1]} numbers"


def _network(model: TrainedModel, path: Path) -> str:
    """Write the network; what was written, in words."""
    from benchmark.exports.networks import onnx_files, torchscript_file

    if path.suffix == ".pt":
        paths, difference = [path], torchscript_file(model, path)
    else:
        paths, difference = onnx_files(model, path)
    names = " and ".join(map(str, paths))
    return f"wrote {names}: at most {difference:.1g} from the model, relative"
