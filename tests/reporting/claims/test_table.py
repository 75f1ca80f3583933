"""Verdicts as tables, text and JSON."""

from __future__ import annotations

import json

from benchmark.reporting.claims.table import as_json, as_text, claims_table, claims_tables, counted
from benchmark.reporting.claims.verdicts import published_verdicts
from benchmark.reporting.render import RENDERERS


def test_verdicts_are_written_in_every_format() -> None:
    verdicts = published_verdicts()
    table = claims_table(verdicts, "published figures")
    apart = {(verdict.claim.source, verdict.claim.claimed) for verdict in verdicts}
    assert len(table.rows) == len(verdicts) and len(table.groups) == len(apart)
    assert all(len({row.cells[0].text for row in group}) == len(group) for group in table.groups)
    for render in RENDERERS.values():
        text = render(table)
        assert (
            "contradicted" in text and "the lowest FID of all methods on all three datasets" in text
        )
    pages = claims_tables(verdicts, "published figures")
    names = [row.cells[0].text for page in pages for row in page.rows]
    assert names == [row.cells[0].text for row in table.rows] and len(names) == len(verdicts)
    assert all(len(page.groups) == 1 and len(page.rows) <= 12 for page in pages)
    read = json.loads(as_json(verdicts))
    assert [verdict["ruling"] for verdict in read] == [verdict.ruling for verdict in verdicts]
    assert read[0]["claim"]["name"] == verdicts[0].claim.name and read[0]["findings"]
    assert counted(verdicts) == COUNTED
    assert counted(verdicts) in as_text(verdicts) and "6.57 against 4.62" in as_text(
        verdicts, every=True
    )


COUNTED = (
    "20 supported, 2 supported so far, 4 contradicted, 38 cannot tell; "
    "orderings nobody claimed: 19 supported, 2 supported so far, 1 contradicted, 4 cannot tell"
)
