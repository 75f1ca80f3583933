"""The page of a suite in ``bench show``."""

from __future__ import annotations

import textwrap
from collections.abc import Collection
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from benchmark.planning.preview import PreviewLine
    from benchmark.planning.suites import Suite

__all__ = ["checked_suite", "suite_page"]

WIDTH = 120


def checked_suite(name: str) -> Suite:
    """Return the suite called ``name`` (or in the file ``name``); :class:`BenchError` where it
    feeds a table, figure or claim that is not known."""
    from benchmark.planning.suites import read_suite
    from benchmark.reporting.catalogue.entries import check
    from benchmark.reporting.catalogue.figures import FIGURES
    from benchmark.reporting.catalogue.tables import TABLES
    from benchmark.reporting.claims.claims import claims

    suite = read_suite(name)
    named: dict[str, Collection[str]] = {
        "table": TABLES,
        "figure": FIGURES,
        "claim": [claim.name for claim in claims()],
    }
    for (kind, names), wanted in zip(
        named.items(), (suite.tables, suite.figures, suite.claims), strict=True
    ):
        for item in wanted:
            check(kind, names, item)
    return suite


def suite_page(name: str, data_dir: Path) -> str:
    """Return what the suite called ``name`` (or in the file ``name``) runs, what that costs, what
    it lacks, and how to run it."""
    from benchmark.planning.preview import outline

    suite = checked_suite(name)
    lines = outline(suite, data_dir)
    parts = [
        f"{suite.name}: {suite.summary}",
        _told(suite),
        _stages(lines),
        _absent(lines),
        _cost(lines, name),
        _commands(name, lines),
        _file(name),
    ]
    return "\n\n".join(filter(None, parts))


def _told(suite: Suite) -> str:
    feeds = [
        f"{kind} {', '.join(names)}"
        for kind, names in (
            ("tables", suite.tables),
            ("figures", suite.figures),
            ("claims", suite.claims),
        )
        if names
    ]
    rows = {"Source": suite.source, "Notes": suite.notes, "Feeds": "; ".join(feeds)}
    return "\n".join(_row(title, text) for title, text in rows.items() if text)


def _row(title: str, text: str) -> str:
    return textwrap.fill(
        f"{title}: {text}",
        WIDTH,
        subsequent_indent="    ",
        break_on_hyphens=False,
        break_long_words=False,
    )


def _stages(lines: list[PreviewLine]) -> str:
    rows = ["Stages"]
    for line in lines:
        where = line.dataset or "data of its own"
        sizes = f", L = {', '.join(map(str, line.latent_dims))}" if line.latent_dims else ""
        names = _wrapped(_short(line.names))
        cost = "" if line.steps is None else f", {_count(line.steps, 'outer step')}"
        rows.append(f"    {line.stage}  {where}{sizes}{': no data' if line.absent else ''}")
        rows += [f"       {text}" for text in (*names, *line.takes)]
        rows.append(
            f"       {_count(line.runs, 'run')}: {_count(line.seeds, 'seed')}, "
            f"budget {line.budget}{cost}"
        )
    return "\n".join(rows)


def _short(names: tuple[str, ...]) -> list[str]:
    """The names, all but the first and the last left out where there are many."""
    return list(names) if len(names) <= 12 else [names[0], f"({len(names) - 2} more)", names[-1]]


def _wrapped(names: list[str]) -> list[str]:
    """The names, separated by commas, in lines that break between them only."""
    joined = ", ".join(name.replace(" ", "\0") for name in names)
    return [
        text.replace("\0", " ")
        for text in textwrap.wrap(joined, WIDTH - 8, break_on_hyphens=False, break_long_words=False)
    ]


def _absent(lines: list[PreviewLine]) -> str:
    """What is not here and how to get it, once for each reason."""
    reasons: dict[str, list[PreviewLine]] = {}
    for line in lines:
        if line.absent:
            reasons.setdefault(line.absent, []).append(line)
    rows = [
        f"    {alike[0].dataset}, {_count(sum(line.runs for line in alike), 'run')}: {reason}"
        for reason, alike in reasons.items()
    ]
    return "\n".join(["Data that is not here", *rows]) if rows else ""


def _cost(lines: list[PreviewLine], name: str) -> str:
    steps, images = (
        sum(getattr(line, field) or 0 for line in lines) for field in ("steps", "images")
    )
    unknown = sum(line.runs for line in lines if line.steps is None)
    text = (
        f"{_count(sum(line.runs for line in lines), 'run')}, {_count(steps, 'outer step')}, "
        f"{_count(images, 'image')}"
    )
    more = f", and {_count(unknown, 'run')} of unknown length" if unknown else ""
    return (
        f"Cost: {text} (outer steps times batch){more}\n    hours depend on the machine: "
        f"`bench run --suite {name} --estimate` measures them"
    )


def _commands(name: str, lines: list[PreviewLine]) -> str:
    from benchmark import registry

    fetched = any(
        line.dataset and registry.choose("datasets", line.dataset).entry.source.defines("fetch")
        for line in lines
    )
    command = f"bench run --suite {name}{' --data-dir DIR' if fetched else ''}"
    return f"Run: {command}\nTry: {command} --budget smoke --seeds 1"


def _file(name: str) -> str:
    path = (
        name
        if name.endswith(".toml")
        else str(resources.files("benchmark").joinpath("data", "suites", f"{name}.toml"))
    )
    return f"File: {path}"


def _count(number: int, what: str) -> str:
    return f"{number:,} {what}{'' if number == 1 else 's'}"
