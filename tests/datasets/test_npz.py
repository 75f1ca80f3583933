"""Arrays of your own: each accepted layout, and one line for each mistake."""

from __future__ import annotations

import io
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmark import registry
from benchmark.datasets.npz import NAMES, Npz
from benchmark.datasets.split import Splits
from benchmark.options import parse_reference, split_list
from benchmark.spec import BenchError

RNG = np.random.default_rng(3)


def floats(*shape: int) -> np.ndarray:
    return RNG.random(shape)


def pixels(*shape: int) -> np.ndarray:
    return RNG.integers(0, 256, shape, dtype=np.uint8)


def save(folder: Path, **arrays: Any) -> Path:
    path = folder / "data.npz"
    np.savez(path, **arrays)
    return path


def load(path: Path) -> Splits:
    return Npz(argument=str(path)).load()


@pytest.mark.parametrize(
    ("array", "shape"),
    [
        (100 * floats(6, 7) - 50, (7,)),
        (floats(6, 4, 5), (1, 4, 5)),
        (floats(6, 1, 4, 5), (1, 4, 5)),
        (floats(6, 3, 4, 5), (3, 4, 5)),
        (pixels(6, 4, 5), (1, 4, 5)),
        (pixels(6, 3, 4, 5), (3, 4, 5)),
        (np.asfortranarray(floats(6, 4, 5)).astype(np.float16), (1, 4, 5)),
        (floats(6, 7).astype(">f4"), (7,)),
    ],
)
def test_numbers_keep_their_value_and_order(
    tmp_path: Path, array: np.ndarray, shape: tuple[int, ...]
) -> None:
    splits = load(save(tmp_path, train=array, test=array[4:]))
    assert splits.train.shape == splits.test.shape == shape
    for split, source in ((splits.train, array), (splits.test, array[4:])):
        kept = np.uint8 if array.dtype == np.uint8 else np.float32
        assert (
            split.stored.dtype == kept
            and split.stored.flags.c_contiguous
            and split.stored.flags.writeable
        )
        assert np.array_equal(split.stored, source.reshape(-1, *shape).astype(kept))


def test_labels_are_optional_and_kept(tmp_path: Path) -> None:
    labelled = load(
        save(
            tmp_path,
            train=floats(3, 2),
            test=floats(2, 2),
            train_labels=np.array([2, 0, 1], np.uint8),
        )
    )
    assert (
        labelled.train.labels is not None
        and labelled.train.labels.tolist() == [2, 0, 1]
        and labelled.train.labels.dtype == np.int64
    )
    assert labelled.test.labels is None


def test_the_digest_depends_on_the_numbers_not_on_path_or_packing(tmp_path: Path) -> None:
    train, test = floats(3, 2), floats(2, 2)
    first = load(save(tmp_path, train=train, test=test)).digest
    np.savez_compressed(tmp_path / "other.npz", test=test, train=train.astype(np.float32))
    assert (
        load(tmp_path / "other.npz").digest
        == first
        != load(save(tmp_path, train=train, test=test + 1)).digest
    )


V, IMAGES, BYTES = np.zeros((3, 2)), np.zeros((3, 4, 4)), np.zeros((3, 4, 4), np.uint8)


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"train": V}, "has no array 'test' (it has train)"),
        ({}, "has no array 'train' (it has none)"),
        (
            {"train": V, "test": V, "train_label": V[:, 0]},
            "holds an array 'train_label'; did you mean 'train_labels'?",
        ),
        (
            {"train": V.astype(int), "test": V},
            "'train' in '…' has type int64; expected float, or uint8 for images",
        ),
        ({"train": V, "test": V.astype(complex)}, "'test' in '…' has type complex128"),
        ({"train": np.array([["a"]]), "test": V}, "has type <U1; expected float"),
        ({"train": V, "test": V[:, 0]}, "'test' in '…' has shape (3,); expected vectors (N, D)"),
        ({"train": V[:0], "test": V}, "has shape (0, 2); …at least two of them"),
        ({"train": V, "test": V[:1]}, "'test' in '…' has shape (1, 2); …at least two of them"),
        (
            {"train": BYTES + 1, "test": BYTES},
            "'train' in '…' is uint8 and holds 0 and 1 only; …multiply them by 255",
        ),
        (
            {"train": V, "test": V, "train_labels": np.full(3, 2**63, np.uint64)},
            "'train_labels' in '…' holds 9223372036854775808, more than an int64 can",
        ),
        ({"train": BYTES[0], "test": BYTES}, "is uint8 of shape (4, 4); bytes stand for images"),
        (
            {"train": np.zeros((3, 4, 4, 3)), "test": V},
            "has shape (3, 4, 4, 3); expected (N, C, H, W) with 1 or 3 channels",
        ),
        ({"train": V + np.nan, "test": V}, "'train' in '…' holds numbers that are not finite"),
        (
            {"train": V, "test": V + 1e300},
            "'test' in '…' holds numbers that are not finite in float32",
        ),
        (
            {"train": IMAGES + 2, "test": IMAGES},
            "'train' in '…' holds pixels from 2 to 2; expected floats from 0 to 1",
        ),
        ({"train": IMAGES, "test": IMAGES - 0.5}, "'test' in '…' holds pixels from -0.5 to -0.5"),
        (
            {"train": V, "test": np.zeros((3, 5))},
            "holds float32 of shape (2,) and 'test' float32 of shape (5,); "
            "expected the same in both",
        ),
        (
            {"train": BYTES, "test": IMAGES},
            "holds uint8 of shape (1, 4, 4) and 'test' float32 of shape (1, 4, 4)",
        ),
        (
            {"train": V, "test": V, "test_labels": np.zeros(2, int)},
            "'test_labels' in '…' is int64 of shape (2,); expected whole numbers of shape (3,)",
        ),
        (
            {"train": V, "test": V, "train_labels": np.zeros(3)},
            "'train_labels' in '…' is float64 of shape (3,)",
        ),
        (
            {"train": np.array([[None]]), "test": V},
            "cannot read '…' as npz (Object arrays cannot be loaded when allow_pickle=False)",
        ),
    ],
)
def test_a_mistake_is_one_line(tmp_path: Path, arrays: dict[str, np.ndarray], message: str) -> None:
    pattern = ".*".join(map(re.escape, message.split("…")))
    with pytest.raises(BenchError, match=pattern) as caught:
        load(save(tmp_path, **arrays))
    assert "\n" not in str(caught.value) and str(tmp_path) in str(caught.value)


def archive(**arrays: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)
    return buffer.getvalue()


def single(array: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, array)
    return buffer.getvalue()


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"not an archive",
        archive(train=V, test=V)[:-30],
        archive(train=V, test=V).replace(V.tobytes(), (V + 1).tobytes(), 1),
        single(V),
    ],
    ids=["empty", "text", "cut-off", "bad-crc", "npy"],
)
def test_a_damaged_file_is_one_line(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "data.npz"
    path.write_bytes(content)
    with pytest.raises(
        BenchError,
        match=(
            r"^cannot read '[^\n]*' as npz \([^\n]+\); "
            r"write plain arrays with numpy.savez[^\n]*$"
        ),
    ) as error:
        load(path)
    assert "trust" not in str(error.value)


def test_a_missing_file_or_name_says_what_to_give(tmp_path: Path) -> None:
    with pytest.raises(BenchError, match=r"there is no file '.*none.npz'; expected npz:FILE"):
        load(tmp_path / "none.npz")
    with pytest.raises(BenchError, match="given no file; expected npz:FILE"):
        Npz().load()


def test_the_command_line_reaches_the_file(tmp_path: Path) -> None:
    path = save(tmp_path, train=V, test=V)
    choice = registry.choose("datasets", f"npz:{path}")
    kind = registry.load(choice.entry.target)
    assert kind is Npz and choice.options == {"intrinsic_dim": None}
    assert len(kind(kind.Options(**choice.options), argument=choice.argument).load().train) == len(
        V
    )


@pytest.mark.parametrize("name", ["a,b.npz", "a[1].npz", "a[x=1,y].npz", "a b.npz", "a=b.npz"])
def test_paths_with_commas_and_brackets_are_given_in_quotes(tmp_path: Path, name: str) -> None:
    np.savez(tmp_path / name, train=V, test=V)
    (text, other) = split_list([f'npz:"{tmp_path}/{name}",circle[noise=0.1]'])
    assert other == "circle[noise=0.1]"
    choice = registry.choose("datasets", text)
    assert choice.argument == f"{tmp_path}/{name}"
    assert len(Npz(argument=choice.argument).load().train) == 3
    assert parse_reference(choice.name) == (choice.name, {})


def test_the_documented_names_are_the_accepted_ones() -> None:
    documented = registry.find("datasets", "npz").source.doc
    assert all(f"``{name}``" in documented or f"{name}=..." in documented for name in NAMES)
