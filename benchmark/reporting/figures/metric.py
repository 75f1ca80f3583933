"""Which metric a figure of one metric shows."""

from __future__ import annotations

from benchmark.names import base_name
from benchmark.reporting.cells.readings import METRIC_STAND_INS
from benchmark.reporting.cells.titles import title
from benchmark.reporting.figures.material import Material
from benchmark.reporting.figures.style import plain
from benchmark.spec import BenchError

__all__ = ["check_measured", "one_metric", "stand_in_note"]


def one_metric(material: Material) -> str:
    """Return the metric that is asked for, or what may stand for it where no finished run has it;
    :class:`BenchError` where several are asked for, or nothing stands for it."""
    if len(material.names) > 1:
        raise BenchError(
            f"this figure shows one metric, given were {', '.join(material.names)}; "
            "name one with --metric"
        )
    asked = base_name(material.names[0]) if material.names else "mse"
    measured = {name for cell in material.cells for name in cell.values}
    metric = next(
        (name for name in (asked, *METRIC_STAND_INS.get(asked, ())) if name in measured), asked
    )
    check_measured(material, metric)
    return metric


def stand_in_note(material: Material, metric: str) -> str:
    """Return the sentence that a figure of ``metric`` needs where another one was asked for; empty
    where it needs none."""
    asked = base_name(material.names[0]) if material.names else metric
    if asked == metric:
        return ""
    return f"{plain(title(metric))} stands in for {plain(title(asked))}, which no run here has"


def check_measured(material: Material, metric: str) -> None:
    """Raise :class:`BenchError` where no finished run has ``metric``."""
    if not any(metric in cell.values for cell in material.cells):
        raise BenchError(
            f"no finished run of this choice has the metric '{metric}'; "
            f"there are {', '.join(material.measured) or 'none'}"
        )
