"""The records in results/published can be read, and the project's README quotes what they say."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmark import registry
from benchmark.records import frame, load_records

ROOT = Path(__file__).resolve().parents[1]
HEADLINE = [entry.name for entry in registry.METHODS if entry.headline]
ROWS = [(dataset, method) for dataset in ("latent-8", "sprites[size=32]") for method in HEADLINE]
METRICS = {
    "MSE ↓": "mse",
    "FD ↓": "fd-raw",
    "L\\*": "lstar",
    "L\\*90": "lstar-90",
    "Active units": "active-units",
}


@pytest.mark.parametrize(("dataset", "method"), ROWS)
def test_readme_quotes_the_published_records(dataset: str, method: str) -> None:
    table = frame(load_records(ROOT / "results" / "published" / "quick"))
    found = table[(table["dataset"] == dataset) & (table["method"] == method)].set_index("metric")[
        "value"
    ]
    lines = (ROOT / "README.md").read_text(encoding="utf-8").splitlines()
    (head,) = [line for line in lines if line.startswith("| Dataset |") and "MSE" in line]
    (line,) = [
        line for line in lines if line.startswith(f"| {dataset} |") and f"| {method} |" in line
    ]
    titles, cells = (
        [cell.strip().rstrip("†§‖") for cell in text.strip("|").split("|")] for text in (head, line)
    )
    quoted = {
        METRICS[title]: cell for title, cell in zip(titles, cells, strict=True) if title in METRICS
    }
    assert len(quoted) == len(METRICS)
    assert {name for name, text in quoted.items() if text != "–"} == set(quoted) & set(found.index)
    for name, text in quoted.items():
        assert text == "–" or float(text) == pytest.approx(
            found[name], rel=5e-4
        )  # four digits are quoted


def test_published_runs_are_all_done() -> None:
    records = load_records(ROOT / "results" / "published" / "quick")
    assert len(records) == 66  # eleven methods on six datasets
    assert {record.status for record in records} == {"done"}
