"""Choosing records: what a name takes, and what an error says where it takes nothing."""

from __future__ import annotations

import dataclasses

import pytest
from reporting.making import record

from benchmark.names import budget_rank, rank
from benchmark.reporting.cells.selection import Filters, matches, select
from benchmark.spec import BenchError, Record

RECORDS = [
    record("pca", steps=0, batch_size=0),
    record("vae", config={"sigma": "learned", "gamma": 1.0}),
    record("vae", config={"sigma": "fixed", "gamma": 0.5}, latent_dim=8),
    record("vae", "circle", config={"sigma": "learned", "gamma": 1.0}, budget="short"),
    record("my-vae", "npz:faces"),
]


def taken(**filters: list) -> list[tuple[str, str, int]]:
    return [
        (run.spec["method"], run.spec["dataset"], run.spec["latent_dim"])
        for run in select(RECORDS, Filters(**filters), "runs")
    ]


def test_no_filter_takes_every_training_run() -> None:
    study = dataclasses.replace(RECORDS[0], spec={**RECORDS[0].spec, "kind": "study"})
    assert select([study, *RECORDS], Filters(), "runs") == RECORDS


def test_a_bare_name_takes_every_variant_and_brackets_narrow() -> None:
    assert len(taken(methods=["vae"])) == 3
    assert (
        taken(methods=["vae[gamma=.5]"])
        == taken(methods=["vae[sigma=fixed]"])
        == [("vae", "digits", 8)]
    )
    assert taken(methods=["vae[sigma=learned]"], datasets=["circle"]) == [("vae", "circle", 16)]


def test_filters_take_what_all_of_them_take() -> None:
    assert taken(
        methods=["pca", "vae"], datasets=["digits"], budgets=["quick"], latent_dims=[16]
    ) == [("pca", "digits", 16), ("vae", "digits", 16)]


def test_files_are_named_as_on_the_command_line_of_run() -> None:
    assert (
        taken(methods=["./somewhere/my_vae.py"])
        == taken(datasets=["npz:/tmp/faces.npz"])
        == taken(datasets=["npz"])
    )
    assert not matches("npz:/tmp/other.npz", "npz:faces", {})


@pytest.mark.parametrize(
    ("filters", "words"),
    [
        ({"methods": ["vea"]}, ["'vea'", "pca", "vae[gamma=0.5,sigma=fixed]"]),
        ({"datasets": ["mnist"]}, ["'mnist'", "digits, circle"]),
        ({"budgets": ["paper"]}, ["'paper'", "quick, short"]),
        ({"latent_dims": [3]}, ["'3'", "8, 16"]),
        ({"methods": ["pca"], "budgets": ["short"]}, ["together", "pca", "short", "8, 16"]),
        ({"methods": ["vae[gamma=2]"]}, ["vae[gamma=2]"]),
    ],
)
def test_nothing_found_says_what_is_there_in_one_line(
    filters: dict[str, list], words: list[str]
) -> None:
    with pytest.raises(BenchError) as caught:
        select(RECORDS, Filters(**filters), "runs")
    assert "'runs'" in str(caught.value) and "\n" not in str(caught.value)
    assert all(word in str(caught.value) for word in words)


def test_an_empty_folder_says_what_to_do() -> None:
    empty: list[Record] = []
    with pytest.raises(BenchError, match="bench run"):
        select(empty, Filters(), "runs")


def test_order_is_the_registry_then_the_name() -> None:
    assert sorted(
        ["zeta", "vae[a=1]", "alpha", "vae", "pca"], key=lambda name: rank("methods", name)
    ) == ["pca", "vae", "vae[a=1]", "alpha", "zeta"]
    assert sorted(["paper", "steps-9", "smoke", "quick"], key=budget_rank) == [
        "smoke",
        "quick",
        "paper",
        "steps-9",
    ]
