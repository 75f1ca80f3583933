"""Our training loop beside pythae's 0.1.2: the same network, images, batch size, objective and
Adam.

    pip install --no-deps --target /tmp/pythae pythae==0.1.2 imageio pydantic==1.10.26 tqdm \
        cloudpickle typing_extensions
    PYTHONPATH=.:/tmp/pythae python tests/performance/pythae_beside.py [--pairs 7] [--study 20] \
        [--study-epochs 10]

One run: images per second of training, ours and theirs alternating in one process of one thread.
A study of so many runs: ours by `bench run`'s pool on all cores, evaluation included, against
theirs one after the other in a process with torch's default number of threads, and against
processes of one thread, one per core, that each train their share of the runs one after the other.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import logging
import os
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import torch
from children import seconds_together

from benchmark.datasets.tensors import TensorSplit
from benchmark.planning.jobs import Job, instance, load, plan
from benchmark.planning.reuse import Settings
from benchmark.planning.suites import Grid
from benchmark.records import Store
from benchmark.running import job as jobs_module
from benchmark.running.cores import usable_cores
from benchmark.running.processes import Events, run_jobs
from benchmark.training import runtime
from benchmark.training.trainer import Trainer

METHOD = "vae[sigma=fixed,chunks=1]"
BATCH = 100


def planned(folder: Path, images: int, epochs: int, seeds: int = 1) -> list[Job]:
    """Return the jobs: a VAE of unit variance on images of MNIST's shape, drawn once."""
    file = folder / f"images-{images}.npz"
    if not file.exists():
        draw = np.random.default_rng(0)
        train, test = (draw.integers(0, 256, (n, 28, 28), dtype=np.uint8) for n in (images, 1000))
        np.savez(file, train=train, test=test)
    steps = epochs * (images // BATCH)
    grid = Grid([METHOD], [f"npz:{file}"], [16], seeds=seeds, steps=steps, batch_size=BATCH)
    return plan(grid, folder)


def ours(job: Job) -> float:
    """Return the seconds that our loop trains."""
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / job.spec.key).mkdir()
        settings, splits = Settings(Path(folder), "cpu"), load(instance(job.dataset, job.data_dir))
        trainer = jobs_module._trainer(job, settings, torch.device("cpu"), splits, Trainer)
        begun = time.perf_counter()
        trainer.fit()
        return time.perf_counter() - begun


def theirs(job: Job, epochs: int) -> float:
    """Return the seconds that pythae's loop trains the same network on the same images."""
    from pythae.data.datasets import BaseDataset
    from pythae.trainers import BaseTrainer, BaseTrainerConfig

    splits = load(instance(job.dataset, job.data_dir))
    images = TensorSplit(splits.train).head(len(splits.train))
    with tempfile.TemporaryDirectory() as folder, quiet():
        training = BaseTrainerConfig(
            output_dir=folder,
            per_device_train_batch_size=BATCH,
            num_epochs=epochs,
            learning_rate=1e-3,
            optimizer_params={"fused": True},
            no_cuda=True,
        )
        trainer = BaseTrainer(
            in_pythae(runtime.build(job, splits)),
            BaseDataset(images, torch.zeros(len(images))),
            training_config=training,
        )
        begun = time.perf_counter()
        trainer.train()
        return time.perf_counter() - begun


def in_pythae(network: Any) -> Any:
    """Return pythae's VAE around the encoder and the decoder of ours."""
    from pythae.models import VAE, VAEConfig
    from pythae.models.base.base_utils import ModelOutput
    from pythae.models.nn import BaseDecoder, BaseEncoder

    class Encoder(BaseEncoder):
        def __init__(self) -> None:
            super().__init__()
            self.network = network.encoder

        def forward(self, x: torch.Tensor) -> Any:
            mean, log_var = self.network(x).chunk(2, dim=1)
            return ModelOutput(embedding=mean, log_covariance=log_var)

    class Decoder(BaseDecoder):
        def __init__(self) -> None:
            super().__init__()
            self.network = network.decoder

        def forward(self, z: torch.Tensor) -> Any:
            return ModelOutput(reconstruction=self.network(z))

    config = VAEConfig(input_dim=(1, 28, 28), latent_dim=16, reconstruction_loss="mse")
    return VAE(config, encoder=Encoder(), decoder=Decoder())


@contextlib.contextmanager
def quiet() -> Any:
    """Let pythae print nothing."""
    logging.disable(logging.CRITICAL)
    with contextlib.redirect_stderr(io.StringIO()), contextlib.redirect_stdout(io.StringIO()):
        yield
    logging.disable(logging.NOTSET)


def spread(values: Sequence[float]) -> str:
    """Return median and range."""
    return f"{median(values):.3f} ({min(values):.3f} to {max(values):.3f})"


def one_run(folder: Path, images: int, epochs: int, pairs: int) -> str:
    """Return what alternating pairs say."""
    (job,) = planned(folder, images, epochs)
    total, ratios, rates = images // BATCH * BATCH * epochs, [], []
    for pair in range(pairs + 1):
        first = theirs(job, epochs) if pair % 2 else None
        own = ours(job)
        other = first if first is not None else theirs(job, epochs)
        if pair:  # the first warms up
            ratios.append(other / own)
            rates.append(total / own)
    return (
        f"one run, images per second, ours / pythae's: {spread(ratios)}; ours {median(rates):.0f}; "
        f"{pairs} alternating pairs of {total} images"
    )


def share(runs: int, images: int, epochs: int, folder: Path) -> None:
    """Train runs one after the other with pythae, once somebody says so."""
    jobs = planned(folder, images, epochs, runs)
    theirs(planned(folder, images, 1)[0], 1)
    print("ready", flush=True)  # noqa: T201
    sys.stdin.readline()
    for job in jobs:
        theirs(job, epochs)


def together(
    processes: int, runs: int, images: int, epochs: int, folder: Path, **env: str
) -> float:
    """Return the seconds that so many processes take for ``runs`` runs of pythae, from when all of
    them have imported what they need."""
    environment = {name: value for name, value in os.environ.items() if name != "OMP_NUM_THREADS"}
    sizes = [len(range(first, runs, processes)) for first in range(processes)]
    commands = [
        [sys.executable, __file__, "--share", str(size), str(images), str(epochs), str(folder)]
        for size in sizes
    ]
    return seconds_together(commands, {**environment, **env})


def study(folder: Path, runs: int, images: int, epochs: int) -> list[str]:
    """Return what a study of so many runs says."""
    jobs, cores = planned(folder, images, epochs, runs), usable_cores()
    run_jobs(planned(folder, images, 1)[:1], Settings(folder / "warm", "cpu"), 1, Events())
    begun = time.perf_counter()
    run_jobs(jobs, Settings(folder / "study", "cpu"), cores, Events())
    own = time.perf_counter() - begun
    timing = [record.timing for record in Store(folder / "study").records()]
    evaluated = sum(times["evaluate_seconds"] for times in timing) / cores
    default = together(1, runs, images, epochs, folder)
    bare = together(cores, runs, images, epochs, folder, OMP_NUM_THREADS="1")
    return [
        (
            f"study of {runs} runs of {images // BATCH * BATCH * epochs:,} images, evaluation "
            f"included: ours {own:.1f} s, "
            f"of which evaluation {evaluated:.1f}"
        ),
        (
            f"  pythae, default threads, one after the other: {default:.1f} s, "
            f"{default / own:.2f} times"
        ),
        (
            f"  {cores} bare processes of one thread: {bare:.1f} s, {bare / own:.2f} times; "
            f"without our evaluation {bare / (own - evaluated):.2f}"
        ),
    ]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--pairs", type=int, default=7)
    parser.add_argument("--study", type=int, default=20)
    parser.add_argument("--images", type=int, default=6000)
    parser.add_argument("--epochs", type=int, default=2, help="of a run of the pairs")
    parser.add_argument("--study-epochs", type=int, default=10, help="of a run of the study")
    parser.add_argument("--short", action="store_true", help="see that it works")
    parser.add_argument("--share", nargs=4, metavar=("RUNS", "IMAGES", "EPOCHS", "FOLDER"))
    chosen = parser.parse_args()
    if chosen.share:
        *numbers, folder = chosen.share
        share(*map(int, numbers), Path(folder))
        return
    runtime.make_deterministic()
    if chosen.short:
        chosen.pairs, chosen.study, chosen.images, chosen.epochs = 1, 2, 200, 1
        chosen.study_epochs = 1
    with tempfile.TemporaryDirectory() as name:
        folder, images = Path(name), chosen.images
        lines = [one_run(folder, images, chosen.epochs, chosen.pairs)] if chosen.pairs else []
        for line in lines + study(folder, chosen.study, images, chosen.study_epochs):
            print(line, flush=True)  # noqa: T201


if __name__ == "__main__":
    main()
