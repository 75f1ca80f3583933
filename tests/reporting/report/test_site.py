"""The pages of a report: structure, links, escaping, nothing from elsewhere, the same bytes twice,
and sensible pages of little."""

from __future__ import annotations

import base64
import csv
import hashlib
import io
import posixpath
import re
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from reporting.making import HOSTILE
from reporting.report.parsed import Page
from reporting.report.site_records import EVIL, Files, full, hostile, site_of, written
from threadpoolctl import threadpool_limits

from benchmark.reporting import named_tables
from benchmark.reporting.catalogue.figures import FIGURES
from benchmark.reporting.figures import draw
from benchmark.reporting.figures.material import Material
from benchmark.reporting.render import RENDERERS
from benchmark.reporting.report import drawings
from benchmark.reporting.report.pictures import png_bytes
from benchmark.reporting.report.views import heading
from benchmark.spec import BenchError

PNG = png_bytes(np.zeros((20, 30), dtype=np.uint8))


def stand_in(name: str, material: Material, kind: str, *, dpi: int) -> bytes:
    if name != "curves":
        raise BenchError("these records hold no toy")
    return PNG


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Files:
    """The report of honest and hostile runs; one figure stands for all, for 25 hostile datasets
    make 25 panels in each."""
    records = [*full(), *hostile()]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(drawings, "FIGURES", {"curves": FIGURES["curves"], "toy": FIGURES["toy"]})
        patch.setattr(draw, "draw", stand_in)
        patch.setattr(drawings.os, "cpu_count", lambda: 1)  # other processes would draw in earnest
        return site_of(written(tmp_path_factory.mktemp("runs"), records), records)


@pytest.fixture(scope="module")
def pages(files: Files) -> dict[str, Page]:
    return {
        name: Page(content.decode()) for name, content in files.items() if name.endswith(".html")
    }


def test_there_is_a_page_per_run_and_two_files_per_table(files: Files) -> None:
    keys = {run.key for run in (*full(), *hostile())}
    assert {name for name in files if name.startswith("runs/")} == {
        f"runs/{key}.html" for key in keys
    }
    assert {
        "index.html",
        "tables/summary.tex",
        "tables/summary.csv",
        "tables/dimensions.tex",
        "tables/dimensions.csv",
    } <= set(files)


def test_pages_are_well_formed(pages: dict[str, Page]) -> None:
    for name, page in pages.items():
        assert page.faults == [], name
        ids = page.values("id")
        assert len(ids) == len(set(ids)), name
        assert set(" ".join(page.values("aria-labelledby")).split()) <= set(ids), name
        assert (
            len(page.all("h1")) == 1
            and page.all("html")[0]["lang"] == "en"
            and len(page.all("main")) == 1
        )
        assert all(image.get("alt") for image in page.all("img")) and all(
            drawing.get("aria-label") for drawing in page.all("svg") if "role" in drawing
        )


def test_headings_skip_no_level(pages: dict[str, Page]) -> None:
    for name, page in pages.items():
        levels = [int(tag[1]) for tag, _ in page.elements if re.fullmatch("h[1-6]", tag)]
        assert all(later <= earlier + 1 for earlier, later in pairwise(levels)), (name, levels)


def test_links_resolve(files: Files, pages: dict[str, Page]) -> None:
    for name, page in pages.items():
        for link in page.all("a"):
            if link["href"].startswith("https://"):
                assert link["rel"] == "noopener noreferrer" and name == "index.html"
                continue
            target, _, anchor = link["href"].partition("#")
            path = posixpath.normpath(posixpath.join(posixpath.dirname(name), target))
            if not target:
                path = name
            assert path in files, (name, link)
            assert not anchor or anchor in pages[path].values("id"), (name, link)


def test_nothing_is_loaded_from_elsewhere(pages: dict[str, Page]) -> None:
    for name, page in pages.items():
        assert all(
            source.startswith("data:image/png;base64,")
            for source in [*page.values("src"), *page.values("srcset")]
        ), name
        assert not {"link", "iframe", "object", "embed", "base", "audio", "video", "use"} & {
            tag for tag, _ in page.elements
        }
        assert not re.search(
            r"url\(|@import", "".join(page.inlined["style"])
        ) and "http" not in "".join(page.inlined["script"])


def test_the_policy_lets_our_style_and_script_in_and_nothing_else(pages: dict[str, Page]) -> None:
    for page in pages.values():
        policy = next(
            meta["content"]
            for meta in page.all("meta")
            if meta.get("http-equiv") == "Content-Security-Policy"
        )
        assert policy.startswith("default-src 'none';") and "unsafe" not in policy
        for kind in ("script", "style"):
            assert len(page.all(kind)) == 1
            assert (
                base64.b64encode(
                    hashlib.sha256("".join(page.inlined[kind]).encode()).digest()
                ).decode()
                in policy
            )
        assert not page.values("style") and not [
            name for _, attributes in page.elements for name in attributes if name.startswith("on")
        ]


@pytest.mark.parametrize("text", [*EVIL, *HOSTILE], ids=range(len(EVIL) + len(HOSTILE)))
def test_text_of_records_is_shown_as_it_is_and_does_nothing(
    pages: dict[str, Page], text: str
) -> None:
    visible = " ".join(re.sub("[\x00-\x08\x0e-\x1b\ud800-\udfff]", "\ufffd", text).split())
    mine = [
        page for name, page in pages.items() if name.startswith("runs/") and visible in page.text
    ]
    assert len(mine) >= 2
    for page in (*mine, pages["index.html"]):
        assert not [
            href for href in page.values("href") if ":" in href and not href.startswith("https://")
        ]
        assert not {"b", "i"} & {
            tag for tag, _ in page.elements if tag == "i"
        } and "alert(1)" not in "".join(page.inlined["script"])
    assert visible in pages["index.html"].text  # in the list of failures, whole


def test_the_end_of_a_log_is_shown(pages: dict[str, Page]) -> None:
    words = pages["index.html"].text
    assert "last line </pre><script>alert(2)</script>" in words and "first line" not in words


def test_figures_are_on_the_page_with_their_size_and_the_others_with_their_reason(
    pages: dict[str, Page],
) -> None:
    pictures = [
        image
        for image in pages["index.html"].all("img")
        if image["alt"] == FIGURES["curves"].caption
    ]
    assert [(image["width"], image["height"]) for image in pictures] == [("20", "13")]
    assert base64.b64decode(pictures[0]["src"].partition(",")[2]) == PNG
    words = pages["index.html"].text
    assert (
        "Figures that these records cannot be drawn as" in words
        and "these records hold no toy" in words
    )


def test_the_same_records_give_the_same_bytes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        drawings, "FIGURES", {"reconstructions": FIGURES["reconstructions"]}
    )  # one for all: drawing takes a second each
    records = full()
    folder = written(tmp_path / "runs", records)
    first, second = site_of(folder, records), site_of(folder, list(reversed(records)))
    assert first == second and b"data:image/png" in first["index.html"]


def test_figures_are_the_same_drawn_here_or_by_other_processes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        drawings,
        "FIGURES",
        {name: FIGURES[name] for name in ("reconstructions", "block-structure")},
    )
    records = full()
    material = Material.of(records, written(tmp_path / "runs", records))
    by_cores = []
    for cores in (1, 2):
        monkeypatch.setattr(drawings.os, "cpu_count", lambda cores=cores: cores)
        with threadpool_limits(1), drawings.drawings(material) as drawn:
            by_cores.append(drawn())
    assert by_cores[0] == by_cores[1] and [drawing.name for drawing in by_cores[0]] == [
        "reconstructions",
        "block-structure",
    ]
    assert by_cores[0][0].png and by_cores[0][1].reason


def test_tables_beside_the_page_are_those_of_bench_table(files: Files) -> None:
    records = [run for run in (*full(), *hostile()) if run.spec["kind"] == "train"]
    summary = named_tables.build("summary", records)
    read = list(csv.reader(io.StringIO(files["tables/summary.csv"].decode())))
    assert len(read) == 1 + len(summary.rows) and files["tables/summary.tex"].decode() == RENDERERS[
        "latex"
    ](summary)


def test_headings_are_names_one_can_type_or_read() -> None:
    assert [heading(name) for name in ("ren-1", "summary", "lstar-vs-latent-dim")] == [
        "ren-1",
        "Summary",
        "L* vs latent dim",
    ]


def test_a_study_has_a_table_of_its_own(pages: dict[str, Page]) -> None:
    assert "gap[beta=1]" in pages["index.html"].text
    assert "mse: as said" in pages["index.html"].text  # these numbers have no unit
    study = next(page for name, page in pages.items() if name.startswith("runs/grae-objective"))
    assert "bench replay " in study.text and "bench run " not in study.text


def test_deviations_of_the_methods_are_on_the_page(pages: dict[str, Page]) -> None:
    assert "Samples need a prior, which PCA has not" in pages["index.html"].text
    assert "The set's KL is counted once per set" in pages["index.html"].text
