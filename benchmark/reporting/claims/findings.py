"""The comparisons of a claim, each with the p values of coming out as claimed and the other way.

A comparison is a two-sided t test over seeds, read in one direction. "The same within a tolerance"
is two of them, against both ends of the tolerance: it holds where both are beyond chance. A valley
has a lowest method that the data choose among k, so that its p values are multiplied by k; it fails
where every one of them is above the same end. Published figures are compared as they stand.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from statistics import fmean
from typing import Literal

from benchmark.reporting.cells.nulls import COUNTED
from benchmark.reporting.cells.titles import intrinsic_dim
from benchmark.reporting.claims.claims import Claim, is_number
from benchmark.reporting.claims.evidence import Group, Sample
from benchmark.reporting.statistics.significance import Comparison, compare

__all__ = ["Finding", "FindingOutcome", "findings_of"]

FindingOutcome = Literal["holds", "fails", "open", "absent"]

_SIGNS: Mapping[str, float] = {
    "below": -1.0,
    "falls": -1.0,
    "valley": -1.0,
    "above": 1.0,
    "rises": 1.0,
    "steeper": 1.0,
}
"""-1 where the first is claimed to be lower, +1 where higher; kinds that are not here claim that
both are the same."""


@dataclass(frozen=True)
class Finding:
    """One comparison of a claim: what was compared, how it came out and why. ``p_holds`` is the
    two-sided p of its test where it comes out as claimed, else 1; ``p_fails`` likewise where it
    comes out the other way; both None where nothing was tested."""

    text: str
    outcome: FindingOutcome
    why: str = ""
    p_holds: float | None = None
    p_fails: float | None = None
    limit: str = ""
    keys: tuple[str, ...] = ()
    identifier: str = ""
    doubt: str = ""


def findings_of(
    claim: Claim, group: Group, sizes: Sequence[int], printed: bool
) -> Iterator[Finding]:
    """Yield every comparison that ``claim`` asks for at ``sizes`` (none: whatever there is), also
    those that cannot be made."""
    usual = group.sizes(claim.methods)
    if claim.kind in ("rises", "falls", "constant"):
        for method in claim.methods:
            yield from _over_sizes(claim, group, method, sizes or usual, printed)
    elif claim.kind in ("valley", "steeper"):
        for size in sizes or usual or [0]:
            kind = _valley if claim.kind == "valley" else _steeper
            yield from kind(claim, group, size, printed)
    else:
        for method in claim.methods:
            for size in sizes or group.sizes([method]) or usual or [0]:
                for other in claim.than:
                    at = f", L = {size}" if size else ""
                    text = f"{method} against {other}{at}, {group.title}"
                    first = group.sample(method, size)
                    yield _compared(claim, first, _other(group, other, first, size), text, printed)


def _over_sizes(
    claim: Claim, group: Group, method: str, sizes: Sequence[int], printed: bool
) -> Iterator[Finding]:
    """Pairs of latent sizes: all of those that were run, or the largest and the smallest."""
    usable = [size for size in sizes if isinstance(group.sample(method, size), Sample)]
    if len(usable) < 2:
        missing = "fewer than two latent sizes were run"
        yield Finding(f"{method} on {group.title}", "absent", missing)
    elif claim.kind == "constant" and len(usable) < len(sizes):
        lost = ", ".join(str(size) for size in sizes if size not in usable)
        yield Finding(f"{method} on {group.title}", "absent", f"not run at L = {lost}")
    elif set(usable[:: len(usable) - 1]) != {min(sizes), max(sizes)}:
        lost = f"not run at L = {min(sizes)} and {max(sizes)} both"
        yield Finding(f"{method} on {group.title}", "absent", lost)
    pairs = list(combinations(usable, 2))
    if pairs and claim.kind != "constant":
        pairs = [(usable[0], usable[-1])]
    for low, high in pairs:
        text = f"{method}, L = {high} against L = {low}, {group.title}"
        yield _compared(claim, group.sample(method, high), group.sample(method, low), text, printed)


def _other(group: Group, name: str, first: Sample | str, size: int) -> Sample | str:
    """What the ``first`` sample is compared with: another method's, or a number."""
    if not is_number(name):
        return group.sample(name, size)
    if name == "null":
        if isinstance(first, str):
            return first
        number: float | None = first.null_low
    else:
        numbers = {"L": size, "L/2": size / 2, "n": intrinsic_dim(group.dataset)}
        number = numbers[name] if name in numbers else float(name)
    if number is None:
        if name == "null" and isinstance(first, Sample):
            return f"there is no null of {first.name}: `bench evaluate --null` counts one"
        return f"{group.dataset} has no known dimension"
    return Sample(name, {0: float(number)}, "", exact=True)


def _valley(claim: Claim, group: Group, size: int, printed: bool) -> Iterator[Finding]:
    """The lowest of the inner methods against both ends."""
    samples = [group.sample(method, size) for method in claim.methods]
    inner = [sample for sample in samples[1:-1] if isinstance(sample, Sample)]
    for end, method in ((samples[0], claim.methods[0]), (samples[-1], claim.methods[-1])):
        if not inner or isinstance(end, str):
            why = end if isinstance(end, str) else "none of the inner methods was run"
            yield Finding(f"a valley beside {method}, {group.title}", "absent", why)
            continue
        lowest = min(inner, key=lambda sample: fmean(sample.values.values()))
        text = f"{lowest.name} against {method}, {group.title}"
        chosen = _compared(claim, lowest, end, text, printed)
        tested = [_compared(claim, sample, end, text, printed) for sample in inner]
        if chosen.p_holds is None or any(finding.p_fails is None for finding in tested):
            yield chosen
            continue
        yield replace(
            chosen,
            p_holds=min(1.0, len(inner) * chosen.p_holds),
            p_fails=max(finding.p_fails or 0.0 for finding in tested),
            why=f"{chosen.why}, the lowest of {len(inner)}",
        )


def _steeper(claim: Claim, group: Group, size: int, printed: bool) -> Iterator[Finding]:
    ends = claim.methods[0], claim.methods[-1]
    text = f"from {ends[0]} to {ends[1]}, L = {size}, {group.title}"
    own, other = (
        _growth(claim, replace(group, metric=metric), ends, size)
        for metric in (group.metric, claim.beside)
    )
    yield _compared(claim, own, other, text, printed)


def _growth(claim: Claim, group: Group, ends: tuple[str, str], size: int) -> Sample | str:
    """Return how much a metric grows between two methods, over the seeds of both."""
    first, last = (group.sample(method, size) for method in ends)
    if isinstance(first, str):
        return first
    if isinstance(last, str):
        return last
    before, after = (_sized(claim, sample).values for sample in (first, last))
    grown = {seed: after[seed] - before[seed] for seed in sorted(set(before) & set(after))}
    if not grown:
        return "no seed was run with both"
    return Sample(f"growth of {group.metric}", grown, "", first.keys + last.keys)


def _sized(claim: Claim, sample: Sample) -> Sample:
    if not claim.magnitude:
        return sample
    return replace(sample, values={seed: abs(value) for seed, value in sample.values.items()})


def _compared(
    claim: Claim, first: Sample | str, second: Sample | str, text: str, printed: bool
) -> Finding:
    for sample in (first, second):
        if isinstance(sample, str):
            return Finding(text, "absent", sample)
    assert isinstance(first, Sample) and isinstance(second, Sample)
    if claim.kind != "steeper":
        first, second = _sized(claim, first), _sized(claim, second)
    if second.identifier and first.identifier != second.identifier:
        apart = f"measured as {first.identifier} and as {second.identifier}, which are not compared"
        return Finding(text, "open", apart)
    finding = Finding(
        text,
        "open",
        keys=tuple(dict.fromkeys((*first.keys, *second.keys))),
        identifier=first.identifier,
    )
    if printed:
        return _as_printed(claim, first, second, finding)
    return _nothing_found(claim, first, second, _tested(claim, first, second, finding))


def _as_printed(claim: Claim, first: Sample, second: Sample, finding: Finding) -> Finding:
    """Single figures, as they stand; equal ones are no order."""
    ours, theirs = (next(iter(sample.values.values())) for sample in (first, second))
    sign, gap = _SIGNS.get(claim.kind, 0.0), ours - theirs
    outcome: FindingOutcome
    if not sign:
        outcome = "holds" if abs(gap) <= _room(claim, theirs) * (1 + 1e-12) else "fails"
    elif sign * gap == claim.margin:
        outcome = "open"
    else:
        outcome = "holds" if sign * gap > claim.margin else "fails"
    doubts = ", ".join(dict.fromkeys(filter(None, (first.doubt, second.doubt))))
    why = f"{ours:.4g} against {theirs:.4g}" + (f" ({doubts})" if doubts else "")
    return replace(finding, outcome=outcome, why=why, doubt=doubts)


def _room(claim: Claim, value: float) -> float:
    return max(claim.tolerance, claim.relative * abs(value))


def _tested(claim: Claim, first: Sample, second: Sample, finding: Finding) -> Finding:
    comparison = _difference(first, second)
    why = comparison.means if not second.exact else comparison.means_beside(second.name)
    if comparison.p is None:
        return replace(finding, why=f"{why}; {comparison.limit}")
    sign = _SIGNS.get(claim.kind, 0.0)
    if sign:
        holds, fails = _directed(comparison, sign, claim.margin)
        p_text = f"p = {min(holds, fails):.2g}"
    else:
        holds, fails, p_text = _same(claim, first, second)
    return replace(
        finding,
        why=f"{why}; {comparison.test}, {p_text}",
        p_holds=holds,
        p_fails=fails,
        limit=comparison.limit,
    )


def _difference(first: Sample, second: Sample) -> Comparison:
    """``first`` against ``second``, whose one value stands beside every seed where it is a
    number."""
    values = second.values
    if second.exact:
        values = dict.fromkeys(first.values, next(iter(values.values())))
    return compare(first.values, values, exact=first.exact and second.exact)


def _directed(comparison: Comparison, sign: float, margin: float) -> tuple[float, float]:
    """The two-sided p values of "beyond ``margin`` in the direction of ``sign``" and of "short of
    it"."""
    p, beyond = comparison.p_beyond(sign * margin), sign * comparison.difference.mean - margin
    assert p is not None
    return p if beyond > 0 else 1.0, p if beyond < 0 else 1.0


def _same(claim: Claim, first: Sample, second: Sample) -> tuple[float, float, str]:
    """The p values of "inside the tolerance", which takes both its ends, and of "outside"."""
    ends = []
    for sign in (1.0, -1.0):
        moved = {seed: value + sign * _room(claim, value) for seed, value in second.values.items()}
        ends.append(_directed(_difference(first, replace(second, values=moved)), -sign, 0.0))
    (under, over), (above, short) = ends
    inside, outside = max(under, above), min(over, short)
    room = f"{claim.relative:.0%}" if claim.relative else f"{claim.tolerance:g}"
    p = min(inside, outside)
    side = "inside" if inside <= outside else "outside"
    return inside, outside, f"p = {p:.2g} of being {side} the tolerance of {room}"


def _nothing_found(claim: Claim, first: Sample, second: Sample, finding: Finding) -> Finding:
    """A count that is what chance gives, or that its run flags, supports nothing: not its size, its
    growth or its constancy. The smaller size of a constancy may be all that the data need."""
    if finding.p_holds is None:
        return finding
    chance = [first] if claim.kind == "constant" else [first, second]
    reasons = [
        f"{sample.inside_null} of {len(sample.values)} seeds are inside their null"
        for sample in chance
        if sample.inside_null
    ]
    if claim.kind == "rises" and claim.metric in COUNTED:
        reasons += [
            f"the null of {sample.name} is not known (`bench evaluate --null` counts it), and what "
            "chance leaves grows with L too"
            for sample in chance
            if sample.keys and sample.null_low is None
        ]
    reasons += [f"flagged {', '.join(sample.flags)}" for sample in (first, second) if sample.flags]
    if not reasons:
        return finding
    return replace(finding, p_holds=1.0, why=f"{finding.why}; {reasons[0]}, so nothing was found")
