"""Where InceptionV3's weights lie, and how they get there. No torch: ``bench data list`` looks
here.

The published file is a pickle, so it is opened once
(:func:`benchmark.extractors.inception.convert`), its sha256 checked before, and what it holds is
kept as safetensors under a name that carries the sha256 of its bytes.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path

from benchmark.datasets.download import download
from benchmark.files import atomic_write
from benchmark.spec import BenchError

__all__ = ["FILE", "SHA256", "URL", "fetch", "keep", "kept", "published", "read_pinned"]

FILE = "pt_inception-2015-12-05-6726825d.pth"

URL = f"https://github.com/mseitzer/pytorch-fid/releases/download/fid_weights/{FILE}"

SHA256 = "6726825d0af5f729cebd5821db510b11b1cfad8faad88a03f1befd49fb9129b2"
"""Of the published file (95,628,359 bytes); its name carries the first eight digits."""

_FOLDER = "inception"
_MARK = 16


def published(data_dir: Path) -> Path | None:
    """Return where the published file lies, ``<data_dir>/inception/`` or ``<data_dir>``; None where
    it is in neither."""
    return next(
        (path for path in (data_dir / _FOLDER / FILE, data_dir / FILE) if path.is_file()), None
    )


def kept(folders: Iterable[Path]) -> Path | None:
    """Return the safetensors file in the first of ``folders`` (or its subfolder ``inception``) that
    has one; None where there is none."""
    pattern = f"inception-{SHA256[:8]}-*.safetensors"
    return next(
        (
            path
            for folder in folders
            for place in (folder / _FOLDER, folder)
            for path in sorted(place.glob(pattern))
        ),
        None,
    )


def keep(folder: Path, data: bytes) -> Path:
    """Write safetensors bytes into ``<folder>/inception`` under the name that says what they are,
    whole or not at all."""
    path = (
        folder
        / _FOLDER
        / f"inception-{SHA256[:8]}-{hashlib.sha256(data).hexdigest()[:_MARK]}.safetensors"
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    atomic_write(path, data)
    return path


def read_pinned(path: Path) -> bytes:
    """Return the bytes of a published or kept file; ``BenchError`` where their sha256 is not the
    pinned one, or not the one in the name."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise BenchError(
            f"cannot read '{path}': {error.strerror or error}; make it readable"
        ) from None
    found = hashlib.sha256(data).hexdigest()
    expected = path.stem.rpartition("-")[2] if path.suffix == ".safetensors" else SHA256
    if not found.startswith(expected):
        raise BenchError(
            f"'{path}' has the wrong checksum: sha256 is {found}, expected {expected}; "
            "delete it and run `bench data fetch inception`"
        )
    return data


def fetch(data_dir: Path) -> Path:
    """Download the published file into ``<data_dir>/inception`` unless it is there, verify it, and
    return where it lies."""
    path = published(data_dir) or data_dir / _FOLDER / FILE
    download(URL, path, sha256=SHA256, dataset="inception")
    return path
