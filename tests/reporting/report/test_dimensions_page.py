"""The page "How many dimensions": alone, and beside the runs of a report."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from reporting.making import record, store
from reporting.report.parsed import Page
from reporting.report.site_records import EVIL, site_of
from reporting.tables.test_voices_table import ANSWER, NONE

from benchmark.calibration.data_answer import write_answer
from benchmark.reporting.report.site import dimensions_page
from benchmark.reporting.tables.voices import headline


def test_the_page_tells_every_answer() -> None:
    page = Page(dimensions_page([ANSWER, NONE]).decode())
    assert page.faults == []
    assert headline(ANSWER) in page.text and "no answer: too few" in page.text
    assert "inside the null" in page.text and len(page.all("img")) == 2
    assert "index.html" not in page.values("href")
    assert all(image["src"].startswith("data:image/png;base64,") for image in page.all("img"))


@pytest.mark.parametrize("text", EVIL)
def test_names_are_text(text: str) -> None:
    voices = tuple(replace(report, voice=text, left_out=text) for report in ANSWER.voices)
    page = Page(dimensions_page([replace(ANSWER, dataset=text, voices=voices)]).decode())
    assert page.faults == [] and len(page.all("img")) == 1 and len(page.all("script")) == 1


@pytest.mark.usefixtures("few_figures")
def test_a_report_links_it_where_there_are_answers(tmp_path: Path) -> None:
    run = record("grae")
    files = site_of(store(tmp_path, [run]), [run])
    assert "dimensions.html" not in files
    assert "dimensions.html" not in files["index.html"].decode()
    voices = (*ANSWER.voices, replace(ANSWER.voices[1], key=run.key))
    write_answer(tmp_path, replace(ANSWER, voices=voices))
    files = site_of(tmp_path, [run])
    page = Page(files["dimensions.html"].decode())
    assert page.faults == [] and "index.html" in page.values("href")
    assert [link for link in page.values("href") if "runs/" in link] == [f"runs/{run.key}.html"]
    index = Page(files["index.html"].decode())
    assert "dimensions.html" in index.values("href") and "npz:mine" in index.text
