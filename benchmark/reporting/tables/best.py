"""Which value of a column is the best, and so stands in bold."""

from __future__ import annotations

from collections.abc import Sequence

from benchmark.reporting.cells.replicates import Replicates
from benchmark.reporting.cells.titles import direction, is_count
from benchmark.reporting.statistics.estimate import clearly_best
from benchmark.spec import NO_BETTER_THAN_MEAN

__all__ = ["best_of"]


def best_of(cells: Sequence[Replicates], metric: str) -> Replicates | None:
    """Return the cell whose value is clearly best among those that have one, by intervals or paired
    tests; never a stale one or one that is hardly better than the mean image.

    None where none is, or where they were measured by more than one protocol. Counts have no
    intervals, and are compared by permutations of their pairs.
    """
    rivals = [runs for runs in cells if metric in runs.values]
    if len({runs.ids[metric] for runs in rivals}) != 1:
        return None
    intervals = filter(None, (runs.estimate(metric) for runs in rivals))
    best = clearly_best(list(intervals), direction(metric))
    if best is None and all(len(runs.values[metric]) > 1 for runs in rivals):
        # scipy.stats, which most tables do without
        from benchmark.reporting.statistics.significance import best_of_pairs

        best = best_of_pairs(
            [dict(zip(runs.seeds[metric], runs.values[metric], strict=True)) for runs in rivals],
            direction(metric),
            counts=is_count(metric),
        )
    if best is None or rivals[best].is_stale(metric):
        return None
    return None if NO_BETTER_THAN_MEAN in rivals[best].harness_flags else rivals[best]
