"""Writes what README.md and docs/results.md quote, from the records in results/published.

    python docs/make_results.py            # write the quotes and the pictures
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
from benchmark.reporting.cells.nulls import nulls_of
from benchmark.reporting.cells.replicates import gather
from benchmark.reporting.cells.selection import Filters, select
from benchmark.reporting.render import markdown
from benchmark.spec import Record

ROOT = Path(__file__).resolve().parents[1]
PUBLISHED = ROOT / "results" / "published"
HEADLINE = PUBLISHED / "headline"

PICTURES = {
    "lstar.png": ["--results", str(HEADLINE), "--datasets", "latent-8"],
    "lstar-seeds.png": ["--results", str(PUBLISHED / "seeds"), "--budget", "quick"],
}
"""What ``bench figure lstar`` draws for README and docs/results.md."""


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


def selects(runs: Sequence[Record]) -> bool:
    """Whether the method of these runs keeps some dimensions and leaves others."""
    return not any("no_selection" in flags(run) for run in runs)


def median(runs: Sequence[Record], metric: str) -> str:
    """The median over seeds of a metric, to three digits."""
    measured = (pair for run in runs for pair in run.measurements.items())
    values = [value["value"] for key, value in measured if names.metric_of(key) == metric]
    return f"{statistics.median(values):.3g}" if values else "–"


def null(runs: Sequence[Record], references: References) -> str:
    """What the method's rule counts where there is nothing to find."""
    return nulls_of(gather(runs)[0], references).text or "–"


def table(rows: Sequence[Sequence[str]]) -> str:
    """Rows of cells as a Markdown table, the first row its head."""
    head, *body = rows
    return "\n".join(f"| {' | '.join(row)} |" for row in [head, ["---"] * len(head), *body])


def overview(folder: str) -> str:
    """The L* of every method that selects, seed by seed, at the steps of ``quick``: a row for each
    method, a column for each dataset and L."""
    quick: dict[str, dict[tuple[str, int], str]] = defaultdict(dict)
    for (dataset, latent_dim, method, _), runs in cells(folder):
        if selects(runs) and all(run.spec["budget"] == "quick" for run in runs):
            quick[method][dataset, latent_dim] = counts(runs, "lstar")
    columns = list(dict.fromkeys(column for values in quick.values() for column in values))
    columns.sort(key=lambda column: (names.rank("datasets", column[0]), column[1]))
    rows = [["Method", *(f"{dataset}, L = {size}" for dataset, size in columns)]]
    for method in sorted(quick, key=lambda name: names.rank("methods", name)):
        rows.append([method, *(quick[method].get(column, "not run") for column in columns)])
    return table(rows)


def by_seed(folder: str, dataset_shown: str) -> str:
    """The table of every cell of a dataset: counts of each seed, what the rule counts where there
    is nothing to find, and the medians of errors."""
    references = References(PUBLISHED / folder)
    rows = [["L", "Method", "Steps", "L\\* of seeds 0, 1, ...", "L\\*90", "Null"]]
    rows[0] += ["Flags", "MSE", "FD"]
    for (dataset, latent_dim, method, steps), runs in cells(folder):
        if dataset != dataset_shown:
            continue
        lstar = counts(runs, "lstar") if selects(runs) else "all, by definition"
        raised = sorted({flag for run in runs for flag in flags(run)} - {"no_selection"})
        row = [str(latent_dim), method, f"{steps or '–'}", lstar, counts(runs, "lstar-90")]
        row += [null(runs, references), ", ".join(f"`{flag}`" for flag in raised) or "–"]
        rows.append(row + [median(runs, metric) for metric in ("mse", "fd-raw")])
    return table(rows)


QUOTES: Mapping[str, Callable[[], str]] = {
    "answer": answer,
    "headline": lambda: summary("headline", "latent-8", "digits", "circle"),
    "overview": lambda: overview("seeds"),
    "latent-8": lambda: by_seed("seeds", "latent-8"),
    "latent-16": lambda: by_seed("seeds", "latent-16"),
}


def quoted(text: str) -> str:
    """Return ``text`` with every quote as the records have it."""
    for name, make in QUOTES.items():
        begin, end = f"<!-- begin: {name} -->\n", f"\n<!-- end: {name} -->"
        pattern = re.compile(f"(?<={re.escape(begin)}).*?(?={re.escape(end)})", re.DOTALL)
        if begin in text:
            quote = make()
            text = pattern.sub(lambda _, quote=quote: quote, text)
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
    for picture, arguments in PICTURES.items():
        command = [sys.executable, "-m", "benchmark", "figure", "lstar", *arguments]
        subprocess.run([*command, "-o", str(ROOT / "docs" / "images" / picture)], check=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
