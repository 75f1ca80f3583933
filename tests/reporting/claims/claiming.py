"""Claims made up for tests, and the verdicts that records give them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from reporting.making import seeds

from benchmark.reporting.claims.claims import Claim, _claim
from benchmark.reporting.claims.verdicts import Verdict, verdicts
from benchmark.spec import Record

LOW, HIGH, NEAR = [1.0, 1.1, 1.05], [2.0, 2.2, 2.15], [1.02, 1.04, 1.15]


def make_claim(
    kind: str = "below",
    methods: Sequence[str] = ("vae",),
    than: Sequence[str] = ("dpvae",),
    **fields: Any,
) -> Claim:
    base: Mapping[str, Any] = {
        "where": "Table 1",
        "text": "So it is.",
        "metric": "mse",
        "places": {"digits": [16]},
    }
    return _claim(
        "it", "somebody", {**base, "kind": kind, "methods": methods, "than": than, **fields}
    )


def judged(claim: Claim, *runs: Sequence[Record]) -> Verdict:
    (verdict,) = verdicts([run for group in runs for run in group], [claim])
    return verdict


def counts(
    by_size: Mapping[int, Sequence[int]], method: str = "maskaae", dataset: str = "digits"
) -> list[Record]:
    return [
        run
        for size, of_size in by_size.items()
        for run in seeds(map(float, of_size), method, "lstar", latent_dim=size, dataset=dataset)
    ]
