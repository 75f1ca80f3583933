"""Figures show the numbers of the records, the same way each time, and stay out of their own
way."""

from __future__ import annotations

from pathlib import Path

import matplotlib
import pytest
from reporting.figures.test_studies import study_arrays, study_runs
from reporting.making import HOSTILE, leave, leave_study, record, store

from benchmark.reporting.catalogue.figures import FIGURES
from benchmark.reporting.figures import style
from benchmark.reporting.figures.draw import draw, drawable, figure_of, kind_of
from benchmark.reporting.figures.material import Material
from benchmark.spec import BenchError


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


SHAPED = set(FIGURES) - {
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
        figure = figure_of(name, material)
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
    assert all(figure.caption and figure.line for figure in FIGURES.values())
    assert drawable(everything) == list(FIGURES)
    assert drawable(Material.of([], Path("nowhere"))) == []
    assert not [
        name for name in drawable(material) if FIGURES[name].study
    ] and "samples" in drawable(material)


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


def test_file_names_must_end_in_a_known_kind() -> None:
    assert kind_of(Path("a/B.SVG")) == "svg"
    with pytest.raises(BenchError, match=r"'x\.jpg'.*\.png, \.pdf, \.svg"):
        kind_of(Path("x.jpg"))
