"""A share of runs and its interval."""

from __future__ import annotations

from scipy.special import betaincinv

__all__ = ["share_interval"]


def share_interval(hits: int, count: int, level: float = 0.95) -> tuple[float, float]:
    """Return the ends of the exact interval of a share that was seen in ``hits`` of ``count``
    independent cases, 0 to 1 where there was none.

    Source: C. J. Clopper, E. S. Pearson, "The use of confidence or fiducial limits", 1934.

    >>> [round(end, 3) for end in share_interval(0, 5)]
    [0.0, 0.522]
    """
    if not 0 <= hits <= count:
        raise ValueError(f"{hits} of {count} is no share; expected 0 to {count}")
    tail = (1.0 - level) / 2.0
    low = float(betaincinv(hits, count - hits + 1, tail)) if hits else 0.0
    high = float(betaincinv(hits + 1, count - hits, 1.0 - tail)) if hits < count else 1.0
    return low, high
