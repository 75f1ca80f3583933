"""A frozen network at work: images in, features out, a fixed number of images at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from benchmark.metrics.base import Absent, Extractor

__all__ = ["Network", "prepared"]


@dataclass(frozen=True)
class Network:
    """``about`` says what it is; ``forward`` maps images (B, C, H, W) of numbers from 0 to 1 to
    features (B, dim), ``batch`` at a time at most."""

    about: Extractor
    forward: Callable[[Tensor], Tensor]
    module: nn.Module
    batch: int

    def to(self, device: torch.device) -> Network:
        """Move the network to ``device``."""
        self.module.to(device)
        return self

    @torch.no_grad()
    def features(self, chunks: Iterable[Tensor], count: int | None = None) -> np.ndarray:
        """Return the features of all images in ``chunks``, float32 (N, dim); only one chunk of
        images is held at a time.

        ``count`` is N where it is known: then the result is one block of memory from the start.
        Small pieces that outlive the large arrays around them keep the heap from shrinking, half a
        gigabyte for 10,000 images.

        ``Absent`` where images or features are not finite numbers, or have another shape than the
        network was made for.
        """
        found = (
            self.forward(x).to("cpu", torch.float32).numpy()
            for chunk in chunks
            for x in self._split(chunk)
        )
        features = (
            np.concatenate([np.empty((0, self.about.dim), np.float32), *found])
            if count is None
            else _filled(found, count, self.about.dim)
        )
        if not np.isfinite(features).all():
            raise Absent("the features are not finite")
        return features

    def _split(self, images: Tensor) -> Iterator[Tensor]:
        expected = self.about.shape
        if expected is not None and tuple(images.shape[1:]) != expected:
            raise Absent(
                f"{self.about.name} is made for images of {'x'.join(map(str, expected))}, "
                f"this has {'x'.join(map(str, images.shape[1:]))}"
            )
        yield from prepared(images, self.about.rounding).split(self.batch)


def _filled(pieces: Iterable[np.ndarray], count: int, dim: int) -> np.ndarray:
    features, place = np.empty((count, dim), np.float32), 0
    for piece in pieces:
        features[place : place + len(piece)] = piece
        place += len(piece)
    if place != count:
        raise ValueError(f"expected {count} images, got {place}")
    return features


def prepared(images: Tensor, rounding: str) -> Tensor:
    """Return ``images`` clipped to [0, 1] and, where ``rounding`` is ``uint8``, rounded to the
    nearest n/255, as in a PNG file."""
    if not torch.isfinite(images).all():
        raise Absent("images are not finite")
    clipped = images.clamp(0.0, 1.0)
    return (clipped * 255.0).round() / 255.0 if rounding == "uint8" else clipped
