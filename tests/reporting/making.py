"""Records as runs would leave them, made up for tests of tables and figures."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from benchmark.controls import References
from benchmark.identity import code_of, harness_code, metric_codes
from benchmark.records import Store
from benchmark.reporting.cells.replicates import gather
from benchmark.reporting.tables.beside import Beside
from benchmark.reporting.tables.dimensions import with_readings
from benchmark.spec import BenchError, Record, RunSpec

FD = "fd-raw[n=360,reference=360,split=test]"

HOSTILE = (
    r"\input{/etc/passwd}",
    "50%_of&#$^~{}",
    "<script>alert(1)</script>",
    "=cmd|' /C calc'!A0",
    "+1+1",
    "-2",
    "@SUM(A1)",
    "  =1",
    "a|b\\|c",
    "漢字 é ± 😀",
    "x" * 500,
    "line\nbreak % \\end{tabular}",
    "[t] \\\\[9cm]",
    "*star* **b** `code` ~~s~~",
    "[link](javascript:alert(1)) ![i](x)",
    "$x^2$ $",
    r"$\undefined{$",
    '"><img src=x onerror=alert(1)>',
    "--><!-- &amp; L*90",
)

UNSEEN = (
    "\x1b[31mred\x07",
    "nul\x00 and \ud800 alone",
    "\u202etxt.exe",
    "\x00=1+1",
    "www.example.org https://example.org",
)
"""Names with characters that cannot be seen, and what some readers make links of."""


def _codes(measured: Iterable[str]) -> dict[str, str]:
    """The digests of metrics whose names can be read; hostile ones have none."""
    codes: dict[str, str] = {}
    for name in measured:
        with contextlib.suppress(BenchError):
            codes |= metric_codes({name: None})
    return codes


_SPEC: Mapping[str, Any] = {
    "config": {},
    "options": {},
    "data": "d" * 64,
    "budget": "quick",
    "steps": 300,
    "batch_size": 128,
}


def record(
    method: str = "vae",
    dataset: str = "digits",
    latent_dim: int = 16,
    seed: int = 0,
    *,
    status: str = "done",
    values: Mapping[str, float] | None = None,
    flags: Iterable[str] = (),
    relevance: Iterable[float] = (),
    harness_flags: Iterable[str] = (),
    code: str | None = None,
    **spec: Any,
) -> Record:
    """A record; ``spec`` overrides fields of the run's spec."""
    run = RunSpec(
        method=method, dataset=dataset, latent_dim=latent_dim, seed=seed, **{**_SPEC, **spec}
    )
    discovery = {"relevance": list(relevance), "active": [], "flags": list(flags), "extra": {}}
    measured = {"mse": 0.5} if values is None and status == "done" else dict(values or {})
    return Record(
        spec=run.document(),
        key=run.key,
        code=code or code_of(method, run.kind) or "of-mine",
        harness=harness_code(),
        metrics=_codes(measured),
        status=status,
        measurements={
            name: {"value": value, "unit": "", "n": 360, "protocol": "as said"}
            for name, value in measured.items()
        },
        discovery=discovery if status == "done" else None,
        flags=list(harness_flags),
    )


def seeds(
    values: Iterable[float], method: str = "vae", metric: str = "mse", **kwargs: Any
) -> list[Record]:
    """One finished record per value of ``metric``, seeds from 0."""
    return [
        record(method, seed=seed, values={metric: value}, **kwargs)
        for seed, value in enumerate(values)
    ]


def inside_null(run: Record, references: References, reading: str = "lstar") -> bool | None:
    """Whether tables and claims take the count of a run for chance; None where it has no null, or
    no count."""
    (cell,) = gather([with_readings(run)])
    beside = Beside([cell], references)
    readable = reading in beside.null(cell).readings and reading in cell.values
    return beside.inside(cell, reading) if readable else None


def store(folder: Path, records: Iterable[Record]) -> Path:
    """Write ``records`` to a results folder and return it."""
    for run in records:
        Store(folder).write(run)
    return folder


def vectors(count: int, size: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(count, size)).astype(np.float32)


def images(count: int, shape: tuple[int, int, int], seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (count, *shape)).astype(np.uint8)


def leave(
    folder: Path,
    record: Record,
    *,
    image: tuple[int, int, int] | None = None,
    size: int = 2,
    steps: int = 5,
) -> None:
    """Write curves and artifacts beside a record, as a finished run does."""
    rng = np.random.default_rng(record.spec["seed"])
    size_of_code = record.spec["latent_dim"]
    path = folder / record.key
    np.savez(path / "curves.npz", **_curves(rng, steps, size_of_code))
    codes = vectors(40, size_of_code, 3)
    np.savez(
        path / "artifacts.npz",
        codes=codes,
        code_covariance=np.cov(codes.T).reshape(size_of_code, size_of_code),
        jacobian_gram=codes.T @ codes,
        contingency=rng.integers(0, 9, (10, 3)).astype(np.uint32),
        classes=np.arange(3),
        category_histogram=rng.integers(0, 9, (10, 20)).astype(np.uint32),
        **_data(image, size),
    )


def _curves(rng: np.random.Generator, steps: int, size_of_code: int) -> dict[str, np.ndarray]:
    """Return what a run of ``steps`` logs, by name."""
    step = np.arange(1, steps + 1) * 10
    return {
        "step": step,
        "loss": 100.0 / step + rng.normal(size=steps),
        "lstar": np.minimum(step, size_of_code).astype(float),
        "lstar_step": step,
        "kl": rng.random((steps, size_of_code)),
        "log_sigma": np.linspace(0.0, -2.0, steps),
        "mi": rng.random(steps),
        **{f"pi_{tenth}": row for tenth, row in enumerate(rng.dirichlet(np.ones(10), steps).T)},
    }


_COUNTS: Mapping[str, tuple[int, ...]] = {
    "inputs": (40,),
    "samples": (40,),
    "reconstructions": (40,),
    "neighbours": (8,),
    "traversals": (3, 8),
    "interpolations": (4, 8),
    "category_traversals": (4, 10),
    "rewarded_line": (4, 10),
    "rewarded_plane": (7, 7),
}
"""Array of a run's artifacts -> how many images or vectors it holds, by its leading axes."""


def _data(image: tuple[int, int, int] | None, size: int) -> dict[str, np.ndarray]:
    """Return images of the shape ``image``, else vectors of ``size`` numbers, by name."""
    arrays = {}
    for seed, (name, counts) in enumerate(_COUNTS.items()):
        count = math.prod(counts)
        flat = vectors(count, size, seed) if image is None else images(count, image, seed)
        arrays[name] = flat.reshape(*counts, *flat.shape[1:])
    return arrays


def study(kind: str, seed: int = 0, *, values: Mapping[str, float], **config: Any) -> Record:
    """A finished record of the study ``kind`` with options ``config``."""
    dataset = "own-data" if kind in ("grae-uniqueness", "gamma-slices") else "digits"
    return record(
        kind,
        dataset,
        4,
        seed,
        kind=kind,
        values={"mse": 0.1, **values},
        config=config,
    )


def leave_study(folder: Path, record: Record, **arrays: np.ndarray) -> None:
    """Write the artifacts of a study beside its record."""
    np.savez(folder / record.key / "artifacts.npz", **arrays)
