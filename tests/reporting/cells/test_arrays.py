"""Arrays are read plain or not at all."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from benchmark.reporting.cells.arrays import read_arrays
from benchmark.spec import BenchError


class Trap:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return Path.touch, (Path("sprung"),)


def test_plain_arrays_come_back(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", step=np.arange(3), loss=np.ones((3, 2)))
    arrays = read_arrays(tmp_path / "a.npz")
    assert {name: array.shape for name, array in arrays.items()} == {"step": (3,), "loss": (3, 2)}
    assert read_arrays(tmp_path / "none.npz") == {}


def test_pickled_objects_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    np.savez(tmp_path / "a.npz", samples=np.array([Trap()], dtype=object))
    with pytest.raises(BenchError, match="plain arrays"):
        read_arrays(tmp_path / "a.npz")
    assert not (tmp_path / "sprung").exists()


@pytest.mark.parametrize("content", [b"", b"no npz", b"PK\x03\x04 torn", b"\x80\x04."])
def test_torn_files_are_named(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.npz").write_bytes(content)
    with pytest.raises(BenchError, match=r"a\.npz.*bench run"):
        read_arrays(tmp_path / "a.npz")


def test_a_single_array_is_no_archive(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", np.ones(3))
    with pytest.raises(BenchError):
        read_arrays((tmp_path / "a.npy").rename(tmp_path / "a.npz"))
