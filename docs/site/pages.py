"""The pages that mkdocs makes of the code when it builds the site (see mkdocs.yml): nothing of it
is committed, so that no page can be older than what it describes.

Reads what ``bench list`` and ``bench show`` read; torch is not needed.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

from markup import as_markdown, cell, prose, table

from benchmark import HOMES, registry
from benchmark.cli.list import rows
from benchmark.cli.show import metric_page, source_page
from benchmark.planning.suites import Stage, Suite, suites
from benchmark.registry import DATASETS, METRICS, STUDIES
from benchmark.reporting.claims.claims import Claim, claims

__all__ = ["API", "MOVED", "ROOT", "pages"]

ROOT = Path(__file__).resolve().parents[2]

MOVED = {
    "README.md": "index.md",
    "ARCHITECTURE.md": "architecture.md",
    "CONTRIBUTING.md": "contributing.md",
    "CHANGELOG.md": "changelog.md",
}
"""Pages of the root folder, and where they stand on the site."""

API = {
    "Running and reading": tuple(sorted(set(HOMES.values()))),
    "Records": ("benchmark.spec", "benchmark.parts"),
    "Methods": ("benchmark.method",),
    "Data": ("benchmark.datasets.split",),
    "Metrics": ("benchmark.metrics.base",),
    "Checks of a method": ("benchmark.testing",),
}
"""What others build on, by page; building blocks of networks (``benchmark.nn``) are added."""


def _index(room: registry.Room, link: str, when: str) -> str:
    """A table of a room; ``when``: what the registry's ``headline`` means there."""
    lines = [
        (f"[{entry.name}]({link.format(entry.name)})", prose(entry.summary), "yes" * entry.headline)
        for entry in registry.entries(room)
    ]
    return table(("Name", "What it is", when), lines)


def _shown(room: registry.Room, entry: registry.Entry, level: int = 1) -> str:
    """What ``bench show`` prints, with paths from the root of the project."""
    return as_markdown(source_page(room, entry).replace(f"{ROOT}/", ""), level)


def methods() -> dict[str, str]:
    """Return a page for each method and study, and one that lists them."""
    text = (
        "Each page is what `bench show NAME` prints: citation, objective, how L\\* is counted, "
        "every deviation from the source, options, the paper's schedule."
    )
    parts = ["# Methods", text, _index("methods", "{}.md", "In `bench run --all`")]
    parts += ["## Studies", "Experiments that are no method on a dataset."]
    lines = [(f"[{entry.name}]({entry.name}.md)", prose(entry.summary)) for entry in STUDIES]
    parts.append(table(("Name", "What it is"), lines))
    by_path = {"methods/index.md": "\n\n".join(parts)}
    for room in ("methods", "studies"):
        for entry in registry.entries(room):
            by_path[f"methods/{entry.name}.md"] = _shown(room, entry)
    return by_path


def datasets() -> str:
    """Return the page of datasets: what ``bench show`` prints of each."""
    text = (
        "What `bench show NAME` prints of each. A file of your own: "
        "[add a dataset](add-a-dataset.md)."
    )
    listed = _index("datasets", "#{}", "Comes with the package")
    entries = [_shown("datasets", entry, 2) for entry in DATASETS]
    return "\n\n".join(["# Datasets", text, listed, *entries])


def metrics() -> str:
    """Return the page of metrics, from the registry and the metrics themselves."""
    text = (
        "Metrics of tier *core* are measured in every run, those of tier *full* by "
        "`bench evaluate`."
    )
    entries = []
    for entry in METRICS:
        title, _, rest = metric_page(entry).partition("\n")
        name, _, summary = title.partition(": ")
        facts = [line.strip().partition(": ") for line in rest.splitlines() if line.strip()]
        lines = [f"- **{key}**: {prose(value)}" for key, _, value in facts]
        entries.append("\n".join([f"## {name}", "", prose(f"{summary}."), "", *lines]))
    return "\n\n".join(["# Metrics", text, _index("metrics", "#{}", "Every run"), *entries])


def suite_list() -> str:
    """Return the page of suites: source, notes, stages, what they feed and how to run them."""
    text = (
        "A suite is a list of grids in a TOML file. `bench show NAME` also says what it costs and"
        " which of its data is not here."
    )
    return "\n\n".join(["# Suites", text, *map(_suite, suites())])


def _suite(suite: Suite) -> str:
    feeds = {
        "Tables": [f"[{name}](catalogue.md#tables)" for name in suite.tables],
        "Figures": [f"[{name}](catalogue.md#figures)" for name in suite.figures],
        "Claims": [f"[{name}](claims.md#{name})" for name in suite.claims],
    }
    facts = {"Source": prose(suite.source), "Notes": prose(suite.notes)}
    facts |= {title: ", ".join(names) for title, names in feeds.items()}
    heads = ("Methods", "Datasets", "L", "Seeds", "Budget")
    return "\n\n".join(
        [
            f"## {suite.name}",
            prose(suite.summary[:1].upper() + suite.summary[1:] + "."),
            "\n".join(f"- **{title}**: {value}" for title, value in facts.items() if value),
            table(heads, map(_stage, suite.stages)),
            f"```console\nbench run --suite {suite.name}\n```",
        ]
    )


def _stage(stage: Stage) -> tuple[str, ...]:
    grid = stage.grid
    names = list(grid.methods)
    short = names if len(names) <= 12 else [names[0], f"({len(names) - 2} more)", names[-1]]
    sizes = ", ".join(map(str, grid.latent_dims)) or "the dataset's"
    columns = (", ".join(map(cell, part)) for part in (short, grid.datasets))
    return (*columns, sizes, str(grid.seeds), str(grid.steps or grid.budget))


def claim_list() -> str:
    """Return the page of claims, source by source."""
    text = (
        "What the sources claim, as `bench claims` judges it by records (`--on paper`: by what is"
        " printed). A claim holds everywhere it says, or it does not hold."
    )
    sources: dict[str, list[Claim]] = {}
    for claim in claims():
        sources.setdefault(claim.source, []).append(claim)
    parts = ["# Claims", text]
    for source, listed in sources.items():
        parts += [f"## {prose(source)}", table(("Claim", "Where", "What"), map(_claim, listed))]
    return "\n\n".join(parts)


def _claim(claim: Claim) -> tuple[str, ...]:
    name = f'<a id="{claim.name}"></a>{cell(claim.name)}'
    return name, prose(claim.where), f"{prose(claim.text)} ({cell(claim.metric)}, {claim.kind})"


def catalogue() -> str:
    """Return the page of tables, figures and budgets, as ``bench list`` prints them."""
    parts = ["# Tables, figures, budgets"]
    for kind in ("tables", "figures", "budgets"):
        lines = [(cell(name), prose(summary)) for name, summary in rows(kind)]
        parts += [f"## {kind.capitalize()}", table(("Name", "What it is"), lines)]
    return "\n\n".join(parts)


def api() -> dict[str, str]:
    """Return the pages of the API, for mkdocstrings to fill, and one that lists them."""
    folder = ROOT / "benchmark" / "nn"
    blocks_of_networks = [
        f"benchmark.nn.{path.stem}" for path in sorted(folder.glob("*.py")) if path.stem[0] != "_"
    ]
    by_path = {}
    for title, modules in {**API, "Networks and losses": blocks_of_networks}.items():
        name = f"api/{title.lower().replace(' ', '-')}.md"
        by_path[name] = f"# {title}\n\n" + "\n\n".join(f"::: {module}" for module in modules) + "\n"
    lines = [f"- [{text.splitlines()[0][2:]}]({Path(name).name})" for name, text in by_path.items()]
    text = (
        f"`from benchmark import {', '.join(HOMES)}` is what scripts use, *Running and reading*; "
        "the rest is what methods, data and metrics of your own are built on."
    )
    return {"api/index.md": "\n".join(["# API", "", text, "", *lines, ""]), **by_path}


@cache
def pages() -> dict[str, str]:
    """Return every page that is made, in Markdown, by its path below docs."""
    single = {
        "datasets.md": datasets,
        "metrics.md": metrics,
        "suites.md": suite_list,
        "claims.md": claim_list,
        "catalogue.md": catalogue,
    }
    root = {target: (ROOT / name).read_text(encoding="utf-8") for name, target in MOVED.items()}
    return {**root, **methods(), **{name: make() for name, make in single.items()}, **api()}
