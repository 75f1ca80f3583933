"""Figures show the numbers of the records, the same way each time, and stay out of their own
way."""

from __future__ import annotations

import math
from pathlib import Path

import matplotlib
import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from reporting.figures.test_studies import study_arrays, study_runs
from reporting.making import HOSTILE, images, leave, leave_study, record, seeds, store

from benchmark.controls import DimensionReference, References
from benchmark.metrics.null import declared_null
from benchmark.registry import METHODS
from benchmark.reporting.captions import CAPTIONS
from benchmark.reporting.catalogue import FIGURES, STUDIES
from benchmark.reporting.figures import style
from benchmark.reporting.figures.curves import curves
from benchmark.reporting.figures.draw import DRAWERS, draw, drawable, kind_of
from benchmark.reporting.figures.images import (
    interpolations,
    neighbours,
    reconstructions,
    samples,
    traversals,
)
from benchmark.reporting.figures.material import Material
from benchmark.reporting.figures.options import metric_vs_option
from benchmark.reporting.figures.sweeps import lstar_vs_latent_dim, metric_vs_latent_dim
from benchmark.reporting.statistics.estimate import estimate
from benchmark.spec import BenchError, Record

SIZES = (2, 8, 16)


def records() -> list[Record]:
    """2 methods x 3 datasets x 3 latent sizes x 3 seeds; one cell diverged, one lost a seed."""
    runs = []
    for dataset in ("digits", "circle", "latent-8"):
        for method in ("pca", "vae"):
            for size in SIZES:
                for seed in range(3):
                    lost = (method, dataset, size) == ("vae", "circle", 16) or (
                        method,
                        dataset,
                        size,
                        seed,
                    ) == ("pca", "digits", 8, 1)
                    values = {"mse": (1 + seed / 10) / size, "lstar": float(min(size, 3 + seed))}
                    flags = ["no_selection"] if method == "vae" else []
                    runs.append(
                        record(
                            method,
                            dataset,
                            size,
                            seed,
                            status="diverged" if lost else "done",
                            values={} if lost else values,
                            flags=flags,
                        )
                    )
    return runs


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    runs = records()
    path = store(tmp_path_factory.mktemp("results"), runs)
    for run in runs:
        if run.status == "done":
            leave(
                path,
                run,
                image=(1, 8, 8) if run.spec["dataset"] == "digits" else None,
                size=64 if run.spec["dataset"] == "latent-8" else 2,
            )
    return path


@pytest.fixture
def material(folder: Path) -> Material:
    return Material.of(records(), folder)


def texts(figure: Figure) -> list[str]:
    return [text.get_text() for axes in figure.axes for text in axes.texts]


def lines(axes: Axes) -> list[np.ndarray]:
    """Heights of the points of every line that is no error bar or marker."""
    return [
        np.asarray(line.get_ydata())
        for line in axes.lines
        if line.get_linestyle() == "-" and len(line.get_xdata()) > 1
    ]


def legend_labels(figure: Figure) -> list[str]:
    return [
        text.get_text().replace("\n", " ")
        for legend in figure.legends
        for text in legend.get_texts()
    ]


def test_sweep_draws_means_against_latent_size_and_skips_what_is_not_done(
    material: Material,
) -> None:
    figure = metric_vs_latent_dim(material)
    assert [axes.get_title() for axes in figure.axes] == ["digits", "circle", "latent-8"]
    kept = {"pca": {2: (0, 1, 2), 8: (0, 2), 16: (0, 1, 2)}, "vae": dict.fromkeys(SIZES, (0, 1, 2))}
    expected = [
        [estimate([(1 + seed / 10) / size for seed in seeds]).mean for size, seeds in sizes.items()]
        for sizes in kept.values()
    ]
    assert [list(line) for line in lines(figure.axes[0])] == [
        pytest.approx(values) for values in expected
    ]
    assert [len(line) for line in lines(figure.axes[1])] == [
        3,
        2,
    ]  # the cell that diverged is not drawn
    assert legend_labels(figure) == ["pca", "vae"]


def test_sweep_ticks_are_the_latent_sizes_on_a_binary_axis(material: Material) -> None:
    axes = metric_vs_latent_dim(material).axes[0]
    assert axes.get_xscale() == "log" and axes.xaxis.get_transform().base == 2
    assert [
        (tick, label.get_text())
        for tick, label in zip(axes.get_xticks(), axes.get_xticklabels(), strict=True)
    ] == [
        (2, "2"),
        (8, "8"),
        (16, "16"),
    ]


def test_sweep_error_bars_are_the_interval(material: Material) -> None:
    axes = metric_vs_latent_dim(material).axes[0]
    segments = axes.collections[1].get_segments()  # the vae line: three finished seeds everywhere
    halves = [estimate([(1 + seed / 10) / size for seed in range(3)]).half_width for size in SIZES]
    assert [(top - bottom) / 2 for (_, bottom), (_, top) in segments] == pytest.approx(halves)


def test_sweep_of_dimensions_shows_the_known_ones_and_hollow_markers(folder: Path) -> None:
    figure = metric_vs_latent_dim(Material.of(records(), folder, ["lstar"]))
    dashed = [
        line.get_ydata()[0]
        for axes in figure.axes
        for line in axes.lines
        if list(line.get_xdata()) == [0, 1]
    ]
    assert dashed == [1, 8]
    assert {"intrinsic dimension", "by definition, not found"} <= set(legend_labels(figure))
    hollow = {
        line.get_color() for line in figure.axes[0].lines if line.get_markerfacecolor() == "white"
    }
    assert hollow == {style.looks(["vae"])["vae"].colour}


def test_lstar_stands_beside_truth_estimates_chance_and_the_whole_code(tmp_path: Path) -> None:
    runs = [
        record("r-vae", "latent-8", size, seed, values={"mse": 1.0, "lstar": 3.0 + seed})
        for size in SIZES
        for seed in range(3)
    ]
    References(tmp_path).write(
        DimensionReference(
            "latent-8", "d" * 64, 9, 1, {"mle": [7.5], "twonn": [8.5]}, {}, {"95": 8}, 9
        )
    )
    figure = lstar_vs_latent_dim(Material.of(runs, tmp_path))
    axes = figure.axes[0]
    mean = next(
        line for line in axes.lines if line.get_linestyle() == "-" and len(line.get_xdata()) == 3
    )
    assert list(mean.get_ydata()) == [4.0, 4.0, 4.0]
    whole = next(line for line in axes.lines if line.get_linestyle() == ":")
    np.testing.assert_array_equal(whole.get_xdata(), whole.get_ydata())
    bars = [list(line.get_ydata()) for line in axes.lines if line.get_linewidth() == 5.0]
    lows = [declared_null(size, math.inf, 64.0, 0.95).low for size in SIZES]
    assert bars == [[low, size] for low, size in zip(lows, SIZES, strict=True)]
    (band,) = axes.patches
    assert (band.get_y(), band.get_y() + band.get_height()) == (7.5, 8.5)
    assert {"L* = L", "intrinsic dimension", "estimates of the dimension of the data"} <= set(
        legend_labels(figure)
    )
    plain = lstar_vs_latent_dim(
        Material.of(
            [record("vae", "one-moon", 2, values={"mse": 1.0, "lstar": 1.0})], tmp_path / "empty"
        )
    )
    assert not any("null" in text or "estimates" in text for text in legend_labels(plain))


def test_a_metric_against_the_option_that_varies(folder: Path) -> None:
    runs = [
        record(
            "grae",
            "digits",
            8,
            seed,
            values={"mse": beta * (1 + seed)},
            config={"beta": beta, "chunks": 4},
        )
        for beta in (1.0, 0.1)
        for seed in (0, 1)
    ]
    runs += [
        record("beta-vae", "digits", 8, values={"mse": 0.5}, config={"beta": 0.4, "chunks": 4})
    ]  # one value only: not drawn
    figure = metric_vs_option(Material.of(runs, folder))
    (axes,) = figure.axes
    line = next(line for line in axes.lines if len(line.get_xdata()) == 2)
    np.testing.assert_allclose([line.get_xdata(), line.get_ydata()], [[0.1, 1.0], [0.15, 1.5]])
    assert (
        axes.get_xlabel() == "beta"
        and axes.get_xscale() == "log"
        and legend_labels(figure) == ["grae"]
    )
    with pytest.raises(BenchError, match="two values of a numeric option"):
        metric_vs_option(Material.of(runs[-1:], folder))


def test_differences_of_rounding_look_like_none_and_numbers_stand_in_full(folder: Path) -> None:
    runs = [
        record(
            "grae",
            "digits",
            8,
            values={"mse": 0.687 + 1e-5 * beta},
            config={"beta": beta, "chunks": 4},
        )
        for beta in (1.0, 2.0)
    ]
    (axes,) = metric_vs_option(Material.of(runs, folder)).axes
    low, high = axes.get_ylim()
    assert low < 0.687 < high and 0.013 < high - low < 0.015
    assert axes.yaxis.get_major_formatter().get_useOffset() is False


def test_sweep_names_what_was_measured(folder: Path) -> None:
    with pytest.raises(BenchError, match=r"'fd-raw'; there are lstar, mse"):
        metric_vs_latent_dim(Material.of(records(), folder, ["fd-raw"]))
    with pytest.raises(BenchError, match="shows one metric"):
        metric_vs_latent_dim(Material.of(records(), folder, ["mse", "lstar"]))


def test_curves_draw_every_seed_and_the_mean_of_the_finished(
    material: Material, folder: Path
) -> None:
    figure = curves(material)
    assert [axes.get_title() for axes in figure.axes] == [
        "digits, L = 16",
        "circle, L = 16",
        "latent-8, L = 16",
    ]
    axes = figure.axes[0]
    assert len(axes.lines) == 8  # 2 methods x (3 seeds + their mean)
    logged = [
        np.load(folder / run.key / "curves.npz")["loss"]
        for run in records()
        if (run.spec["method"], run.spec["dataset"], run.spec["latent_dim"])
        == ("vae", "digits", 16)
    ]
    drawn = [line.get_ydata() for line in axes.lines[4:]]
    np.testing.assert_allclose(drawn[:3], logged)
    np.testing.assert_allclose(drawn[3], np.mean(logged, axis=0))


def test_curves_sum_what_is_logged_per_dimension(folder: Path) -> None:
    chosen = [run for run in records() if run.spec["dataset"] == "digits"]
    figure = curves(Material.of(chosen, folder, ["kl", "loss"]))
    assert [axes.get_ylabel() for axes in figure.axes] == ["kl\n(sum over dimensions)", "loss"]
    logged = np.load(
        folder / next(run.key for run in chosen if run.spec["latent_dim"] == 16) / "curves.npz"
    )["kl"]
    np.testing.assert_allclose(figure.axes[0].lines[0].get_ydata(), logged.sum(1))


def test_curves_name_what_was_logged(folder: Path) -> None:
    with pytest.raises(
        BenchError, match=r"'los'; did you mean 'loss'\? \(there are kl, log_sigma, loss"
    ):
        curves(Material.of(records(), folder, ["los"]))
    with pytest.raises(BenchError, match="closed-form"):
        curves(Material.of([record("pca", "one-moon")], folder))


def test_the_mean_of_curves_is_over_finished_runs(tmp_path: Path) -> None:
    runs = [record(seed=0), record(seed=1), record(seed=2, status="diverged")]
    for run in runs:
        leave(store(tmp_path, [run]), run)
    drawn = lines(curves(Material.of(runs, tmp_path)).axes[0])
    assert len(drawn) == 4
    np.testing.assert_allclose(drawn[3], (drawn[0] + drawn[1]) / 2)


def test_a_run_that_did_not_finish_ends_in_a_cross(tmp_path: Path) -> None:
    broken = record(status="diverged")
    leave(store(tmp_path, [broken]), broken, steps=3)
    figure = curves(Material.of([broken], tmp_path))
    assert [line.get_marker() for line in figure.axes[0].lines] == ["", "x"]
    assert "ended before it was done" in legend_labels(figure)


def test_grids_have_a_row_per_method_and_a_column_per_dataset(material: Material) -> None:
    figure = samples(material)
    shape = figure.axes[0].get_gridspec().get_geometry()
    assert shape == (3, 3)  # test data, pca, vae
    assert [axes.get_title() for axes in figure.axes[:3]] == [
        "digits\nL = 16",
        "circle\nL = 16",
        "latent-8\nL = 16",
    ]
    assert [text for text in texts(figure) if text in ("test data", "pca", "vae")] == [
        "test data",
        "pca",
        "vae",
    ]
    assert "3 diverged" in texts(figure)
    assert reconstructions(material).axes[0].get_gridspec().get_geometry() == (2, 3)


def test_grids_show_every_size_that_is_named_and_wrap(folder: Path) -> None:
    figure = samples(Material.of(records(), folder, every_size=True))
    assert figure.axes[0].get_gridspec().get_geometry() == (
        6,
        5,
    )  # 9 columns in two blocks of 3 rows


def test_samples_show_the_stored_images_and_points(material: Material, folder: Path) -> None:
    figure = samples(material)
    kept = next(
        run
        for run in records()
        if (run.spec["method"], run.spec["dataset"], run.spec["latent_dim"])
        == ("vae", "digits", 16)
    )
    stored = np.load(folder / kept.key / "artifacts.npz")["samples"]
    picture = figure.axes[6].images[0].get_array()
    np.testing.assert_array_equal(picture[:8, :8, 0], stored[0, 0])
    points = np.load(
        folder
        / next(
            run.key
            for run in records()
            if run.spec["dataset"] == "circle" and run.spec["latent_dim"] == 16
        )
        / "artifacts.npz"
    )
    np.testing.assert_allclose(
        figure.axes[4].collections[1].get_offsets(), points["samples"], rtol=1e-6
    )


def test_paths_and_neighbours_show_the_stored_arrays(material: Material, folder: Path) -> None:
    keys = {
        run.spec["dataset"]: run.key
        for run in reversed(records())
        if (run.spec["method"], run.spec["latent_dim"]) == ("pca", 16)
    }
    image, plane = (
        np.load(folder / keys[dataset] / "artifacts.npz") for dataset in ("digits", "circle")
    )
    for draw_paths, name in ((traversals, "traversals"), (interpolations, "interpolations")):
        first, second = draw_paths(material).axes[:2]
        picture = first.images[0].get_array()
        np.testing.assert_array_equal(
            picture[9:17, 18:26, 0], image[name][1, 2, 0]
        )  # second row, third step; tiles of 8 with a gap of 1
        drawn = [line.get_xydata() for line in second.lines if len(line.get_xdata()) == 8]
        np.testing.assert_allclose(drawn, plane[name], rtol=1e-6)
    first, second = neighbours(material).axes[:2]
    np.testing.assert_array_equal(
        first.images[0].get_array()[9:17, :8, 0], image["neighbours"][0, 0]
    )
    np.testing.assert_allclose(second.collections[2].get_offsets(), plane["neighbours"], rtol=1e-6)
    np.testing.assert_allclose(second.collections[3].get_offsets(), plane["samples"][:8], rtol=1e-6)


def test_many_methods_on_few_datasets_are_turned_and_balanced(tmp_path: Path) -> None:
    runs = [record(f"method-{number}") for number in range(9)]
    for run in runs:
        leave(store(tmp_path, [run]), run, image=(1, 8, 8))
    figure = samples(Material.of(runs, tmp_path))
    assert figure.axes[0].get_gridspec().get_geometry() == (2, 5)  # test data and nine methods
    assert [axes.get_title() for axes in figure.axes][:3] == ["test data", "method-0", "method-1"]


def test_methods_without_an_array_are_named_below(folder: Path, tmp_path: Path) -> None:
    old, new = record("vae"), record("pca")
    for run in (old, new):
        leave(store(tmp_path, [run]), run, image=(1, 8, 8))
    arrays = dict(np.load(tmp_path / old.key / "artifacts.npz"))
    np.savez(
        tmp_path / old.key / "artifacts.npz",
        **{name: array for name, array in arrays.items() if name != "interpolations"},
    )
    figure = interpolations(Material.of([old, new], tmp_path))
    assert figure.get_supxlabel() == "Not shown, no interpolations: vae"
    with pytest.raises(BenchError, match="interpolations in its artifacts"):
        interpolations(Material.of([old], tmp_path))


def test_no_artifacts_is_an_error_that_says_so(tmp_path: Path) -> None:
    with pytest.raises(BenchError, match=r"artifacts\.npz"):
        samples(Material.of([record()], tmp_path))


@pytest.fixture(scope="module")
def everything(tmp_path_factory: pytest.TempPathFactory) -> Material:
    """A little of what every figure needs: two methods on images and in the plane, one of them with
    two options, and both studies."""
    runs = [
        record(method, dataset, 2, values={"mse": 0.5, "lstar": 1.0})
        for method in ("vae", "mi-vae-joint")
        for dataset in ("digits", "circle")
    ]
    runs += [record("grae", "digits", 2, config={"beta": beta}) for beta in (0.1, 1.0)]
    path = store(tmp_path_factory.mktemp("everything"), [*runs, *study_runs()])
    for run in runs:
        leave(path, run, image=(1, 8, 8) if run.spec["dataset"] == "digits" else None)
    for run in study_runs():
        leave_study(path, run, **study_arrays(run))
    return Material.of([*runs, *study_runs()], path)


SHAPED = set(DRAWERS) - {
    "toy",
    "code-covariance",
    "jacobian",
    "metric-vs-option",
    "rotation",
    "slices",
    "category-probabilities",
    "block-structure",
    "category-traversals",
    "rewarded",
    "rewarded-line",
    "categories",
}
"""Figures with a legend in the module's material."""


@pytest.mark.parametrize("name", sorted(SHAPED - {"information", "objective-closeness"}))
def test_legends_cover_no_panel(name: str, material: Material) -> None:
    with style.house():
        figure = DRAWERS[name](material)
        figure.draw_without_rendering()
        boxes = [axes.get_window_extent() for axes in figure.axes]
        assert figure.legends
        for legend in figure.legends:
            inside = legend.get_window_extent()
            assert not [box for box in boxes if box.overlaps(inside)]
            assert inside.x0 >= 0 and inside.x1 <= figure.bbox.width and inside.y0 >= 0


KINDS = [pytest.param("png", name) for name in FIGURES]
KINDS += [
    pytest.param(kind, name, marks=() if name == "samples" else pytest.mark.slow)
    for kind in ("pdf", "svg")
    for name in FIGURES
]


@pytest.mark.parametrize(("kind", "name"), KINDS)
def test_same_records_give_the_same_bytes_whatever_the_users_settings(
    kind: str, name: str, everything: Material
) -> None:
    first = draw(name, everything, kind)
    with matplotlib.rc_context({"font.size": 30, "axes.facecolor": "red", "savefig.dpi": 31}):
        assert draw(name, everything, kind) == first
    assert first.startswith({"png": b"\x89PNG", "pdf": b"%PDF", "svg": b"<?xml"}[kind])


def test_every_figure_has_a_drawer_and_words_and_what_can_be_drawn_is_known(
    everything: Material, material: Material
) -> None:
    assert list(FIGURES) == list(DRAWERS) == list(CAPTIONS)
    assert drawable(everything) == list(FIGURES)
    assert drawable(Material.of([], Path("nowhere"))) == []
    assert not set(drawable(material)) & set(STUDIES) and "samples" in drawable(material)


HOSTILE_FIGURES = ("metric-vs-latent-dim", "traces", "samples")
"""One of each way to write names."""


@pytest.mark.parametrize("name", HOSTILE_FIGURES)
def test_hostile_names_are_drawn_as_they_are(name: str, tmp_path: Path) -> None:
    chosen = [
        record(hostile, hostile, config={hostile: hostile}, values={"mse": 1.0})
        for hostile in HOSTILE[:9:3] + HOSTILE[-4:]
    ]
    for run in chosen:
        leave(store(tmp_path, [run]), run)
    assert draw(name, Material.of(chosen, tmp_path), "svg").startswith(b"<?xml")


def test_a_method_looks_the_same_in_every_company() -> None:
    everyone = style.looks([*(entry.name for entry in METHODS), "zeta", "alpha"])
    assert all(style.looks([entry.name])[entry.name] == everyone[entry.name] for entry in METHODS)
    assert everyone["pca"] != everyone["vae"]
    variants = style.looks(["vae[gamma=0.5]", "vae", "vae (9 steps)"])
    assert variants["vae"] == everyone["vae"]
    assert len({look.marker for look in variants.values()}) == 3 and {
        look.colour for look in variants.values()
    } == {everyone["vae"].colour}
    many = style.looks([f"method-{number:02}" for number in range(20)])
    assert len({look.colour for look in many.values()}) == 20


def test_palette_is_seaborns() -> None:
    seaborn = pytest.importorskip("seaborn")
    assert [colour.lower() for colour in seaborn.color_palette("colorblind").as_hex()] == list(
        style.PALETTE
    )


def test_budgets_have_lines_of_their_own(folder: Path) -> None:
    chosen = [*seeds([1.0, 2.0]), *seeds([3.0, 4.0], budget="short", steps=9)]
    assert legend_labels(metric_vs_latent_dim(Material.of(chosen, folder))) == [
        "vae, quick",
        "vae, short",
    ]


def test_file_names_must_end_in_a_known_kind() -> None:
    assert kind_of(Path("a/B.SVG")) == "svg"
    with pytest.raises(BenchError, match=r"'x\.jpg'.*\.png, \.pdf, \.svg"):
        kind_of(Path("x.jpg"))


def test_colour_images_keep_their_colours(tmp_path: Path) -> None:
    run = record(dataset="cifar10")
    leave(store(tmp_path, [run]), run, image=(3, 8, 8))
    picture = samples(Material.of([run], tmp_path)).axes[0].images[0].get_array()
    np.testing.assert_array_equal(picture[:8, :8], images(40, (3, 8, 8), 0)[0].transpose(1, 2, 0))
