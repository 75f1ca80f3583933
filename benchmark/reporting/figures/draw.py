"""Figures by name, from records and the arrays beside them."""

from __future__ import annotations

from pathlib import Path

from matplotlib.figure import Figure

from benchmark import registry
from benchmark.reporting.catalogue.entries import check
from benchmark.reporting.catalogue.figures import FIGURES
from benchmark.reporting.figures import style
from benchmark.reporting.figures.material import Material
from benchmark.spec import BenchError

__all__ = ["draw", "drawable", "figure_of", "kind_of"]


def figure_of(name: str, material: Material) -> Figure:
    """Return the figure called ``name``; :class:`BenchError` where there is none, or where nothing
    can be drawn."""
    check("figure", FIGURES, name)
    figure: Figure = registry.load(FIGURES[name].target)(material)
    return figure


def kind_of(path: Path) -> str:
    """Return the kind of file a name ends in: png, pdf or svg."""
    kind = path.suffix.lower().removeprefix(".")
    if kind not in style.FORMATS:
        suffixes = ", ".join(f".{name}" for name in style.FORMATS)
        raise BenchError(f"cannot draw '{path}'; expected a name that ends in {suffixes}")
    return kind


def draw(name: str, material: Material, kind: str = "png", *, dpi: int = 200) -> bytes:
    """Return the file of the figure called ``name``; the same material gives the same bytes.
    :class:`BenchError` where nothing can be drawn."""
    with style.house(dpi):
        return style.image(figure_of(name, material), kind)


def drawable(material: Material) -> list[str]:
    """Return the names of the figures that ``material`` has something for; they are built, not
    rendered."""
    return [name for name in FIGURES if _can(name, material)]


def _can(name: str, material: Material) -> bool:
    try:
        with style.house():
            figure_of(name, material)
    except BenchError:
        return False
    return True
