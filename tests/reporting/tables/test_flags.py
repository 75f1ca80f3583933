"""Flags of the harness are seen: in tables, figures and reports, on where they are raised and off
where they are not."""

from __future__ import annotations

from pathlib import Path

import pytest
from matplotlib.figure import Figure
from reporting.making import leave, record, seeds, store
from reporting.tables.test_summary import notes, rows

from benchmark.reporting.cells.replicates import gather
from benchmark.reporting.figures.curves import curves
from benchmark.reporting.figures.images import samples
from benchmark.reporting.figures.material import Material
from benchmark.reporting.figures.toy import toy
from benchmark.reporting.named_tables import build
from benchmark.reporting.report.listing import runs_view
from benchmark.reporting.report.runs import run_page
from benchmark.reporting.tables.summary import summary
from benchmark.spec import FLAGS, NO_BETTER_THAN_MEAN, UNSETTLED, Record

COLLAPSED = {"harness_flags": [NO_BETTER_THAN_MEAN]}
WORDS = FLAGS[NO_BETTER_THAN_MEAN]


def test_the_mean_image_is_a_row_beside_the_others_and_no_column() -> None:
    values = {"mse": 0.5, "mse-mean-image": 0.07}
    read = rows(summary([record(values=values), record("pca", values=values)]))
    assert [(row["Method"], row["MSE"]) for row in read] == [
        ("pca", "0.5000"),
        ("vae", "0.5000"),
        ("mean image", "0.07000"),
    ]
    assert not any("mean-image" in title for title in read[0])
    assert "mean image: error of the mean training image" in notes([record(values=values)])
    assert "mean image" not in notes([record()])


def test_a_method_no_better_than_the_mean_image_is_marked_whatever_is_shown() -> None:
    runs = [
        record("vae", seed=0, values={"mse": 0.5, "lstar": 3.0}),
        record("vae", seed=1, values={"mse": 0.5, "lstar": 3.0}, **COLLAPSED),
        record("pca", values={"mse": 0.5, "lstar": 3.0}),
    ]
    for metrics in ([], ["lstar"]):
        assert [row["Method"] for row in rows(summary(runs, metrics))] == ["pca", "vae#"]
    assert "# one seed or more reconstructs hardly better than the mean training image" in notes(
        runs
    )
    assert "#" not in notes([runs[0], runs[2]])


def test_it_is_marked_in_layouts_of_papers() -> None:
    def table_with(**flags: list[str]) -> str:
        run = record("vae", "mnist", values={"mse": 0.5, "lstar": 16.0}, **flags)
        return str(rows(build("ren-2", [run]))) + str(build("ren-2", [run]).notes)

    assert "#" in table_with(**COLLAPSED) and "one seed or more reconstructs" in table_with(
        **COLLAPSED
    )
    assert "#" not in table_with()


def test_it_is_never_the_best() -> None:
    def bold(**flags: list[str]) -> list[str]:
        good = seeds([1.0, 1.1], "vae", "fd-cnn", **flags)
        read = rows(summary([*good, *seeds([9.0, 9.1], "pca", "fd-cnn")]))
        return [
            row["Method"]
            for row in read
            if "best" in row["fd-cnn" if "fd-cnn" in row else "FD-CNN"]
        ]

    assert bold() == ["vae"] and bold(**COLLAPSED) == []


def test_an_unsettled_count_is_marked_and_named() -> None:
    def count_and_notes(method: str, harness: list[str]) -> tuple[str, str]:
        flags = ["no_selection"] if method == "vae" else []
        run = record(method, values={"lstar": 7.0}, flags=flags, harness_flags=harness)
        return rows(summary([run]))[0]["L*"], notes([run])

    assert (
        count_and_notes("rf-vae", [UNSETTLED])[0] == "7§"
        and count_and_notes("rf-vae", [])[0] == "7"
    )
    assert "(unsettled; see docs/record.md)" in count_and_notes("rf-vae", [UNSETTLED])[1]
    assert "unsettled" not in count_and_notes("rf-vae", [])[1]


def test_flags_of_the_harness_are_those_of_any_seed_that_is_averaged_over() -> None:
    (cell,) = gather([record(), record(seed=1, **COLLAPSED)])
    assert cell.harness_flags == {NO_BETTER_THAN_MEAN} and not cell.flags
    (cell,) = gather([record(), record(seed=1, code="another", **COLLAPSED)])
    assert not cell.harness_flags


def words(figure: Figure) -> str:
    texts = [text.get_text() for axes in figure.axes for text in axes.texts]
    return " ".join(" ".join([*texts, *(axes.get_ylabel() for axes in figure.axes)]).split())


@pytest.mark.parametrize("draw", [samples, curves, toy])
def test_figures_name_it(draw, tmp_path: Path) -> None:
    for name, flags in (("on", COLLAPSED), ("off", {})):
        runs = [record("vae", "circle", 2, **flags), record("pca", "circle", 2)]
        store(tmp_path / name, runs)
        for run in runs:
            leave(tmp_path / name, run)
        visible = words(draw(Material.of(runs, tmp_path / name)))
        assert (WORDS in visible) is (name == "on")
        assert visible.count(WORDS) <= 1


def page(tmp_path: Path, run: Record):
    store(tmp_path, [run])
    leave(tmp_path, run, image=(1, 8, 8))
    return run_page(run, tmp_path / run.key)


def test_the_page_of_the_run_and_the_list_of_runs_tell_it(tmp_path: Path) -> None:
    on, off = record(**COLLAPSED), record(seed=1)
    assert page(tmp_path, on).flags == (f"{NO_BETTER_THAN_MEAN}: {WORDS}",)
    assert all(WORDS in picture.caption for picture in page(tmp_path, on).pictures)
    assert page(tmp_path, off).flags == ()
    assert not any(WORDS in picture.caption for picture in page(tmp_path, off).pictures)
    states = [str(row.cells[4].content) for row in runs_view([on, off]).groups[0]]
    assert WORDS in states[0] and WORDS not in states[1]
