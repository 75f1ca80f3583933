"""Verdicts as a table document: one row per claim, grouped by source."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from itertools import groupby

from benchmark.reporting.claims.verdicts import RULINGS, Verdict
from benchmark.reporting.tables.document import Cell, Column, Note, Row, Table

__all__ = ["as_json", "as_text", "claims_table", "claims_tables", "counted"]

_PAGE = 12
"""Claims that fit on a printed page."""

_COLUMNS = (
    Column("Claim", ("claim",)),
    Column("Verdict", ("verdict",)),
    Column("Statement", ("statement", "source", "where"), wide=True),
    Column("Because", ("because", "metrics"), wide=True),
)


_SHOWN = "  -- orderings that its tables and figures show, which no sentence claims:"


def counted(verdicts: Sequence[Verdict]) -> str:
    """Return how many verdicts of each kind there are: ``30 supported, 3 contradicted``; orderings
    that tables show and nobody claimed by themselves."""
    claimed = _tally(verdict for verdict in verdicts if verdict.claim.claimed)
    unclaimed = _tally(verdict for verdict in verdicts if not verdict.claim.claimed)
    return "; ".join(
        filter(None, (claimed, unclaimed and f"orderings nobody claimed: {unclaimed}"))
    )


def _tally(verdicts: Iterable[Verdict]) -> str:
    rulings = [verdict.ruling for verdict in verdicts]
    return ", ".join(f"{rulings.count(ruling)} {ruling}" for ruling in RULINGS if ruling in rulings)


def _unclaimed(verdict: Verdict) -> bool:
    """Whether a verdict is on an ordering that is shown and that no sentence claims: these follow
    the others of their source."""
    return not verdict.claim.claimed


def _apart(verdicts: Iterable[Verdict]) -> list[list[Verdict]]:
    """Return the verdicts of each source, those that it claims and then those that it shows."""
    return [
        list(part)
        for _, group in groupby(verdicts, key=lambda verdict: verdict.claim.source)
        for _, part in groupby(sorted(group, key=_unclaimed), key=_unclaimed)
    ]


def _row(verdict: Verdict) -> Row:
    claim = verdict.claim
    cells = (
        Cell(claim.name, raw=(claim.name,)),
        Cell(verdict.ruling, raw=(verdict.ruling,), best=verdict.ruling == "contradicted"),
        Cell(
            f"{_text(verdict)} [{claim.where}]",
            raw=(claim.text, claim.source, claim.where),
            long=True,
        ),
        Cell(verdict.reason, raw=(verdict.reason, " ".join(verdict.metrics)), long=True),
    )
    return Row(cells, verdict.keys)


def _text(verdict: Verdict) -> str:
    claim = verdict.claim
    return claim.text if claim.claimed else f"{claim.text} (Nobody's claim.)"


def claims_table(verdicts: Sequence[Verdict], on: str) -> Table:
    """Return the verdicts as a table; ``on`` says what they were judged by, ``records`` or
    ``published figures``."""
    groups = tuple(tuple(map(_row, part)) for part in _apart(verdicts))
    sources = "; ".join(dict.fromkeys(verdict.claim.source for verdict in verdicts))
    printed = (
        "Published figures are single runs without error bars: they are compared as they stand."
    )
    tested = (
        "A claim is supported where each of its comparisons comes out as claimed in a two-sided "
        "test over seeds (5%), supported so far where some could not be made, contradicted where "
        "one comes out the other way (5%, Holm within the claim). Counts inside their null support "
        "nothing."
    )
    metrics = sorted({metric for verdict in verdicts for metric in verdict.metrics})
    return Table(
        name="claims",
        caption=f"Claims of the sources judged by {on}: {counted(verdicts)}.",
        columns=_COLUMNS,
        groups=groups,
        notes=(
            Note(tested if on == "records" else printed),
            Note(
                f"Sources, in the order of the groups: {sources}; of each first what it claims, "
                "then what its tables and figures show."
            ),
        ),
        provenance=tuple(metrics),
    )


def claims_tables(verdicts: Sequence[Verdict], on: str) -> list[Table]:
    """Return the verdicts as tables of one source each, what it claims and what it shows apart,
    short enough for a page."""
    pages = []
    for part in _apart(verdicts):
        pages += [part[start : start + _PAGE] for start in range(0, len(part), _PAGE)]
    return [claims_table(page, on) for page in pages]


def as_text(verdicts: Sequence[Verdict], *, every: bool = False) -> str:
    """Return the verdicts as lines for a terminal; ``every`` adds each comparison."""
    lines = []
    for source, group in groupby(verdicts, key=lambda verdict: verdict.claim.source):
        lines += ["", source]
        of_source = sorted(group, key=_unclaimed)
        first_unclaimed = next(filter(_unclaimed, of_source), None)
        for verdict in of_source:
            if verdict is first_unclaimed:
                lines.append(_SHOWN)
            lines += _lines_of(verdict, every)
    return "\n".join([*lines, "", counted(verdicts)]).lstrip("\n") + "\n"


def _lines_of(verdict: Verdict, every: bool) -> list[str]:
    """Return the lines of one verdict, with ``every`` those of its comparisons too."""
    ruling = verdict.ruling.upper() if verdict.ruling == "contradicted" else verdict.ruling
    lines = [
        f"  {ruling:16}  {verdict.claim.name}",
        f"                    {_text(verdict)} [{verdict.claim.where}]",
        f"                    {verdict.reason}",
    ]
    if every:
        lines += [
            f"                      {finding.outcome:6}  {finding.text}: {finding.why}"
            for finding in verdict.findings
        ]
    return lines


def as_json(verdicts: Sequence[Verdict]) -> str:
    """Return the verdicts as a JSON list, each with its claim and its comparisons."""
    return (
        json.dumps(
            [{"metrics": verdict.metrics, **asdict(verdict)} for verdict in verdicts], indent=1
        )
        + "\n"
    )
