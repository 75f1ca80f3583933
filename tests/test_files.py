"""Files of results folders: whole or not at all, and nothing is read but regular files."""

from __future__ import annotations

import os
import shutil
import signal
from pathlib import Path

import pytest

from benchmark.files import read_plain
from benchmark.running.lock import locked


def test_a_regular_file_is_read(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"12345")
    assert read_plain(tmp_path / "a", 5) == b"12345"
    with pytest.raises(FileNotFoundError):
        read_plain(tmp_path / "b", 5)


@pytest.mark.parametrize("kind", ["link", "pipe", "folder", "large"])
def test_anything_else_is_an_error_that_says_what_it_is(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "a"
    if kind == "link":
        (tmp_path / "secret").write_bytes(b"1")
        path.symlink_to(tmp_path / "secret")
    elif kind == "pipe":
        os.mkfifo(path)
    elif kind == "folder":
        path.mkdir()
    else:
        path.write_bytes(b"123456")
    expected = {"link": "a link", "large": "6 bytes, more than the 5"}.get(kind, "no regular file")
    with pytest.raises(OSError, match=expected):
        read_plain(path, 5)


def test_what_killed_writes_left_is_cleared_under_the_lock(tmp_path: Path) -> None:
    """Of the run at once; of folders that runs share when no write can be under way any more."""
    run, shared = tmp_path / "run", tmp_path / "references"
    names = (".record.json.0123abcd", "record.json", ".lock")
    for folder in (run, shared):
        folder.mkdir()
        for name in names:
            (folder / name).touch()
    (shared / ".old.json.0123abcd").touch()
    os.utime(shared / ".old.json.0123abcd", (0, 0))
    with locked(run, lambda: None) as held:
        assert held
    assert {path.name for path in run.iterdir()} == {"record.json", ".lock"}
    assert {path.name for path in shared.iterdir()} == {*names}


def test_the_lock_of_a_stranger_that_is_a_link_is_not_followed(tmp_path: Path) -> None:
    """Opened as an ordinary file it would cut off what it points to."""
    (tmp_path / "mine").write_bytes(b"precious")
    run = tmp_path / "run"
    run.mkdir()
    (run / ".lock").symlink_to(tmp_path / "mine")
    with pytest.raises(OSError, match="symbolic links"), locked(run, lambda: None):
        pass
    assert (tmp_path / "mine").read_bytes() == b"precious"


def test_a_lock_is_held_by_one_and_given_back(tmp_path: Path) -> None:
    with locked(tmp_path, lambda: "busy") as first:
        with locked(tmp_path, lambda: "busy") as second:
            assert (first, second) == (True, False)
        with locked(tmp_path, lambda: "busy") as third:
            assert not third  # giving up gave nothing back
    with pytest.raises(RuntimeError), locked(tmp_path, lambda: "busy"):
        raise RuntimeError
    with locked(tmp_path, lambda: "busy") as fourth:
        assert fourth


def test_a_process_forked_by_the_holder_does_not_keep_the_lock(tmp_path: Path) -> None:
    with locked(tmp_path, lambda: None):
        child = os.fork()
        if child == 0:
            signal.alarm(60)  # it ends by itself where the test does not end it
            signal.pause()
    try:
        with locked(tmp_path, lambda: "busy") as held:
            assert held
    finally:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)


@pytest.mark.parametrize("again", [False, True])
def test_who_waits_for_a_folder_that_is_deleted_locks_the_new_one(
    tmp_path: Path, again: bool
) -> None:
    """Else two would be at work: the file they waited for is no longer the one at the path."""
    folder = tmp_path / "run"
    folder.mkdir()

    def replaced() -> None:
        """Called while it waits: the folder goes, is perhaps made again, and the holder ends."""
        shutil.rmtree(folder, ignore_errors=True)
        if again:
            folder.mkdir()
        holder.__exit__(None, None, None)

    holder = locked(folder, lambda: "busy")
    assert holder.__enter__()
    with locked(folder, replaced) as held:
        assert held
        with locked(folder, lambda: "busy") as other:
            assert not other
