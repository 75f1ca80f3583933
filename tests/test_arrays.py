"""Archives that are damaged or hostile: one exception, and no more memory than was allowed."""

from __future__ import annotations

import io
import struct
import zipfile

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmark.arrays import UnreadableArrays, read_npz

ARRAYS = {
    "a": np.arange(6.0).reshape(2, 3),
    "b": np.asfortranarray(np.arange(6, dtype=np.uint8).reshape(3, 2)),
    "c": np.array(3),
    "d": np.zeros((0, 2), np.float32),
}


def packed(compressed: bool = False) -> bytes:
    buffer = io.BytesIO()
    (np.savez_compressed if compressed else np.savez)(buffer, **ARRAYS)
    return buffer.getvalue()


def archive(content: bytes, method: int = zipfile.ZIP_STORED) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as file:
        file.writestr("a.npy", content)
    return buffer.getvalue()


def npy(header: str) -> bytes:
    data = header.encode("latin1")
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(data)) + data


@pytest.mark.parametrize("compressed", [False, True])
def test_arrays_are_what_numpy_wrote(compressed: bool) -> None:
    arrays = read_npz(io.BytesIO(packed(compressed)), 10_000)
    assert arrays.keys() == ARRAYS.keys()
    for name, array in ARRAYS.items():
        assert (arrays[name].dtype, arrays[name].shape) == (array.dtype, array.shape)
        assert np.array_equal(arrays[name], array) and arrays[name].flags.writeable


HEADER = "{'descr': '<f8', 'fortran_order': False, 'shape': (%s,), }\n"


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "no npz file"),
        (b"\x93NUMPY\x01\x00", "one array without a name"),
        (archive(b"text"), "magic|header|EOF"),
        (archive(npy(HEADER % 10**12)), "has 0 bytes"),
        (archive(npy(HEADER % 10**40)), "."),
        (archive(npy(HEADER % -1)), "."),
        (archive(npy("{'descr': '<f8', (")), "."),
        (archive(npy("[" * 3000)), "."),
        (archive(npy(HEADER % 1) + b"x" * 9), "has 9 bytes"),
        (archive(b"\x93NUMPY\x03\x00"), "npy version"),
        (archive(npy("{'descr': '|O', 'fortran_order': False, 'shape': (1,), }\n")), "Object"),
        (archive(bytes(10**7), zipfile.ZIP_DEFLATED), "unpacked it has 10,000,000 bytes"),
        (archive(b"x" * 99, zipfile.ZIP_LZMA).replace(b"\x09\x04\x05\x00", b"\xff" * 4), "."),
    ],
)
def test_what_is_no_archive_of_arrays_is_one_exception(data: bytes, message: str) -> None:
    with pytest.raises(UnreadableArrays, match=message) as error:
        read_npz(io.BytesIO(data), 1_000_000)
    assert "\n" not in str(error.value) and str(error.value)


def test_an_encrypted_member_is_one_exception() -> None:
    data = bytearray(packed())
    for mark, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        data[data.index(mark) + offset] |= 1
    with pytest.raises(UnreadableArrays, match="encrypted"):
        read_npz(io.BytesIO(bytes(data)), 10_000)


@given(st.data())
def test_damaged_archives_give_arrays_or_the_one_exception(data: st.DataObject) -> None:
    content = bytearray(packed(data.draw(st.booleans())))
    for offset in data.draw(st.lists(st.integers(0, len(content) - 1), min_size=1, max_size=4)):
        content[offset] = data.draw(st.integers(0, 255))
    try:
        arrays = read_npz(io.BytesIO(bytes(content[: data.draw(st.integers(0, 2000))])), 100_000)
    except UnreadableArrays:
        return
    assert sum(array.nbytes for array in arrays.values()) <= 100_000
