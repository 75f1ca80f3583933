"""MNIST and Fashion-MNIST: the format on files made here, the real files against their published
md5 digests."""

from __future__ import annotations

import gzip
import hashlib
import shutil
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from benchmark import registry
from benchmark.datasets import mnist
from benchmark.datasets.files import locate, read_verified
from benchmark.datasets.mnist import MNIST, FashionMNIST, parse_idx
from benchmark.datasets.split import Splits
from benchmark.spec import BenchError

KINDS = [MNIST, FashionMNIST]
PUBLISHED_MD5 = {
    (MNIST, "train-images-idx3-ubyte"): "6bbc9ace898e44ae57da46a324031adb",
    (MNIST, "train-labels-idx1-ubyte"): "a25bea736e30d166cdddb491f175f624",
    (MNIST, "t10k-images-idx3-ubyte"): "2646ac647ad5339dbf082846283269ea",
    (MNIST, "t10k-labels-idx1-ubyte"): "27ae3e4e09519cfbb04c329615203637",
    (FashionMNIST, "train-images-idx3-ubyte"): "f4a8712d7a061bf5bd6d2ca38dc4d50a",
    (FashionMNIST, "train-labels-idx1-ubyte"): "9018921c3c673c538a1fc5bad174d6f9",
    (FashionMNIST, "t10k-images-idx3-ubyte"): "8181f5470baa50b63fa0f6fddb340f0a",
    (FashionMNIST, "t10k-labels-idx1-ubyte"): "15d484375f8d13e6eb1aabb0c3f46965",
}
Kind = type[mnist._Idx]


def idx(array: np.ndarray) -> bytes:
    """The idx bytes of a uint8 array, written from the format's definition."""
    return (
        bytes((0, 0, 8, array.ndim))
        + b"".join(length.to_bytes(4, "big") for length in array.shape)
        + array.tobytes()
    )


def tiny() -> dict[str, np.ndarray]:
    rng = np.random.default_rng(0)
    counts = {"train": 5, "t10k": 3}
    images = {
        f"{part}-images-idx3-ubyte": rng.integers(0, 256, (n, 28, 28), dtype=np.uint8)
        for part, n in counts.items()
    }
    return images | {
        f"{part}-labels-idx1-ubyte": rng.integers(0, 10, n, dtype=np.uint8)
        for part, n in counts.items()
    }


def install(kind: Kind, root: Path, monkeypatch: pytest.MonkeyPatch, packed: bool = False) -> Path:
    """Write tiny files in the layout of torchvision and pin them; return their folder."""
    folder = root / kind.folder / "raw"
    folder.mkdir(parents=True)
    contents = {name: idx(array) for name, array in tiny().items()}
    for name, content in contents.items():
        (folder / (f"{name}.gz" if packed else name)).write_bytes(
            gzip.compress(content) if packed else content
        )
    monkeypatch.setattr(
        kind,
        "sha256",
        {name: hashlib.sha256(content).hexdigest() for name, content in contents.items()},
    )
    return folder


@pytest.mark.parametrize("shape", [(4,), (2, 3, 5), (0, 28, 28)])
def test_parse_idx_inverts_the_format(shape: tuple[int, ...]) -> None:
    array = np.arange(np.prod(shape), dtype=np.uint8).reshape(shape)
    parsed = parse_idx(idx(array), "x", ndim=len(shape))
    assert np.array_equal(parsed, array) and parsed.shape == shape and parsed.dtype == np.uint8
    assert parsed.flags.writeable  # torch.from_numpy warns of arrays that are not


GOOD = idx(np.zeros((2, 3, 5), dtype=np.uint8))


@pytest.mark.parametrize(
    "data",
    [
        b"",
        GOOD[:3],
        GOOD[:15],
        b"\x01" + GOOD[1:],
        GOOD[:2] + b"\x0d" + GOOD[3:],
        GOOD[:3] + b"\x01" + GOOD[4:],
        GOOD[:-1],
        GOOD + b"\x00",
    ],
    ids=[
        "empty",
        "half-magic",
        "half-header",
        "wrong-magic",
        "float-type",
        "one-axis",
        "too-short",
        "too-long",
    ],
)
def test_parse_idx_is_strict(data: bytes) -> None:
    with pytest.raises(
        BenchError,
        match=(
            r"^'x' (is no idx file of bytes with 3 axes: it begins with"
            r"|holds \d+ bytes after its header, expected 30)"
        ),
    ):
        parse_idx(data, "x", ndim=3)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("packed", [False, True], ids=["plain", "gzipped"])
def test_images_and_labels_arrive_in_order(
    kind: Kind, packed: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(kind, tmp_path, monkeypatch, packed)
    splits, arrays = kind(data_dir=tmp_path).load(), tiny()
    for split, part in ((splits.train, "train"), (splits.test, "t10k")):
        assert (
            np.array_equal(split.stored[:, 0], arrays[f"{part}-images-idx3-ubyte"])
            and split.stored.dtype == np.uint8
        )
        assert split.stored.shape[1:] == split.shape == kind.shape
        assert split.labels is not None and np.array_equal(
            split.labels, arrays[f"{part}-labels-idx1-ubyte"]
        )


def test_plain_and_gzipped_files_are_the_same_data(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(MNIST, tmp_path / "plain", monkeypatch)
    install(MNIST, tmp_path / "packed", monkeypatch, packed=True)
    assert (
        MNIST(data_dir=tmp_path / "plain").load().digest
        == MNIST(data_dir=tmp_path / "packed").load().digest
    )


@pytest.mark.parametrize("name", sorted(tiny()))
def test_one_changed_byte_in_any_file_is_refused(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = install(MNIST, tmp_path, monkeypatch) / name
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    with pytest.raises(
        BenchError,
        match=(
            f"{name}' has the wrong checksum: .*expected {MNIST.sha256[name]}; "
            "delete it and run `bench data fetch mnist`"
        ),
    ):
        MNIST(data_dir=tmp_path).load()


@pytest.mark.parametrize("kind", KINDS)
def test_missing_files_are_all_named(kind: Kind, tmp_path: Path) -> None:
    with pytest.raises(BenchError) as caught:
        kind(data_dir=tmp_path).load()
    message = str(caught.value)
    assert (
        all(file in message for file in kind.sha256)
        and str(tmp_path / kind.folder / "raw") in message
    )
    assert f"`bench data fetch {kind.name}`" in message and "$BENCH_DATA" in message
    with pytest.raises(BenchError, match=r"--data-dir or set \$BENCH_DATA"):
        kind().load()


@pytest.mark.parametrize("kind", KINDS)
def test_the_name_in_messages_is_the_registered_one(kind: Kind) -> None:
    assert registry.load(registry.find("datasets", kind.name).target) is kind


def test_a_failed_download_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def offline(root: str, train: bool, download: bool) -> None:
        assert root == str(tmp_path) and download
        raise RuntimeError("Error downloading\n train-images")

    monkeypatch.setitem(
        sys.modules, "torchvision", SimpleNamespace(datasets=SimpleNamespace(FashionMNIST=offline))
    )
    with pytest.raises(
        BenchError,
        match=(
            r"could not fetch 'fashion-mnist' into .*: Error downloading train-images; "
            r"check the network"
        ),
    ):
        FashionMNIST(data_dir=tmp_path).fetch()


@pytest.fixture(scope="module", params=KINDS)
def kind(request: pytest.FixtureRequest, data_dir: Path) -> Kind:
    if not (data_dir / request.param.folder / "raw").is_dir():
        pytest.skip(f"no {request.param.folder} in '{data_dir}'; set BENCH_DATA to run this test")
    return request.param


@pytest.fixture(scope="module")
def real(kind: Kind, data_dir: Path) -> Splits:
    return kind(data_dir=data_dir).load()


def test_pinned_files_are_the_published_ones(kind: Kind, data_dir: Path) -> None:
    for name, path in locate(
        data_dir / kind.folder / "raw", kind.sha256, dataset=kind.name
    ).items():
        data = read_verified(path, kind.sha256[name], dataset=kind.name)
        assert hashlib.md5(data, usedforsecurity=False).hexdigest() == PUBLISHED_MD5[kind, name]


def test_real_files_hold_70000_images_of_ten_classes(kind: Kind, real: Splits) -> None:
    assert real.train.stored.shape == (60_000, *kind.shape) and real.test.stored.shape == (
        10_000,
        *kind.shape,
    )
    for split in (real.train, real.test):
        assert split.labels is not None and np.array_equal(np.unique(split.labels), np.arange(10))
        assert (split.stored.min(), split.stored.max()) == (0, 255)


def test_real_images_have_the_known_mean_and_first_labels(kind: Kind, real: Splits) -> None:
    mean, first = {MNIST: (0.1307, [5, 0, 4, 1, 9]), FashionMNIST: (0.2860, [9, 0, 0, 3, 0])}[kind]
    assert real.train.stored.mean() / 255 == pytest.approx(
        mean, abs=5e-5
    )  # the usual normalisation constants, given to four digits
    assert real.train.labels is not None and real.train.labels[:5].tolist() == first


def test_loading_is_repeatable_and_reads_each_file_once(
    kind: Kind, real: Splits, data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files: list[str] = []

    def counted(path: Path, sha256: str, *, dataset: str) -> bytes:
        files.append(path.name.removesuffix(".gz"))
        return read_verified(path, sha256, dataset=dataset)

    monkeypatch.setattr(mnist, "read_verified", counted)
    assert kind(data_dir=data_dir).load().digest == real.digest
    assert sorted(files) == sorted(kind.sha256)


def test_fetch_unpacks_gzipped_files_that_are_here(
    data_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source, folder = data_dir / "MNIST" / "raw", tmp_path / "MNIST" / "raw"
    if not all((source / f"{name}.gz").is_file() for name in MNIST.sha256):
        pytest.skip(f"no gzipped files in '{source}'")
    shutil.copytree(
        source, folder, ignore=lambda _, names: [name for name in names if not name.endswith(".gz")]
    )
    monkeypatch.setattr(
        "urllib.request.urlopen", lambda *_, **__: pytest.fail("fetch used the network")
    )
    MNIST(data_dir=tmp_path).fetch()
    assert set(MNIST.sha256) <= {path.name for path in folder.iterdir()}
    for path in folder.glob("*.gz"):
        path.unlink()
    assert MNIST(data_dir=tmp_path).load().digest == MNIST(data_dir=data_dir).load().digest
