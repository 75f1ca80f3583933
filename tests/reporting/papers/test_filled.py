"""The layouts of the papers: as printed, cell by cell with the marks, and filled with runs."""

from __future__ import annotations

import pytest
from reporting.making import record
from reporting.papers.filling import grid_of, runs

from benchmark import registry
from benchmark.reporting.papers.filled import filled_table
from benchmark.reporting.papers.filling import Filling, Runs
from benchmark.reporting.papers.layouts import layout
from benchmark.spec import BenchError


def test_runs_fill_the_layout_and_what_is_not_there_is_said() -> None:
    records = [
        *runs([0.010, 0.011, 0.012], "vae"),
        *runs([0.020, 0.021, 0.022], "dpvae"),
        *(record("r-dpvae", "mnist", seed=seed, status="diverged") for seed in (0, 1)),
        *runs(
            [0.001, 0.001, 0.002],
            "maskaae",
            code="of-yesterday",
            config={"schedule": "reference"},
        ),
        *runs([0.030, 0.031, 0.032], "r-vae"),
    ]
    cells = grid_of(filled_table("ren-2", records))
    assert cells["vae", "MNIST", "L = 16"] == "0.0110"  # a stale run is better, so none is best
    assert cells["r-dpvae", "MNIST", "L = 16"] == "2 diverged"
    assert cells["maskaae[schedule=reference]", "MNIST", "L = 16"].endswith("‡")
    assert (
        cells["geco-l0[tau_per_pixel=*]", "MNIST", "L = 16"]
        == cells["vae", "MNIST", "L = 32"]
        == "missing"
    )
    assert cells["r-vae", "MNIST", "L = 16"] == "0.0310"  # not in the paper: below
    assert grid_of(filled_table("ren-2", records[:8]))["vae", "MNIST", "L = 16"] == "*0.0110"


def test_the_row_of_geco_holds_the_runs_at_the_tau_of_each_dataset() -> None:
    taus = {"mnist": 0.0122, "fashion-mnist": 0.0106, "sprites": 0.0245}
    sizes = {"mnist": 16, "fashion-mnist": 32, "sprites": 10}
    records = [
        run
        for number, (dataset, tau) in enumerate(taus.items(), 1)
        for run in runs(
            [number / 100], "geco-l0", "mse", dataset, sizes[dataset], config={"tau_per_pixel": tau}
        )
    ]
    columns = ("MNIST", "L = 16"), ("FashionMNIST", "L = 32"), ("dSprites", "L = 10")
    table = filled_table("ren-2", [*records, *runs([0.09], "geco-l0")], paper=True)
    texts = grid_of(table)
    cells = [texts["geco-l0[tau_per_pixel=*]", *column] for column in columns]
    assert [cell.removeprefix("*").partition(" ")[0] for cell in cells] == [
        "0.01000",
        "0.02000",
        "0.03000",
    ]
    assert all("(paper " in cell for cell in cells)
    assert "paper" not in texts["geco-l0", "MNIST", "L = 16"]
    assert any(
        "geco-l0[tau_per_pixel=0.0106] on fashion-mnist" in note.text for note in table.notes
    )
    alone = grid_of(filled_table("ren-2", runs([0.09], "geco-l0")))
    assert alone["geco-l0[tau_per_pixel=*]", "MNIST", "L = 16"] == "missing"
    elsewhere = runs(
        [0.09], "geco-l0", dataset="fashion-mnist", latent_dim=32, config={"tau_per_pixel": 0.0122}
    )
    assert (
        grid_of(filled_table("ren-2", elsewhere))[
            "geco-l0[tau_per_pixel=*]", "FashionMNIST", "L = 32"
        ]
        == "missing"
    )


def test_only_the_papers_own_layout_marks_a_second() -> None:
    table = filled_table(
        "ren-2",
        [*runs([1.0, 1.1], "vae"), *runs([2.0, 2.1], "dpvae"), *runs([3.0, 3.1], "geco-l0")],
    )
    assert not any(cell.rank for row in table.rows for cell in row.cells)


def test_one_budget_fills_a_layout_the_one_with_most() -> None:
    short = {"budget": "short", "steps": 900}
    records = [
        *runs([1.0], "vae"),
        *runs([5.0], "vae", **short),
        *runs([6.0], "dpvae", **short),
        *runs([7.0], "pca", steps=0, batch_size=0),
    ]
    table = filled_table("ren-2", records)
    cells = grid_of(table)
    assert (cells["vae", "MNIST", "L = 16"], cells["pca", "MNIST", "L = 16"]) == (
        "5",
        "7",
    ) and "(budget short)" in table.caption


def test_stand_ins_of_data_and_metrics_are_told() -> None:
    table = filled_table(
        "ren-1", runs([5.0, 5.1], "vae", "fd-cnn", "sprites", 10, options={"size": 32})
    )
    assert grid_of(table)["vae", "dSprites, L = 10", "FID"] == "5.0"
    notes = " ".join(note.text for note in table.notes)
    assert (
        "FD-CNN stands where the paper has FID" in notes
        and "sprites[size=32] for dsprites" in notes
    )


def test_tables_without_latent_sizes_take_one_and_say_which() -> None:
    table = filled_table(
        "flexae-3",
        [
            *runs([5.0], "flexae", "fid", latent_dim=32),
            *runs([6.0], "flexae", "fid", latent_dim=64),
        ],
    )
    assert grid_of(table)["flexae", "MNIST", "Gen."] == "5"
    notes = " ".join(note.text for note in table.notes)
    assert "L = 32 on mnist" in notes and "methods are not here" not in notes


def test_rows_of_methods_that_are_not_registered_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    kept = tuple(entry for entry in registry.METHODS if entry.name != "vae-vampprior")
    monkeypatch.setattr(registry, "BUILT_IN", {**registry.BUILT_IN, "methods": kept})
    monkeypatch.setattr(registry, "METHODS", kept)
    table = filled_table("flexae-3", [*runs([5.0], "flexae", "fid", latent_dim=32)])
    notes = " ".join(note.text for note in table.notes)
    assert "Rows of the paper whose methods are not here: VAE-Vamprior." in notes


def test_rows_of_datasets_hold_their_methods_in_columns() -> None:
    records = [
        *runs(
            [9.0, 9.0],
            "maskaae",
            "lstar",
            "latent-8",
            budget="paper",
            config={"schedule": "reference"},
        ),
        *runs([16.0, 16.0], "wae-gan", "lstar", "latent-8", budget="paper"),
    ]
    cells = grid_of(filled_table("maskaae-2", records, paper=True))
    assert cells["latent-8", "MAAE", "m_A"] == "9 (paper 9: within our range)"
    assert cells["latent-8", "WAE", "m_A"] == "16 (paper 16: within our range)"


def test_a_layout_refuses_to_mix_protocols() -> None:
    mixed = [
        *runs([5.0], "flexae", "fid[n=1000]", latent_dim=32),
        *runs([6.0], "vae", "fid[n=5000]", latent_dim=32),
    ]
    with pytest.raises(BenchError, match=r"FID on mnist was measured by 2 protocols"):
        filled_table("flexae-3", mixed)


def test_the_data_of_a_line_are_named_in_the_order_of_the_source() -> None:
    """Not in that of a set, which changes from process to process."""
    shape = layout("ardvae-1")
    filling = Filling(shape, Runs(shape, {}))
    printed = list(dict.fromkeys(figure.dataset for figure in shape.figures))
    assert len(printed) == 3
    for line in filling.lines:
        assert list(filling.settings(line)) == printed
