"""Nothing that is written in a figure leaves its canvas, and no legend outgrows the panels."""

from __future__ import annotations

from pathlib import Path

import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.text import Text
from reporting.figures.drawn import records
from reporting.figures.test_studies import study_runs
from reporting.making import leave, record, store

from benchmark.reporting.catalogue.figures import FIGURES
from benchmark.reporting.figures import style
from benchmark.reporting.figures.draw import figure_of
from benchmark.reporting.figures.legend import legend
from benchmark.reporting.figures.material import Material
from benchmark.spec import BenchError, Record


def outside(figure: Figure) -> list[str]:
    """Texts that leave the canvas by more than a pixel, once the figure is laid out."""
    canvas = FigureCanvasAgg(figure)
    style._lay_out(figure)
    canvas.draw()  # only now do legends know where their texts stand
    renderer = canvas.get_renderer()
    width, height = figure.bbox.width, figure.bbox.height
    leaving = []
    unseen = ticks_out_of_view(figure)
    for text in figure.findobj(Text):
        if not text.get_text().strip() or not text.get_visible() or text in unseen:
            continue
        box = text.get_window_extent(renderer)
        if box.x0 < -1 or box.y0 < -1 or box.x1 > width + 1 or box.y1 > height + 1:
            leaving.append(f"{text.get_text()!r} at {box.extents.round()} of {width}, {height}")
    return leaving


def ticks_out_of_view(figure: Figure) -> set[Text]:
    """Labels of ticks that matplotlib keeps but does not draw."""
    unseen: set[Text] = set()
    for axes in figure.axes:
        for axis, limits in ((axes.xaxis, axes.get_xlim()), (axes.yaxis, axes.get_ylim())):
            for tick in [*axis.majorTicks, *axis.minorTicks]:
                if not axes.axison or not min(limits) <= tick.get_loc() <= max(limits):
                    unseen |= {tick.label1, tick.label2}
    return unseen


def test_the_check_sees_a_text_outside() -> None:
    figure, (axes,) = style.panels(1, 1, width=2.0, height=2.0)
    figure.text(0.9, 0.5, "far too long for this corner")
    assert outside(figure)
    figure, (axes,) = style.panels(1, 1, width=2.0, height=2.0)
    axes.set_title("short")
    assert outside(figure) == []


@pytest.mark.parametrize("count", [1, 3])
@pytest.mark.parametrize("labels", [1, 8, 17, 30])
@pytest.mark.parametrize("length", [3, 44])
def test_legends_fit_at_any_number_of_panels_and_labels(
    count: int, labels: int, length: int
) -> None:
    with style.house(72):
        figure, axes = style.panels(count, 3, width=2.7, height=2.1)
        for panel in axes:
            panel.set_ylabel("active units\n(dimensions)")
            panel.set_title("a dataset")
        before = figure.get_figheight()
        names = [f"{index:02d} " + "W" * (length - 3) for index in range(labels)]
        legend(figure, [Line2D([], [], label=name) for name in names], 6, "a remark " * 9)
        assert outside(figure) == []
        box = figure.legends[0].get_window_extent()
        assert box.height <= 1.25 * before * figure.dpi  # the remark is beside the labels
        written = [text.get_text().replace("\n", "") for text in figure.legends[0].get_texts()]
        assert written == [name.replace(" ", "") if "\n" in name else name for name in names] or [
            text.replace(" ", "") for text in written
        ] == [name.replace(" ", "") for name in names]


def sweep(methods: int, datasets: int) -> list[Record]:
    names = ["pca", "vae[sigma=optimal]", "r-dpvae[burn_in=0.5]", "geco-l0", "mi-vae", "grae"]
    names += ["a-method-of-ones-own-with-a-long-name", "rf-vae-port", "flexae-sr", "maskaae"]
    sets = ["digits", "circle", "latent-8", "sprites[size=32]", "one-moon"]
    return [
        record(name.split("[")[0], dataset, size, values={"mse": 0.1 * size, "lstar": 2.0})
        for name in names[:methods]
        for dataset in sets[:datasets]
        for size in (2, 16)
    ]


@pytest.mark.parametrize("methods", [3, 10])
@pytest.mark.parametrize("datasets", [1, 3])
@pytest.mark.parametrize("name", ["lstar", "metric-vs-latent-dim", "lstar-vs-latent-dim"])
def test_sweeps_keep_their_texts(name: str, methods: int, datasets: int, tmp_path: Path) -> None:
    with style.house(72):
        material = Material.of(sweep(methods, datasets), tmp_path, every_size=True)
        assert outside(figure_of(name, material)) == []


def test_every_figure_keeps_its_texts(folder: Path, tmp_path: Path) -> None:
    with style.house(72):
        drawn = 0
        for material in (Material.of(records(), folder), Material.of(study_runs(), tmp_path)):
            for name in FIGURES:
                try:
                    figure = figure_of(name, material)
                except BenchError:
                    continue
                drawn += 1
                assert outside(figure) == [], name
        assert drawn >= 12


@pytest.mark.parametrize("rows", [1, 3])
def test_headings_above_pictures_that_do_not_fill_their_room_stay_inside(
    rows: int, tmp_path: Path
) -> None:
    """A picture lies in the middle of a room of another shape, which changes in the layout."""
    runs = [
        record("mi-vae-joint", "digits", 4, config={"mi_weight": float(index)})
        for index in range(rows)
    ]
    for run in runs:
        leave(store(tmp_path, [run]), run, image=(1, 8, 8))
    with style.house(72):
        figure = figure_of("categories", Material.of(runs, tmp_path))
        assert len(figure.axes) >= rows and outside(figure) == []


def test_headings_beside_each_other_do_not_meet(tmp_path: Path) -> None:
    """Many methods on one dataset stand across, and what tells variants apart is long."""
    runs = [
        record("geco-l0", "digits", 4, config={"tau_per_pixel": 0.0106 + index / 1000.0})
        for index in range(8)
    ]
    for run in runs:
        leave(store(tmp_path, [run]), run, image=(1, 8, 8))
    with style.house(72):
        figure = figure_of("samples", Material.of(runs, tmp_path))
        assert outside(figure) == []
        renderer = FigureCanvasAgg(figure).get_renderer()
        titles = [axes.title for axes in figure.axes if "geco" in axes.get_title()]
        boxes = [title.get_window_extent(renderer) for title in titles]
    assert len(boxes) == 8
    assert not [
        box for box in boxes if any(box.overlaps(other) for other in boxes if other is not box)
    ]
