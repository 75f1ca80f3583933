"""What the gate says, for people, for JUnit readers and as annotations of GitHub, and what to do
about it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from xml.etree import ElementTree

from benchmark.names import base_name
from benchmark.reporting.gate.baseline_file import Baseline, BaselineCell
from benchmark.reporting.gate.check import GateVerdict, Judgement
from benchmark.reporting.statistics.worsening import Test, seeds_for, smallest_p

__all__ = ["FORMATS", "cells_text", "github", "junit", "text"]

_ORDER: tuple[GateVerdict, ...] = ("worse", "no verdict", "cannot tell", "better", "not worse")
_LEVELS: Mapping[GateVerdict, str] = {
    "worse": "error",
    "no verdict": "error",
    "cannot tell": "warning",
    "better": "notice",
}


def _line(judgement: Judgement) -> str:
    cell = judgement.cell
    moved = ""
    if judgement.mean is not None:
        relative = (
            f" ({100 * (judgement.mean - cell.mean) / abs(cell.mean):+.3g} %)" if cell.mean else ""
        )
        moved = f" {cell.mean:.6g} -> {judgement.mean:.6g}{relative},"
    p = "" if judgement.p is None else f", corrected p = {judgement.p:.2g}"
    return _printable(f"{cell.name}:{moved} {judgement.reason}{p}")


def _printable(message: str) -> str:
    """Errors of runs may hold anything; XML and logs may not."""
    return "".join(character if character.isprintable() else " " for character in message)


def _changed(judgement: Judgement) -> str:
    return _printable(f"changed: {', '.join(judgement.causes)}") if judgement.causes else ""


def text(judgements: Sequence[Judgement], baseline: Baseline) -> str:
    """Return one line per cell, the worst first, what changed beside it, a summary, and what to do
    next."""
    lines = []
    for judgement in sorted(judgements, key=lambda judgement: _ORDER.index(judgement.verdict)):
        lines.append(f"{judgement.verdict:11}  {_line(judgement)}")
        if judgement.causes and judgement.verdict != "not worse":
            lines.append(f"{'':11}  {_changed(judgement)}")
    return (
        "\n".join([*lines, _summary(judgements, baseline), *_advice(judgements, baseline)]) + "\n"
    )


def _summary(judgements: Sequence[Judgement], baseline: Baseline) -> str:
    count = Counter(judgement.verdict for judgement in judgements)
    counts = ", ".join(f"{count[verdict]} {verdict}" for verdict in _ORDER if count[verdict])
    how = ""
    if any(judgement.p is not None for judgement in judgements):
        how = f"; chance of any false alarm {baseline.alpha:g}"
    elif count["no verdict"] < len(judgements):
        how = "; all bits compared"
    return f"{len(judgements)} cells: {counts}{how}"


def _advice(judgements: Sequence[Judgement], baseline: Baseline) -> list[str]:
    worse = [judgement for judgement in judgements if judgement.verdict == "worse"]
    lines = []
    if worse:
        keys = next((judgement.keys for judgement in worse if judgement.keys), ())
        lines.append(
            "What to do: see what changed above, and undo it or find its cause (`git log -p` of a "
            "file whose code changed):"
        )
        if keys:
            lines.append(f"    bench show {keys[0]}")
        if any(judgement.p is None and judgement.mean is not None for judgement in worse):
            lines.append(
                "    bench check --statistical ...      is it more than other seeds would do?"
            )
        lines.append(
            "If the change is meant, write the baseline again, commit it with the reason, "
            "and say it in the changelog:"
        )
        lines.append("    bench baseline -o FILE")
    lines += _remedies(judgements, baseline)
    if any(judgement.verdict == "cannot tell" for judgement in judgements):
        lines.append(
            "Cannot tell: more seeds would (run and write the baseline with a larger --seeds); "
            "a warning, an error with --strict."
        )
    return lines


def _remedies(judgements: Sequence[Judgement], baseline: Baseline) -> list[str]:
    """What leads to a verdict where there is none; a finished run is not made again by the call
    that made it."""
    lines = []
    remedies = {judgement.remedy for judgement in judgements}
    if "run" in remedies:
        lines.append("No verdict where runs are missing or broken; these calls make them:")
        lines += [f"    {command}" for command in baseline.commands]
    if "evaluate" in remedies:
        lacking = [
            base_name(judgement.cell.metric)
            for judgement in judgements
            if judgement.remedy == "evaluate"
        ]
        lines += [
            "No verdict where finished runs did not measure the metric; their checkpoints can:",
            f"    bench evaluate --metrics {','.join(dict.fromkeys(lacking))} --results DIR",
            "Where the checkpoints are gone, add --force to these calls, which train again:",
            *(f"    {command}" for command in baseline.commands),
        ]
    if "fresh" in remedies:
        lines.append("No verdict where several runs fit: compare a fresh folder (--results).")
    return lines


def junit(judgements: Sequence[Judgement], baseline: Baseline) -> str:
    """Return the judgements as JUnit XML: worse is a failure, no verdict an error, cannot tell is
    skipped with its reason."""
    tags: Mapping[GateVerdict, str] = {
        "worse": "failure",
        "no verdict": "error",
        "cannot tell": "skipped",
    }
    count = Counter(tags.get(judgement.verdict, "passed") for judgement in judgements)
    numbers = {
        "tests": len(judgements),
        "failures": count["failure"],
        "errors": count["error"],
        "skipped": count["skipped"],
    }
    suite = ElementTree.Element(
        "testsuite",
        {"name": "bench check", **{name: str(number) for name, number in numbers.items()}},
    )
    for judgement in judgements:
        case = ElementTree.SubElement(
            suite,
            "testcase",
            classname=f"{judgement.cell.dataset}.{judgement.cell.method}",
            name=judgement.cell.name,
        )
        tag = tags.get(judgement.verdict)
        if tag is not None:
            ElementTree.SubElement(case, tag, message=_line(judgement)).text = _changed(judgement)
        else:
            element = ElementTree.SubElement(case, "system-out")
            element.text = f"{judgement.verdict}: {_line(judgement)}"
    ElementTree.SubElement(suite, "system-out").text = "\n".join(
        [_summary(judgements, baseline), *_advice(judgements, baseline)]
    )
    ElementTree.indent(suite)
    return ElementTree.tostring(suite, encoding="unicode", xml_declaration=True) + "\n"


def github(judgements: Sequence[Judgement], baseline: Baseline) -> str:
    """Return the text with an annotation before it for every cell that is not simply well."""
    lines = []
    for judgement in judgements:
        if judgement.verdict in _LEVELS:
            message = "; ".join(filter(None, (_line(judgement), _changed(judgement))))
            title = _escaped(f"{judgement.verdict}: {judgement.cell.name}", title=True)
            lines.append(f"::{_LEVELS[judgement.verdict]} title={title}::{_escaped(message)}")
    return "\n".join([*lines, text(judgements, baseline)])


def _escaped(message: str, *, title: bool = False) -> str:
    """As the runner's commands want it: https://github.com/actions/toolkit,
    packages/core/src/command.ts."""
    pairs = [("%", "%25"), ("\r", "%0D"), ("\n", "%0A")]
    if title:
        pairs += [(":", "%3A"), (",", "%2C")]
    for plain, escaped in pairs:
        message = message.replace(plain, escaped)
    return message


FORMATS = {"text": text, "junit": junit, "github": github}


def cells_text(baseline: Baseline) -> str:
    """Return one line per cell of a baseline: its mean and spread, and the smallest worsening that
    will be seen; then what so many seeds can show among so many cells."""
    lines = [_detects(cell, baseline) for cell in baseline.cells]
    return "\n".join([*lines, *_reach(baseline)]) + "\n"


def _detects(cell: BaselineCell, baseline: Baseline) -> str:
    spread = f"{cell.name}: {cell.mean:.6g}, spread {cell.spread:.2g} over {len(cell.runs)} seeds"
    way = {"min": "rise", "max": "fall", "none": "move"}[cell.direction]
    if cell.effect is None:
        level = baseline.level / (2 if cell.direction == "none" else 1)
        needed = seeds_for(level, cell.test)
        return f"{spread}; may miss any {way} by itself: {needed} seeds would not ({cell.test})"
    relative = f" ({100 * cell.effect / abs(cell.mean):.3g} %)" if cell.mean else ""
    return (
        f"{spread}; sees a {way} by {cell.effect:.3g}{relative} "
        f"with power {baseline.power:g} ({cell.test})"
    )


def _reach(baseline: Baseline) -> list[str]:
    """The smallest p that so many seeds can give, and how many the number of cells asks for."""
    lines = []
    names: Mapping[Test, str] = {
        "paired": "continuous metrics (paired t)",
        "permutation": "counts and cells without spread (permutation)",
        "welch": "counts and cells without spread (Welch)",
    }
    for test, seeds in sorted({(cell.test, len(cell.runs)) for cell in baseline.cells}):
        smallest, needed = smallest_p(seeds, test), seeds_for(baseline.level, test)
        lines.append(
            f"{names[test]}: {seeds} seeds far apart give p = {smallest:.2g}, never less; "
            f"{len(baseline.cells)} cells ask for {baseline.level:.2g}: {needed} seeds or more"
            + ("" if seeds >= needed else ", so make more (`bench run --seeds`) or fewer cells")
        )
    return lines
