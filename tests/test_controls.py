"""Documents beside records: found by what they depend on, written whole, read with an error that
says what to do."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from benchmark.controls import DimensionReference, InitialCounts, References, untrained_spec
from benchmark.identity import harness_code, metric_codes
from benchmark.records import UnreadableRecord
from benchmark.spec import BenchError

SPEC = {
    "method": "grae",
    "dataset": "circle",
    "latent_dim": 2,
    "seed": 0,
    "config": {},
    "steps": 20,
}
BAND = DimensionReference(
    "circle",
    "ab" * 32,
    100,
    3,
    {"twonn": [1.0, 1.2, 1.1], "mle": [0.9, 0.9, 0.9]},
    {"lpca": "no"},
    {"95": 2, "99": 2},
    200,
)


def initial(values: list[int], **options: object) -> InitialCounts:
    return InitialCounts({**SPEC, **options}, "c0de", values, 512, 0.5)


def test_documents_are_found_again(tmp_path: Path) -> None:
    references = References(tmp_path)
    counted = initial([2] * 32)
    assert [references.write(BAND).name, references.write(counted).name] == [
        BAND.filename,
        counted.filename,
    ]
    assert BAND.filename == "dimensions-circle-abababababab.json"
    assert references.dimension("ab" * 32) == BAND
    assert references.initial(SPEC, "c0de") == counted
    assert not list((tmp_path / "references").glob(".*"))


def test_what_depends_on_something_else_is_not_found(tmp_path: Path) -> None:
    references = References(tmp_path)
    references.write(BAND)
    references.write(initial([2] * 32))
    assert references.dimension("ab" * 31 + "cd") is None  # the same first 12 digits
    assert references.initial({**SPEC, "seed": 7, "taken": {"gamma": "vae: x"}}, "c0de") is not None
    for changed in ({"latent_dim": 3}, {"config": {"beta": 0.1}}, {"steps": 21}):
        assert references.initial({**SPEC, **changed}, "c0de") is None
    assert references.initial(SPEC, "0ther") is None
    assert References().initial(SPEC, "c0de") is None
    assert set(untrained_spec(SPEC)) == set(SPEC) - {"seed"}


def test_an_empty_or_missing_folder_holds_nothing(tmp_path: Path) -> None:
    assert References(tmp_path / "no").dimension("ab" * 32) is None


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("{", "not readable.*make it again"),
        ("[]", "not readable.*make it again"),
        ('{"schema": 0}', "not readable.*make it again"),
        ('{"schema": 1, "odd": 1}', "not readable.*make it again"),
        (BAND.to_json().replace("1.2", "NaN"), "not readable.*make it again"),
        (
            BAND.to_json().replace("1.2", "1" + "0" * 400),
            "'twonn' of .*finite numbers.*make it again",
        ),
        (BAND.to_json().replace("[0.9,0.9,0.9]", "[]"), "'mle' of .*at least one number"),
        (BAND.to_json().replace('"95":2', '"95":null'), "'95' of .* is None, expected a whole"),
        ("[" * 100_000, "not readable.*make it again"),
        ("\xff", "not readable.*make it again"),
        ('{"schema": 2}', "written by a newer version.*upgrade, or move it away"),
    ],
)
def test_damaged_documents_are_left_out_by_name(tmp_path: Path, text: str, reason: str) -> None:
    path = References(tmp_path).write(BAND)
    path.write_bytes(text.encode("latin-1"))
    with pytest.warns(UnreadableRecord, match=f"left out: .*{BAND.filename}.*{reason}"):
        assert References(tmp_path).dimension(BAND.data) is None


def test_a_document_of_a_newer_version_is_not_replaced_a_damaged_one_is(tmp_path: Path) -> None:
    path = References(tmp_path).write(BAND)
    path.write_text('{"schema": 2}', encoding="utf-8")
    with pytest.raises(BenchError, match=r"newer version.*upgrade, or move it away"):
        References(tmp_path).write(BAND)
    assert path.read_text(encoding="utf-8") == '{"schema": 2}'
    path.write_text("{", encoding="utf-8")
    References(tmp_path).write(BAND)
    assert References(tmp_path).dimension(BAND.data) == BAND


def test_counts_are_outdated_where_initialisation_or_counting_changed() -> None:
    counts = replace(initial([8] * 4), gaps=[1.0] * 4)
    metrics = metric_codes(dict.fromkeys(("lstar", "gap")))
    fresh = replace(counts, harness=harness_code(), metrics=metrics)
    assert fresh.complete and counts.complete and not replace(counts, gaps=[]).complete
    for old in (
        replace(fresh, harness="0" * 16),
        replace(fresh, metrics={**metrics, "gap": "0" * 16}),
    ):
        assert old.outdated and not old.complete


def test_band_is_the_spread_of_the_means() -> None:
    assert BAND.band == pytest.approx((0.9, 1.1))
    assert (BAND.spread("twonn"), BAND.spread("mle")) == pytest.approx((0.1, 0.0))
    assert replace(BAND, estimates={}).band is None


@pytest.mark.parametrize("count", [1, 2, 31, 32])
def test_interval_holds_the_extremes(count: int) -> None:
    values = np.random.default_rng(count).integers(0, 17, count).tolist()
    middle = np.percentile(values, 50, method="lower")
    assert initial(values).interval == (min(values), middle, max(values))


def test_extremes_of_32_hold_the_next_value_more_often_than_percentiles() -> None:
    """31 of 33 and 27 of 33 of the next values, where no two are the same."""
    stream = np.random.default_rng(0)
    draws, following = np.sort(stream.random((20_000, 32)), axis=1), stream.random(20_000)
    for rank, expected in ((0, 31 / 33), (2, 27 / 33)):
        inside = (draws[:, rank] <= following) & (following <= draws[:, 31 - rank])
        assert inside.mean() == pytest.approx(expected, abs=0.01)
    assert initial([]).interval is None
