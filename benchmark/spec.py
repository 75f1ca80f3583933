"""The nouns of the benchmark: what a run is, what it is called, and what it leaves behind.

Everything here is a frozen document made of strings, numbers, lists and mappings. Standard library
only, so that the command line, the reporting layer and other tools can read records without
importing torch.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, NewType

from benchmark.parts import check_parts, check_spec

__all__ = [
    "FLAGS",
    "NO_BETTER_THAN_MEAN",
    "PROTOCOL",
    "SCHEMA",
    "STATUSES",
    "UNSETTLED",
    "BenchError",
    "MissingData",
    "NewerRecord",
    "Record",
    "RunKey",
    "RunSpec",
    "canonical_json",
    "derive_seed",
    "digest",
    "versioned",
]

SCHEMA = 2
"""Version of the record document (see docs/record.md)."""

PROTOCOL = 2
"""Version of training and evaluation; raised by any change of the harness that changes what a run
measures. What each version changed is in CHANGELOG.md; it is part of every run's key, so runs of
two versions never meet."""

STATUSES = ("done", "failed", "diverged", "killed", "timed-out", "out-of-memory", "blocked")

NO_BETTER_THAN_MEAN, UNSETTLED = "no_better_than_mean", "unsettled"

FLAGS: Mapping[str, str] = {
    NO_BETTER_THAN_MEAN: "hardly better than the mean image",
    UNSETTLED: "L* moved in the last fifth of the run",
}
"""Flags that the harness raises itself, whatever a method says of itself, and what they mean."""

RunKey = NewType("RunKey", str)


class BenchError(Exception):
    """A mistake of the caller, told in one line: what was given, what was expected, what to do
    next. The command line exits 2."""


class MissingData(BenchError):
    """The files of a dataset are not there."""


def canonical_json(value: Any) -> str:
    """Return ``value`` as JSON text that depends on content alone: sorted keys, no spaces, ASCII,
    no NaN.

    >>> canonical_json({"b": 1, "a": [True, None, 0.5]})
    '{"a":[true,null,0.5],"b":1}'
    """
    return _encoder.encode(value)


_encoder = json.JSONEncoder(
    sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False
)


def digest(value: Any) -> str:
    """Return the sha256 of ``value``'s canonical JSON, 64 hex digits.

    >>> digest({"a": 1})[:12]
    '015abd7f5cc5'
    """
    return hashlib.sha256(canonical_json(value).encode()).hexdigest()


def derive_seed(seed: int, *address: str | int) -> int:
    """Return the 63-bit seed of the random stream at ``address`` under the run's ``seed``.

    Randomness is addressed, not carried: a stream depends on its name, never on what was drawn
    before.

    >>> derive_seed(0, "noise", 7) == derive_seed(0, "noise", 7) != derive_seed(0, "noise", 8)
    True
    """
    text = "\x1f".join(map(str, (seed, *address)))
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "big") >> 1


@dataclass(frozen=True)
class RunSpec:
    """Everything that decides a run's outcome, and nothing else. Two equal specs are the same run.

    ``config`` and ``options`` hold every field of the method's ``Config`` and the dataset's
    ``Options``, defaults included, so that a changed default is a different run. ``steps`` counts
    outer steps; 0 for closed-form methods. ``taken`` names the options whose value came from an
    earlier run, and where from; runs that differ only there and in the seed are replicates.
    """

    method: str
    config: Mapping[str, Any]
    dataset: str
    options: Mapping[str, Any]
    data: str
    latent_dim: int
    seed: int
    budget: str
    steps: int
    batch_size: int
    kind: str = "train"
    protocol: int = PROTOCOL
    taken: Mapping[str, str] = field(default_factory=dict)

    def document(self) -> dict[str, Any]:
        """Return the spec as plain JSON values; an empty ``taken`` is left out."""
        values = dict(vars(self))
        for name in ("config", "options", "taken"):
            if isinstance(values[name], Mapping):
                values[name] = dict(values[name])
        if not self.taken:
            del values["taken"]
        return values

    @property
    def key(self) -> RunKey:
        """A readable slug and the first 12 hex digits of the digest:
        ``vae-mnist-L16-s0-quick-1f00...``."""
        slug = "-".join(
            (self.method, self.dataset, f"L{self.latent_dim}", f"s{self.seed}", self.budget)
        )
        slug = re.sub(r"[^A-Za-z0-9]+", "-", slug).strip("-")[:80]
        return RunKey(f"{slug}-{digest(self.document())[:12]}")


@dataclass(frozen=True)
class Record:
    """What one run left behind: one JSON file. Fields are described in docs/record.md and
    benchmark/data/record.schema.json."""

    spec: Mapping[str, Any]
    key: str
    code: str
    status: str
    measurements: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    absent: Mapping[str, str] = field(default_factory=dict)
    discovery: Mapping[str, Any] | None = None
    timing: Mapping[str, Any] = field(default_factory=dict)
    environment: Mapping[str, Any] = field(default_factory=dict)
    error: str | None = None
    flags: Sequence[str] = field(default_factory=list)
    harness: str = ""
    metrics: Mapping[str, str] = field(default_factory=dict)
    given: Sequence[str] | None = None
    input: Mapping[str, Any] | None = None
    schema: int = SCHEMA

    def to_json(self) -> str:
        """Return the document as indented JSON, keys sorted, ending with a newline; one of schema 1
        without the fields that came later, ``input`` where the record says something of it."""
        document = asdict(self)
        if self.input is None:
            del document["input"]
        if self.schema < SCHEMA:
            document = {name: document[name] for name in document if name not in _LATER}
        return json.dumps(document, indent=1, sort_keys=True, allow_nan=False) + "\n"

    @classmethod
    def from_json(cls, text: str) -> Record:
        """Return the record in ``text``; ``ValueError`` says what is wrong with it."""
        return cls.from_document(json.loads(text))

    @classmethod
    def from_document(cls, document: Any) -> Record:
        """Return the record that the decoded JSON ``document`` is, of this or an older schema;
        ``ValueError`` says what is wrong with it (:class:`NewerRecord`: nothing, but it is of a
        later version), ``TypeError`` of its spec."""
        schema = _schema(document)
        later = _SINCE_2 if schema < SCHEMA else frozenset()
        fields = cls.__dataclass_fields__.keys() - (_LATER if later else later)
        unknown = document.keys() - fields
        missing = ({"spec", "key", "code", "status"} | (_SINCE_2 - later)) - document.keys()
        if unknown or missing:
            raise ValueError(f"unknown fields {sorted(unknown)}, missing fields {sorted(missing)}")
        if document["status"] not in STATUSES:
            raise ValueError(
                f"status is {document['status']!r}, expected one of {', '.join(STATUSES)}"
            )
        check_spec(document["spec"])
        if RunSpec(**document["spec"]).key != document["key"]:
            raise ValueError("the key does not belong to the spec")
        check_parts(document)
        return cls(**document)


_SINCE_2 = frozenset({"harness", "metrics"})
"""Fields that records have since schema 2."""


_LATER = _SINCE_2 | {"given", "input"}
"""The same and those that one of schema 2 may lack."""


class NewerRecord(ValueError):
    """A record that a later version of this program wrote."""


def versioned(text: str, schema: int) -> dict[str, Any]:
    """Return the JSON object in ``text``, a document whose ``schema`` is this one; ``ValueError``
    where it is another (:class:`NewerRecord`: a later one) or there is no object."""
    document = json.loads(text)
    stated = document.get("schema") if isinstance(document, dict) else None
    if stated != schema:
        newer = type(stated) is int and stated > schema
        mismatch = f"schema is {stated!r}, this version reads {schema}"
        raise NewerRecord(mismatch) if newer else ValueError(mismatch)
    return dict(document)


def _schema(document: Any) -> int:
    """Return the schema of a record's document; ``ValueError`` where it is none that can be
    read."""
    if not isinstance(document, dict):
        raise ValueError(f"schema is {type(document).__name__!r}, expected 1 to {SCHEMA}")
    schema = document.get("schema")
    if type(schema) is not int or schema < 1:
        raise ValueError(f"schema is {schema!r}, expected 1 to {SCHEMA}")
    if schema > SCHEMA:
        raise NewerRecord(f"schema is {schema}, this version reads 1 to {SCHEMA}")
    return schema
