"""What a metric is: a pure function of evidence that declares its unit, direction, tier, needs and
source. NumPy only."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any, Literal, Protocol, TypeVar

import numpy as np

__all__ = ["Absent", "Evidence", "Extractor", "Images", "Measurement", "Metric"]

Images = Literal["test", "train", "samples", "reconstructions"]
"""What features can be taken of: test images (the reference), as many other real images, samples,
reconstructions of the test images."""


T = TypeVar("T")


class Absent(Exception):
    """Raised by a metric that does not apply; its text is the reason that stands in the record."""


@dataclass(frozen=True)
class Measurement:
    """A number with its unit, the count ``n`` it rests on, the protocol in words, what a reader
    must know of this one value (``remark``), and the standard error that the metric's own random
    choices give it (``noise``)."""

    value: float
    unit: str
    n: int
    protocol: str
    remark: str = ""
    noise: float | None = None

    def document(self) -> dict[str, Any]:
        """Return the measurement as plain JSON values; no remark and no noise are left out."""
        silent = {"remark": "", "noise": None}
        return {
            name: value
            for name, value in asdict(self).items()
            if name not in silent or value != silent[name]
        }


@dataclass(frozen=True)
class Extractor:
    """What a feature extractor is: name, first 8 hex digits of the sha256 of its weights, number of
    features, and what is done to images before.

    ``resize`` is the side images are brought to (``none``: as they are), ``rounding`` is ``uint8``
    or ``none``, ``shape`` the only shape it takes.
    """

    name: str
    digest: str
    dim: int
    resize: str
    rounding: str
    shape: tuple[int, ...] | None = None

    @property
    def options(self) -> str:
        """The extractor as a measurement id carries it:
        ``extractor=inception-6726825d,resize=299,rounding=uint8``."""
        return f"extractor={self.name}-{self.digest},resize={self.resize},rounding={self.rounding}"


class Evidence(Protocol):
    """What the evaluator hands to metrics; each part is computed once, on demand. N test images of
    D numbers, latent size L."""

    latent_dim: int
    shape: tuple[int, ...]

    @property
    def squared_error(self) -> np.ndarray:
        """Mean squared error of each test image, ``decode(encode(x))`` against x, float64 (N,)."""
        ...

    @property
    def sampled_squared_error(self) -> np.ndarray | None:
        """The same with one posterior draw of the code, (N,); None for methods without a
        posterior."""
        ...

    @property
    def mean_image_error(self) -> np.ndarray:
        """Mean squared error of each test image against the mean of all training images, float64
        (N,); :class:`Absent` where the training images are not at hand."""
        ...

    @property
    def code_moments(self) -> tuple[np.ndarray, np.ndarray]:
        """Over the test images: variance of the posterior mean, and mean of the posterior variance
        (zeros without one), float64 (L,) each."""
        ...

    @property
    def code_centre(self) -> np.ndarray:
        """Mean of the posterior mean over the test images, float64 (L,)."""
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
    def intrinsic_dim(self) -> int | None:
        """The known intrinsic dimension of the data; None where it is not known."""
        ...

    @property
    def reference_count(self) -> int:
        """How many test images ``discover`` saw."""
        ...

    def information(self, of: Literal["code", "category"]) -> tuple[float, int]:
        """A lower bound on what noisy decoded images tell of ``of``, in nats, and the images it
        rests on; :class:`Absent` where there is none."""
        ...

    def impact(self) -> tuple[float, int]:
        """What the components a method singles out change in decoded images, and the images it
        rests on; :class:`Absent` where it has none."""
        ...

    def once(self, name: str, make: Callable[[], T]) -> T:
        """What ``make`` returned when ``name`` was first asked for: work that several metrics
        share."""
        ...

    @property
    def test_vectors(self) -> np.ndarray:
        """Test images as rows in one shuffled order, so that any number of the first stands for
        all, float64 (N, D)."""
        ...

    @property
    def labels(self) -> tuple[np.ndarray, np.ndarray] | None:
        """Classes of the training images and of the N test images, integers, (M,) and (N,); None
        for data without labels."""
        ...

    @property
    def categories(self) -> tuple[np.ndarray, np.ndarray] | None:
        """Likeliest category of each training and each test image, integers, (M,) and (N,); None
        for methods without categories."""
        ...

    def sample_vectors(self, n: int) -> np.ndarray:
        """``n`` samples as rows, float64 (n, D)."""
        ...

    def train_vectors(self, n: int) -> np.ndarray:
        """``n`` training images, drawn once for all runs, as rows, float64 (n, D); :class:`Absent`
        where there are fewer."""
        ...

    @property
    def feature_count(self) -> int:
        """How many images of each kind features are taken of, the same for all: the test images,
        10,000 at most."""
        ...

    def extractor(self, kind: str) -> Extractor:
        """The feature extractor for these data: kind ``inception``, or ``cnn`` (trained on them);
        :class:`Absent` where there is none here."""
        ...

    def features(self, kind: str, of: Images) -> np.ndarray:
        """Features of the first ``feature_count`` images, float32 (n, dim); :class:`Absent` as
        above, or where images are not finite."""
        ...


@dataclass(frozen=True)
class Metric:
    """A registered metric. ``direction``: whether less or more is better, or neither; ``tier``: in
    every run, or on demand.

    ``compute`` returns the value, the count it rests on, and where there is one a remark on the
    value (a singular covariance, a collapse; else empty), and the noise of the value.
    ``identify(evidence)`` adds the protocol to the id where it changes the value:
    ``fd-raw[n=1024,reference=1024,split=test]``.
    """

    name: str
    unit: str
    direction: Literal["min", "max", "none"]
    tier: Literal["core", "full"]
    reference: str
    compute: Callable[
        [Evidence],
        tuple[float, int] | tuple[float, int, str] | tuple[float, int, str, float],
    ]
    protocol: str
    identify: Callable[[Evidence], str] = lambda evidence: ""

    def measure(self, evidence: Evidence) -> tuple[str, Measurement]:
        """Return the measurement and its id; :class:`Absent` where the metric does not apply."""
        value, n, *remark = self.compute(evidence)
        return self.name + self.identify(evidence), Measurement(
            float(value), self.unit, int(n), self.protocol, *remark
        )
