"""The figures of the index page: every figure of the catalogue that the records and arrays can be drawn as."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from benchmark.reporting import figures
from benchmark.reporting.captions import CAPTIONS
from benchmark.reporting.catalogue import FIGURES
from benchmark.reporting.material import Material
from benchmark.spec import BenchError

__all__ = ["Drawing", "drawings"]


@dataclass(frozen=True)
class Drawing:
    """A figure: its name and caption, the PNG file, its size in pixels; or why it was not drawn."""

    name: str
    caption: str
    png: bytes = b""
    width: int = 0
    height: int = 0
    reason: str = ""


def drawings(material: Material) -> Iterator[Drawing]:
    """Yield every figure in the order of the catalogue."""
    for name in FIGURES:
        caption = CAPTIONS[name]
        try:
            png = figures.draw(name, material, "png")
        except BenchError as error:
            yield Drawing(name, caption, reason=str(error))
        except Exception as error:  # arrays of another shape than a figure expects: the page says so and has everything else
            yield Drawing(name, caption, reason=f"failed: {type(error).__name__}: {error}")
        else:
            width, height = (int.from_bytes(png[start : start + 4]) for start in (16, 20))  # the header of a PNG file
            yield Drawing(name, caption, png, width, height)
