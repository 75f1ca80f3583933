"""Checkpoints hold every tensor, refuse what does not fit, and never leave half a file."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch
from harness import Honest

from benchmark.spec import BenchError
from benchmark.training import checkpoint
from benchmark.training.runtime import construct


def method(seed: int = 0) -> Honest:
    return construct(
        Honest, Honest.Config(), seed, shape=(6,), latent_dim=3, steps=20, steps_per_epoch=6
    )


def test_state_names_parameters_buffers_and_optimiser_state_from_the_start() -> None:
    names = set(checkpoint.method_state(method()))
    assert {
        "method/encoder.weight",
        "method/average",
        "player/model/exp_avg/encoder.weight",
        "player/gate/step/scale",
    } <= names


def test_write_read_load_is_the_identity(tmp_path: Path) -> None:
    first, second = method(0), method(1)
    checkpoint.write(tmp_path / "c", checkpoint.method_state(first), {"step": "3"})
    tensors, header = checkpoint.read(tmp_path / "c")
    places = {name: tensor.data_ptr() for name, tensor in checkpoint.method_state(second).items()}
    checkpoint.load_state(second, tensors)
    assert header == {"step": "3"}
    for name, tensor in checkpoint.method_state(second).items():
        assert torch.equal(tensor, checkpoint.method_state(first)[name])
        assert (
            tensor.data_ptr() == places[name]
        )  # in place: a captured graph keeps reading the same memory


@pytest.mark.parametrize("damage", ["missing", "extra", "reshaped"])
def test_loading_refuses_what_does_not_fit_and_changes_nothing(damage: str) -> None:
    target = method()
    tensors = {name: tensor + 1 for name, tensor in checkpoint.method_state(target).items()}
    name = "method/decoder.weight"
    if damage == "missing":
        del tensors[name]
    elif damage == "extra":
        tensors["method/other"] = torch.zeros(2)
    else:
        tensors[name] = tensors[name].T.contiguous()
    before = {
        tensor_name: tensor.clone()
        for tensor_name, tensor in checkpoint.method_state(target).items()
    }
    with pytest.raises(BenchError, match="method/other" if damage == "extra" else name):
        checkpoint.load_state(target, tensors)
    assert all(
        torch.equal(before[tensor_name], tensor)
        for tensor_name, tensor in checkpoint.method_state(target).items()
    )


def test_missing_or_broken_file_reads_as_none(tmp_path: Path) -> None:
    assert checkpoint.read(tmp_path / "nothing") is None
    (tmp_path / "broken").write_bytes(b"\x08\x00\x00\x00\x00\x00\x00\x00{")
    assert checkpoint.read(tmp_path / "broken") is None


@pytest.mark.parametrize("kind", ["link", "pipe", "folder", "large"])
def test_what_is_no_checkpoint_of_bounded_size_is_refused_and_left_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    """A results folder may be a stranger's: a pipe would never end, a link shows another file."""
    path = tmp_path / "c"
    if kind == "pipe":
        os.mkfifo(path)
    elif kind == "folder":
        path.mkdir()
    else:
        target = tmp_path / "whole" if kind == "link" else path
        small(target)
        assert checkpoint.read(target) is not None
        if kind == "link":
            path.symlink_to(target)
        else:
            monkeypatch.setattr(checkpoint, "LARGEST", path.stat().st_size - 1)
    with pytest.raises(BenchError, match=f"cannot read the checkpoint '{path}': .*; move it away"):
        checkpoint.read(path)
    assert path.lstat()


def small(path: Path) -> bytes:
    """A checkpoint of two tensors of one size and its bytes."""
    tensors = {"a": torch.arange(4.0), "b": torch.arange(4)}
    checkpoint.write(path, tensors, {"step": "6", "key": "toy"})
    return path.read_bytes()


def test_every_flipped_bit_and_every_cut_reads_as_none(tmp_path: Path) -> None:
    """Header and tensors: names, shapes, types, offsets, the step."""
    path = tmp_path / "c"
    content = small(path)
    for offset in range(len(content)):
        for bit in range(8):
            damaged = bytearray(content)
            damaged[offset] ^= 1 << bit
            path.write_bytes(damaged)
            assert checkpoint.read(path) is None, (offset, bit)
        path.write_bytes(content[:offset])
        assert checkpoint.read(path) is None, offset
    path.write_bytes(content)
    assert checkpoint.read(path) is not None


@pytest.mark.parametrize(
    ("written", "instead"),
    [
        (b'"F32"', b'"U32"'),
        (b'"F32"', b'"XYZ"'),
        (b'"shape":[4]', b'"shape":[2,2]'),
        (b'"step":"6"', b'"step":"7"'),
    ],
)
def test_an_edited_header_reads_as_none(tmp_path: Path, written: bytes, instead: bytes) -> None:
    content = small(tmp_path / "c")
    assert written in content
    length = int.from_bytes(content[:8], "little") + len(instead) - len(written)
    edited = length.to_bytes(8, "little") + content[8:].replace(written, instead, 1)
    (tmp_path / "c").write_bytes(edited)
    assert checkpoint.read(tmp_path / "c") is None


@pytest.mark.parametrize("header", [b'{"__metadata__":null}', b"{}", b"[]", b"null", b"{" * 5000])
def test_a_header_without_metadata_reads_as_none(tmp_path: Path, header: bytes) -> None:
    (tmp_path / "c").write_bytes(len(header).to_bytes(8, "little") + header)
    assert checkpoint.read(tmp_path / "c") is None


@pytest.mark.parametrize("kind", ["F8_E8M0", "F4"])
def test_a_whole_file_of_types_torch_lacks_reads_as_none(tmp_path: Path, kind: str) -> None:
    """Somebody's own file with a right sha256: what torch cannot hold is no state to go on from."""
    blank = f'"sha256":"{"0" * 64}"'
    entry = f'"a":{{"dtype":"{kind}","shape":[2],"data_offsets":[0,2]}}'
    header = f'{{"__metadata__":{{{blank}}},{entry}}}'.encode()
    data = len(header).to_bytes(8, "little") + header + b"\0\0"
    digest = hashlib.sha256(data).hexdigest().encode()
    (tmp_path / "c").write_bytes(data.replace(b"0" * 64, digest))
    assert checkpoint.read(tmp_path / "c") is None


def test_failed_write_leaves_the_old_checkpoint(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "c"
    checkpoint.write(path, {"a": torch.ones(2)}, {})
    monkeypatch.setattr("os.fsync", lambda handle: (_ for _ in ()).throw(OSError("disk full")))
    with pytest.raises(OSError, match="disk full"):
        checkpoint.write(path, {"a": torch.zeros(2)}, {})
    assert torch.equal(checkpoint.read(path)[0]["a"], torch.ones(2))
    assert [path.name for path in tmp_path.iterdir()] == ["c"]


def test_a_file_replaced_while_it_is_read_gives_the_old_state_or_the_new(tmp_path: Path) -> None:
    """In an interpreter of its own another writer keeps replacing a small checkpoint by a large one
    and back."""
    path, stop = tmp_path / "c", tmp_path / "stop"
    code = (
        "import sys, torch; from pathlib import Path; from benchmark.training import checkpoint; "
        "path, stop = map(Path, sys.argv[1:])\n"
        "while not stop.exists():\n"
        "    for size in (10, 20_000): checkpoint.write(path, {'a': torch.ones(size)}, {'size': "
        "str(size)})"
    )
    writer = subprocess.Popen([sys.executable, "-c", code, str(path), str(stop)])
    try:
        while not path.exists():
            assert writer.poll() is None
            time.sleep(0.01)
        reads = [checkpoint.read(path) for _ in range(3000)]
    finally:
        stop.touch()
        writer.wait(60)
    assert all(state is not None and len(state[0]["a"]) == int(state[1]["size"]) for state in reads)
    assert {len(state[0]["a"]) for state in reads if state} == {10, 20_000}
