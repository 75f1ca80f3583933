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
    "cannot tell": {said.name for said in claims() if said.silent},
}


@pytest.mark.parametrize("ruled", published_verdicts(), ids=lambda ruled: ruled.claim.name)
def test_published_figures_decide_every_claim_they_bear_on(ruled: Verdict) -> None:
    expected = next(
        (ruling for ruling, names in RULINGS.items() if ruled.claim.name in names), "supported"
    )
    assert ruled.ruling == expected and ruled.reason
    undecided = [finding for finding in ruled.findings if finding.outcome == "open"]
    assert all(
        len(set(finding.why.split(" against "))) == 1 for finding in undecided
    )  # equal figures


def test_the_text_of_ren_is_contradicted_by_its_table_at_four_places() -> None:
    (ruled,) = published_verdicts([said for said in claims() if said.name == "ren-fid-lowest"])
    fails = [finding for finding in ruled.findings if finding.outcome == "fails"]
    assert sorted(finding.text.partition(", REN")[0] for finding in fails) == [
        "r-dpvae against dpvae, L = 10, dsprites",
        "r-dpvae against dpvae, L = 15, dsprites",
        "r-dpvae against dpvae, L = 16, mnist",
        "r-dpvae against dpvae, L = 64, fashion-mnist",
    ]
    assert len(ruled.findings) == 30


def test_a_verdict_says_where_it_rests_on_doubtful_figures() -> None:
    (ruled,) = published_verdicts([said for said in claims() if said.name == "ren-mse-above-pca"])
    assert "doubtful figure in 1 of them" in ruled.reason
    assert [finding.why for finding in ruled.findings if finding.doubt] == [
        "0.0459 against 0.02686 (doubtful figure)"
    ]


def test_methods_that_stand_for_one_printed_row_are_compared_once_on_paper() -> None:
    (ruled,) = published_verdicts(
        [said for said in claims() if said.name == "ren-fid-below-rf-vae"]
    )
    assert len(ruled.findings) == 6 and ruled.ruling == "supported"
    assert {"rf-vae", "rf-vae-port"} == set(ruled.claim.than)


def test_equal_printed_figures_are_no_order() -> None:
    cells = printed.cells_of(
        [
            replace(figure, value=1.0)
            for figure in printed.published()
            if figure.origin == "ren_table1"
        ]
    )
    said = next(entry for entry in claims() if entry.name == "ren-fid-below-vae")
    assert judge(said, cells, printed=True).ruling == "cannot tell"
