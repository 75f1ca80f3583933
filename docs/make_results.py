"""Writes what README.md and docs/results.md quote, from the records in results/published.

    python docs/make_results.py            # write the quotes and the picture
    python docs/make_results.py --check    # exit 1 where a quote is not what the records say

A quote stands between ``<!-- begin: NAME -->`` and ``<!-- end: NAME -->``.
"""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from benchmark.cli.first_lines import answer_text
from benchmark.controls import References
from benchmark.records import load_records
from benchmark.reporting import named_tables
from benchmark.reporting.cells.selection import Filters, select
from benchmark.reporting.render import markdown

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


QUOTES: Mapping[str, Callable[[], str]] = {
    "answer": answer,
    "headline": lambda: summary("headline", "latent-8", "digits", "circle"),
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
