"""What the sources' own figures say of their claims."""

from __future__ import annotations

from dataclasses import replace

import pytest

from benchmark.reporting.claims.claims import claims
from benchmark.reporting.claims.verdicts import Verdict, judge, published_verdicts
from benchmark.reporting.papers import printed

RULINGS = {
    "supported so far": {
        "ren-fid-worsens-with-size",
        "gamma-learned-generates-better",
        "gamma-fixed-reconstructs-alike",
        "sigma-learned-fid-below-unit",
    },
    "contradicted": {
        "ren-fid-lowest",
        "ren-maskaae-lstar-constant-sprites",
        "ren-mse-improves-with-size",
        "ren-mse-above-others",
        "flexae-recall-highest",
    },
    "cannot tell": {claim.name for claim in claims() if claim.silent},
}


@pytest.mark.parametrize("verdict", published_verdicts(), ids=lambda verdict: verdict.claim.name)
def test_published_figures_decide_every_claim_they_bear_on(verdict: Verdict) -> None:
    expected = next(
        (ruling for ruling, names in RULINGS.items() if verdict.claim.name in names), "supported"
    )
    assert verdict.ruling == expected and verdict.reason
    undecided = [finding for finding in verdict.findings if finding.outcome == "open"]
    assert all(
        len(set(finding.why.split(" against "))) == 1 for finding in undecided
    )  # equal figures


def test_the_text_of_ren_is_contradicted_by_its_table_at_four_places() -> None:
    (verdict,) = published_verdicts([claim for claim in claims() if claim.name == "ren-fid-lowest"])
    fails = [finding for finding in verdict.findings if finding.outcome == "fails"]
    assert sorted(finding.text.partition(", REN")[0] for finding in fails) == [
        "r-dpvae against dpvae, L = 10, dsprites",
        "r-dpvae against dpvae, L = 15, dsprites",
        "r-dpvae against dpvae, L = 16, mnist",
        "r-dpvae against dpvae, L = 64, fashion-mnist",
    ]
    assert len(verdict.findings) == 30


def test_a_verdict_says_where_it_rests_on_doubtful_figures() -> None:
    (verdict,) = published_verdicts(
        [claim for claim in claims() if claim.name == "ren-mse-above-pca"]
    )
    assert "doubtful figure in 1 of them" in verdict.reason
    assert [finding.why for finding in verdict.findings if finding.doubt] == [
        "0.0459 against 0.02686 (doubtful figure)"
    ]


def test_methods_that_stand_for_one_printed_row_are_compared_once_on_paper() -> None:
    (verdict,) = published_verdicts(
        [claim for claim in claims() if claim.name == "ren-fid-below-rf-vae"]
    )
    assert len(verdict.findings) == 6 and verdict.ruling == "supported"
    assert {"rf-vae", "rf-vae-port"} == set(verdict.claim.than)


def test_equal_printed_figures_are_no_order() -> None:
    cells = printed.cells_of(
        [
            replace(figure, value=1.0)
            for figure in printed.published()
            if figure.origin == "ren_table1"
        ]
    )
    claim = next(entry for entry in claims() if entry.name == "ren-fid-below-vae")
    assert judge(claim, cells, printed=True).ruling == "cannot tell"
