r"""Two runs of one spec, compared bit by bit: measurements, discovery, work done, and the arrays in
the files beside the records. No torch.

Where bits differ for a reason that both records tell, both values may still lie where another seed
would. With ``n`` other stored seeds of mean :math:`\bar v` and standard deviation ``s``, and ``M``
measurements that differ, a value is expected (with probability 0.95 for all together) in

.. math:: \bar v \pm t_{1 - 0.05 / 2M,\, n-1}\, s \sqrt{1 + 1/n}
"""

from __future__ import annotations

import io
import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load
from scipy.special import stdtrit

from benchmark.arrays import UnreadableArrays, read_npz
from benchmark.files import read_plain
from benchmark.spec import Record

__all__ = ["FILES", "BitComparison", "Gap", "Part", "compare", "within"]

LARGEST = 8_000_000_000
"""Bytes of one of these files, and of its arrays unpacked."""

FILES = ("curves.npz", "artifacts.npz", "checkpoint.safetensors")

_LEVEL = 0.05


@dataclass(frozen=True)
class Part:
    """How many values of one part agree, the names of those that do not, and those that only the
    new run has."""

    name: str
    total: int
    differing: tuple[str, ...] = ()
    new: tuple[str, ...] = ()
    missing: bool = False
    """The stored run has no such file."""


@dataclass(frozen=True)
class Gap:
    """A measurement whose value differs; a value is None where one run lacks it."""

    identifier: str
    stored: float | None
    repeated: float | None


@dataclass(frozen=True)
class BitComparison:
    """All parts of two runs, and the measurements that differ."""

    parts: tuple[Part, ...]
    gaps: tuple[Gap, ...] = field(default=())

    @property
    def equal(self) -> bool:
        """Whether everything that the stored run holds is the same in the new one."""
        return not any(part.differing for part in self.parts)


def compare(
    stored: Record, repeated: Record, stored_folder: Path, repeated_folder: Path
) -> BitComparison:
    """Return how ``repeated`` and the files beside it agree with ``stored`` and its files. What
    ``stored`` does not hold is named, not compared."""
    measurements, gaps = _measurements(stored, repeated)
    outcomes = (
        {"status": record.status, "error": record.error, "flags": list(record.flags)}
        for record in (stored, repeated)
    )
    parts = [_part("outcome", *outcomes), measurements]
    parts.append(_part("discovery", stored.discovery or {}, repeated.discovery or {}))
    work = ("outer_steps", "images_seen", "updates")
    parts.append(
        _part(
            "work",
            *(
                {name: record.timing[name] for name in work if name in record.timing}
                for record in (stored, repeated)
            ),
        )
    )
    keys = (stored.key, repeated.key)
    parts += [_file(name, stored_folder / name, repeated_folder / name, *keys) for name in FILES]
    return BitComparison(tuple(parts), tuple(gaps))


def _part(name: str, stored: Mapping[str, Any], repeated: Mapping[str, Any]) -> Part:
    differing = tuple(key for key in stored if key not in repeated or stored[key] != repeated[key])
    return Part(name, len(stored), differing, tuple(key for key in repeated if key not in stored))


def _measurements(stored: Record, repeated: Record) -> tuple[Part, list[Gap]]:
    """Value, unit and n count; the protocol in words may be worded anew. A metric that was absent
    must still be."""
    facts = [
        {
            name: {key: measurement[key] for key in ("value", "unit", "n")}
            for name, measurement in record.measurements.items()
        }
        for record in (stored, repeated)
    ]
    part = _part("measurements", *facts)
    appeared = tuple(name for name in part.new if name.partition("[")[0] in stored.absent)
    part = Part(
        part.name,
        part.total,
        part.differing + appeared,
        tuple(name for name in part.new if name not in appeared),
    )
    return part, [
        Gap(name, *(measurements.get(name, {}).get("value") for measurements in facts))
        for name in part.differing
    ]


def _file(name: str, stored: Path, repeated: Path, stored_key: str, repeated_key: str) -> Part:
    old, new = _arrays(stored, stored_key), _arrays(repeated, repeated_key)
    if old is None:
        return Part(name, 0, missing=True)
    if new is None:
        return Part(name, len(old), tuple(old))
    differing = tuple(
        array for array in old if array not in new or not _same(old[array], new[array])
    )
    return Part(name, len(old), differing, tuple(array for array in new if array not in old))


def _same(first: np.ndarray, second: np.ndarray) -> bool:
    """Equal type, shape and bytes; so NaN equals NaN."""
    return (first.dtype, first.shape) == (
        second.dtype,
        second.shape,
    ) and first.tobytes() == second.tobytes()


def _arrays(path: Path, key: str) -> dict[str, np.ndarray] | None:
    """The arrays of a file by name; None where there is no such file, or a checkpoint of another
    run. A damaged one holds one array, its bytes; one that is not read (a link, say) an empty
    one."""
    try:
        data = read_plain(path, LARGEST)
    except FileNotFoundError:
        return None
    except OSError:
        return {"(unreadable file)": np.zeros(0, np.uint8)}
    try:
        if path.suffix == ".npz":
            return read_npz(io.BytesIO(data), LARGEST)
        header = json.loads(data[8 : 8 + int.from_bytes(data[:8], "little")])
        if (header.get("__metadata__") or {}).get("key") != key:
            return None
        return load(data)
    except (UnreadableArrays, SafetensorError, ValueError, TypeError, KeyError):
        return {"(damaged file)": np.frombuffer(data, np.uint8)}
    except (AttributeError, RecursionError):  # of a header that is no object, or nested without end
        return {"(damaged file)": np.frombuffer(data, np.uint8)}


def within(
    gaps: Sequence[Gap], others: Iterable[Record]
) -> tuple[bool, dict[str, tuple[float, float]]]:
    """Return whether both values of every gap lie where one more of the ``others`` (other seeds)
    would, and the interval of each measurement."""
    records = list(others)
    intervals: dict[str, tuple[float, float]] = {}
    for gap in gaps:
        values = [
            record.measurements[gap.identifier]["value"]
            for record in records
            if gap.identifier in record.measurements
        ]
        if len(values) > 1:
            reach = (
                float(stdtrit(len(values) - 1, 1.0 - _LEVEL / (2 * len(gaps))))
                * float(np.std(values, ddof=1))
                * math.sqrt(1 + 1 / len(values))
            )
            intervals[gap.identifier] = (
                float(np.mean(values)) - reach,
                float(np.mean(values)) + reach,
            )
    inside = [
        _inside(value, intervals.get(gap.identifier))
        for gap in gaps
        for value in (gap.stored, gap.repeated)
    ]
    return bool(gaps) and all(inside), intervals


def _inside(value: float | None, interval: tuple[float, float] | None) -> bool:
    return value is not None and interval is not None and interval[0] <= value <= interval[1]
