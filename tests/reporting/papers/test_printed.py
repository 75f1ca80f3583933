"""The published numbers: every figure is there as printed, every spelling means one method."""

from __future__ import annotations

import csv
import math
import os
from collections import Counter
from importlib import resources
from pathlib import Path

import numpy as np
import pytest

from benchmark import registry
from benchmark.metrics.dimension import smallest_share
from benchmark.options import parse_reference
from benchmark.reporting.cells import readings
from benchmark.reporting.papers import printed, spellings
from benchmark.reporting.papers.agreement import beside
from benchmark.reporting.papers.as_printed import places
from benchmark.reporting.statistics.estimate import Estimate
from benchmark.reporting.tables.document import Cell
from benchmark.spec import BenchError

PRINTED = printed.published()


def one(
    origin: str, dataset: str, method: str, latent_dim: int | None, metric: str
) -> printed.Printed:
    (figure,) = [
        figure
        for figure in PRINTED
        if (figure.origin, figure.dataset, figure.method, figure.latent_dim, figure.metric)
        == (origin, dataset, method, latent_dim, metric)
    ]
    return figure


def test_every_row_of_every_file_is_read() -> None:
    rows = 0
    for file in resources.files("benchmark").joinpath("data/paper").iterdir():
        rows += (
            sum(not line.startswith("#") for line in file.read_text(encoding="utf-8").splitlines())
            - 1
        )
    assert rows == len(PRINTED) == sum(Counter(figure.origin for figure in PRINTED).values())
    assert Counter(figure.origin for figure in PRINTED)["ren_table1"] == 72
    assert all(figure.source and figure.note for figure in PRINTED)
    assert [figure.text for figure in PRINTED if not math.isfinite(figure.value)] == ["NA"]


def test_the_files_are_those_that_were_transcribed() -> None:
    folder = Path(
        os.environ.get("BENCH_PAPER", Path(__file__).resolve().parents[4] / "shared" / "paper")
    )
    if not folder.is_dir():
        pytest.skip("no folder of transcriptions to compare with; $BENCH_PAPER names one")
    shipped = resources.files("benchmark").joinpath("data/paper")
    names = {file.name for file in shipped.iterdir()} & {path.name for path in folder.glob("*.csv")}
    assert len(names) >= 8  # PCA's own values and numbers of running text are no transcriptions
    for name in names:
        text = shipped.joinpath(name).read_text(encoding="utf-8")
        assert text == (folder / name).read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("names", "label"),
    [
        (("2S-VAE", "2-S VAE", "2-Stage VAE"), "two-stage-vae"),
        (("VAE + Flow", "VAE + FLOW"), "vae-flow"),
        (("WAE", "WAE-GAN"), "wae-gan"),
    ],
)
def test_two_spellings_are_one_method(names: tuple[str, ...], label: str) -> None:
    assert {spellings.METHODS[name] for name in names} == {label}
    assert {figure.spelling for figure in PRINTED if figure.method == label} == set(names)


def test_every_name_is_used_and_labels_are_what_records_carry() -> None:
    assert {figure.spelling for figure in PRINTED} == set(spellings.METHODS)
    registered = {entry.name for entry in registry.METHODS}
    for label in spellings.METHODS.values():
        name, options = parse_reference(label)
        if name in registered:
            fields = {
                field.name for field in registry.find("methods", name).source.fields("Config")
            }
            assert set(options) <= fields, label
    unknown = {
        label for label in spellings.METHODS.values() if parse_reference(label)[0] not in registered
    }
    assert unknown == {
        "vae-bernoulli",
        "vae-categorical",
        "vae-bitwise-categorical",
        "vae-logistic-mixture",
        "vae-pixel-sigma",
        "vae-student-t",
        "vae-image-sigma",
        "beta-tcvae",
        "dip-vae-i",
        "dip-vae-ii",
        *(f"ard-vae-{count}-images" for count in (2000, 5000, 10000, 20000)),
    }
    assert {figure.dataset for figure in PRINTED} - {"not stated", "svhn", "bair", "3d-shapes"} <= {
        entry.name for entry in registry.DATASETS
    }


def test_an_unknown_spelling_is_an_error_that_says_where() -> None:
    row = {
        "source": "S",
        "table": "1",
        "dataset": "MNIST",
        "method": "MAskAE",
        "L": "16",
        "metric": "FID",
        "value": "1",
        "unit_note": "",
    }
    with pytest.raises(BenchError, match=r"ren_table1\.csv names the method 'MAskAE'"):
        printed._printed("ren_table1", row)


def test_figures_keep_their_text_and_have_the_unit_of_the_metric() -> None:
    fid = one("ren_table1", "dsprites", "vae", 10, "fid")
    assert (fid.text, fid.value, fid.where) == ("82.667", 82.667, "REN arXiv:2205.13061, Table 1")
    assert (
        one("flexae_table3_fid", "mnist", "vae[sigma=fixed]", None, "fid-reconstruction").text
        == "65.10"
    )
    mse = one("ren_table2", "mnist", "r-dpvae", 16, "mse")
    assert (mse.text, mse.value) == ("3.28", pytest.approx(0.0328))
    assert one("mivae_accuracy", "mnist", "mi-vae-joint", 16, "accuracy").value == pytest.approx(
        0.82
    )


def test_doubts_travel_with_the_figures() -> None:
    assert {(figure.method, figure.latent_dim) for figure in PRINTED if figure.suspect} == {
        ("vae", 16),
        ("rf-vae", 10),
        ("rf-vae", 15),
        ("geco-l0[tau_per_pixel=0.0245]", 15),
        ("dpvae", 15),
        ("vae", 15),
    }
    assert {figure.origin for figure in PRINTED if figure.inferred} == {"maskaae_table2_nac"}
    assert (
        one("maskaae_table2_nac", "latent-8", "maskaae[schedule=reference]", 16, "lstar").value == 9
    )


def test_cells_hold_one_run_per_source_and_never_mix_sources() -> None:
    cells = printed.cells_of(
        figure
        for figure in PRINTED
        if figure.origin in ("ren_table1", "ren_table2", "maskaae_table1_fid")
    )
    (ours,) = [
        cell
        for cell in cells
        if (cell.method, cell.dataset, cell.latent_dim)
        == ("maskaae[schedule=reference]", "mnist", 32)
    ]
    assert ours.values == {"fid": (13.04,), "lstar": (11.0,), "mse": (0.018,)}
    assert ours.finished == 1 and ours.spec["printed"]["fid"].text == "13.04"
    assert "no_selection" in next(cell for cell in cells if cell.method == "dpvae").flags
    assert len({cell.budget for cell in cells if cell.dataset == "mnist"}) == 2
    assert sum(len(cell.values) for cell in cells) == 72 + 36 + 32


def test_published_rows_stand_beside_variants() -> None:
    assert readings.twin("maskaae") == spellings.METHODS["MAAE"] != spellings.METHODS["MaskAAE"]
    assert (readings.twin("rf-vae-port"), readings.twin("flexae-sr"), readings.twin("vae")) == (
        "rf-vae",
        "flexae",
        "vae",
    )


def test_a_printed_name_means_what_its_source_ran_on_that_dataset() -> None:
    """GECO's tau is the smaller of its two errors on a dataset; FlexAE's VAE has fixed variance."""
    for dataset, label in spellings.SETTINGS["GECO"].items():
        errors = [
            figure.value
            for figure in PRINTED
            if (figure.method, figure.dataset, figure.metric) == (label, dataset, "mse")
        ]
        assert len(errors) == 2
        assert float(parse_reference(label)[1]["tau_per_pixel"]) == pytest.approx(min(errors))
    assert not [figure for figure in PRINTED if figure.method == "geco-l0"]
    meant = {
        figure.origin: figure.method
        for figure in PRINTED
        if figure.spelling == "VAE" and figure.latent_dim is None
    }
    assert set(meant) == {"flexae_table3_fid", "flexae_table4_precision_recall"}
    assert set(meant.values()) == {"vae[sigma=fixed]"}
    assert one("flexae_table3_fid", "cifar10", "vae[sigma=fixed]", None, "fid").text == "169.1"
    assert one("ren_table1", "mnist", "vae", 16, "fid").text == "8.83"


def test_a_file_of_several_tables_is_one_origin_for_each_and_comes_last() -> None:
    """One method has a count in each table, on other networks."""
    counts = {
        table: one(f"newer_methods-{table}", "mnist", "ard-vae", 16, "lstar").text
        for table in ("1", "2", "3", "4")
    }
    assert counts == {"1": "12.80", "2": "12.80", "3": "8.0", "4": "14.60"}
    origins = [figure.origin.partition("-")[0] for figure in PRINTED]
    assert origins == sorted(origins, key=lambda name: name == "newer_methods")
    assert printed.file_of("newer_methods-3").endswith("/newer_methods.csv")


def test_what_is_printed_as_no_number_is_none_in_cells_tables_and_ranks() -> None:
    (figure,) = [printed_figure for printed_figure in PRINTED if printed_figure.text == "NA"]
    assert (figure.dataset, figure.latent_dim, figure.metric) == ("cifar10", 256, "lstar")
    (cell,) = printed.cells_of([figure])
    assert cell.values == {} and cell.ids == {}
    numbers = [one("newer_methods-3", "cifar10", "ard-vae[beta=0.05]", 256, "lstar"), figure]
    assert places(numbers, "lstar") == [1, 0]
    ours = beside(Cell("60", estimate=Estimate(60.0, 1.0, 3)), figure)
    assert ours.note == "paper NA: no number" and ours.raw[-2:] == (None, "no number")
    assert beside(Cell("missing"), figure).note == "paper NA"


def test_vaes_whose_axes_others_count_are_not_taken_for_methods_that_count() -> None:
    """The appendix reads other models by a rule that is not theirs."""
    read = [figure for figure in PRINTED if figure.origin == "newer_methods-A5"]
    assert {figure.metric for figure in read} == {"lstar-jacobian", "fid-reconstruction", "fid"}
    first = [figure for figure in PRINTED if figure.origin == "newer_methods-1"]
    counts = {figure.spelling: figure.by_definition for figure in first if figure.metric == "lstar"}
    assert counts == {
        **dict.fromkeys(("VAE", "beta-TCVAE", "RAE", "WAE"), True),
        **dict.fromkeys(("GECO-L0-ARM-VAE", "MaskAAE", "ARD-VAE"), False),
    }


def test_arms_of_geco_have_the_tau_of_the_preprint() -> None:
    """Sums over an image, 10, 300 on [-1, 1] and 25, by the numbers of an image."""
    for dataset, tau in (("mnist", 10 / 784), ("celeba", 75 / 12288), ("cifar10", 25 / 3072)):
        label = spellings.SETTINGS["GECO-L0-ARM-VAE"][dataset]
        assert float(parse_reference(label)[1]["tau_per_pixel"]) == pytest.approx(tau, abs=6e-5)


def test_the_relevances_that_rens_print_for_one_moon_give_two_dimensions_by_their_rule() -> None:
    first, second = (
        one("text_numbers", "one-moon", "r-dpvae", 2, f"relevance-{which}").value
        for which in ("first", "second")
    )
    assert smallest_share(np.array([1.0 / first, 1.0 / second]), 0.95) == 2


@pytest.mark.slow
def test_the_reference_of_pca_is_what_the_images_give() -> None:
    import gzip

    import numpy as np

    root = Path(
        os.environ.get("BENCH_DATA", Path(__file__).resolve().parents[4] / "shared" / "data")
    )
    if not (root / "MNIST" / "raw" / "train-images-idx3-ubyte.gz").is_file():
        pytest.skip("no MNIST; $BENCH_DATA names a folder of data")
    train, test = (
        np.frombuffer(
            gzip.decompress((root / "MNIST" / "raw" / f"{part}-images-idx3-ubyte.gz").read_bytes()),
            np.uint8,
            offset=16,
        ).reshape(-1, 784)
        / 255.0
        for part in ("train", "t10k")
    )
    mean = train.mean(0)
    axes = np.linalg.eigh((train.T @ train) / len(train) - np.outer(mean, mean))[1][:, ::-1]
    for size in (16, 32):
        kept = axes[:, :size]
        error = np.square(test - mean - (test - mean) @ kept @ kept.T).mean()
        assert one("pca_reference", "mnist", "pca", size, "mse").value == pytest.approx(
            error, rel=2e-5
        )


def test_no_row_is_there_twice() -> None:
    with (
        resources.files("benchmark")
        .joinpath("data/paper", "ren_table1.csv")
        .open(encoding="utf-8") as file
    ):
        rows = list(csv.DictReader(line for line in file if not line.startswith("#")))
    assert len({(row["dataset"], row["method"], row["L"], row["metric"]) for row in rows}) == len(
        rows
    )
