"""What a suite costs before it is run: runs, outer steps and images of each stage, and which data
is not here. Imports no torch."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from benchmark import registry
from benchmark.planning.jobs import Described, Seen, plan, seen_name
from benchmark.planning.stages import available
from benchmark.planning.suites import Stage, Suite

__all__ = ["PreviewLine", "outline", "supposed"]


@dataclass(frozen=True)
class PreviewLine:
    """The runs of one stage on one dataset ('' where studies draw their own data).

    ``steps`` and ``images`` (outer steps times the images of a batch) are sums over runs.
    ``absent`` says what to do where the data is not here; where its number of images is not known
    either, ``steps`` and ``images`` are None. ``takes`` says which options come from other records.
    """

    stage: int
    dataset: str
    names: tuple[str, ...]
    latent_dims: tuple[int, ...]
    seeds: int
    budget: str
    runs: int
    steps: int | None
    images: int | None
    absent: str = ""
    takes: tuple[str, ...] = ()


def outline(suite: Suite, data_dir: Path) -> list[PreviewLine]:
    """Return what ``suite`` would run, planned as ``bench run`` plans it, by stage and dataset."""
    seen: Seen = {}
    return [
        line
        for number, stage in enumerate(suite.stages, 1)
        for line in _stage(number, stage, data_dir, seen)
    ]


def _stage(number: int, stage: Stage, data_dir: Path, seen: Seen) -> list[PreviewLine]:
    absent = {runs.dataset: runs for runs in available(stage, data_dir, seen)[1]}
    lines = []
    for dataset in stage.grid.datasets or [""]:
        grid = replace(stage.grid, datasets=[dataset] if dataset else [])
        takes = tuple(f"with {option} from {source}" for option, source in stage.take.items())
        line = PreviewLine(
            number,
            dataset,
            tuple(grid.methods),
            tuple(grid.latent_dims),
            grid.seeds,
            grid.budget,
            0,
            None,
            None,
            takes=takes,
        )
        described = seen
        if dataset in absent:
            line = replace(line, runs=absent[dataset].runs, absent=absent[dataset].reason)
            described = supposed(registry.choose("datasets", dataset))
        lines.append(
            _planned(line, replace(stage, grid=grid), data_dir, described)
            if described or dataset not in absent
            else line
        )
    return lines


def supposed(dataset: registry.Choice) -> Seen:
    """Return what planning needs to know of a dataset without its arrays: how many training images
    it has, where its class says so; nothing where it does not."""
    count = dataset.options.get("train") or dataset.entry.source.constants.get("train_count")
    return {seen_name(dataset): Described("", int(count))} if count else {}


def _planned(line: PreviewLine, stage: Stage, data_dir: Path, seen: Seen) -> PreviewLine:
    specs = [job.spec for job in plan(stage.grid, data_dir, seen)]
    return replace(
        line,
        latent_dims=tuple(sorted({spec.latent_dim for spec in specs})),
        budget=" and ".join(dict.fromkeys(spec.budget for spec in specs)),
        runs=len(specs),
        steps=sum(spec.steps for spec in specs),
        images=sum(spec.steps * spec.batch_size for spec in specs),
    )
