"""Records and estimates as calibration runs would leave them, made up."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from reporting.making import record

from benchmark.controls import DimensionReference, References
from benchmark.spec import Record, digest

DEFAULTS: Mapping[str, Any] = {
    "ambient": 64,
    "curvature": 0.8,
    "intrinsic_dim": 8,
    "noise": 0.05,
    "parts": 1,
    "points": 10000,
    "scale_ratio": 1.0,
}


def on_manifold(
    method: str,
    counts: Iterable[float],
    latent_dim: int = 16,
    *,
    flags: Iterable[str] = (),
    harness_flags: Iterable[str] = (),
    status: str = "done",
    **options: Any,
) -> list[Record]:
    """A run per count, seeds from 0, on ``manifold`` with these options; runs that are not done
    have no count."""
    chosen = {**DEFAULTS, **options}
    return [
        record(
            method,
            "manifold",
            latent_dim,
            seed,
            status=status,
            values={"lstar": count} if status == "done" else None,
            flags=flags,
            harness_flags=harness_flags,
            options=chosen,
            data=data_of(chosen),
            relevance=[1000.0] * int(count) + [1.0] * (latent_dim - int(count)),
        )
        for seed, count in enumerate(counts)
    ]


def data_of(options: Mapping[str, Any]) -> str:
    """A digest of data for each set of options."""
    return digest(dict(options))


def estimated(
    folder: Path,
    values: Mapping[str, list[float]],
    pca: Mapping[str, int] | None = None,
    **options: Any,
) -> References:
    """Write what estimators say of ``manifold`` with these options, and return the references."""
    references = References(folder)
    document = DimensionReference(
        dataset="manifold",
        data=data_of({**DEFAULTS, **options}),
        points=2000,
        draws=max(map(len, values.values()), default=2),
        estimates=values,
        absent={},
        pca={"95": 12, "99": 20} if pca is None else pca,
        images=10000,
    )
    references.write(document)
    return references
