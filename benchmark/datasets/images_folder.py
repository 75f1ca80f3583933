"""A folder of images: ``images:FOLDER``.

PNG, JPEG, BMP, GIF (first frame), TIFF and WebP, read with Pillow, in the order of their paths.
FOLDER/train and FOLDER/test are the splits where both are there; otherwise every fifth image is
held out, class by class. Below that, folders are classes: FOLDER/cat/1.png. All images have one
size, or are brought to one by ``size``: the largest centred square is cut out and scaled (Lanczos).
Height and width are 8 or more. Images of bytes in one channel are grey, all others are converted to
red, green and blue (transparency is dropped); ``colour`` decides it for all. A folder with commas
or brackets in its name is put in double quotes, which the shell must not take away.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np

from benchmark.datasets.given import Given, held_out
from benchmark.datasets.split import Split, Splits
from benchmark.spec import BenchError

if TYPE_CHECKING:
    from PIL import Image

__all__ = ["SUFFIXES", "ImagesFolder"]

SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".bmp", ".gif", ".tif", ".tiff", ".webp"})
"""Endings of the files that are read, in small letters; others are left out."""

FORM = "images:FOLDER"


class ImagesFolder(Given):
    """The images of the folder as bytes, uint8 (N, C, H, W)."""

    @dataclass(frozen=True)
    class Options(Given.Options):
        """How images are read."""

        intrinsic_dim: int | None = None
        """Dimension of the data, where it is known: shown beside L*, and what lstar-error is of."""
        size: int | None = None
        """Height and width that images are brought to; none: all have one size already."""
        colour: Literal["auto", "grey", "rgb"] = "auto"
        """Channels; auto: grey where every image is, else rgb."""

        def __post_init__(self) -> None:
            super().__post_init__()
            if self.size is not None and self.size < 1:
                raise BenchError(f"option 'size' is {self.size}; expected a whole number from 1")

    def load(self) -> Splits:
        """Return the images of both splits; ``BenchError`` names the first file that cannot be
        read, or that has another size than the others."""
        folder = self.path("images", FORM)
        if not folder.is_dir():
            raise BenchError(f"there is no folder '{folder}'; expected {FORM}")
        roles = [folder / role for role in ("train", "test")]
        is_split = all(role.is_dir() for role in roles)
        parts = roles if is_split else [folder]
        paths = [_files(part) for part in parts]
        grey = self._is_grey([path for part in paths for path in part])
        images = _one_size([path for part in paths for path in part], grey, self.options.size)
        stored = np.stack(images)
        if not is_split:
            return held_out(stored, _classes(paths[0], folder), f"'{folder}'")
        return self._as_given(stored, paths, roles)

    def _as_given(
        self, stored: np.ndarray, paths: Sequence[Sequence[Path]], roles: Sequence[Path]
    ) -> Splits:
        """Return the splits that the folders train and test make."""
        names = [
            [_class_name(path, role) for path in part]
            for part, role in zip(paths, roles, strict=True)
        ]
        classes = sorted({name for part in names for name in part})
        splits, start = [], 0
        for part in names:
            labels = np.array([classes.index(name) for name in part], dtype=np.int64)
            rows = stored[start : start + len(part)]
            start += len(part)
            splits.append(
                Split(rows, shape=stored.shape[1:], labels=labels if len(classes) > 1 else None)
            )
        return Splits(*splits)

    def _is_grey(self, paths: Sequence[Path]) -> bool:
        if self.options.colour != "auto":
            return self.options.colour == "grey"
        return all(_mode(path) in ("1", "L") for path in paths)


def _files(folder: Path) -> list[Path]:
    """Return the images below ``folder`` by their paths; hidden ones and links that lead nowhere
    are left out."""
    paths = [
        path
        for path in folder.rglob("*")
        if path.suffix.lower() in SUFFIXES
        and path.is_file()
        and not any(part.startswith(".") for part in path.relative_to(folder).parts)
    ]
    if len(paths) < 2:
        raise BenchError(
            f"'{folder}' holds {len(paths)} images; expected at least two files ending in "
            f"{', '.join(sorted(SUFFIXES))}"
        )
    return sorted(paths, key=lambda path: path.relative_to(folder).as_posix())


def _class_name(path: Path, folder: Path) -> str:
    """The folder that an image lies in, below ``folder``; empty where it lies in that itself."""
    parts = path.relative_to(folder).parts
    return parts[0] if len(parts) > 1 else ""


def _classes(paths: Sequence[Path], folder: Path) -> np.ndarray | None:
    """Return the classes (N,) of images by their folders, None where there is one only."""
    names = [_class_name(path, folder) for path in paths]
    classes = sorted(set(names))
    if len(classes) < 2:
        return None
    return np.array([classes.index(name) for name in names], dtype=np.int64)


def _mode(path: Path) -> str:
    from PIL import Image

    with _opened(path) as image:
        assert isinstance(image, Image.Image)
        return str(image.mode)


def _one_size(paths: Sequence[Path], grey: bool, size: int | None) -> list[np.ndarray]:
    """Return the images as bytes (C, H, W), all of one size."""
    images = [_pixels(path, grey, size) for path in paths]
    counts = Counter(image.shape for image in images)
    usual = counts.most_common(1)[0][0]
    for path, image in zip(paths, images, strict=True):
        if image.shape != usual:
            here, expected = (f"{shape[2]} x {shape[1]}" for shape in (image.shape, usual))
            raise BenchError(
                f"'{path}' has {here} pixels, {counts[usual]} of {len(images)} images have "
                f"{expected}; bring all to one size, as in 'images:FOLDER[size=64]'"
            )
    return images


def _pixels(path: Path, grey: bool, size: int | None) -> np.ndarray:
    """Return one image as bytes (C, H, W)."""
    from PIL import Image

    with _opened(path) as image:
        try:
            plain = image.convert("L" if grey else "RGB")
        except (OSError, SyntaxError, ValueError) as error:
            raise _unreadable(path, error) from None
        if size is not None:
            side = min(plain.size)
            left, top = ((extent - side) // 2 for extent in plain.size)
            square = plain.crop((left, top, left + side, top + side))
            plain = square.resize((size, size), Image.Resampling.LANCZOS)
        pixels = np.asarray(plain, dtype=np.uint8)
    return np.ascontiguousarray(pixels[None] if grey else np.moveaxis(pixels, 2, 0))


def _opened(path: Path) -> Image.Image:
    """Return the image in a file, its pixels not read yet."""
    from PIL import Image, UnidentifiedImageError

    try:
        return Image.open(path)
    except (OSError, UnidentifiedImageError, Image.DecompressionBombError, ValueError) as error:
        raise _unreadable(path, error) from None


def _unreadable(path: Path, error: Exception) -> BenchError:
    reason = " ".join(str(error).split())[:200]
    return BenchError(f"cannot read '{path}' as an image ({reason}); repair it or move it away")
