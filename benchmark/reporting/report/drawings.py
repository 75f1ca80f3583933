"""The figures of the index page: every figure of the catalogue that the records and arrays can be
drawn as."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass

from threadpoolctl import threadpool_limits

from benchmark.reporting.catalogue.figures import FIGURES
from benchmark.reporting.figures import draw
from benchmark.reporting.figures.material import Material
from benchmark.spec import BenchError

__all__ = ["Drawing", "drawings"]


_DPI = 150
"""Pixels to an inch, which is 100 pixels wide on the page: sharp enough for it, and half the bytes
of a figure that is printed."""


@dataclass(frozen=True)
class Drawing:
    """A figure: its name and caption, the PNG file, its size on the page in pixels of style sheets;
    or why it was not drawn."""

    name: str
    caption: str
    png: bytes = b""
    width: int = 0
    height: int = 0
    reason: str = ""


@contextmanager
def drawings(material: Material) -> Iterator[Callable[[], list[Drawing]]]:
    """Begin to draw every figure, by as many processes as there are cores; the function it yields
    returns them in the order of the catalogue.

    They come out the same however many processes there are; a single one draws when it is asked.
    """
    workers = min(os.cpu_count() or 1, len(FIGURES) if material.cells or material.studies else 1)
    if workers <= 1:
        yield lambda: [_drawing(name, material) for name in FIGURES]
        return
    processes = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers, processes, initializer=_begin, initargs=(material,)) as pool:
        # The largest stand late, and none should be left over for one core.
        drawn = pool.map(_drawn_elsewhere, reversed(list(FIGURES)))
        yield lambda: list(drawn)[::-1]


_material: list[Material] = []
"""In a process of its own: what to draw from, sent once."""


def _begin(material: Material) -> None:
    _material.append(material)
    threadpool_limits(1)  # the rounding of projections depends on how many threads there are


def _drawn_elsewhere(name: str) -> Drawing:
    return _drawing(name, _material[0])


def _drawing(name: str, material: Material) -> Drawing:
    caption = FIGURES[name].caption
    try:
        png = draw.draw(name, material, "png", dpi=_DPI)
    except BenchError as error:
        return Drawing(name, caption, reason=str(error))
    except Exception as error:
        # Arrays of another shape than a figure expects: the page says so and has everything else.
        return Drawing(name, caption, reason=f"failed: {type(error).__name__}: {error}")
    # Width and height stand in the header of a PNG file.
    pixels = (int.from_bytes(png[start : start + 4]) for start in (16, 20))
    width, height = (round(count * 100 / _DPI) for count in pixels)
    return Drawing(name, caption, png, width, height)
