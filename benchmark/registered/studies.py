"""The built-in studies: experiments that are no method on a dataset."""

from __future__ import annotations

from benchmark.source import Entry

__all__ = ["STUDIES"]

STUDIES: tuple[Entry, ...] = (
    Entry(
        "grae-uniqueness",
        "benchmark.studies.uniqueness:Uniqueness",
        "rotation of the inferred codes over many trials in the plane",
    ),
    Entry(
        "grae-jacobian",
        "benchmark.studies.jacobian:Blocks",
        "blocks of a beta-VAE's posterior, found again in its decoder's Jacobian",
    ),
    Entry(
        "grae-objective",
        "benchmark.studies.objective:Objective",
        "three objectives of one network trained as a beta-VAE",
    ),
    Entry(
        "gamma-slices",
        "benchmark.studies.slices:Slices",
        "slices through a VAE's objective, sparse at one point, at one decoder variance",
    ),
)
