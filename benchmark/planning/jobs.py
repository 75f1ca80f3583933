"""From a grid to jobs: every combination of methods, datasets, latent sizes and seeds becomes one
fully resolved spec. Imports no torch."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from threadpoolctl import threadpool_limits

from benchmark import registry
from benchmark.budgets import BUDGETS, Budget, quick_steps
from benchmark.datasets.split import Dataset, Splits
from benchmark.identity import harness_code
from benchmark.options import suggest
from benchmark.planning.fits import refusal
from benchmark.planning.suite_checks import LARGEST
from benchmark.planning.suites import Grid
from benchmark.registry import Choice
from benchmark.spec import BenchError, RunSpec, canonical_json

__all__ = [
    "Described",
    "Grid",
    "Job",
    "Seen",
    "budget_of",
    "described",
    "instance",
    "load",
    "plan",
    "seen_name",
]


OWN_DATA = Choice(
    registry.Entry(
        "own-data", "benchmark.datasets.nothing:Nothing", "for studies that draw their own data"
    ),
    {},
)
"""The dataset of a study that names none."""


@dataclass(frozen=True)
class Job:
    """One run to be done: its spec, the classes behind the names, the digests of the method's code
    and of the harness's, and where data lies."""

    spec: RunSpec
    method: Choice
    dataset: Choice
    code: str
    data_dir: Path
    harness: str = field(default_factory=harness_code)

    @property
    def given(self) -> list[str]:
        """The options of the method that differ from its defaults, by name."""
        entry, config = self.method.entry, self.spec.config
        fields = entry.source.fields("Config")
        usual = {**{option.name: option.default for option in fields}, **entry.preset}
        return sorted(name for name in config if usual.get(name, ...) != config[name])

    @property
    def label(self) -> str:
        """The run in a few words, for progress and messages: ``vae[sigma=fixed] on mnist, L = 16,
        seed 0``."""
        method, dataset = self.method.label(self.spec.config), self.dataset.label(self.spec.options)
        return f"{method} on {dataset}, L = {self.spec.latent_dim}, seed {self.spec.seed}"


def instance(choice: Choice, data_dir: Path) -> Dataset:
    """Return the dataset behind a choice, its options filled in."""
    kind = registry.load(choice.entry.target)
    return kind(kind.Options(**choice.options), data_dir=data_dir, argument=choice.argument)


def load(source: Dataset) -> Splits:
    """Return the splits of a dataset, computed with one thread so that their digest does not depend
    on the number of cores."""
    with threadpool_limits(1):
        return source.load()


def budget_of(grid: Grid) -> Budget:
    """Return the budget that ``grid`` names; ``BenchError`` where there is none of that name."""
    if grid.budget not in BUDGETS:
        raise BenchError(
            f"unknown budget '{grid.budget}'{suggest(grid.budget, BUDGETS)} (see "
            "`bench list budgets`)"
        )
    return BUDGETS[grid.budget]


class Described(NamedTuple):
    """What planning needs to know of a dataset: the digest of its arrays, the number of its
    training images, and the shape of one where it is known."""

    digest: str
    count: int  # type: ignore[assignment]  # a tuple's own `count` is hidden
    shape: tuple[int, ...] | None = None


Seen = dict[str, Described]
"""What planning learned of datasets, so that one call reads each only once. A run checks its data
again."""


def seen_name(choice: Choice) -> str:
    """Return the name under which ``seen`` holds a dataset: one text for one set of arrays."""
    return canonical_json([choice.name, dict(choice.options), choice.argument])


def described(choice: Choice, data_dir: Path, seen: Seen) -> Described:
    """Return what planning needs to know of a dataset, from ``seen`` where it was read before."""
    name = seen_name(choice)
    if name not in seen:
        splits = load(instance(choice, data_dir))
        seen[name] = Described(splits.digest, len(splits.train), tuple(splits.train.shape))
    return seen[name]


def plan(grid: Grid, data_dir: Path, seen: Seen | None = None) -> list[Job]:
    """Return the jobs of ``grid`` by dataset, latent size, method and seed; every mistake in it is
    a ``BenchError`` before anything runs.

    ``seen`` is filled with what is read of datasets; give the same to several calls.
    """
    _check_numbers(grid)
    seen = {} if seen is None else seen
    budget = budget_of(grid)
    methods = [registry.choose(grid.room, text) for text in _unique(grid.methods)]
    datasets = [registry.choose("datasets", text) for text in _unique(grid.datasets)]
    if grid.room == "studies":
        datasets = _data_of_studies(methods, datasets)
    jobs: dict[str, Job] = {}
    for dataset in datasets:
        source = instance(dataset, data_dir)
        for method in methods:
            # Refuse before a large dataset is read.
            _schedule(grid, budget, method, dataset.name, source, 10**9)
        facts = described(dataset, data_dir, seen)
        declared = source.latent_dims if budget.sweep else source.latent_dims[:1]
        for latent_dim in sorted(set(grid.latent_dims)) or declared:
            for method in methods:
                schedule = _schedule(grid, budget, method, dataset.name, source, facts.count)
                for job in _seeds(grid, method, dataset, facts, latent_dim, schedule, data_dir):
                    _add(jobs, job)
    return list(jobs.values())


def _check_numbers(grid: Grid) -> None:
    """Refuse sizes and counts that are no whole numbers from 1; None stands for the budget's."""
    numbers: dict[str, list[Any]] = {
        "seeds": [grid.seeds],
        "steps": [grid.steps],
        "batch_size": [grid.batch_size],
        "latent_dims": list(grid.latent_dims),
    }
    for name, values in numbers.items():
        for value in values:
            absent = value is None and name in ("steps", "batch_size")
            if not absent and (type(value) is not int or not 1 <= value <= LARGEST):
                raise BenchError(
                    f"{name} is or holds {value!r:.60}; expected whole numbers from 1 to "
                    f"{LARGEST:,}"
                )


def _seeds(
    grid: Grid,
    method: Choice,
    dataset: Choice,
    facts: Described,
    latent_dim: int,
    schedule: dict[str, Any],
    data_dir: Path,
) -> Iterator[Job]:
    """Yield the jobs of one cell, which differ by their seed alone; ``BenchError`` where the method
    cannot run on such data."""
    batch_size, steps = schedule["batch_size"], schedule["steps"]
    reason = refusal(method, facts.shape, latent_dim, batch_size, steps)
    if reason is not None:
        raise BenchError(f"'{method.name}' on '{dataset.name}': {reason}")
    planned = {**schedule, "kind": "train" if grid.room == "methods" else method.name}
    for seed in range(grid.seeds):
        yield _job(method, dataset, facts.digest, latent_dim, seed, planned, data_dir)


def _data_of_studies(studies: list[Choice], datasets: list[Choice]) -> list[Choice]:
    """Return what the studies of one stage are run on: the datasets it names, or nothing where all
    of them draw their own data."""
    for study in studies:
        if bool(study.entry.source.constants.get("draws_data")) == bool(datasets):
            reason = (
                "draws its own data; leave 'datasets' out"
                if datasets
                else "needs 'datasets'; name some"
            )
            raise BenchError(f"the study '{study.name}' {reason} (see `bench show {study.name}`)")
    return datasets or [OWN_DATA]


def _add(jobs: dict[str, Job], job: Job) -> None:
    """Add a job; the same run asked for twice is one, and two methods of one name are an error."""
    other = jobs.setdefault(job.spec.key, job)
    if other.code != job.code:
        raise BenchError(
            f"'{job.method.entry.target}' and '{other.method.entry.target}' are both called "
            f"'{job.spec.method}'; rename one of the files"
        )


def _unique(texts: Sequence[str]) -> list[str]:
    return list(dict.fromkeys(texts))


def _job(
    method: Choice,
    dataset: Choice,
    digest: str,
    latent_dim: int,
    seed: int,
    schedule: dict[str, Any],
    data_dir: Path,
) -> Job:
    spec = RunSpec(
        method=method.name,
        config=dict(method.options),
        dataset=dataset.name,
        options=dict(dataset.options),
        data=digest,
        latent_dim=latent_dim,
        seed=seed,
        **schedule,
    )
    return Job(spec, method, dataset, method.entry.code, data_dir)


def _schedule(
    grid: Grid, budget: Budget, method: Choice, dataset: str, source: Dataset, count: int
) -> dict[str, Any]:
    """Return ``budget`` (its name), ``steps`` and ``batch_size`` of one method on one dataset of
    ``count`` training images.

    The schedule of the grid comes before that of the method, which ``paper`` stands for, and that
    before the budget's. The batch is that of the grid, of the schedule, of the method
    (``images_per_batch``) or of the dataset, the first that there is.
    """
    constants = method.entry.source.constants
    name = budget.name if grid.steps is None else f"steps-{grid.steps}"
    if constants.get("closed_form"):
        return {"budget": name, "steps": 0, "batch_size": 0}
    steps = quick_steps(dataset) if budget.name == "quick" else budget.steps
    schedule: Mapping[str, Any] = {"steps": steps, "epochs": budget.epochs}
    if budget.name in grid.schedule:
        schedule = grid.schedule[budget.name]
    elif budget.name == "paper" and grid.steps is None:
        schedule = _paper(method, dataset, constants.get("reference", {}))
    own = constants.get("images_per_batch")
    batch_size = grid.batch_size or schedule.get("batch_size") or own or source.batch_size
    if batch_size > count:
        raise BenchError(
            f"'{dataset}' has {count} training images, fewer than one batch of {batch_size}; "
            "choose a smaller --batch-size"
        )
    steps = grid.steps or schedule.get("steps") or schedule["epochs"] * (count // batch_size)
    return {"budget": name, "steps": steps, "batch_size": batch_size}


def _paper(method: Choice, dataset: str, reference: dict[str, dict[str, int]]) -> dict[str, Any]:
    if dataset not in reference:
        datasets = ", ".join(reference) or "no dataset"
        raise BenchError(
            f"'{method.name}' has no paper schedule for '{dataset}' (it has {datasets}); "
            "choose --budget short, or --steps N"
        )
    return dict(reference[dataset])
