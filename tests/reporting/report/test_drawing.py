"""Curves, bars, points and pictures of a run's page."""

from __future__ import annotations

import base64
import io
import re

import numpy as np
import pytest
from PIL import Image
from reporting.making import images, vectors

from benchmark.reporting.figures.mosaic import mosaic
from benchmark.reporting.report.charts import bars, curve, scatter, ticks
from benchmark.reporting.report.pictures import pictures


def paths(drawing: str, kind: str) -> list[list[list[float]]]:
    """The strokes of every path of a class: lists of x, y of the points that a pen goes through
    without being lifted."""
    lines_drawn = []
    for path in re.findall(rf'<path class="{kind}" d="([^"]*)"', drawing):
        strokes = [
            stroke.replace("h0", "").replace("L", " ").split() for stroke in path.split("M")[1:]
        ]
        lines_drawn += [
            [[float(x), float(y)] for x, y in zip(stroke[::2], stroke[1::2], strict=True)]
            for stroke in strokes
        ]
    return lines_drawn


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [
        (0, 300, [0, 100, 200, 300]),
        (-0.7, 0.9, [-0.5, 0, 0.5]),
        (5, 5, [5]),
        (1e-9, 3.1e-9, [1e-9, 2e-9, 3e-9]),
    ],
)
def test_ticks_are_round_numbers_inside(low: float, high: float, expected: list[float]) -> None:
    assert ticks(low, high) == pytest.approx(expected)


def test_a_curve_goes_through_its_points() -> None:
    (stroke,) = paths(curve("loss", np.array([0, 50, 100]), np.array([0.0, 1.0, 0.0])), "line")
    assert [x for x, _ in stroke] == pytest.approx([0, 129, 258]) and stroke[0][1] == stroke[2][1]
    # 5 % of the range is left free above and below: the span of 146 units holds 1.1 of it
    assert stroke[0][1] - stroke[1][1] == pytest.approx(146 / 1.1, abs=0.1)


def test_what_is_not_finite_is_a_gap() -> None:
    strokes = paths(curve("loss", np.arange(5), np.array([1.0, 2.0, np.nan, 1.5, np.inf])), "line")
    assert [len(stroke) for stroke in strokes] == [2, 1]
    assert "no finite value" in curve("loss", np.arange(2), np.array([np.nan, np.nan]))


def test_long_curves_are_averaged_in_blocks() -> None:
    steps = np.arange(1, 1001)
    (stroke,) = paths(curve("loss", steps, (steps % 5).astype(float)), "line")
    assert (
        len(stroke) == 200 and len({y for _, y in stroke}) == 1
    )  # five entries a block, each the mean of 0 to 4
    assert stroke[-1][0] == pytest.approx(258)


def test_each_dimension_has_a_line_and_very_many_have_quantiles() -> None:
    assert (
        len(paths(curve("kl", np.arange(3), np.random.default_rng(0).random((3, 64))), "line thin"))
        == 64
    )
    assert (
        len(paths(curve("kl", np.arange(3), np.random.default_rng(0).random((3, 65))), "line thin"))
        == 7
    )


def test_first_steps_that_would_flatten_the_rest_leave_the_view_and_it_is_said() -> None:
    values = np.concatenate([[1e6], np.linspace(2, 1, 99)])
    drawing = curve("loss", np.arange(100), values)
    heights = [y for _, y in paths(drawing, "line")[0][10:]]
    assert "first steps out of view" in drawing and max(heights) - min(heights) > 100


def test_what_cannot_be_seen_is_told() -> None:
    assert 'aria-label="a&lt;b: 3 at step 0, 2 at step 1; lowest 2"' in curve(
        "a<b", np.array([0, 1]), np.array([3.0, 2.0])
    )


def test_bars_are_as_long_as_their_values_and_tell_what_is_kept() -> None:
    drawing = bars([1.0, 4.0, 2.0], [True, True, False])
    drawn = re.findall(
        r'class="(bar[ a-z]*)" x="([\d.]+)" y="[\d.]+" width="[\d.]+" height="([\d.]+)"', drawing
    )
    assert [kind for kind, _, _ in drawn] == ["bar", "bar hollow", "bar"]
    heights = [float(height) for _, _, height in drawn]
    assert heights == pytest.approx([146, 73, 36.5], abs=0.1) and "2 are kept" in drawing


def test_points_lie_where_they_are() -> None:
    drawing = scatter(
        "told",
        ((-1, 1), (-1, 1)),
        (("dots", np.array([[-1.0, 1.0], [0.0, 0.0], [np.nan, 0.0], [1e9, 0.0]])),),
    )
    assert paths(drawing, "dots") == [[[0, 0]], [[100, 100]]]


def test_pictures_of_images_hold_their_pixels() -> None:
    arrays = {
        name: images(8, (1, 8, 8), seed)
        for seed, name in enumerate(("inputs", "samples", "reconstructions", "neighbours"))
    }
    arrays |= {
        "traversals": images(16, (1, 8, 8), 9).reshape(2, 8, 1, 8, 8),
        "code_covariance": np.diag([1.0, 4.0, 0.0]),
    }
    drawn = {picture.title: picture.content for picture in pictures(arrays)}
    assert list(drawn) == [
        "Samples",
        "Reconstructions",
        "Traversals",
        "Nearest training images",
        "Correlation of the codes",
    ]
    assert np.array_equal(decoded(drawn["Samples"]), mosaic(arrays["samples"], 8)[:, :, 0])
    correlation = decoded(drawn["Correlation of the codes"])
    assert (
        correlation[0, 0].tolist() == [213, 94, 0]
        and correlation[0, 1].tolist() == [255] * 3
        and correlation[2, 2].tolist() == [200] * 3
    )


def decoded(element: str) -> np.ndarray:
    return np.asarray(
        Image.open(io.BytesIO(base64.b64decode(element.partition("base64,")[2].partition('"')[0])))
    )


def test_pictures_of_vectors_are_points_over_the_data() -> None:
    arrays = {
        "inputs": vectors(40, 5),
        "samples": 100 + vectors(40, 5, 1),
        "reconstructions": vectors(40, 5),
        "codes": vectors(40, 3),
    }
    drawn = {picture.title: picture for picture in pictures(arrays)}
    assert list(drawn) == ["Samples", "Reconstructions", "Latent space"]
    assert (
        "40 of 40 points outside" in drawn["Samples"].caption
        and "first two principal directions of 5 numbers" in drawn["Samples"].caption
    )
    assert "outside" not in drawn["Reconstructions"].caption
    assert paths(drawn["Reconstructions"].content, "dots") == paths(
        drawn["Reconstructions"].content, "dots data"
    )


def test_arrays_of_something_else_are_no_pictures() -> None:
    assert pictures({}) == [] and pictures({"angles": np.zeros(3)}) == []
