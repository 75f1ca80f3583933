"""Figures from records and the arrays beside them. A named figure is one function from :class:`Material` to a matplotlib figure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from matplotlib.figure import Figure

from benchmark.reporting import style
from benchmark.reporting.catalogue import FIGURES, check
from benchmark.reporting.curves import curves
from benchmark.reporting.images import reconstructions, samples
from benchmark.reporting.material import Material
from benchmark.reporting.sweeps import metric_vs_latent_dim
from benchmark.reporting.toy import toy
from benchmark.spec import BenchError

__all__ = ["DRAWERS", "draw", "kind_of"]

DRAWERS: Mapping[str, Callable[[Material], Figure]] = {
    "metric-vs-latent-dim": metric_vs_latent_dim,
    "curves": curves,
    "samples": samples,
    "reconstructions": reconstructions,
    "toy": toy,
}


def kind_of(path: Path) -> str:
    """Return the kind of file a name ends in: png, pdf or svg."""
    kind = path.suffix.lower().removeprefix(".")
    if kind not in style.FORMATS:
        raise BenchError(f"cannot draw '{path}'; expected a name that ends in {', '.join('.' + each for each in style.FORMATS)}")
    return kind


def draw(name: str, material: Material, kind: str = "png") -> bytes:
    """Return the file of the figure called ``name``; the same material gives the same bytes."""
    check("figure", FIGURES, name)
    with style.house():
        return style.image(DRAWERS[name](material), kind)
