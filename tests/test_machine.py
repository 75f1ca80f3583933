"""The machine class of a record: what decides bits, and what is only told."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch

from benchmark.machine import changes, machine_class, same_class
from benchmark.records import load_records
from benchmark.running.environment import environment
from benchmark.training.runtime import make_deterministic

PUBLISHED = Path(__file__).resolve().parents[1] / "results" / "published" / "headline"


@pytest.fixture(scope="module")
def here() -> dict[str, object]:
    make_deterministic()
    return environment(torch.device("cpu"))


def test_an_environment_is_plain_json_and_its_class_names_machine_packages_and_switches(
    here: dict[str, object],
) -> None:
    assert json.loads(json.dumps(here)) == here
    facts = machine_class(here)
    assert {
        "torch",
        "numpy",
        "cpu",
        "cpu_capability",
        "blas",
        "architecture",
        "device",
        "threads",
        "deterministic",
        "tf32",
    } <= set(facts)
    assert (facts["threads"], facts["deterministic"], facts["tf32"]) == (1, True, False)
    assert same_class(facts, machine_class(here))


@pytest.mark.parametrize(
    "name", ["cpu", "cpu_capability", "threads", "deterministic", "device", "blas"]
)
def test_each_deciding_fact_makes_another_class(here: dict[str, object], name: str) -> None:
    other = {**here, name: "other"}
    assert not same_class(machine_class(here), machine_class(other))
    assert [(change.name, change.decides) for change in changes(here, other)] == [(name, True)]


def test_packages_and_switches_decide(here: dict[str, object]) -> None:
    torch_changed = {**here, "packages": {**here["packages"], "torch": "0"}}
    tf32_changed = {**here, "determinism": {**here["determinism"], "tf32": True}}
    for other in (torch_changed, tf32_changed):
        assert not same_class(machine_class(here), machine_class(other))


@pytest.mark.parametrize("name", ["commit", "dirty", "python", "platform"])
def test_what_no_number_passes_through_is_told_but_decides_nothing(
    here: dict[str, object], name: str
) -> None:
    before, after = {**here, name: "a"}, {**here, name: "b"}
    assert same_class(machine_class(before), machine_class(after))
    assert [(change.name, change.decides) for change in changes(before, after)] == [(name, False)]


def test_records_made_before_a_fact_was_told_still_have_a_class(here: dict[str, object]) -> None:
    stored = load_records(PUBLISHED)[0].environment
    told_less = {name: value for name, value in stored.items() if name != "blas"}
    assert "blas" in machine_class(stored) and "blas" not in machine_class(told_less)
    assert same_class(machine_class(told_less), machine_class(told_less))
    assert same_class(machine_class(told_less), machine_class({**told_less, "blas": here["blas"]}))


def test_an_empty_environment_is_of_no_class() -> None:
    assert not same_class({}, {})
