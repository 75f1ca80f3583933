"""Runs that a baseline is made of and judged by."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from reporting.making import seeds

from benchmark.spec import Record

HERE = {"packages": {"torch": "2.9"}, "cpu": "A", "device": "cpu", "threads": 1}


THERE = {**HERE, "cpu": "B"}


VALUES = (0.50, 0.52, 0.48, 0.51, 0.49)


SPREAD = float(np.std(VALUES, ddof=1))


def runs(
    values: Sequence[float], environment: dict[str, Any] = HERE, **kwargs: Any
) -> list[Record]:
    return [replace(run, environment=environment) for run in seeds(values, **kwargs)]
