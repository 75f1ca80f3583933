"""What planning accepts can be built, and what cannot be built is refused when planning: every
method and study, swept over option values, shapes, latent sizes and steps."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from click.testing import CliRunner

from benchmark import registry
from benchmark.cli import cli
from benchmark.method import Batch, Tick
from benchmark.options import Field
from benchmark.planning.fits import refusal
from benchmark.planning.jobs import plan
from benchmark.planning.suites import Grid
from benchmark.registry import Choice, Room
from benchmark.spec import BenchError
from benchmark.training.runtime import construct

ENTRIES: list[tuple[Room, str]] = [
    *(("methods", entry.name) for entry in registry.METHODS),
    *(("studies", entry.name) for entry in registry.STUDIES),
]

TEXTS = {"subset": ("first2", "0", "1+0", "0+1+2", "0+0", "4", "a", "")}
"""Values of the options that are any text."""

SIZES = (1, 2, 3, 8, 33)
"""Latent sizes: on either side of the limit of whole Jacobians, odd and even."""

SHAPES = ((2,), (100,), (1, 8, 8), (1, 28, 28), (3, 9, 12), (1, 7, 30), (2, 2, 2, 2), (28, 28))

STEPS = (1, 20, 500, 5_000, 7_500)


def values_of(option: Field) -> list[Any]:
    """Values of an option at the ends of its range and between, or all of its choices."""
    if option.choices:
        return list(option.choices)
    if option.type == "bool":
        return [False, True]
    if option.type == "str":
        return list(TEXTS[option.name])
    whole = option.type == "int"
    ends: list[Any] = [None] if option.optional else []
    for end, outwards in (
        (option.range.ge, None),
        (option.range.gt, math.inf),
        (option.range.le, None),
        (option.range.lt, -math.inf),
    ):
        if end is not None:
            inside = end if outwards is None else math.nextafter(end, outwards)
            ends.append(int(inside) if whole else float(inside))
    usual = [] if option.default is None else [option.default]
    default: Any = option.default
    beside = [default + 1, default + 2] if whole else []
    return [*ends, *usual, *beside]


def variants(room: Room, name: str) -> Iterator[Choice]:
    """The method or study as it is, and with each value of each option."""
    choice = registry.choose(room, name)
    yield choice
    for option in free_options(choice):
        yield from (with_options(choice, {option: value}) for value in values_of(option))


def conditional(room: Room, name: str) -> Iterator[Choice]:
    """With all values together of the options that one condition names."""
    choice = registry.choose(room, name)
    free = {option.name: option for option in free_options(choice)}
    for need in (need for option in free.values() for need in option.needs):
        named = [free[name] for name in sorted(need.names & free.keys())]
        for values in itertools.product(*map(values_of, named)):
            yield with_options(choice, dict(zip(named, values, strict=True)))


def free_options(choice: Choice) -> list[Field]:
    fields = choice.entry.source.fields("Config")
    return [option for option in fields if option.name not in choice.entry.preset]


def with_options(choice: Choice, values: dict[Field, Any]) -> Choice:
    changed = {option.name: value for option, value in values.items()}
    return Choice(choice.entry, {**choice.options, **changed})


def unlike(choice: Choice, shape: tuple[int, ...], latent_dim: int, steps: int) -> str:
    """In what planning and building differ, empty where they agree."""
    if choice.entry.source.constants.get("closed_form"):
        steps = 0
    batch_size = 4 * int(choice.options.get("chunks", 1)) if steps else 0
    reason = refusal(choice, shape, latent_dim, batch_size, steps)
    kind = registry.load(choice.entry.target)
    size = {"shape": shape, "latent_dim": latent_dim, "steps": steps, "batch_size": batch_size}
    try:
        construct(kind, kind.Config(**choice.options), 0, **size)
    except Exception as error:
        return "" if reason else f"{choice.label(choice.options)}, {size}: accepted, but {error!r}"
    return f"{choice.label(choice.options)}, {size}: refused, '{reason}'" if reason else ""


@pytest.mark.parametrize(("room", "name"), ENTRIES)
def test_what_is_planned_can_be_built_and_nothing_else_is_refused(room: Room, name: str) -> None:
    """On vectors, which are quick to build on: values of options, latent sizes and lengths."""
    cases = [(choice, 2, 500) for choice in variants(room, name)]
    cases += [(choice, size, 500) for choice in conditional(room, name) for size in SIZES]
    cases += [(registry.choose(room, name), 2, steps) for steps in STEPS]
    assert [fault for case in cases if (fault := unlike(case[0], (5,), *case[1:]))] == []


@pytest.mark.slow
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize(("room", "name"), ENTRIES)
def test_so_it_is_on_every_shape(room: Room, name: str, shape: tuple[int, ...]) -> None:
    choices = [*variants(room, name), *conditional(room, name)]
    cases = itertools.product(choices, (3, 33))
    assert [fault for choice, size in cases if (fault := unlike(choice, shape, size, 5_000))] == []


def test_the_sweep_sees_a_limit_that_planning_does_not_know(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert unlike(registry.choose("methods", "grae[regularizer=exact]"), (5,), 33, 20) == ""
    monkeypatch.setattr("benchmark.needs.Needs.holds", lambda *_: True)
    assert "accepted, but ValueError" in unlike(
        registry.choose("methods", "grae[regularizer=exact]"), (5,), 33, 20
    )
    monkeypatch.setattr("benchmark.needs.Needs.holds", lambda *_: False)
    assert "refused" in unlike(registry.choose("methods", "grae"), (5,), 2, 20)


@pytest.mark.parametrize("name", [entry.name for entry in registry.METHODS])
def test_parts_of_one_image_are_refused_where_a_step_cannot_take_them(name: str) -> None:
    """A variance or distances within a batch need two images."""
    choice = registry.choose("methods", name)
    if choice.entry.source.constants.get("closed_form"):
        pytest.skip("it takes no steps")
    shape, batch_size = (1, 8, 8), int(choice.options.get("chunks", 1))
    kind, config = registry.load(choice.entry.target), choice.options
    size = {"shape": shape, "latent_dim": 3, "steps": 12, "batch_size": batch_size}
    method = construct(kind, kind.Config(**config), 0, **size)
    torch.manual_seed(0)
    count = batch_size * int(getattr(method.config, "batches_per_step", 1))
    batch = Batch(torch.rand(count, *shape), torch.arange(count))
    values = method.train_step(batch, Tick(torch.tensor(0), torch.tensor(0.0), method.phase(0)))
    finite = all(bool(value.isfinite().all()) for value in values.values())
    assert finite is (refusal(choice, shape, 3, batch_size, 12) is None)


@pytest.mark.parametrize(
    ("method", "latent_dim", "message"),
    [
        (
            "grae[regularizer=exact]",
            40,
            "regularizer=exact needs a latent size of 32 at most, got latent_dim=40; choose that, "
            "or regularizer=hadamard-1",
        ),
        (
            "beta-vae[covariance=block,block=3]",
            8,
            "block=3 needs a latent size it divides, got covariance=block, latent_dim=8; choose "
            "that, or block=2",
        ),
        (
            "irmae[nuclear=1e-5]",
            8,
            "nuclear=1e-05 needs two layers, layers=2, got layers=4; choose that, or nuclear=0.0",
        ),
        (
            "rf-vae[likelihood=bernoulli]",
            2,
            "likelihood=bernoulli needs images in [0, 1], got data of shape (2,); choose that, or "
            "likelihood=auto",
        ),
        (
            "mi-vae[subset=1+7]",
            4,
            "subset=1+7 needs first2, or different positions below the latent size joined by +, as "
            "0+1, got latent_dim=4; choose that, or subset=first2",
        ),
    ],
)
def test_a_refusal_says_what_was_given_what_is_needed_and_what_to_do(
    method: str, latent_dim: int, message: str, tmp_path: Path
) -> None:
    name = method.partition("[")[0]
    with pytest.raises(BenchError) as raised:
        plan(Grid([method], ["circle"], latent_dims=[latent_dim], steps=1), tmp_path)
    assert str(raised.value) == f"'{name}' on 'circle': {message}"


def test_data_that_is_not_here_is_asked_for_nothing() -> None:
    """A suite is shown without its data: what depends on their shape is not judged."""
    choice = registry.choose("methods", "rf-vae[likelihood=bernoulli]")
    assert refusal(choice, None, 2, 64, 90) is None
    assert refusal(choice, (1, 28, 28), 2, 64, 90) is None


def test_studies_are_refused_as_methods_are(tmp_path: Path) -> None:
    studies = {
        "grae-uniqueness": ([2], 700, "trials=0 needs a rung to end with"),
        "gamma-slices": ([3], 20, "inputs=4 needs a latent size above it, got latent_dim=3"),
    }
    for name, (sizes, steps, message) in studies.items():
        with pytest.raises(BenchError, match=f"'{name}' on 'own-data': {message}"):
            plan(Grid([name], [], latent_dims=sizes, steps=steps, room="studies"), tmp_path)


def test_the_command_leaves_with_status_2_and_trains_nothing(tmp_path: Path) -> None:
    command = ["run", "--methods", "vae,ard-vae[likelihood=bernoulli]", "--datasets", "circle"]
    done = CliRunner().invoke(cli, [*command, "--results", str(tmp_path / "runs")])
    assert isinstance(done.exception, BenchError)  # one line and status 2 (cli.main)
    assert "likelihood=bernoulli needs images" in str(done.exception)
    assert not (tmp_path / "runs").exists()


OWN = '''"""Mine."""

from dataclasses import dataclass
from typing import Annotated

from benchmark.method import Method
from benchmark.needs import Needs


class Mine(Method):
    @dataclass(frozen=True)
    class Config:
        pairs: Annotated[bool, Needs("not pairs or batch_size % 2 == 0", "an even batch")] = False
        """whether images come in pairs"""
'''


def test_a_method_of_ones_own_says_what_its_options_need(tmp_path: Path) -> None:
    file = tmp_path / "mine.py"
    file.write_text(OWN, encoding="utf-8")
    choice = registry.choose("methods", f"{file}[pairs=yes]")
    assert refusal(choice, (2,), 2, 64, 90) is None
    assert refusal(choice, (2,), 2, 65, 90) == (
        "pairs=True needs an even batch, got batch_size=65; choose that, or pairs=False"
    )


@pytest.mark.parametrize(
    ("condition", "message"),
    [
        ("not pairs or batch % 2 == 0", "there is no 'batch', only its options and latent_dim"),
        ("not pairs or batch_size + 1", "holds Add"),
        ("not pairs or", "cannot be read"),
    ],
)
def test_a_condition_that_cannot_be_judged_is_named(
    tmp_path: Path, condition: str, message: str
) -> None:
    file = tmp_path / "mine.py"
    file.write_text(OWN.replace("not pairs or batch_size % 2 == 0", condition), encoding="utf-8")
    with pytest.raises(BenchError, match=message):
        registry.choose("methods", str(file))


def test_a_dataset_has_no_run_to_judge(tmp_path: Path) -> None:
    file = tmp_path / "mine.py"
    text = OWN.replace("benchmark.method", "benchmark.datasets.split").replace("Method", "Dataset")
    file.write_text(text.replace("Config", "Options"), encoding="utf-8")
    with pytest.raises(BenchError, match=r"in Options\.__post_init__"):
        registry.choose("datasets", str(file))
