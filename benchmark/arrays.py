"""Archives of NumPy arrays that may be damaged, or hostile: read without pickle, without unpacking
more than was asked for, and with one exception for every way they can be wrong."""

from __future__ import annotations

import io
import math
import zipfile
from typing import IO, BinaryIO

import numpy as np

__all__ = ["UnreadableArrays", "read_npz"]


class UnreadableArrays(Exception):
    """The file is no archive of plain arrays; the text says why, in one line."""


def read_npz(file: BinaryIO, largest: int) -> dict[str, np.ndarray]:
    """Return the arrays in the npz ``file`` by name, together at most ``largest`` bytes unpacked.

    Whatever zip, the decompressors and NumPy's parser of headers raise for bytes that are not what
    they expect becomes :class:`UnreadableArrays`.
    """
    try:
        return _read(file, largest)
    except MemoryError:
        raise UnreadableArrays("there is not memory enough for its arrays") from None
    except Exception as error:  # of a dozen kinds: BadZipFile, LZMAError, TokenError, RuntimeError
        reason = " ".join(str(error).split()) or type(error).__name__
        raise UnreadableArrays(reason) from None


def _read(file: BinaryIO, largest: int) -> dict[str, np.ndarray]:
    if file.read(6) == b"\x93NUMPY":
        raise ValueError("it holds one array without a name, as .npy does")
    file.seek(0)
    if not zipfile.is_zipfile(file):
        raise ValueError("it is no npz file")
    with zipfile.ZipFile(file) as archive:
        members = archive.infolist()
        total = sum(member.file_size for member in members)
        if total > largest:
            raise ValueError(
                f"unpacked it has {total:,} bytes, more than the {largest:,} that are read"
            )
        names = [member.filename.removesuffix(".npy") for member in members]
        if len(set(names)) < len(names):
            raise ValueError("two of its arrays have one name")
        return {
            name: _array(io.BytesIO(archive.read(member)))
            for name, member in zip(names, members, strict=True)
        }


def _array(file: IO[bytes]) -> np.ndarray:
    """Return the array in the npy ``file``, which holds what its header says and nothing else."""
    read = {
        (1, 0): np.lib.format.read_array_header_1_0,
        (2, 0): np.lib.format.read_array_header_2_0,
    }
    version = np.lib.format.read_magic(file)
    if version not in read:
        raise ValueError(
            f"an array is of npy version {version}, expected {' or '.join(map(str, read))}"
        )
    shape, fortran, dtype = read[version](file)
    if dtype.hasobject:
        raise ValueError("Object arrays cannot be loaded when allow_pickle=False")
    data = file.read()
    if math.prod(shape) * dtype.itemsize != len(data):
        raise ValueError(f"an array of shape {shape} and type {dtype} has {len(data):,} bytes")
    array = np.frombuffer(bytearray(data), dtype)
    return array.reshape(shape, order="F" if fortran else "C")
