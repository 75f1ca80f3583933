"""Floors are rows, one per dataset and protocol; remarks are marks; what was measured by different
protocols is never compared."""

from __future__ import annotations

from dataclasses import replace

from reporting.making import FD, record, seeds
from reporting.tables.test_summary import notes, rows

from benchmark.names import base_of, is_reference
from benchmark.reporting.tables.summary import summary
from benchmark.spec import Record

CNN = "fd-cnn[extractor=cnn-digits-0a,n=360,reference=360,split=test]"
CNN_FLOOR = CNN.replace("fd-cnn", "fd-cnn-floor", 1)
OTHER, OTHER_FLOOR = CNN.replace("0a", "0b"), CNN_FLOOR.replace("0a", "0b")
FD_FLOOR = FD.replace("fd-raw", "fd-raw-floor", 1)


def two() -> list[Record]:
    values = {"mse": 0.5, FD: 3.0, FD_FLOOR: 0.25, CNN: 9.0, CNN_FLOOR: 0.5}
    return [record(values=values), record("pca", values={**values, CNN: 7.0})]


def test_the_floor_is_the_last_row_of_its_dataset_and_no_column() -> None:
    read = rows(summary([*two(), record("vae", "circle", values={"mse": 1.0})]))
    assert [(row["Dataset"], row["Method"], row["FD-CNN"]) for row in read] == [
        ("digits", "pca", "7"),
        ("digits", "vae", "9"),
        ("digits", "real data (floor)", "0.5000"),
        ("circle", "vae", "–"),
    ]
    floor = read[2]
    assert (floor["L"], floor["Seeds"], floor["MSE"], floor["FD"]) == ("–", "–", "–", "0.2500")
    assert not any("floor" in title for title in floor)
    assert "real data (floor): other real images in place of samples" in notes(two())


def test_a_floor_comes_with_its_metric_and_with_no_other() -> None:
    assert [row["Method"] for row in rows(summary(two(), ["fd-cnn"]))] == [
        "pca",
        "vae",
        "real data (floor)",
    ]
    assert [row["Method"] for row in rows(summary(two(), ["fd-cnn[n=360]"]))] == [
        "pca",
        "vae",
        "real data (floor)",
    ]
    assert [row["Method"] for row in rows(summary(two(), ["mse"]))] == ["pca", "vae"]
    assert "floor" not in notes(
        [replace(run, measurements={"mse": run.measurements["mse"]}) for run in two()]
    )


def test_a_floor_that_is_asked_for_by_name_is_a_column() -> None:
    assert "fd-cnn-floor" in rows(summary(two(), ["fd-cnn-floor"]))[0]


def test_each_protocol_has_a_floor_of_its_own_and_methods_are_not_compared_across() -> None:
    records = [*seeds([1.0, 1.1], "vae", CNN), *seeds([900.0, 900.2], "pca", OTHER)]
    floors = {CNN: CNN_FLOOR, OTHER: OTHER_FLOOR}
    records = [
        replace(
            run,
            measurements={
                **run.measurements,
                **{
                    floors[name]: {**measurement, "value": 0.1}
                    for name, measurement in run.measurements.items()
                },
            },
        )
        for run in records
    ]
    table = summary(records, [CNN, OTHER])
    assert [row["FD-CNN"] for row in rows(table)] == [
        "900.1 ± 1.3a",
        "1.1 ± 0.6b",
        "0.1000a",
        "0.1000b",
    ]
    notes_text = " ".join(str(note) for note in table.notes)
    assert (
        "Values with different letters were measured by different protocols: "
        "they are not comparable, and none of them is bold." in notes_text
    )


def test_a_remark_marks_the_value_and_stands_below() -> None:
    first, second = two()
    remarked = {
        **first.measurements,
        CNN: {**first.measurements[CNN], "remark": "collapsed: all images have the same features"},
    }
    records = [replace(first, measurements=remarked), second]
    assert [row["FD-CNN"] for row in rows(summary(records))] == ["7", "9¶", "0.5000"]
    assert (
        "¶ FD-CNN of vae on digits, L = 16: collapsed: all images have the same features."
        in notes(records)
    )
    assert "¶" not in notes(two())


def test_names_of_floors() -> None:
    assert is_reference("fid-floor") and not is_reference("fid")
    assert base_of("fid-floor[n=360]") == "fid[n=360]" and base_of("mse") == "mse"
