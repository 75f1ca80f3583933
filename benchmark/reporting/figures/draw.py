"""Figures from records and the arrays beside them. A named figure is one function from
:class:`Material` to a matplotlib figure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from matplotlib.figure import Figure

from benchmark.reporting.catalogue import FIGURES, check
from benchmark.reporting.figures import style
from benchmark.reporting.figures.answer import lstar
from benchmark.reporting.figures.curves import curves
from benchmark.reporting.figures.heatmaps import (
    categories,
    category_probabilities,
    code_covariance,
    jacobian,
)
from benchmark.reporting.figures.images import (
    category_traversals,
    interpolations,
    neighbours,
    reconstructions,
    rewarded,
    rewarded_line,
    samples,
    traversals,
)
from benchmark.reporting.figures.information import information
from benchmark.reporting.figures.material import Material
from benchmark.reporting.figures.options import metric_vs_option
from benchmark.reporting.figures.rate import rate
from benchmark.reporting.figures.settling import lstar_vs_steps
from benchmark.reporting.figures.slices import slices
from benchmark.reporting.figures.studies import block_structure, objective_closeness, rotation
from benchmark.reporting.figures.sweeps import lstar_vs_latent_dim, metric_vs_latent_dim
from benchmark.reporting.figures.toy import toy
from benchmark.reporting.figures.traces import traces
from benchmark.spec import BenchError

__all__ = ["DRAWERS", "draw", "drawable", "kind_of"]

DRAWERS: Mapping[str, Callable[[Material], Figure]] = {
    "lstar": lstar,
    "lstar-vs-steps": lstar_vs_steps,
    "metric-vs-latent-dim": metric_vs_latent_dim,
    "lstar-vs-latent-dim": lstar_vs_latent_dim,
    "metric-vs-option": metric_vs_option,
    "curves": curves,
    "rate": rate,
    "traces": traces,
    "information": information,
    "samples": samples,
    "reconstructions": reconstructions,
    "neighbours": neighbours,
    "traversals": traversals,
    "rewarded": rewarded,
    "rewarded-line": rewarded_line,
    "interpolations": interpolations,
    "category-traversals": category_traversals,
    "categories": categories,
    "category-probabilities": category_probabilities,
    "code-covariance": code_covariance,
    "jacobian": jacobian,
    "toy": toy,
    "objective-closeness": objective_closeness,
    "block-structure": block_structure,
    "slices": slices,
    "rotation": rotation,
}


def kind_of(path: Path) -> str:
    """Return the kind of file a name ends in: png, pdf or svg."""
    kind = path.suffix.lower().removeprefix(".")
    if kind not in style.FORMATS:
        raise BenchError(
            f"cannot draw '{path}'; expected a name that ends in {', '.join('.' + each for each in style.FORMATS)}"
        )
    return kind


def draw(name: str, material: Material, kind: str = "png", *, dpi: int = 200) -> bytes:
    """Return the file of the figure called ``name``; the same material gives the same bytes.
    :class:`BenchError` where nothing can be drawn."""
    check("figure", FIGURES, name)
    with style.house(dpi):
        return style.image(DRAWERS[name](material), kind)


def drawable(material: Material) -> list[str]:
    """Return the names of the figures that ``material`` has something for; they are built, not
    rendered."""
    return [name for name in FIGURES if _can(name, material)]


def _can(name: str, material: Material) -> bool:
    try:
        with style.house():
            DRAWERS[name](material)
    except BenchError:
        return False
    return True
