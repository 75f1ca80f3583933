"""The folder of a report: whole or not at all, and never over anything else."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmark.reporting.report.folder import MANIFEST, check, write
from benchmark.spec import BenchError

FILES = [("index.html", b"one"), ("runs/a.html", b"two")]


def contents(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_a_report_is_written_and_replaced(tmp_path: Path) -> None:
    folder = tmp_path / "deep" / "report"
    assert write(folder, FILES) == 2
    assert contents(folder).keys() == {"index.html", "runs/a.html", MANIFEST}
    assert write(folder, [("index.html", b"three")]) == 1
    assert contents(folder)["index.html"] == b"three" and contents(folder).keys() == {
        "index.html",
        MANIFEST,
    }
    assert [path.name for path in folder.parent.iterdir()] == ["report"]


def test_an_empty_folder_is_taken(tmp_path: Path) -> None:
    (tmp_path / "report").mkdir()
    assert write(tmp_path / "report", FILES) == 2


@pytest.mark.parametrize("name", ["notes.txt", "index.html", "deep/notes.txt"])
def test_a_folder_that_is_no_report_is_left_alone(tmp_path: Path, name: str) -> None:
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).write_text("mine")
    with pytest.raises(BenchError, match="not a report"):
        write(tmp_path, FILES)
    assert contents(tmp_path) == {name: b"mine"}


def test_a_file_of_yours_in_a_report_is_not_lost(tmp_path: Path) -> None:
    write(tmp_path / "report", FILES)
    (tmp_path / "report" / "runs" / "notes.txt").write_text("mine")
    with pytest.raises(BenchError, match=r"runs/notes\.txt"):
        write(tmp_path / "report", FILES)
    assert contents(tmp_path / "report")["runs/notes.txt"] == b"mine"


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"lstar-bench report": 3}', "\xff"])
def test_a_manifest_of_something_else_makes_no_report(tmp_path: Path, text: str) -> None:
    (tmp_path / MANIFEST).write_text(text, encoding="latin-1")
    with pytest.raises(BenchError):
        check(tmp_path)


def test_a_file_in_the_way_is_said(tmp_path: Path) -> None:
    (tmp_path / "report").write_text("mine")
    with pytest.raises(BenchError, match="is a file"):
        write(tmp_path / "report", FILES)


def test_an_error_on_the_way_leaves_the_old_report(tmp_path: Path) -> None:
    def broken() -> Iterator[tuple[str, bytes]]:
        yield "index.html", b"half"
        raise BenchError("the second page cannot be made")

    write(tmp_path / "report", FILES)
    before = contents(tmp_path / "report")
    with pytest.raises(BenchError, match="second page"):
        write(tmp_path / "report", broken())
    assert contents(tmp_path / "report") == before and [
        path.name for path in tmp_path.iterdir()
    ] == ["report"]


def test_a_link_to_a_report_stays_a_link(tmp_path: Path) -> None:
    write(tmp_path / "real", FILES)
    (tmp_path / "link").symlink_to(tmp_path / "real")
    write(tmp_path / "link", [("index.html", b"new")])
    assert (tmp_path / "link").is_symlink() and (
        tmp_path / "real" / "index.html"
    ).read_bytes() == b"new"
