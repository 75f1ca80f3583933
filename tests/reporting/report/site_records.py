"""Records for tests of the report: what runs leave, what goes wrong, and names that would do harm
where text is not escaped."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
from reporting.making import FD, HOSTILE, images, leave, record, seeds, store

from benchmark.reporting.report.site import site
from benchmark.spec import Record

Files = dict[str, bytes]
"""Path of a page or file of a report -> its content."""

EVIL = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "javascript:alert(1)",
    "'];alert(1)//",
    "</style><b onclick=x>",
    "{{ 7 * 7 }}",
)

ENVIRONMENT = {
    "commit": "c" * 40,
    "dirty": False,
    "cpu": "A CPU",
    "python": "3.11.7",
    "threads": 1,
    "deterministic": True,
    "packages": {"torch": "2.8"},
}


def full() -> list[Record]:
    """Finished runs of two methods on images, a method on points, a failed run, a study, and one
    hostile run."""
    runs = [
        *seeds([0.5, 0.6]),
        *seeds([0.25, 0.35], "pca"),
        record("vae", "circle", 2, values={"mse": 0.1, "lstar": 2.0}),
    ]
    runs += [
        discovered(
            record("r-vae", values={"mse": 1e-9, "lstar": 2.0, FD: 3.5}),
            [0.5, 3.0, 0.25],
            [True, True, False],
        )
    ]
    runs += [
        replace(record("mi-vae", status="diverged"), error="nll is not finite at step 7"),
        record("vae", "circle", 2, 1, status="killed"),
    ]
    study = record(
        "grae-objective",
        "digits",
        12,
        kind="grae-objective",
        values={"mse": 1.0, "gap[beta=1]": 0.5},
    )
    return [
        replace(
            run,
            environment=ENVIRONMENT,
            timing={"train_seconds": 75.0, "images_seen": 10, "updates": {"model": 3}},
        )
        for run in [*runs, study]
    ]


def discovered(
    record: Record, relevance: list[float], active: list[bool], flags: tuple[str, ...] = ()
) -> Record:
    return replace(
        record,
        discovery={
            "relevance": relevance,
            "active": active,
            "flags": list(flags),
            "extra": {"lstar_mean": 2.0},
        },
    )


def hostile() -> list[Record]:
    """Runs whose every text is one that would do harm."""
    runs = []
    for index, text in enumerate((*EVIL, *HOSTILE)):
        run = record(
            text,
            text,
            index + 1,
            values={"mse": 1.0},
            config={text: text},
            options={text: text},
            flags=[text],
        )
        run.measurements["mse"].update(unit=text, protocol=text)
        runs.append(
            replace(
                run,
                absent={text: text},
                environment={text: text, "commit": text, "packages": {text: text}},
                error=text,
            )
        )
        runs.append(
            replace(record(text, text, index + 1, 1, status="failed", budget=text), error=text)
        )
    return runs


def written(folder: Path, records: list[Record]) -> Path:
    """Write ``records`` to ``folder`` with curves, artifacts and, for what failed, a log."""
    store(folder, records)
    for run in records:
        if run.status == "done" and run.spec["kind"] == "train":
            leave(
                folder,
                run,
                image=(1, 8, 8) if run.spec["dataset"] == "digits" else None,
                steps=30,
            )
        elif run.status != "done":
            lines = [
                "first line",
                *["filler"] * 40,
                str(run.error),
                "last line </pre><script>alert(2)</script>",
            ]
            (folder / run.key / "log.txt").write_text(
                "\n".join(lines) + "\n", encoding="utf-8", errors="replace"
            )
    return folder


def pictured(folder: Path, record: Record) -> dict[str, np.ndarray]:
    """Leave every array of a run on images and return them."""
    arrays = {
        "inputs": images(32, (1, 8, 8), 1),
        "reconstructions": images(32, (1, 8, 8), 2),
        "samples": images(64, (1, 8, 8), 3),
    }
    arrays |= {
        "neighbours": images(8, (1, 8, 8), 4),
        "traversals": images(64, (1, 8, 8), 5).reshape(8, 8, 1, 8, 8),
    }
    arrays["code_covariance"] = np.array([[1.0, 0.5, 0.0], [0.5, 1.0, 0.0], [0.0, 0.0, 0.0]])
    np.savez(folder / record.key / "artifacts.npz", **arrays)
    return arrays


def site_of(folder: Path, records: list[Record]) -> Files:
    """The report of ``records``, whose folders lie in ``folder``."""
    return dict(site(records, folder))
