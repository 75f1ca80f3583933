"""Writes what README.md and docs/results.md quote, from the records in results/published.

    python docs/make_results.py            # write the quotes and the picture
    python docs/make_results.py --check    # exit 1 where a quote is not what the records say

A quote stands between ``<!-- begin: NAME -->`` and ``<!-- end: NAME -->``.
"""

from __future__ import annotations

import re
import statistics
import subprocess
import sys
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from benchmark import names
from benchmark.cli.first_lines import answer_text
from benchmark.controls import References
from benchmark.records import load_records
from benchmark.reporting import named_tables
from benchmark.reporting.cells.selection import Filters, select
from benchmark.reporting.render import markdown
from benchmark.spec import Record

ROOT = Path(__file__).resolve().parents[1]
PUBLISHED = ROOT / "results" / "published"
HEADLINE = PUBLISHED / "headline"

PICTURE = ROOT / "docs" / "images" / "lstar.png"


def answer() -> str:
    """What each method found on latent-8, as ``bench run --all`` prints it."""
    return f"```\n{answer_text(HEADLINE, 'latent-8')}```"


def summary(folder: str, *datasets: str) -> str:
    """The table of these datasets with its notes."""
    results = PUBLISHED / folder
    records = select(load_records(results), Filters(datasets=datasets), str(results))
    metrics = ("lstar", "lstar-90", "gap", "mse", "fd-raw", "active-units")
    return markdown.render(
        named_tables.build("summary", records, metrics, references=References(results))
    ).rstrip()


def cells(folder: str) -> Iterator[tuple[tuple[str, int, str, int], list[Record]]]:
    """Yield the finished runs of dataset, L, method and number of steps, in the order of seeds."""
    runs: dict[tuple[str, int, str, int], list[Record]] = defaultdict(list)
    for record in load_records(PUBLISHED / folder):
        if record.status == "done":
            method, dataset = names.labels(record.spec)
            steps = record.spec["steps"] if method != "pca" else 0
            runs[dataset, record.spec["latent_dim"], method, steps].append(record)

    def order(cell: tuple[str, int, str, int]) -> tuple[object, ...]:
        dataset, latent_dim, method, steps = cell
        return names.rank("datasets", dataset), latent_dim, names.rank("methods", method), steps

    for cell in sorted(runs, key=order):
        yield cell, sorted(runs[cell], key=lambda record: record.spec["seed"])


def flags(run: Record) -> set[str]:
    """The flags of the harness and of the method's verdict."""
    return {*run.flags, *(run.discovery or {}).get("flags", ())}


def counts(runs: Sequence[Record], metric: str) -> str:
    """The values of a count, one for each seed; § where that run bears a flag."""
    texts = []
    for run in runs:
        mark = "§" if flags(run) - {"no_selection"} else ""
        texts.append(f"{run.measurements[metric]['value']:.0f}{mark}")
    return ", ".join(texts)


def median(runs: Sequence[Record], metric: str) -> str:
    """The median over seeds of a metric, to three digits."""
    measured = (pair for run in runs for pair in run.measurements.items())
    values = [value["value"] for key, value in measured if names.metric_of(key) == metric]
    return f"{statistics.median(values):.3g}" if values else "–"


HEADS = {
    "lstar": "L\\* of seeds 0, 1, ...",
    "lstar-90": "L\\*90",
    "mse": "MSE",
    "fd-raw": "FD",
}


def by_seed(folder: str, counted: Sequence[str], measured: Sequence[str]) -> str:
    """The table of every cell of a folder: the counts of each seed, the medians of what is measured."""
    heads = ["Dataset", "L", "Method", "Steps", *(HEADS[name] for name in counted), "Flags"]
    heads += [HEADS[name] for name in measured]
    rows = [heads, ["---"] * len(heads)]
    for (dataset, latent_dim, method, steps), runs in cells(folder):
        raised = {flag for run in runs for flag in flags(run)}
        values = {name: counts(runs, name) for name in counted}
        if "lstar" in values and "no_selection" in raised:
            values["lstar"] = "all, by definition"
        row = [dataset, str(latent_dim), method, f"{steps or '–'}", *values.values()]
        row += [", ".join(f"`{flag}`" for flag in sorted(raised - {"no_selection"})) or "–"]
        rows.append(row + [median(runs, name) for name in measured])
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


QUOTES: Mapping[str, Callable[[], str]] = {
    "answer": answer,
    "headline": lambda: summary("headline", "latent-8", "digits", "circle"),
    "seeds": lambda: by_seed("seeds", ("lstar", "lstar-90"), ("mse", "fd-raw")),
}


def quoted(text: str) -> str:
    """Return ``text`` with every quote as the records have it."""
    for name, make in QUOTES.items():
        begin, end = f"<!-- begin: {name} -->\n", f"\n<!-- end: {name} -->"
        pattern = re.compile(f"(?<={re.escape(begin)}).*?(?={re.escape(end)})", re.DOTALL)
        if begin in text:
            made = make()
            text = pattern.sub(lambda _, made=made: made, text)
    return text


def main() -> int:
    """Write or check the pages; return the exit status."""
    pages = [ROOT / "README.md", ROOT / "docs" / "results.md"]
    old = {page: page.read_text(encoding="utf-8") for page in pages}
    new = {page: quoted(text) for page, text in old.items()}
    different = [page for page in pages if old[page] != new[page]]
    if "--check" in sys.argv:
        for page in different:
            sys.stderr.write(
                f"{page} does not quote the records; run python {Path(__file__).name}\n"
            )
        return 1 if different else 0
    for page in different:
        page.write_text(new[page], encoding="utf-8")
    command = [sys.executable, "-m", "benchmark", "figure", "lstar", "--datasets", "latent-8"]
    subprocess.run([*command, "--results", str(HEADLINE), "-o", str(PICTURE)], check=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
