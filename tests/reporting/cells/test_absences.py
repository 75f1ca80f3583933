"""A value that is not there is told with its reason, in tables and in messages."""

from __future__ import annotations

from dataclasses import replace

import pytest
from reporting.making import record

from benchmark.reporting.named_tables import build
from benchmark.spec import BenchError, Record


def lacking(
    run: Record, metric: str, reason: str = "there is no classifier for these data"
) -> Record:
    return replace(run, absent={metric: reason})


def reasons_in(runs: list[Record], *metrics: str) -> list[str]:
    return [note.text for note in build("summary", runs, metrics).notes if "No " in note.text]


def test_a_table_says_why_a_metric_is_absent() -> None:
    runs = [
        record("vae", "digits", values={"mse": 1.0, "fd-cnn[n=9]": 3.0}),
        lacking(record("vae", "circle"), "fd-cnn"),
        lacking(record("pca", "circle"), "fd-cnn"),
        lacking(record("grae", "digits"), "fd-cnn", "samples are not finite"),
    ]
    assert reasons_in(runs) == [
        "No FD-CNN of grae on digits: samples are not finite.",
        "No FD-CNN on circle: there is no classifier for these data.",
    ]
    assert reasons_in(runs[:1]) == []


def test_what_was_never_measured_is_told_with_the_command_that_measures_it() -> None:
    runs = [record("vae", values={"mse": 1.0, "kid[n=9]": 3.0}), record("pca")]
    assert reasons_in(runs) == [
        "No KID of pca on digits: not measured (`bench evaluate --metrics kid` does that)."
    ]


def test_a_value_of_another_protocol_is_not_absent() -> None:
    runs = [
        record("vae", values={"mse": 1.0, "kid[n=9]": 3.0}),
        record("pca", "circle", values={"mse": 1.0, "kid[n=4]": 3.0}),
    ]
    assert reasons_in(runs, "kid[n=9]") == []


def test_a_metric_that_no_run_has_is_refused_with_the_reason_and_no_circle() -> None:
    """`bench evaluate` would say the same again."""
    runs = [lacking(record("vae", "circle"), "fd-cnn"), record("pca", "circle")]
    with pytest.raises(BenchError, match=r"no classifier for these data \(circle\)") as error:
        build("summary", runs, ["fd-cnn"])
    assert "bench evaluate" not in str(error.value)
    with pytest.raises(BenchError, match="measure it with `bench evaluate --metrics fd-cnn`"):
        build("summary", [record("pca", "circle")], ["fd-cnn"])
