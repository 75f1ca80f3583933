"""Verdicts on the claims of the sources, from records or from the published figures themselves.

A verdict is *supported* where every comparison that can be made comes out as claimed,
*contradicted* where one comes out the other way, *cannot tell* where none contradicts but some are
open, *not run* where nothing can be compared. From records a comparison comes out only by a t test
over seeds (5 %, Holm over the comparisons of the claim) or, for "the same within a tolerance", by a
95 % interval wholly inside or outside it. Published figures are single runs without error bars:
there the printed numbers are compared as they stand.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from typing import Literal

from benchmark.reporting.claims import Claim, claims, is_number
from benchmark.reporting.comparison import ALPHA, Comparison, compare, holm
from benchmark.reporting.datasets import intrinsic_dim
from benchmark.reporting.evidence import Group, Sample, group_for
from benchmark.reporting.paper import cells_of, published
from benchmark.reporting.protocols import one_protocol
from benchmark.reporting.replicates import Replicates, gather
from benchmark.spec import Record

__all__ = ["RULINGS", "Finding", "Ruling", "Verdict", "judge", "published_verdicts", "verdicts"]

Ruling = Literal["supported", "contradicted", "cannot tell", "not run"]

RULINGS: tuple[Ruling, ...] = ("supported", "contradicted", "cannot tell", "not run")

Outcome = Literal["holds", "fails", "open", "absent"]


@dataclass(frozen=True)
class Finding:
    """One comparison of a claim: what was compared, how it came out and why. ``p`` is that of its t
    test, before correction."""

    text: str
    outcome: Outcome
    why: str = ""
    p: float | None = None
    limit: str = ""
    keys: tuple[str, ...] = ()
    identifier: str = ""
    doubt: str = ""


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
        return tuple(dict.fromkeys(each.identifier for each in self.findings if each.identifier))

    @property
    def keys(self) -> tuple[str, ...]:
        """The runs it rests on."""
        return tuple(dict.fromkeys(key for each in self.findings for key in each.keys))


def verdicts(records: Iterable[Record], chosen: Sequence[Claim] | None = None) -> list[Verdict]:
    """Return the verdict of every claim (or of ``chosen``) on ``records``, in the order of the
    claims."""
    cells = gather(one_protocol(records))
    return [judge(claim, cells) for claim in (claims() if chosen is None else chosen)]


def published_verdicts(chosen: Sequence[Claim] | None = None) -> list[Verdict]:
    """Return the verdict of every claim (or of ``chosen``) on the figures that the sources
    print."""
    found = []
    for claim in claims() if chosen is None else chosen:
        cells = cells_of(each for each in published() if each.origin in claim.tables)
        found.append(
            Verdict(claim, "cannot tell", claim.silent)
            if claim.silent
            else judge(claim, cells, printed=True)
        )
    return found


def judge(claim: Claim, cells: Sequence[Replicates], *, printed: bool = False) -> Verdict:
    """Return the verdict of one claim on ``cells``; ``printed``: they are published figures,
    compared as they stand."""
    findings: list[Finding] = []
    for dataset, sizes in claim.places.items():
        group = group_for(claim, dataset, sizes, cells)
        findings += (
            [Finding(f"{dataset}", "absent", "not run")]
            if group is None
            else _findings(claim, group, sizes, printed)
        )
    return _verdict(claim, _corrected(findings), printed)


def _findings(claim: Claim, group: Group, sizes: Sequence[int], printed: bool) -> Iterator[Finding]:
    there = group.sizes(claim.methods)
    if claim.kind in ("rises", "falls", "constant"):
        usable = {
            method: [size for size in there if isinstance(group.sample(method, size), Sample)]
            for method in claim.methods
        }
        for method, found in usable.items():
            if len(found) < 2:
                yield Finding(
                    f"{method} on {group.known}", "absent", "fewer than two latent sizes were run"
                )
            for low, high in (
                combinations(found, 2)
                if claim.kind == "constant"
                else [(found[0], found[-1])]
                if len(found) > 1
                else ()
            ):
                text = f"{method}, L = {high} against L = {low}, {group.known}"
                yield _compared(
                    claim, group.sample(method, high), group.sample(method, low), text, printed
                )
    elif claim.kind in ("valley", "steeper"):
        for size in sizes or there:
            yield from (_valley if claim.kind == "valley" else _steeper)(
                claim, group, size, printed
            )
    else:
        for method in claim.methods:
            for size in sizes or group.sizes([method]) or there:
                for other in claim.than:
                    text = (
                        f"{method} against {other}, L = {size}, {group.known}"
                        if size
                        else f"{method} against {other}, {group.known}"
                    )
                    yield _compared(
                        claim, group.sample(method, size), _other(group, other, size), text, printed
                    )


def _other(group: Group, name: str, size: int) -> Sample | str:
    if not is_number(name):
        return group.sample(name, size)
    known = {"L": size, "L/2": size / 2, "n": intrinsic_dim(group.dataset)}
    number = known[name] if name in known else float(name)
    return (
        f"{group.dataset} has no known dimension"
        if number is None
        else Sample(name, {0: float(number)}, "", exact=True)
    )


def _valley(claim: Claim, group: Group, size: int, printed: bool) -> Iterator[Finding]:
    samples = [group.sample(method, size) for method in claim.methods]
    inner = [each for each in samples[1:-1] if isinstance(each, Sample)]
    if not inner:
        yield Finding(f"L = {size}, {group.known}", "absent", "not run")
        return
    lowest = min(inner, key=lambda each: sum(each.values.values()) / len(each.values))
    for end, method in ((samples[0], claim.methods[0]), (samples[-1], claim.methods[-1])):
        yield _compared(
            claim, lowest, end, f"{lowest.name} against {method}, {group.known}", printed
        )


def _steeper(claim: Claim, group: Group, size: int, printed: bool) -> Iterator[Finding]:
    ends = claim.methods[0], claim.methods[-1]
    text = f"from {ends[0]} to {ends[1]}, L = {size}, {group.known}"
    grown = [
        _growth(claim, replace(group, metric=metric), ends, size)
        for metric in (group.metric, claim.beside)
    ]
    yield _compared(claim, *grown, text, printed)


def _growth(claim: Claim, group: Group, ends: tuple[str, str], size: int) -> Sample | str:
    """Return how much a metric grows between two methods, over the seeds of both."""
    first, last = (group.sample(method, size) for method in ends)
    if isinstance(first, str) or isinstance(last, str):
        return first if isinstance(first, str) else str(last)
    before, after = (_sized(claim, each).values for each in (first, last))
    grown = {seed: after[seed] - before[seed] for seed in sorted(set(before) & set(after))}
    return (
        Sample(f"growth of {group.metric}", grown, "", first.keys + last.keys)
        if grown
        else "no seed was run with both"
    )


def _sized(claim: Claim, sample: Sample) -> Sample:
    return (
        replace(sample, values={seed: abs(value) for seed, value in sample.values.items()})
        if claim.magnitude
        else sample
    )


def _compared(
    claim: Claim, first: Sample | str, second: Sample | str, text: str, printed: bool
) -> Finding:
    for each in (first, second):
        if isinstance(each, str):
            return Finding(text, "absent", each)
    assert isinstance(first, Sample) and isinstance(second, Sample)
    if claim.kind != "steeper":
        first, second = _sized(claim, first), _sized(claim, second)
    if second.identifier and first.identifier != second.identifier:
        return Finding(
            text,
            "open",
            f"measured as {first.identifier} and as {second.identifier}, which are not compared",
        )
    made = replace(
        Finding(text, "open"),
        keys=tuple(dict.fromkeys((*first.keys, *second.keys))),
        identifier=first.identifier,
    )
    ours, theirs = (sum(each.values.values()) / len(each.values) for each in (first, second))
    numbers = f"{ours:.4g} against {theirs:.4g}"
    if printed:
        doubts = ", ".join(dict.fromkeys(filter(None, (first.doubt, second.doubt))))
        return replace(
            made,
            outcome=_as_printed(claim, ours, theirs),
            why=f"{numbers} ({doubts})" if doubts else numbers,
            doubt=doubts,
        )
    found = compare(
        first.values,
        dict.fromkeys(first.values, theirs) if second.exact else second.values,
        exact=first.exact and second.exact,
    )
    return _tested(claim, found, theirs, replace(made, why=numbers))


def _sign(claim: Claim) -> float:
    """-1 where the first is claimed to be lower, +1 where higher, 0 where the same."""
    return {
        "below": -1.0,
        "falls": -1.0,
        "valley": -1.0,
        "above": 1.0,
        "rises": 1.0,
        "steeper": 1.0,
    }.get(claim.kind, 0.0)


def _tolerance(claim: Claim, theirs: float) -> float:
    return max(claim.tolerance, claim.relative * abs(theirs))


def _as_printed(claim: Claim, ours: float, theirs: float) -> Outcome:
    sign = _sign(claim)
    if not sign:
        return "holds" if abs(ours - theirs) <= _tolerance(claim, theirs) * (1 + 1e-12) else "fails"
    return "holds" if sign * (ours - theirs) > claim.margin else "fails"


def _tested(claim: Claim, found: Comparison, theirs: float, made: Finding) -> Finding:
    gap, sign = found.difference, _sign(claim)
    if gap.half_width is None:
        return replace(made, why=f"{made.why}; {found.limit}")
    if not sign:
        room = _tolerance(claim, theirs)
        inside, outside = -room <= gap.low and gap.high <= room, gap.low > room or gap.high < -room
        why = f"{made.why}; the 95 % interval of the difference, {gap.low:.3g} to {gap.high:.3g}, against ±{room:.3g}"
        return replace(made, outcome="holds" if inside else "fails" if outside else "open", why=why)
    beyond = sign * gap.mean - claim.margin
    p = (
        0.0 if gap.half_width == 0.0 else found.p_beyond(sign * claim.margin)
    )  # where all seeds agree, equal is not below
    return replace(
        made,
        outcome="holds" if beyond > 0 else "fails",
        why=f"{made.why}; p = {p:.2g}",
        p=p,
        limit=found.limit,
    )


def _corrected(findings: Sequence[Finding]) -> list[Finding]:
    """Return ``findings`` with those tests open that do not pass together (Holm)."""
    tested = [index for index, each in enumerate(findings) if each.p is not None]
    corrected = dict(zip(tested, holm([findings[index].p or 0.0 for index in tested]), strict=True))
    return [
        replace(each, outcome="open", why=f"{each.why}, {corrected[index]:.2g} after Holm")
        if corrected.get(index, 0.0) >= ALPHA
        else each
        for index, each in enumerate(findings)
    ]


def _verdict(claim: Claim, findings: Sequence[Finding], printed: bool) -> Verdict:
    by = {
        outcome: [each for each in findings if each.outcome == outcome]
        for outcome in ("holds", "fails", "open", "absent")
    }
    judged = len(findings) - len(by["absent"])
    ruling: Ruling = (
        "contradicted"
        if by["fails"]
        else "cannot tell"
        if by["open"]
        else "supported"
        if by["holds"]
        else "not run"
    )
    shown = by["fails"] or by["open"] or by["absent"]
    parts = [f"{len(by['holds'])} of {judged} comparisons hold"] if judged else []
    if ruling == "supported" and not printed:
        parts += [next((each.limit for each in by["holds"] if each.limit), "")]
    if ruling != "supported" and shown:
        parts += [
            f"{shown[0].text}: {shown[0].why}"
            + (f" (and {len(shown) - 1} more)" if len(shown) > 1 else "")
        ]
    if judged and by["absent"]:
        parts += [f"{len(by['absent'])} more could not be made ({by['absent'][0].why})"]
    doubts = Counter(each.doubt for each in findings if each.doubt)
    parts += [f"{doubt} in {count} of them" for doubt, count in doubts.items()]
    return Verdict(claim, ruling, "; ".join(filter(None, parts)), tuple(findings))
