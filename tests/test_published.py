"""The records in results/published can be read, and README and docs quote what they say."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from benchmark import registry
from benchmark.planning.suites import read_suite
from benchmark.records import load_records
from benchmark.spec import PROTOCOL

ROOT = Path(__file__).resolve().parents[1]
HEADLINE = [entry.name for entry in registry.METHODS if entry.headline]


def test_readme_and_results_quote_the_published_records() -> None:
    command = [sys.executable, str(ROOT / "docs" / "make_results.py"), "--check"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    for picture in ("lstar.png", "lstar-seeds.png"):
        assert (ROOT / "docs" / "images" / picture).read_bytes().startswith(b"\x89PNG")


def test_a_quote_that_differs_is_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(ROOT / "docs"))
    import make_results

    text = (ROOT / "README.md").read_text(encoding="utf-8")
    begin = text.index("<!-- begin: answer -->")
    row = text.index("grae", begin)
    assert make_results.quoted(text) == text
    assert make_results.quoted(text[:row] + "GRAE" + text[row + 4 :]) == text


def test_readme_is_one_page() -> None:
    lines = (ROOT / "README.md").read_text(encoding="utf-8").splitlines()
    assert len(lines) <= 90 and max(map(len, lines)) <= 110


def test_the_headline_suite_is_published_and_done() -> None:
    records = load_records(ROOT / "results" / "published" / "headline")
    datasets = {name for stage in read_suite("headline").stages for name in stage.grid.datasets}
    published = {(record.spec["method"], record.spec["dataset"]) for record in records}
    assert published == {(method, dataset) for method in HEADLINE for dataset in datasets}
    assert {record.status for record in records} == {"done"}
    assert {record.spec["protocol"] for record in records} == {PROTOCOL}


@pytest.mark.parametrize("folder", ["headline", "seeds"])
def test_every_published_run_is_done_at_this_protocol(folder: str) -> None:
    records = load_records(ROOT / "results" / "published" / folder)
    assert len(records) > 30
    assert {record.status for record in records} == {"done"}
    assert {record.spec["protocol"] for record in records} == {PROTOCOL}
