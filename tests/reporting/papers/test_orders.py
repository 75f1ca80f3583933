"""Orders of methods beside those of a paper, and no agreement of values of another budget."""

from __future__ import annotations

from reporting.papers.filling import grid_of, runs

from benchmark.reporting.named_tables import build
from benchmark.reporting.papers.filled import filled_table
from benchmark.reporting.papers.printed import published
from benchmark.reporting.render import RENDERERS

PRINTED = {
    figure.method: figure.value
    for figure in published()
    if (figure.origin, figure.dataset, figure.latent_dim, figure.metric)
    == ("ren_table1", "mnist", 16, "fid")
}


def records(sign: float = 1.0, methods: tuple[str, ...] = ("vae", "dpvae", "r-dpvae")) -> list:
    """FD of methods on MNIST, L = 16, in the order of RENs' FID, or with -1 in the other."""
    return [
        run
        for count, method in enumerate(methods)
        for run in runs(
            [100.0 + sign * (PRINTED[method] + error) for error in (0.0, 1e-3, (2 + count) * 1e-3)],
            method,
            "fd-cnn",
            budget="short",
        )
    ]


def orders(table: object) -> list[str]:
    return [note.text for note in table.notes if note.text.startswith("Order of")]


def test_the_order_is_compared_where_values_cannot_be() -> None:
    table = filled_table("ren-1", records(), paper=True)
    (same,) = orders(table)
    assert same.startswith("Order of 3 methods, MNIST, L = 16") and "for FID" in same
    assert "Kendall's tau 1.00 (" in same
    verdicts = {
        text.rpartition(": ")[2]
        for text in grid_of(table).values()
        if "(paper" in text and ": " in text
    }
    assert verdicts == {"another metric)"}
    (other,) = orders(filled_table("ren-1", records(-1.0), paper=True))
    assert "Kendall's tau -1.00 (" in other


def test_two_methods_have_no_order_and_without_paper_none_is_told() -> None:
    assert not orders(filled_table("ren-1", records(methods=("vae", "dpvae")), paper=True))
    assert not orders(filled_table("ren-1", records()))


def test_values_of_another_budget_are_shown_and_not_compared() -> None:
    for budget, verdict in (("short", "another budget"), ("paper", "ours lower")):
        measured = runs([0.010, 0.011, 0.012], "vae", budget=budget)
        cells = grid_of(filled_table("ren-2", measured, paper=True))
        assert cells["vae", "MNIST", "L = 16"].endswith(f"{verdict})")
        text = RENDERERS["markdown"](build("summary", measured, paper=True))
        assert f"paper 0.0459?: {verdict}" in text
