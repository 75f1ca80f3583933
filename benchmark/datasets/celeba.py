"""CelebA: photographs of faces, 162,770 for training and 19,962 for test, the publishers' split
(their 19,867 validation images are left out).

Source: Z. Liu, P. Luo, X. Wang, X. Tang, "Deep Learning Face Attributes in the Wild" (ICCV 2015),
https://mmlab.ie.cuhk.edu.hk/projects/CelebA.html; for research that is not commercial, not to be
passed on. Files lie as torchvision puts them: ``<data_dir>/celeba/img_align_celeba/*.jpg`` and
``list_eval_partition.txt``. The aligned images have 178 x 218 pixels. Ours, after what is common
for autoencoders: the central 140 x 140 pixels, scaled to 64 x 64 by Pillow's bilinear filter, which
averages over all pixels below.

Decoding 182,732 photographs takes minutes, so ``fetch`` does it once and keeps the bytes in
``celeba64.npy`` (2.2 GB), training images first, with their sha256 in ``celeba64.npy.sha256``;
loading reads these two files only. The sha256 tells whether the file is still the one that was
made. There is no published digest to compare with, and another version of the JPEG library may
decode a few pixels differently: the digest in a run's key tells. The batch size and latent
dimensions are ours.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from benchmark.datasets.download import present, root, verify_md5
from benchmark.datasets.split import Dataset, Split, Splits
from benchmark.spec import BenchError

if TYPE_CHECKING:
    from PIL.Image import Image

__all__ = ["CelebA", "face", "partition"]

ALIGNED = (178, 218)
"""Width and height of the publishers' aligned images."""

CROP, SIDE = 140, 64
TRAIN, TEST = "0", "2"
"""How the list of the split calls its parts."""


def face(image: Image) -> np.ndarray:
    """Return the central 140 x 140 pixels of a photograph of 178 x 218, scaled to (3, 64, 64),
    uint8."""
    from PIL.Image import Resampling

    if image.size != ALIGNED:
        raise OSError(
            f"an image has {image.width} x {image.height} pixels, "
            f"expected {ALIGNED[0]} x {ALIGNED[1]} (the aligned images)"
        )
    left, top = (image.width - CROP) // 2, (image.height - CROP) // 2
    small = (
        image.convert("RGB")
        .crop((left, top, left + CROP, top + CROP))
        .resize((SIDE, SIDE), Resampling.BILINEAR)
    )
    return np.asarray(small).transpose(2, 0, 1)


def partition(text: str) -> tuple[list[str], list[str]]:
    """Return the names of the training and of the test images in the list of the split, lines of a
    name and 0, 1 or 2."""
    lines = [line.split() for line in text.splitlines() if line.strip()]
    train, test = ([name for name, part in lines if part == wanted] for wanted in (TRAIN, TEST))
    return train, test


class CelebA(Dataset):
    """162,770 training and 19,962 test images."""

    name: ClassVar[str] = "celeba"
    counts: ClassVar[tuple[int, int]] = (162_770, 19_962)
    list_md5: ClassVar[str] = "d32c9cbf5e040fd4025c592c306e6668"
    shape = (3, 64, 64)
    batch_size = 100
    latent_dims = (64, 128)
    train_count = 162_770

    def load(self) -> Splits:
        """Return the splits; the images stay in the file until they are used."""
        path, noted = (present(file, dataset=self.name) for file in self._kept())
        remedy = "delete it and run `bench data fetch celeba`"
        if _sha256(path) != noted.read_text(encoding="ascii", errors="replace").partition(" ")[0]:
            raise BenchError(
                f"'{path}' has the wrong checksum: its sha256 is not the one in '{noted}'; {remedy}"
            )
        stored = np.load(path, mmap_mode="c", allow_pickle=False)
        expected = (sum(self.counts), *self.shape)
        if stored.shape != expected or stored.dtype != np.uint8:
            raise BenchError(
                f"'{path}' holds {stored.dtype} of shape {stored.shape}, "
                f"expected uint8 of shape {expected}; {remedy}"
            )
        train, test = np.split(np.asarray(stored), self.counts[:1])
        return Splits(train=Split(train, shape=self.shape), test=Split(test, shape=self.shape))

    def fetch(self) -> None:
        """Have torchvision download what is missing (it needs gdown), then decode every image into
        ``celeba64.npy``; what is kept is kept."""
        path, noted = self._kept()
        if path.is_file() and noted.is_file():
            return
        folder = path.parent
        if not (
            (folder / "list_eval_partition.txt").is_file()
            and (folder / "img_align_celeba").is_dir()
        ):
            self._download()
        names = partition(
            verify_md5(
                folder / "list_eval_partition.txt", self.list_md5, dataset=self.name
            ).read_text(encoding="ascii")
        )
        partial = path.with_name(f"{path.name}.part")
        try:
            self._decode(folder / "img_align_celeba", [*names[0], *names[1]], partial)
            sha256 = _sha256(partial)
            partial.replace(path)
            noted.write_text(f"{sha256}  {path.name}\n", encoding="ascii")
        except OSError as error:
            raise BenchError(
                f"could not make '{path}': {' '.join(str(error).split())}; "
                "see to the file or the disk and fetch again"
            ) from None
        finally:
            partial.unlink(missing_ok=True)

    def _kept(self) -> tuple[Path, Path]:
        folder = root(self.data_dir, dataset=self.name) / "celeba"
        return folder / "celeba64.npy", folder / "celeba64.npy.sha256"

    def _download(self) -> None:
        if importlib.util.find_spec("gdown") is None:
            raise BenchError(
                "to fetch 'celeba' from Google Drive gdown is needed; "
                "run pip install '.[celeba]' in a checkout (pip install 'lstar-bench[celeba]' "
                "elsewhere) and fetch again"
            )
        from torchvision import datasets

        try:
            datasets.CelebA(str(self.data_dir), split="test", target_type=[], download=True)
        except Exception as error:
            # gdown raises classes of its own, which differ between its versions
            reason = " ".join(str(error).split())
            raise BenchError(
                f"could not fetch 'celeba' into '{self.data_dir}': {reason}; "
                "Google Drive limits downloads, so try again later, "
                "or copy img_align_celeba and list_eval_partition.txt into the folder 'celeba' "
                "there"
            ) from None

    def _decode(self, folder: Path, names: list[str], path: Path) -> None:
        """Write the images ``names`` of ``folder`` to ``path``."""
        from PIL import Image

        kept = np.lib.format.open_memmap(
            path, mode="w+", dtype=np.uint8, shape=(len(names), *self.shape)
        )
        for row, name in enumerate(names):
            with Image.open(folder / name) as image:
                kept[row] = face(image)
        kept.flush()
        with path.open("rb") as file:
            os.fsync(file.fileno())


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
