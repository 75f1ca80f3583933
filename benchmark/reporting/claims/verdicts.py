"""Verdicts on the claims of the sources, from records or from the published figures themselves.

A claim needs all its comparisons. It is *supported* where each comes out as claimed in a two-sided
test at 5 % (2.5 % in its direction: an intersection-union test, which needs no correction), and
*supported so far* where each that could be made does and others could not. It is *contradicted*
where any comes out the other way at 5 % after Holm's correction over all; *cannot tell* where none
does and some are open; *not run* where nothing can be compared. Published figures are single runs
without error bars: there the printed numbers are compared as they stand.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from benchmark.controls import References
from benchmark.reporting.cells.protocols import one_protocol
from benchmark.reporting.cells.readings import twin
from benchmark.reporting.cells.replicates import Replicates, gather
from benchmark.reporting.claims.claims import Claim, claims
from benchmark.reporting.claims.evidence import group_for
from benchmark.reporting.claims.findings import Finding, FindingOutcome, findings_of
from benchmark.reporting.papers.printed import cells_of, published
from benchmark.reporting.papers.spellings import as_run
from benchmark.reporting.statistics.significance import ALPHA, holm
from benchmark.spec import Record

__all__ = ["RULINGS", "Ruling", "Verdict", "judge", "labelled", "published_verdicts", "verdicts"]

Ruling = Literal["supported", "supported so far", "contradicted", "cannot tell", "not run"]

RULINGS: tuple[Ruling, ...] = (
    "supported",
    "supported so far",
    "contradicted",
    "cannot tell",
    "not run",
)


@dataclass(frozen=True)
class Verdict:
    """A claim, what is to be said of it, and the comparisons behind that. ``reason`` is one or two
    sentences."""

    claim: Claim
    ruling: Ruling
    reason: str
    findings: tuple[Finding, ...] = ()

    @property
    def metrics(self) -> tuple[str, ...]:
        """The measurement ids it rests on."""
        return tuple(
            dict.fromkeys(finding.identifier for finding in self.findings if finding.identifier)
        )

    @property
    def keys(self) -> tuple[str, ...]:
        """The runs it rests on."""
        return tuple(dict.fromkeys(key for finding in self.findings for key in finding.keys))


def verdicts(
    records: Iterable[Record],
    chosen: Sequence[Claim] | None = None,
    references: References | None = None,
) -> list[Verdict]:
    """Return the verdict of every claim (or of ``chosen``) on ``records``, in the order of the
    claims. ``references`` hold what untrained networks gave, beside which counts are read."""
    cells = gather(one_protocol(records))
    return [
        Verdict(claim, "not run", "it speaks of printed figures: `bench claims --on paper`")
        if claim.printed_only
        else judge(claim, cells, references)
        for claim in (claims() if chosen is None else chosen)
    ]


def published_verdicts(chosen: Sequence[Claim] | None = None) -> list[Verdict]:
    """Return the verdict of every claim (or of ``chosen``) on the figures that the sources
    print."""
    judged = []
    for claim in claims() if chosen is None else chosen:
        if claim.silent:
            judged.append(Verdict(claim, "cannot tell", claim.silent))
            continue
        cells = cells_of(figure for figure in published() if figure.origin in claim.tables)
        judged.append(judge(claim, cells, printed=True))
    return judged


def judge(
    claim: Claim,
    cells: Sequence[Replicates],
    references: References | None = None,
    *,
    printed: bool = False,
) -> Verdict:
    """Return the verdict of one claim on ``cells``; ``printed``: they are published figures,
    compared as they stand."""
    findings: list[Finding] = []
    for dataset, sizes in claim.places.items():
        at_dataset = labelled(claim, dataset, {cell.method for cell in cells} if printed else None)
        group = group_for(at_dataset, dataset, sizes, cells, references)
        findings += findings_of(at_dataset, group, sizes, printed)
    return _verdict(claim, _decided(findings))


def labelled(claim: Claim, dataset: str, rows: set[str] | None) -> Claim:
    """Return ``claim`` with the labels that its methods have on ``dataset``. Of printed figures,
    whose methods are ``rows``, those that stand for one row are one."""

    def labels(names: Sequence[str]) -> list[str]:
        run = [as_run(name, dataset) for name in names]
        return list(
            dict.fromkeys(label if rows is None or label in rows else twin(label) for label in run)
        )

    return replace(claim, methods=labels(claim.methods), than=labels(claim.than))


def _decided(findings: Sequence[Finding]) -> list[Finding]:
    """Return ``findings`` with the outcomes of their tests: each as claimed by itself, the other
    way only with all others (Holm)."""
    corrected = iter(holm([finding.p_fails for finding in findings if finding.p_fails is not None]))
    decided = []
    for finding in findings:
        if finding.p_holds is None or finding.p_fails is None:
            decided.append(finding)
            continue
        fails, why = next(corrected), finding.why
        outcome: FindingOutcome = "open"
        if finding.p_holds < ALPHA:
            outcome = "holds"
        elif fails < ALPHA:
            outcome = "fails"
        elif finding.p_fails < ALPHA:
            why = f"{why}, {fails:.2g} after Holm"
        decided.append(_with(finding, outcome, why))
    return decided


def _with(finding: Finding, outcome: FindingOutcome, why: str) -> Finding:
    return replace(finding, outcome=outcome, why=why)


def _verdict(claim: Claim, findings: Sequence[Finding]) -> Verdict:
    by: dict[FindingOutcome, list[Finding]] = {"holds": [], "fails": [], "open": [], "absent": []}
    for finding in findings:
        by[finding.outcome].append(finding)
    ruling: Ruling = "not run"
    if by["fails"]:
        ruling = "contradicted"
    elif by["open"]:
        ruling = "cannot tell"
    elif by["holds"]:
        ruling = "supported so far" if by["absent"] else "supported"
    return Verdict(claim, ruling, "; ".join(_reasons(ruling, findings, by)), tuple(findings))


def _reasons(
    ruling: Ruling, findings: Sequence[Finding], by: dict[FindingOutcome, list[Finding]]
) -> Iterable[str]:
    """How many comparisons hold, the one that decides with its means, n and test, and what could
    not be made."""
    judged, holds, absent = len(findings) - len(by["absent"]), by["holds"], by["absent"]
    if judged:
        of = judged if ruling != "supported so far" else len(findings)
        yield f"{len(holds)} of {of} comparisons hold"
    weakest_first = sorted(holds, key=lambda finding: -(finding.p_holds or 0.0))
    deciding = by["fails"] or by["open"] or weakest_first or absent
    if deciding:
        more = f" (and {len(deciding) - 1} more)" if len(deciding) > 1 else ""
        tested = deciding[0].p_holds is not None
        if len(deciding) > 1 and tested and not (by["fails"] or by["open"]):
            more = ", the weakest"
        yield f"{deciding[0].text}: {deciding[0].why}{more}"
    if ruling.startswith("supported") and holds[0].limit:
        yield holds[0].limit
    if judged and absent:
        yield f"{len(absent)} more could not be made ({absent[0].why})"
    doubts = Counter(finding.doubt for finding in findings if finding.doubt)
    for doubt, count in doubts.items():
        yield f"{doubt} in {count} of them"
