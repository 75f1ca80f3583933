"""What a metric is: a pure function of evidence that declares its unit, direction, tier, needs and source. NumPy only."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, Protocol, TypeVar

import numpy as np

__all__ = ["Absent", "Evidence", "Measurement", "Metric"]


T = TypeVar("T")


class Absent(Exception):
    """Raised by a metric that does not apply; its text is the reason that stands in the record."""


@dataclass(frozen=True)
class Measurement:
    """A number with its unit, the count ``n`` it rests on, and the protocol in words."""

    value: float
    unit: str
    n: int
    protocol: str


class Evidence(Protocol):
    """What the evaluator hands to metrics; each part is computed once, on demand. N test images of D numbers, latent size L."""

    latent_dim: int
    shape: tuple[int, ...]

    @property
    def squared_error(self) -> np.ndarray:
        """Mean squared error of each test image, ``decode(encode(x))`` against x, float64 (N,)."""
        ...

    @property
    def sampled_squared_error(self) -> np.ndarray | None:
        """The same with one posterior draw of the code, (N,); None for methods without a posterior."""
        ...

    @property
    def code_moments(self) -> tuple[np.ndarray, np.ndarray]:
        """Over the test images: variance of the posterior mean, and mean of the posterior variance (zeros without one), float64 (L,) each."""
        ...

    @property
    def codes(self) -> np.ndarray:
        """The counted coordinates of the deterministic code of each test image, float64 (N, L)."""
        ...

    @property
    def relevance(self) -> np.ndarray:
        """``discover``'s relevance, float64 (L,)."""
        ...

    @property
    def active(self) -> np.ndarray:
        """``discover``'s verdict, bool (L,)."""
        ...

    @property
    def reference_count(self) -> int:
        """How many test images ``discover`` saw."""
        ...

    def information(self, of: Literal["code", "category"]) -> tuple[float, int]:
        """A lower bound on what noisy decoded images tell of ``of``, in nats, and the images it rests on; :class:`Absent` where there is none."""
        ...

    def once(self, name: str, make: Callable[[], T]) -> T:
        """What ``make`` returned when ``name`` was first asked for: work that several metrics share."""
        ...

    @property
    def test_vectors(self) -> np.ndarray:
        """Test images as rows, float64 (N, D)."""
        ...

    @property
    def labels(self) -> tuple[np.ndarray, np.ndarray] | None:
        """Classes of the training images and of the N test images, integers, (M,) and (N,); None for data without labels."""
        ...

    @property
    def categories(self) -> tuple[np.ndarray, np.ndarray] | None:
        """Likeliest category of each training and each test image, integers, (M,) and (N,); None for methods without categories."""
        ...

    def sample_vectors(self, n: int) -> np.ndarray:
        """``n`` samples as rows, float64 (n, D)."""
        ...


@dataclass(frozen=True)
class Metric:
    """A registered metric. ``direction``: whether less or more is better, or neither; ``tier``: in every run, or on demand.

    ``identify(evidence)`` adds the protocol to the id where it changes the value: ``fd-raw[n=1024,reference=1024,split=test]``.
    """

    name: str
    unit: str
    direction: Literal["min", "max", "none"]
    tier: Literal["core", "full"]
    reference: str
    compute: Callable[[Evidence], tuple[float, int]]
    protocol: str
    identify: Callable[[Evidence], str] = lambda evidence: ""

    def measure(self, evidence: Evidence) -> tuple[str, Measurement]:
        """Return the measurement and its id; :class:`Absent` where the metric does not apply."""
        value, n = self.compute(evidence)
        return self.name + self.identify(evidence), Measurement(float(value), self.unit, int(n), self.protocol)
