"""Tables of counts stand beside the estimates of the dimension of the data."""

from __future__ import annotations

from dataclasses import replace
from importlib import resources
from pathlib import Path

import pytest
from reporting.making import record
from reporting.tables.counting import cell, counted, initial, reference

from benchmark.controls import DimensionReference, References
from benchmark.metrics.null import null_gap
from benchmark.reporting.named_tables import build
from benchmark.reporting.render import RENDERERS
from benchmark.spec import BenchError


def test_tables_of_counts_show_the_band_of_the_estimators(tmp_path: Path) -> None:
    run = counted("pca", 9, steps=0)
    References(tmp_path).write(reference(run, twonn=[8.0, 8.4], corrint=[6.7, 6.9]))
    table = build("summary", [run], references=References(tmp_path))
    assert cell(table, "n (est.)", "pca")[0] == "6.8–8.2"
    assert "n (est.)" not in [
        column.title for column in build("summary", [run], ["mse"], References(tmp_path)).columns
    ]


@pytest.mark.parametrize("written", [None, {}])
def test_missing_estimates_are_told_with_the_command_that_makes_them(
    tmp_path: Path, written: dict[str, list[float]] | None
) -> None:
    run = counted("pca", 9, steps=0)
    if written is not None:
        References(tmp_path).write(reference(run))  # no estimator gave a value
    table = build("dimensions", [run], references=References(tmp_path))
    assert "n (est.)" not in [column.title for column in table.columns]
    assert any("bench data dims" in note.text for note in table.notes) == (written is None)


def test_the_table_of_references_shows_every_estimator_and_tells_what_is_missing(
    tmp_path: Path,
) -> None:
    run, other = counted("pca", 9, steps=0), record("pca", "digits", data="e" * 64)
    References(tmp_path).write(replace(reference(run, mle=[8.0, 8.4]), absent={"twonn": "no"}))
    table = build("references", [run, other], references=References(tmp_path))
    titles = [column.title for column in table.columns]
    assert titles == [
        "Dataset",
        "n",
        "TwoNN",
        "MLE",
        "local PCA",
        "CorrInt",
        "n (est.)",
        "PCA-95",
        "PCA-99",
        "Draws",
    ]
    texts = {row.cells[0].text: [entry.text for entry in row.cells[1:]] for row in table.rows}
    assert texts["latent-8"] == [
        "8",
        "–",
        "8.2 ± 0.3",
        "–",
        "–",
        "8.2–8.2",
        "18",
        "35",
        "2 × 2,000",
    ]
    assert set(texts["digits"]) == {"–"}
    note_texts = [note.text for note in table.notes]
    assert "No TwoNN on latent-8: no." in note_texts and any(
        "digits was not estimated (`bench data dims`" in text for text in note_texts
    )
    for render in RENDERERS.values():
        assert "latent-8" in render(table)
    with pytest.raises(BenchError, match="leave --metrics out"):
        build("references", [run], ["mse"])


def mnist_reference() -> DimensionReference:
    """The estimates of MNIST's dimension that come with the package."""
    (file,) = [
        path
        for path in resources.files("benchmark").joinpath("data", "references").iterdir()
        if path.name.startswith("dimensions-mnist-")
    ]
    return DimensionReference.from_json(file.read_text(encoding="utf-8"))


def test_a_table_of_mnist_runs_shows_distance_error_counts_null_band_and_floor(
    tmp_path: Path,
) -> None:
    estimated = mnist_reference()
    settings = "[extractor=cnn-mnist-0a,n=10000,reference=10000,split=test]"
    values = {"mse": 0.01, "lstar": 9.0, "active-units": 12.0}
    values |= {f"fd-cnn{settings}": 40.0, f"fd-cnn-floor{settings}": 0.5}
    runs = [
        record(method, "mnist", data=estimated.data, values=values)
        for method in ("r-vae", "maskaae")
    ]
    References(tmp_path).write(initial(runs[1], [15, *[16] * 31]))
    table = build("summary", runs, references=References(tmp_path))
    titles = [column.title for column in table.columns]
    assert titles == [
        "Dataset",
        "n (est.)",
        "L",
        "Method",
        "Seeds",
        "MSE",
        "FD-CNN",
        "L*",
        "Active units",
        "Null",
    ]
    low, high = estimated.band or (0.0, 0.0)
    assert low < 13 < high  # TwoNN and MLE of the literature lie between 11 and 14
    texts_by_method = {row.cells[3].text: [entry.text for entry in row.cells] for row in table.rows}
    assert {texts[1] for texts in texts_by_method.values()} == {f"{low:.1f}–{high:.1f}"}
    assert {method: texts[-1] for method, texts in texts_by_method.items()} == {
        "r-vae": f"≥ 15, gap ≤ {null_gap(16, 64.0):.3g}",
        "maskaae": "≥ 15",
        "real data (floor)": "–",
    }
    assert [cell(table, "L*", method)[1] for method in ("r-vae", "maskaae")] == [(), ()]
    assert any("n=10000" in note.text and "FD-CNN" in note.text for note in table.notes)
