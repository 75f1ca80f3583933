"""What a number of latent dimensions is read beside, as documents: how many dimensions the data
have by common estimators, and how many an untrained network shows.

Each is one JSON file in ``<results>/references/`` whose name ends in a digest of what it depends
on. Dimensions of common datasets come with the package, under ``benchmark/data/references``.
Standard library only, so that tables read them without torch.
"""

from __future__ import annotations

import contextlib
import re
import statistics
import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any, ClassVar, Self

from benchmark.files import atomic_write, read_plain
from benchmark.identity import harness_code, metric_codes, same
from benchmark.parts import check_reference
from benchmark.records import UnreadableRecord
from benchmark.spec import BenchError, NewerRecord, canonical_json, digest, versioned

__all__ = ["DimensionReference", "InitialCounts", "References", "untrained_spec"]

SCHEMA = 1

LARGEST = 10_000_000
"""Bytes of a document."""


def untrained_spec(spec: Mapping[str, Any]) -> dict[str, Any]:
    """Return everything of a run's spec that an untrained network may depend on: all but the seed,
    and where options were taken from."""
    return {name: value for name, value in spec.items() if name not in ("seed", "taken")}


def _slug(*parts: object) -> str:
    return re.sub(r"[^A-Za-z0-9]+", "-", "-".join(map(str, parts))).strip("-")[:80]


class _Document:
    """A JSON document that knows the name of its file."""

    kind: ClassVar[str]
    schema: int

    @property
    def address(self) -> str:
        """What the end of the file's name says: 12 hex digits of what the document depends on."""
        raise NotImplementedError

    @property
    def title(self) -> str:
        """What the middle of the file's name says, for people."""
        raise NotImplementedError

    @property
    def filename(self) -> str:
        """``dimensions-latent-8-0123456789ab.json``."""
        return f"{self.kind}-{self.title}-{self.address}.json"

    def to_json(self) -> str:
        """Return the document as indented JSON, keys sorted, lists of numbers on one line, ending
        with a newline."""
        values = asdict(self)  # type: ignore[call-overload]  # data classes all
        fields = {name: canonical_json(value) for name, value in values.items()}
        return "{\n" + ",\n".join(f' "{name}": {fields[name]}' for name in sorted(fields)) + "\n}\n"

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Return the document in ``text``; ``ValueError`` says what is wrong with it."""
        document = versioned(text, SCHEMA)
        check_reference(cls.kind, document)
        return cls(**document)


@dataclass(frozen=True)
class DimensionReference(_Document):
    """How many dimensions the training images of the data with digest ``data`` have.

    ``estimates`` holds the values of each estimator over ``draws`` seeded draws of ``points``
    images; ``absent`` the reason for those that gave none. ``pca`` is the number of principal
    components that hold 95 and 99 % of the variance of ``images`` images.
    """

    dataset: str
    data: str
    points: int
    draws: int
    estimates: Mapping[str, Sequence[float]]
    absent: Mapping[str, str]
    pca: Mapping[str, int]
    images: int
    packages: Mapping[str, str] = field(default_factory=dict)
    schema: int = SCHEMA
    kind: ClassVar[str] = "dimensions"

    @property
    def address(self) -> str:
        return self.data[:12]

    @property
    def title(self) -> str:
        return _slug(self.dataset)

    def mean(self, estimator: str) -> float:
        """Return the mean of an estimator over the draws."""
        return statistics.fmean(self.estimates[estimator])

    def spread(self, estimator: str) -> float:
        """Return the standard deviation of an estimator over the draws (divisor n - 1); 0 for one
        draw."""
        values = self.estimates[estimator]
        return statistics.stdev(values) if len(values) > 1 else 0.0

    @property
    def band(self) -> tuple[float, float] | None:
        """The smallest and the largest of the estimators' means; None where no estimator gave a
        value."""
        means = [self.mean(name) for name in self.estimates]
        return (min(means), max(means)) if means else None


@dataclass(frozen=True)
class InitialCounts(_Document):
    """L* of untrained networks: ``values`` of the method's own rule on ``images`` test images, one
    per initialisation, and the ``gaps`` of their relevances (empty in documents made before gaps
    were taken).

    ``spec`` is that of the runs they stand beside, without the seed; ``code`` the digest of the
    method's code, ``harness`` and ``metrics`` those of the code that initialises and counts (empty
    in older documents). Where the rule has no value on an untrained network, ``absent`` says why
    and ``values`` is empty.
    """

    spec: Mapping[str, Any]
    code: str
    values: Sequence[int]
    images: int
    seconds: float
    absent: str = ""
    gaps: Sequence[float] = field(default_factory=list)
    harness: str = ""
    metrics: Mapping[str, str] = field(default_factory=dict)
    schema: int = SCHEMA
    kind: ClassVar[str] = "initial"

    @property
    def address(self) -> str:
        return digest({"cell": untrained_spec(self.spec), "code": self.code})[:12]

    @property
    def title(self) -> str:
        return _slug(self.spec["method"], self.spec["dataset"], f"L{self.spec['latent_dim']}")

    @property
    def interval(self) -> tuple[int, int, int] | None:
        """The smallest, the middle and the largest of ``values``; None where there are none. The
        next network lies between the extremes of n with probability (n - 1) / (n + 1)."""
        if not self.values:
            return None
        return min(self.values), statistics.median_low(self.values), max(self.values)

    @property
    def complete(self) -> bool:
        """Whether nothing is left to count: there are a gap for each value, or a reason for none of
        either, and the installed code counted them."""
        counted = bool(self.absent) or len(self.gaps) == len(self.values) > 0
        return counted and not self.outdated

    @property
    def outdated(self) -> bool:
        """Whether other code than is installed initialised the networks or counted; False where the
        document does not say."""
        installed = {"": harness_code(), **metric_codes(self.metrics)}
        codes = {"": self.harness, **self.metrics}
        return any(codes[name] and not same(codes[name], code) for name, code in installed.items())


class References:
    """The documents beside the records of a results folder, and those that come with the
    package."""

    def __init__(self, results: Path | None = None) -> None:
        self.folder = None if results is None else Path(results) / "references"
        self._listed: list[Traversable] | None = None

    def dimension(self, data: str) -> DimensionReference | None:
        """Return the dimensions of the data with this digest, of the results folder first; None
        where nobody computed them."""
        document = self._find(DimensionReference, data[:12])
        return (
            document if isinstance(document, DimensionReference) and document.data == data else None
        )

    def initial(self, spec: Mapping[str, Any], code: str) -> InitialCounts | None:
        """Return the counts of untrained networks beside runs of ``spec`` (any seed) and ``code``;
        None where nobody computed them."""
        document = self._find(
            InitialCounts, digest({"cell": untrained_spec(spec), "code": code})[:12]
        )
        return document if isinstance(document, InitialCounts) else None

    def write(self, document: DimensionReference | InitialCounts) -> Path:
        """Store a document, whole or not at all, and return its file; an older one of the same
        address is replaced, one of a newer version is not (``BenchError``)."""
        if self.folder is None:
            raise ValueError("these references have no results folder to write to")
        self.folder.mkdir(parents=True, exist_ok=True)
        path = self.folder / document.filename
        with contextlib.suppress(OSError, ValueError, RecursionError):
            try:
                type(document).from_json(read_plain(path, LARGEST).decode())
            except NewerRecord as error:
                raise BenchError(
                    f"'{path}' was written by a newer version ({error}): upgrade, or move it away"
                ) from None
        atomic_write(path, document.to_json().encode())
        self._listed = None
        return path

    def _find(
        self, kind: type[DimensionReference] | type[InitialCounts], address: str
    ) -> DimensionReference | InitialCounts | None:
        if self._listed is None:  # once: a table of many cells asks for as many documents
            self._listed = [
                file
                for folder in self._places()
                for file in sorted(folder.iterdir(), key=lambda file: file.name)
            ]
        for file in self._listed:
            if file.name.startswith(f"{kind.kind}-") and file.name.endswith(f"-{address}.json"):
                try:
                    return _read(kind, file)
                except BenchError as error:
                    warnings.warn(f"left out: {error}", UnreadableRecord, stacklevel=2)
        return None

    def _places(self) -> Iterator[Traversable]:
        package = resources.files("benchmark").joinpath("data", "references")
        for folder in (self.folder, package):
            if folder is not None and folder.is_dir():
                yield folder


def _read(
    kind: type[DimensionReference] | type[InitialCounts], file: Traversable
) -> DimensionReference | InitialCounts:
    try:
        text = read_plain(file, LARGEST).decode() if isinstance(file, Path) else file.read_text()
        return kind.from_json(text)
    except NewerRecord as error:
        raise BenchError(
            f"reference '{file}' was written by a newer version ({error}): upgrade, or move it away"
        ) from None
    except (OSError, ValueError, RecursionError) as error:
        raise BenchError(
            f"reference '{file}' is not readable ({' '.join(str(error).split())}); "
            "delete it and make it again"
        ) from None
