"""The page of one run: its spec, what was measured and how, its discovery, curves, pictures, and
the command that makes it again."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from markupsafe import Markup

from benchmark.files import read_plain
from benchmark.identity import code_of, outdated
from benchmark.names import label, labels
from benchmark.reporting.cells.arrays import read_arrays
from benchmark.reporting.cells.titles import order, title
from benchmark.reporting.report.charts import bars, curve
from benchmark.reporting.report.overview import duration
from benchmark.reporting.report.pictures import Picture, pictures
from benchmark.spec import FLAGS, NO_BETTER_THAN_MEAN, BenchError, Record

__all__ = ["RunPage", "command", "log_tail", "run_page"]

_LOG_LINES, _LINE = 25, 400
"""Lines of a log that are shown, from its end, and characters of a line."""


@dataclass(frozen=True)
class RunPage:
    """What stands on the page of a run. Pairs are (term, text); ``measured`` rows are (title, id,
    value, unit, n, protocol)."""

    record: Record
    method: str
    dataset: str
    stale: bool
    replay: str
    command: str
    spec: tuple[tuple[str, str], ...]
    measured: tuple[tuple[str, ...], ...]
    timing: tuple[tuple[str, str], ...]
    environment: tuple[tuple[str, str], ...]
    relevance: Markup = field(default_factory=Markup)
    verdict: tuple[tuple[str, str], ...] = ()
    curves: tuple[tuple[str, Markup], ...] = ()
    pictures: tuple[Picture, ...] = ()
    arrays: tuple[tuple[str, str], ...] = ()
    log: str = ""
    troubles: tuple[str, ...] = ()
    flags: tuple[str, ...] = ()


def run_page(record: Record, folder: Path) -> RunPage:
    """Return the page of ``record``, whose curves, artifacts and log lie in ``folder``; what is
    missing or cannot be read is said."""
    troubles: list[str] = []
    logged, artifacts = (
        _arrays(folder / name, troubles) for name in ("curves.npz", "artifacts.npz")
    )
    method, dataset = labels(record.spec, record.given)
    relevance, verdict = _discovery(record.discovery or {}, troubles)
    hollow = NO_BETTER_THAN_MEAN in record.flags
    drawn = tuple(pictures(artifacts, FLAGS[NO_BETTER_THAN_MEAN] if hollow else ""))
    undrawn = {} if drawn else artifacts
    return RunPage(
        record,
        method,
        dataset,
        bool(outdated(record)),
        replay=f"bench replay {shlex.quote(str(folder))}",
        command=command(record),
        spec=_spec(record),
        measured=_measured(record),
        timing=_timing(record.timing),
        environment=_flat(record.environment),
        relevance=relevance,
        verdict=verdict,
        curves=_curves(logged),
        pictures=drawn,
        arrays=tuple(
            (name, f"{array.dtype} {array.shape}") for name, array in sorted(undrawn.items())
        ),
        log=log_tail(folder),
        troubles=tuple(troubles),
        flags=tuple(f"{flag}: {FLAGS.get(flag, '')}" for flag in record.flags),
    )


def command(record: Record) -> str:
    """Return the ``bench run`` that makes the run again (and those of the seeds before its own);
    empty for a study, which only suites run."""
    spec = record.spec
    if spec["kind"] != "train":
        return ""
    dataset = label("datasets", spec["dataset"], spec["options"])
    parts = [f"bench run --methods {shlex.quote(_typed(spec))} --datasets {shlex.quote(dataset)}"]
    parts += [f"--latent-dims {spec['latent_dim']}", f"--seeds {spec['seed'] + 1}"]
    if spec["budget"].startswith("steps-"):
        parts.append(f"--steps {spec['steps']}")
    else:
        parts.append(f"--budget {shlex.quote(spec['budget'])}")
    if spec["steps"]:
        parts.append(f"--batch-size {spec['batch_size']}")
    return " ".join(parts)


def _typed(spec: Mapping[str, Any]) -> str:
    """Return the method as one would type it; one that is not registered is a file."""
    name, text = spec["method"], label("methods", spec["method"], spec["config"])
    if code_of(name) is not None:
        return text
    return f"./{name.replace('-', '_')}.py{text[len(name) :]}"


LARGEST_LOG = 10_000_000
"""Bytes of a ``log.txt`` that is shown."""


def log_tail(folder: Path) -> str:
    """Return the last lines of a run's ``log.txt``; empty where there is none."""
    try:
        text = read_plain(folder / "log.txt", LARGEST_LOG).decode(errors="replace")
    except OSError:
        return ""
    lines = [
        "".join(c if c.isprintable() else " " for c in line.expandtabs())[:_LINE]
        for line in text.rstrip().splitlines()
    ]
    return "\n".join(lines[-_LOG_LINES:])


def _arrays(path: Path, troubles: list[str]) -> dict[str, np.ndarray]:
    try:
        return read_arrays(path)
    except BenchError as error:
        troubles.append(str(error))
        return {}


def _spec(record: Record) -> tuple[tuple[str, str], ...]:
    spec = record.spec
    rows = [
        (name.replace("_", " "), str(spec[name]))
        for name in ("kind", "latent_dim", "seed", "budget", "steps", "batch_size")
    ]
    for name in ("config", "options"):
        rows += [(f"{name}: {option}", str(value)) for option, value in sorted(spec[name].items())]
    rows += [
        (f"taken: {option}", str(where)) for option, where in sorted(spec.get("taken", {}).items())
    ]
    return (
        *rows,
        ("data", spec["data"]),
        ("protocol", str(spec.get("protocol", ""))),
        ("code", record.code),
    )


def _measured(record: Record) -> tuple[tuple[str, ...], ...]:
    metrics = {identifier: identifier.partition("[")[0] for identifier in record.measurements}
    positions = {name: index for index, name in enumerate(order(set(metrics.values())))}
    return tuple(
        (
            title(metrics[identifier]),
            identifier,
            f"{measurement['value']:.6g}",
            measurement["unit"],
            f"{measurement['n']:,}",
            measurement["protocol"],
        )
        for identifier, measurement in sorted(
            record.measurements.items(), key=lambda pair: (positions[metrics[pair[0]]], pair[0])
        )
    )


def _timing(timing: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    rows = []
    for name, value in timing.items():
        if isinstance(value, Mapping):
            rows += [
                (f"{name.replace('_', ' ')} of {inner}", f"{count:,}")
                for inner, count in value.items()
            ]
        else:
            rows.append(_timing_row(name, value))
    return tuple(rows)


def _timing_row(name: str, value: Any) -> tuple[str, str]:
    if name.endswith("_seconds"):
        return name.removesuffix("_seconds") + " time", duration(value)
    return name.replace("_", " "), f"{value:,}"


def _flat(document: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    rows: list[tuple[str, str]] = []
    for name, value in document.items():
        if isinstance(value, Mapping):
            rows += _flat(value)
        elif value is not None:
            rows.append((name.replace("_", " "), str(value)))
    return tuple(rows)


def _discovery(
    discovery: Mapping[str, Any], troubles: list[str]
) -> tuple[Markup, tuple[tuple[str, str], ...]]:
    relevance, active = discovery.get("relevance", []), discovery.get("active", [])
    if len(relevance) != len(active):
        troubles.append(
            f"the discovery holds {len(relevance)} relevances and {len(active)} verdicts"
        )
        relevance = active = []
    rows = []
    if active:
        rows.append(("dimensions kept", f"{sum(active)} of {len(active)}"))
    if discovery.get("flags"):
        rows.append(("flags", ", ".join(discovery["flags"])))
    rows += [
        (name.replace("_", " "), f"{value:.6g}")
        for name, value in discovery.get("extra", {}).items()
    ]
    return bars(relevance, active) if relevance else Markup(), tuple(rows)


def _curves(arrays: Mapping[str, np.ndarray]) -> tuple[tuple[str, Markup], ...]:
    """Return a drawing per logged quantity, the loss first."""
    steps = arrays.get("step")
    if steps is None or not len(steps):
        return ()
    own = {name: arrays.get(f"{name}_step", steps) for name in arrays}
    names: Sequence[str] = sorted(
        (
            name
            for name in arrays
            if name != "step"
            and not (name.endswith("_step") and name.removesuffix("_step") in arrays)
            and len(arrays[name]) == len(own[name])
        ),
        key=lambda name: name != "loss",
    )
    return tuple(
        (
            name + (f", {arrays[name].shape[1]} dimensions" if arrays[name].ndim > 1 else ""),
            curve(name, own[name], arrays[name]),
        )
        for name in names
    )
