"""Checkpoints: every tensor of a run and one integer, in a safetensors file with a small header.
Never code, never pickle."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load, save
from torch import Tensor

from benchmark.files import atomic_write, read_plain
from benchmark.method import Method
from benchmark.spec import BenchError, Record

__all__ = ["final_state", "load_state", "method_state", "read", "write"]

LARGEST = 8_000_000_000
"""Bytes of a checkpoint that are read, at most."""


def method_state(method: Method) -> dict[str, Tensor]:
    """Return every tensor that training may change, by name: parameters, buffers, and the optimiser
    state of each player (not copies)."""
    state = {f"method/{name}": tensor for name, tensor in method.state_dict().items()}
    for player in method.players.values():
        state.update(
            {f"player/{player.name}/{name}": tensor for name, tensor in player.state_dict().items()}
        )
    return state


def write(path: Path, tensors: Mapping[str, Tensor], header: Mapping[str, str]) -> None:
    """Write ``tensors`` and ``header`` to ``path`` whole (temporary file, fsync, rename), with a
    sha256 of the whole file in the header."""
    plain = {
        name: tensor.detach().to("cpu").contiguous().clone() for name, tensor in tensors.items()
    }
    data = bytearray(save(plain, metadata={**header, "sha256": _BLANK}))
    span = _digest_span(data)
    assert span is not None
    data[slice(*span)] = _digest(data, span)
    atomic_write(path, bytes(data))


def read(path: Path) -> tuple[dict[str, Tensor], dict[str, str]] | None:
    """Return the tensors and header of ``path``; None where there is no file, or one that is
    damaged: one whose bytes, of header or tensors, are not those that were written. ``BenchError``
    where it is no regular file of at most :data:`LARGEST` bytes, or may not be read.

    The file is read at once: one that is replaced meanwhile gives the old state or the new one,
    where a map of it would fit neither.
    """
    try:
        data = read_plain(path, LARGEST)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise BenchError(
            f"cannot read the checkpoint '{path}': {error.strerror or error}; move it away"
        ) from None
    span = _digest_span(data)
    if span is None or data[slice(*span)] != _digest(data, span):
        return None
    try:
        tensors = load(data)
        header = json.loads(data[8 : 8 + int.from_bytes(data[:8], "little")])["__metadata__"]
    except (SafetensorError, ValueError, TypeError, KeyError):  # no file of ours
        return None
    del header["sha256"]
    return tensors, header


def final_state(record: Record, folder: Path) -> dict[str, Tensor]:
    """Return the tensors of the last checkpoint of the finished run ``record`` in its ``folder``;
    ``BenchError`` where there is none, or where it is of another run, code or step."""
    stored = read(folder / "checkpoint.safetensors")
    again = "make it again with `bench run --force`"
    if stored is None:
        raise BenchError(f"'{folder}' holds no checkpoint that can be read; {again}")
    tensors, header = stored
    expected = {"key": record.key, "code": record.code, "concluded": "1"}
    if record.harness:
        expected["harness"] = record.harness
    expected["step"] = str(record.spec["steps"])
    for name, value in expected.items():
        if header.get(name) != value:
            raise BenchError(
                f"the checkpoint in '{folder}' has {name} {header.get(name)}, the record {value}; "
                f"{again}"
            )
    return tensors


_BLANK = "0" * 64
"""What stands in the place of the sha256 while it is taken."""

_DIGEST = re.compile(rb'"sha256":"([0-9a-f]{64})"')


def _digest_span(data: bytes | bytearray) -> tuple[int, int] | None:
    """Return where in a file's bytes its sha256 stands: in the header, which comes first."""
    match = _DIGEST.search(data)
    return None if match is None else match.span(1)


def _digest(data: bytes | bytearray, span: tuple[int, int]) -> bytes:
    """Return the sha256 of a file's bytes with zeros in the place of the digest, 64 hex digits."""
    view = memoryview(data)
    hasher = hashlib.sha256(view[: span[0]])
    hasher.update(_BLANK.encode())
    hasher.update(view[span[1] :])
    return hasher.hexdigest().encode()


@torch.no_grad()
def load_state(method: Method, tensors: Mapping[str, Tensor]) -> None:
    """Copy ``tensors`` into the method in place. A missing, extra or reshaped name is an error that
    names it, and nothing is changed."""
    state = method_state(method)
    loaded = {
        name: tensor for name, tensor in tensors.items() if name.startswith(("method/", "player/"))
    }
    wrong = [f"missing {name}" for name in sorted(set(state) - set(loaded))] + [
        f"extra {name}" for name in sorted(set(loaded) - set(state))
    ]
    for name in sorted(set(state) & set(loaded)):
        if (state[name].shape, state[name].dtype) != (loaded[name].shape, loaded[name].dtype):
            wrong.append(
                f"{name} is {tuple(loaded[name].shape)} {loaded[name].dtype}, "
                f"expected {tuple(state[name].shape)} {state[name].dtype}"
            )
    if wrong:
        raise BenchError(
            f"the checkpoint does not fit the method: {'; '.join(wrong[:3])}; "
            "delete it and run again"
        )
    for name, tensor in state.items():
        tensor.copy_(loaded[name])
