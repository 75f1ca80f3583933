"""What a GPU does with the project, in one Markdown table; tests/performance/gpu.sh calls it.

    python tests/performance/gpu.py [--device cuda] [--out gpu.md] [--minutes 8] [--short]

Its rows: whether captured steps have the bits of eager ones, for every method; gradients that come
with other strides than their parameters; the project's forecast for the suite ren-tables; images
per second, eager and captured; runs in 1, 2, 4, 8 and 16 lanes, with whether they have the bits of
runs in processes of their own; one run with the paper's budget. The table is written anew after
each part, and parts that the minutes do not reach say so. On a CPU, captured steps are those of the
stand-in for CUDA graphs, and the numbers of ``--short`` mean nothing: they show that the script
works.
"""

from __future__ import annotations

import argparse
import contextlib
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any
from unittest import mock

import numpy as np
import torch

from benchmark import method as method_module
from benchmark import registry
from benchmark.planning.jobs import Job, instance, load, plan
from benchmark.planning.reuse import Settings
from benchmark.planning.suites import Grid
from benchmark.records import Store
from benchmark.running import job as jobs_module
from benchmark.running.compare import compare
from benchmark.running.executors import executor_of
from benchmark.running.processes import Events
from benchmark.testing.graphs import GraphReplay
from benchmark.training import runtime, stepper
from benchmark.training import trainer as trainer_module
from benchmark.training.checkpoint import method_state
from benchmark.training.trainer import Trainer

TIMED = ("vae", "dpvae", "r-vae", "r-dpvae", "grae")
"""Methods whose steps are timed."""

Row = tuple[str, str]


@dataclass
class Bench:
    """What is measured, where, and until when; ``short``: as little as shows that it works."""

    device: torch.device
    folder: Path
    methods: Sequence[str]
    short: bool
    end: float
    data_dir: Path | None = None
    rows: list[Row] = field(default_factory=list)

    @property
    def source(self) -> str:
        """The data: images of MNIST's shape, drawn once."""
        file, size = self.folder / "images.npz", 8 if self.short else 28
        if not file.exists():
            draw = np.random.default_rng(0)
            train, test = (200, 50) if self.short else (6000, 1000)
            arrays = {
                name: draw.integers(0, 256, (count, size, size), dtype=np.uint8)
                for name, count in (("train", train), ("test", test))
            }
            np.savez(file, **arrays)
        return f"npz:{file}"

    def plan(self, methods: Sequence[str], steps: int, seeds: int = 1) -> list[Job]:
        """Return the jobs of methods on the images."""
        size = 4 if self.short else 16
        return plan(Grid([*methods], [self.source], [size], seeds=seeds, steps=steps), self.folder)

    def trainer(self, job: Job) -> Trainer:
        """Return the trainer of a job, at its first step."""
        folder = Path(tempfile.mkdtemp(dir=self.folder))
        (folder / job.spec.key).mkdir()
        splits = load(instance(job.dataset, job.data_dir))
        settings = Settings(folder, self.device.type)
        return jobs_module._trainer(job, settings, self.device, splits, Trainer)


def captured(method: Any, device: torch.device) -> stepper.CapturedStepper:
    """Return a stepper that captures: by CUDA graphs, on a CPU by the stand-in."""
    backend = stepper.CudaGraphs() if device.type == "cuda" else GraphReplay()
    return stepper.CapturedStepper(method, device, backend)


def stepping(make: Callable[..., Any]) -> Any:
    """Return a block in which trainers take their steps by the stepper that ``make`` returns."""
    return mock.patch.object(trainer_module, "stepper_for", make)


def final_state(bench: Bench, job: Job, make: Callable[..., Any]) -> dict[str, torch.Tensor]:
    """Return everything that a run's training leaves, taken by one kind of stepper."""
    with stepping(make):
        trainer = bench.trainer(job)
        trainer.fit()
    state = {name: tensor.detach().cpu() for name, tensor in method_state(trainer.method).items()}
    return state | {name: torch.from_numpy(array) for name, array in trainer.curves().items()}


def identical(one: Mapping[str, torch.Tensor], other: Mapping[str, torch.Tensor]) -> bool:
    """Whether two states have the same names, types, shapes and bits."""
    return one.keys() == other.keys() and all(
        one[name].dtype == other[name].dtype
        and one[name].shape == other[name].shape
        and one[name].detach().cpu().numpy().tobytes()
        == other[name].detach().cpu().numpy().tobytes()
        for name in one
    )


@contextlib.contextmanager
def layouts(seen: dict[str, int]) -> Iterator[None]:
    """Within the block, count gradients that come with other strides than their parameter
    (``turned``), all of them (``all``), and those that were not laid out (``wrong``)."""
    lay_out = method_module.laid_out

    def counted(grads: Any, parameters: Any) -> Any:
        own_grads = list(grads)
        result = lay_out(own_grads, parameters)
        for before, after, parameter in zip(own_grads, result, parameters, strict=True):
            seen["all"] += 1
            seen["turned"] += before.stride() != parameter.stride()
            seen["wrong"] += after.stride() != parameter.stride()
        return result

    with mock.patch.object(method_module, "laid_out", counted):
        yield


def capture(bench: Bench, make: Callable[..., Any] = captured) -> Iterator[Row]:
    """Captured and eager steps of every method, and the strides of gradients."""
    equal, wrong, seen = [], [], dict.fromkeys(("all", "turned", "wrong"), 0)
    names = [name for name in bench.methods if bench.plan([name], 6)[0].spec.steps]
    for name in names:
        if time.monotonic() > bench.end:
            break
        job = bench.plan([name], 6 if bench.short else 12)[0]
        try:
            with layouts(seen):
                eager = final_state(bench, job, stepper.EagerStepper)
            same = identical(eager, final_state(bench, job, make))
        except Exception as error:
            wrong.append(f"{name} ({type(error).__name__}: {str(error).splitlines()[0][:120]})")
        else:
            (equal if same else wrong).append(name)
    left = len(names) - len(equal) - len(wrong)
    text = f"{len(equal)} of {len(names)} methods"
    text += f"; not: {', '.join(wrong)}" if wrong else ""
    yield "captured = eager, bit for bit", text + (f"; {left} not reached" if left else "")
    yield (
        "gradients with other strides than their parameter",
        f"{seen['turned']} of {seen['all']}; {seen['wrong']} of them not laid out",
    )


def pace(bench: Bench, job: Job, make: Callable[..., Any]) -> float:
    """Return the images per second of training steps: the median over blocks of steps."""
    blocks, length = (2, 2) if bench.short else (5, 20)
    with stepping(make):
        trainer = bench.trainer(job)
        trainer.method.prepare(trainer.train)
        take = trainer._stepping()
    seconds = []
    for block in range(blocks + 1):  # the first warms up
        _finish(bench.device)
        begun = time.perf_counter()
        for step in range(length):
            take(block * length + step)
        _finish(bench.device)
        seconds.append(time.perf_counter() - begun)
    return length * trainer.batches * trainer.batch_size / median(seconds[1:])


def _finish(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def speed(bench: Bench) -> Iterator[Row]:
    """Images per second, eager and captured."""
    for name in TIMED[:1] if bench.short else TIMED:
        job = bench.plan([name], 1000)[0]
        eager = pace(bench, job, stepper.EagerStepper)
        graphs = pace(bench, job, captured)
        yield (
            f"images per second, {name}",
            f"eager {eager:.0f}, captured {graphs:.0f} ({graphs / eager:.2f} times)",
        )


def in_lanes(bench: Bench) -> Iterator[Row]:
    """Runs of one kind in so many lanes, and whether they have the bits of runs by themselves."""
    steps, numbers = (4, (1, 2)) if bench.short else (400, (1, 2, 4, 8, 16))
    first: float | None = None
    for lanes in numbers:
        runs = bench.plan(["vae"], steps, seeds=max(2, lanes))
        results = bench.folder / f"lanes-{lanes}"
        executor = executor_of("processes" if lanes == 1 else f"lanes[runs={lanes}]")
        begun = time.perf_counter()
        outcomes = executor.run_jobs(runs, Settings(results, str(bench.device)), lanes, Events())
        seconds = time.perf_counter() - begun
        done = sum(outcome.status == "done" for outcome in outcomes)
        rate = len(runs) * 60 / seconds
        first = first or rate
        same = sum(_same(bench.folder / "lanes-1", results, run.spec.key) for run in runs[:2])
        yield (
            f"{lanes} lanes, {len(runs)} runs of {steps} steps",
            f"{rate:.1f} runs a minute ({rate / first:.2f} times), {done} done, "
            f"{same} of 2 with the bits of runs in processes",
        )


class Announcements(Events):
    """Keeps what is said about all runs."""

    def __init__(self) -> None:
        self.texts: list[str] = []

    def announced(self, text: str) -> None:
        self.texts.append(text)


def in_lanes_that_pay(bench: Bench) -> Iterator[Row]:
    """How many lanes are chosen where nobody names a number."""
    steps, seeds = (4, 2) if bench.short else (2000, 16)
    runs, heard = bench.plan(["vae"], steps, seeds), Announcements()
    settings = Settings(bench.folder / "lanes-auto", str(bench.device))
    outcomes = executor_of("lanes").run_jobs(runs, settings, seeds, heard)
    done = sum(outcome.status == "done" for outcome in outcomes)
    text = "; ".join([*heard.texts, f"{done} done"])
    yield f"lanes that pay, {seeds} runs of {steps} steps", text


def _same(one: Path, other: Path, key: str) -> bool:
    records = [Store(folder).read(key) for folder in (one, other)]
    if any(record is None or record.status != "done" for record in records):
        return False
    return compare(*records, one / key, other / key).equal


def paper_run(bench: Bench) -> Iterator[Row]:
    """One run with the paper's budget, for 90 s at most."""
    if bench.data_dir is None and not bench.short:
        yield "a run with the paper's budget", "no MNIST here: give --data-dir"
        return
    grid = (
        Grid(["vae"], [bench.source], [4], budget="smoke")
        if bench.short
        else Grid(["vae"], ["mnist"], [16], budget="paper")
    )
    runs = plan(grid, bench.data_dir or bench.folder)
    settings = Settings(bench.folder / "paper", str(bench.device), time_limit=90)
    begun = time.perf_counter()
    (outcome,) = executor_of("processes").run_jobs(runs, settings, 1, Events())
    seconds = time.perf_counter() - begun
    name = f"{runs[0].label}, {runs[0].spec.steps} steps"
    yield name, f"{outcome.status} after {seconds:.0f} s"


def forecast(bench: Bench) -> Iterator[Row]:
    """What ``bench run --estimate`` says of ren-tables."""
    what = ["--suite", "ren-tables"]
    if bench.short:
        what = ["--methods", "vae", "--datasets", "circle", "--latent-dims", "2", "--steps", "9"]
    if bench.data_dir is not None:
        what += ["--data-dir", str(bench.data_dir)]
    where = ["--device", str(bench.device), "--results", str(bench.folder / "none")]
    call = [sys.executable, "-m", "benchmark", "run", *what, *where, "--estimate"]
    done = subprocess.run(call, capture_output=True, text=True, check=False, timeout=180)
    lines = (done.stdout.strip() or done.stderr.strip()).splitlines() or ["nothing was said"]
    yield f"estimate of {' '.join(what[:2])}", lines[-1]


PARTS: Sequence[Callable[[Bench], Iterator[Row]]] = (
    capture,
    speed,
    forecast,
    in_lanes,
    in_lanes_that_pay,
    paper_run,
)


def markdown(bench: Bench) -> str:
    """Return the table."""
    gpu = bench.device.type == "cuda"
    name = torch.cuda.get_device_name(bench.device) if gpu else f"CPU {platform.machine()}"
    head = [("what", f"{name}, torch {torch.__version__}"), ("---", "---")]
    return "\n".join(f"| {what} | {value} |" for what, value in [*head, *bench.rows]) + "\n"


def measure(bench: Bench, out: Path) -> None:
    """Carry out one part after the other and write the table after each row."""
    for part in PARTS:
        if time.monotonic() > bench.end:
            bench.rows.append((part.__name__, "not reached: the minutes are over"))
        try:
            for row in part(bench) if time.monotonic() <= bench.end else ():
                bench.rows.append(row)
                out.write_text(markdown(bench), encoding="utf-8")
        except Exception as error:  # the other parts are worth their rows
            reason = " ".join(f"{type(error).__name__}: {error}".split())
            bench.rows.append((part.__name__, reason.replace("|", "/")[:300]))
    out.write_text(markdown(bench), encoding="utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--out", type=Path, default=Path("gpu.md"))
    parser.add_argument("--minutes", type=float, default=8.0)
    parser.add_argument("--data-dir", type=Path)
    parser.add_argument("--methods", default="", help="A,B  [default: all]")
    parser.add_argument("--short", action="store_true", help="see that it works")
    chosen = parser.parse_args()
    runtime.make_deterministic()
    names = chosen.methods.split(",") if chosen.methods else [e.name for e in registry.METHODS]
    end = time.monotonic() + 60 * chosen.minutes
    device = runtime.use_device(chosen.device)
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(device, Path(folder), names, chosen.short, end, chosen.data_dir)
        measure(bench, chosen.out)
    print(markdown(bench))  # noqa: T201


if __name__ == "__main__":
    main()
