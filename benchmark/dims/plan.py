"""Which methods are asked, at which latent sizes and for how long: those that the calibration
trusts most, as many as the time allows. Imports no torch."""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmark.budgets import quick_steps
from benchmark.calibration.calibration import Calibration
from benchmark.calibration.combination import FEWEST_DATASETS
from benchmark.calibration.data_answer import VoiceReport
from benchmark.controls import DimensionReference
from benchmark.identity import code_of, harness_code, same
from benchmark.names import base_name
from benchmark.planning.expected import EVALUATION, step_milliseconds
from benchmark.planning.jobs import Described, Job, Seen, plan, seen_name
from benchmark.planning.suites import Grid, read_suite
from benchmark.registry import Choice
from benchmark.spec import BenchError

__all__ = ["Asked", "Trust", "asked", "latent_dims_for", "steps_for", "trusted"]

SUITE = "known-dimension"
"""The suite whose records the calibration is fitted on; its methods are asked where there is none
yet."""

SMALLEST, LARGEST = 16, 64
"""The first of the two latent sizes: those of the calibration are 8 to 64, most of them 16."""

BATCH = 128


@dataclass(frozen=True)
class Trust:
    """Methods by name, the most trusted first, with their spread on data of known dimension (0
    where there is no calibration), and why each of the others is not asked."""

    spreads: dict[str, float]
    left_out: dict[str, str]


@dataclass(frozen=True)
class Asked:
    """The runs to be done, about how many seconds of a core they take, and what is not run, with
    the reasons."""

    jobs: tuple[Job, ...]
    seconds: float
    left_out: tuple[VoiceReport, ...]


def trusted(calibration: Calibration | None) -> Trust:
    """Return the methods to ask: those of the calibration by their spread, without those that were
    heard on too few datasets or that other code than is installed trained; without a calibration
    those of the suite ``known-dimension``."""
    if calibration is None:
        methods = [name for stage in read_suite(SUITE).stages for name in stage.grid.methods]
        return Trust(dict.fromkeys(methods, 0.0), {})
    left_out = {}
    current = same(calibration.harness, harness_code())
    for voice, code in calibration.codes.items():
        datasets = calibration.alone.get(voice, (0, 0.0))[0]
        installed = code_of(base_name(voice))
        if datasets < FEWEST_DATASETS:
            left_out[voice] = f"answered on {datasets} datasets of known dimension"
        elif not (current and installed and same(code, installed)):
            left_out[voice] = "calibrated with other code than is installed"
    spreads = calibration.spreads
    methods = sorted(calibration.codes.keys() - left_out.keys(), key=spreads.__getitem__)
    return Trust({name: spreads[name] for name in methods}, left_out)


def latent_dims_for(reference: DimensionReference) -> tuple[int, int]:
    """Return the two latent sizes that methods are given: the power of two from twice the median of
    the estimates on, 16 to 64, and its double."""
    means = [reference.mean(name) for name in reference.estimates]
    middle = statistics.median(means) if means else 0.0
    first = 2 ** math.ceil(math.log2(max(1.0, 2.0 * middle)))
    size = min(LARGEST, max(SMALLEST, first))
    return size, 2 * size


def steps_for(shape: Sequence[int]) -> int:
    """Return the outer steps that a run takes: those of the calibration's vectors, or of its
    images."""
    return quick_steps("manifold" if len(shape) == 1 else "bars")


def asked(
    trust: Trust,
    dataset: Choice,
    reference: str,
    facts: Described,
    latent_dims: Sequence[int],
    seconds: float,
    data_dir: Path,
    steps: int | None = None,
) -> Asked:
    """Return the runs of the methods in ``trust`` on the dataset called ``reference`` at each of
    ``latent_dims``, in order, as many methods as ``seconds`` of one core are enough for; of equal
    trust the quickest first."""
    seen: Seen = {seen_name(dataset): facts}
    assert facts.shape is not None  # the data were read
    grid = Grid(
        [],
        [reference],
        latent_dims,
        steps=steps or steps_for(facts.shape),
        batch_size=facts.count if facts.count < BATCH else None,
    )
    plans = {name: _planned(name, grid, data_dir, seen) for name in trust.spreads}
    numbers = math.prod(facts.shape)
    costs = {name: _cost(jobs, numbers) for name, (jobs, _) in plans.items()}
    left_out = [VoiceReport(voice, left_out=reason) for voice, reason in trust.left_out.items()]
    left_out += [report for _, refused in plans.values() for report in refused]
    jobs: list[Job] = []
    total = 0.0
    for name in sorted(plans, key=lambda name: (trust.spreads[name], costs[name])):
        if total + costs[name] > seconds:
            left_out.append(VoiceReport(name, left_out=_no_time(costs[name])))
            continue
        total += costs[name]
        jobs += plans[name][0]
    return Asked(tuple(jobs), total, tuple(left_out))


def _no_time(seconds: float) -> str:
    return f"no time: about {seconds:.0f} s of a core more (--minutes)"


def _planned(
    name: str, grid: Grid, data_dir: Path, seen: Seen
) -> tuple[list[Job], list[VoiceReport]]:
    """Return the runs of one method, and the sizes at which it cannot be run, with the reason."""
    jobs: list[Job] = []
    refused = []
    for size in grid.latent_dims:
        alone = Grid([name], grid.datasets, [size], steps=grid.steps, batch_size=grid.batch_size)
        try:
            jobs += plan(alone, data_dir, seen)
        except BenchError as error:
            refused.append(VoiceReport(name, size, left_out=str(error)))
    return jobs, refused


def _cost(jobs: Iterable[Job], numbers: int) -> float:
    return sum(_seconds(jobs, numbers))


def _seconds(jobs: Iterable[Job], numbers: int) -> Iterator[float]:
    """Yield about how many seconds of a core each run takes on items of ``numbers`` numbers."""
    for job in jobs:
        batches = job.spec.batch_size / BATCH
        step = step_milliseconds(job.spec.method, numbers) / 1000.0 * batches
        yield EVALUATION + job.spec.steps * step
