"""Records of one spec, as tests of the store and of its reader make them."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from benchmark import registry
from benchmark.identity import harness_code, metric_codes
from benchmark.spec import Record, RunSpec

SPEC = RunSpec(
    "vae",
    {"sigma": "learned", "gamma": 1.0, "lr": 1e-3, "chunks": 4},
    "circle",
    {"noise": 0.1},
    "ab" * 32,
    2,
    0,
    "quick",
    300,
    128,
)


def record(spec: RunSpec = SPEC, **changes: object) -> Record:
    values = {"mse": {"value": 0.5, "unit": "squared data units", "n": 1024, "protocol": "test"}}
    values["fd-raw[n=1024,reference=1024,split=test]"] = {
        "value": 2.0,
        "unit": "squared data units",
        "n": 1024,
        "protocol": "test",
    }
    base = Record(
        spec=spec.document(),
        key=spec.key,
        code=registry.find("methods", "vae").code,
        status="done",
        measurements=values,
        harness=harness_code(),
        metrics=metric_codes(values),
    )
    return replace(base, **changes)


def full() -> dict[str, Any]:
    """The document of a record with something in every part."""
    base = record(
        discovery={
            "relevance": [0.5, 0.1],
            "active": [True, False],
            "flags": ["collapsed"],
            "extra": {"gamma": 1.0},
            "null": [{"at": 0.5}],
        },
        absent={"mig": "no factors"},
        timing={"train_seconds": 1.0, "outer_steps": 300, "updates": {"model": 300}},
        environment={
            "python": "3.11.7",
            "packages": {"torch": "2.5.1"},
            "device": "cpu",
            "threads": 1,
            "deterministic": True,
            "commit": None,
            "dirty": False,
            "determinism": {"cudnn": True},
            "evaluations": {"mse": {"commit": "abc"}},
        },
        flags=["unsettled"],
        input={"shape": [1, 8, 8], "train": 60, "test": 40, "type": "uint8", "levels": 255},
    )
    return json.loads(base.to_json())
