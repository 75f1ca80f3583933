"""What claims without a verdict wait for, cheapest first."""

from __future__ import annotations

from pathlib import Path

from benchmark.planning.progress import planned
from benchmark.planning.suites import read_suite
from benchmark.reporting.claims.claims import claims
from benchmark.reporting.claims.wanted import cheapest_first, offers, wanted_table


def of_suite(name: str, folder: Path) -> list:
    return offers(claims(), planned(read_suite(name), folder))


def test_offers_are_of_runs_that_bear_on_the_claim(tmp_path: Path) -> None:
    by_claim = {offer.claim.name: offer for offer in of_suite("campaign-b-images", tmp_path)}
    assert "ren-fid-below-vae" in by_claim and "ren-celeba-lstar-below-size" not in by_claim
    methods = {run.job.spec.method for run in by_claim["ren-fid-below-vae"].runs}
    assert methods == {"r-dpvae", "vae"}


def test_runs_that_are_paid_for_or_done_cost_nothing(tmp_path: Path) -> None:
    offered = of_suite("gamma-slices", tmp_path)
    priced = cheapest_first(offered, set())
    assert len(priced) == 3 and priced[0].hours > 0 and not priced[2].runs
    assert abs(sum(line.hours for line in priced) - priced[-1].total_hours) < 1e-9
    everything = {run.address for offer in offered for run in offer.runs}
    assert all(not line.runs for line in cheapest_first(offered, everything))
    table = wanted_table(priced, 5, [], "gamma-slices")
    assert [row.cells[5].text for row in table.rows] == ["6", "7", "8"]
