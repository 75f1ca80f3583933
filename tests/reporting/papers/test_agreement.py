"""The published value stands beside ours, with whether the two agree."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from reporting.making import seeds
from reporting.papers.filling import grid_of
from reporting.papers.filling import runs as runs_of

from benchmark.reporting.named_tables import build
from benchmark.reporting.papers.agreement import agreement
from benchmark.reporting.papers.filled import filled_table
from benchmark.reporting.render import RENDERERS
from benchmark.reporting.statistics.estimate import Estimate, estimate

runs = partial(runs_of, budget="paper")


def test_the_published_value_stands_beside_ours_with_a_verdict() -> None:
    assert agreement(Estimate(1.0, 0.2, 3), 1.2) == "agrees"
    assert agreement(Estimate(1.0, 0.2, 3), 1.3) == "ours lower"
    assert agreement(Estimate(1.0, 0.2, 3), 0.7) == "ours higher"
    assert agreement(Estimate(1.0, None, 1), 9.0) == "cannot tell"


def test_agreement_is_never_judged_by_an_interval_without_width() -> None:
    assert agreement(estimate([0.5, 0.5, 0.5]), 0.5000001) == "cannot tell"
    sides = [agreement(estimate([8, 8, 8], counts=True), value) for value in (7, 8, 9)]
    assert sides == ["below our range", "within our range", "above our range"]
    assert agreement(estimate([8, 10], counts=True), 9.5) == "within our range"
    assert agreement(estimate([8], counts=True), 8) == "cannot tell"
    records = [
        *runs([0.010, 0.011, 0.012], "vae"),
        *runs([0.0328], "r-dpvae"),
        *runs([0.018, 0.0182, 0.0184], "rf-vae-port"),
    ]
    for name in ("summary", "ren-2"):
        table = build(name, records, paper=True)
        text = RENDERERS["markdown"](table)
        assert (
            "paper 0.0459?: ours lower" in text
            and "paper 0.0328: cannot tell" in text
            and "paper 0.0182: agrees" in text
        )
        assert "single runs" in text
        assert "paper" not in RENDERERS["markdown"](build(name, records)).replace(
            "of the paper", ""
        ).replace("the paper has", "").replace("budget paper", "")
    header, *lines = RENDERERS["csv"](build("summary", records, paper=True)).splitlines()
    assert "mse paper,mse verdict" in header and any("0.0459,ours lower" in line for line in lines)


def test_another_metric_is_shown_and_not_compared() -> None:
    table = filled_table("ren-1", runs([5.0, 5.1], "vae", "fd-cnn"), paper=True)
    assert grid_of(table)["vae", "MNIST, L = 16", "FID"] == "5.0 (paper 8.83: another metric)"


def counted(method: str, counts: list[float], **extra: float) -> list:
    records = runs(counts, method, "lstar", dataset="sprites", latent_dim=10, flags=["degenerate"])
    return [replace(run, discovery={**run.discovery, "extra": extra}) for run in records]


def test_relevant_dimensions_of_rf_vae_are_those_above_the_mean_where_rens_count_them_so() -> None:
    records = [
        *counted("rf-vae", [0.0, 1.0, 0.0], lstar_above_mean=8.0),
        *counted("rf-vae-port", [7.0, 8.0, 8.0], lstar_above_mean=8.0),
    ]
    table = filled_table("ren-1", records, paper=True)
    cells = grid_of(table)
    column = "dSprites, L = 10", "L*"
    assert cells["rf-vae", *column] == "8§ (paper 8: within our range)"
    assert cells["rf-vae-port", *column].endswith("(paper 8: within our range)")
    assert any(
        note.text == "L* of rf-vae is L* (r > mean) here, as the source counts."
        for note in table.notes
    )
    assert not any("L* of rf-vae-port" in note.text for note in table.notes)
    assert grid_of(filled_table("ren-1", records, ["lstar"]))["rf-vae", *column] == "8§"


def test_where_only_the_own_rule_of_rf_vae_is_known_it_is_not_compared() -> None:
    old = counted("rf-vae", [0.0, 1.0, 0.0])
    assert grid_of(filled_table("ren-1", old, paper=True))[
        "rf-vae", "dSprites, L = 10", "L*"
    ].endswith("(paper 8: another rule)")
    on_mnist = runs([9.0, 9.0], "rf-vae", "lstar")
    assert "paper 9: another rule" in RENDERERS["markdown"](build("summary", on_mnist, paper=True))


def test_places_that_no_source_printed_stay_as_they_are() -> None:
    plain, beside = build("summary", seeds([1.0])), build("summary", seeds([1.0]), paper=True)
    assert beside.columns == plain.columns and beside.rows == plain.rows
    assert "No published value" in beside.notes[-1].text
