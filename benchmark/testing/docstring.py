"""Checks of what a method says of itself: its text, its options, what it imports."""

from __future__ import annotations

import ast
import dataclasses
import json

from benchmark import registry
from benchmark.method import Discovery
from benchmark.metrics.null import resolved
from benchmark.options import resolve
from benchmark.testing.candidate import Candidate, Check, CheckFailed, is_frozen_dataclass

__all__ = ["CHECKS"]

SECTIONS = ("Citation", "Objective", "Discovery", "Deviations")
ALLOWED = tuple(f"benchmark.{room}" for room in ("registry", "needs", "nn", "method", "spec"))
FOREIGN = ("random", "secrets", "time", "pickle", "numpy.random")


def documented(candidate: Candidate) -> None:
    """The module docstring has its four sections, and each option says what it is."""
    source = candidate.entry.source
    lines = [line.strip() for line in source.doc.splitlines()]
    missing = [name for name in SECTIONS if name not in lines]
    if missing:
        raise CheckFailed(
            f"the docstring at the top of {source.path.name} has no line '{missing[0]}'; "
            f"expected the sections {', '.join(SECTIONS)}, each a line of its own with text below, "
            "because `bench show` and reports print them"
        )
    silent = [field.name for field in source.fields("Config") if not field.doc]
    if silent:
        raise CheckFailed(
            f"option '{silent[0]}' of Config says nothing; put a string below the field that says "
            "what it is"
        )


def options_survive_json(candidate: Candidate) -> None:
    """``Config`` is a frozen dataclass whose values come back from JSON the same."""
    config = candidate.kind.Config
    if not is_frozen_dataclass(config):
        raise CheckFailed(
            "Config is not a frozen dataclass; write @dataclass(frozen=True) above it, "
            "so that no run can change its options"
        )
    values = dataclasses.asdict(config())
    defaults = resolve(
        candidate.entry.name, candidate.entry.source.fields(registry.OPTIONS_CLASS["methods"]), {}
    )
    if values != defaults:
        raise CheckFailed(
            f"Config() holds {values}, but its text says {defaults}; "
            "give every field a literal default in the class itself"
        )
    back = config(**json.loads(json.dumps(values)))
    if back != config():
        raise CheckFailed(
            f"Config came back from JSON as {back}, expected {config()}; use bool, int, float, "
            "str or None"
        )


def null_is_readable(candidate: Candidate) -> None:
    """``null``, where the class has one, is literal, and each of its rows means something."""
    rows = candidate.entry.source.constants.get("null", ())
    if tuple(rows) != tuple(candidate.kind.null):
        raise CheckFailed(
            f"null is {candidate.kind.null}, but the text of the class says {rows}; write it out "
            "as a literal, as tables read it without importing the file"
        )
    try:
        resolved(rows, "lstar", dataclasses.asdict(candidate.kind.Config()), 2)
    except ValueError as error:
        raise CheckFailed(f"{error} (see benchmark/metrics/null.py)") from None


def imports_only_the_contract(candidate: Candidate) -> None:
    """The adapter sees ``nn``, ``method`` and ``registry``: never data, files, the clock or random
    numbers that are not torch's."""
    for node in ast.walk(candidate.entry.source.tree):
        names: list[str] = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        elif isinstance(node, ast.Attribute) and ast.unparse(node) in ("np.random", "numpy.random"):
            names = ["numpy.random"]
        for name in names:
            number = node.lineno  # type: ignore[attr-defined]  # imports have lines
            line = f"line {number} of {candidate.entry.path.name}"
            if (
                name.startswith("benchmark")
                and not any(
                    name == allowed or name.startswith(f"{allowed}.") for allowed in ALLOWED
                )
                and name != "benchmark.nn"
            ):
                raise CheckFailed(
                    f"{line} uses {name}; a method sees images only as train_step, "
                    "prepare and conclude give them: import from benchmark.nn and "
                    "benchmark.method, and nothing else of the harness"
                )
            if any(name == foreign or name.startswith(f"{foreign}.") for foreign in FOREIGN):
                raise CheckFailed(
                    f"{line} uses {name}; draw with torch (torch.randn, torch.rand): "
                    "the harness seeds torch alone, for every step anew"
                )


def phases_are_labels(candidate: Candidate) -> None:
    """``phase(step)`` is a string that depends on the step alone."""
    method = candidate.build()
    before = [method.phase(step) for step in range(candidate.steps)]
    after = [candidate.whole.method.phase(step) for step in range(candidate.steps)]
    if before != after:
        raise CheckFailed(
            f"phase() gave {before} before training and {after} after; "
            "compute it from the step number and constants of build() alone"
        )
    if not all(isinstance(label, str) for label in before):
        raise CheckFailed(f"phase() gave {before}; expected strings")


def discovery_is_well_formed(candidate: Candidate) -> None:
    """``discover`` returns finite relevances (L,), a bool mask (L,), known kinds of flags and
    finite numbers."""
    import torch

    method = candidate.whole.method.eval()
    with torch.no_grad():
        try:
            discovery = method.discover(candidate.train.head(32))
        except TypeError as error:
            if "Discovery was given flags" not in str(error):
                raise
            raise CheckFailed(f"discover: {error}") from None
    size = (method.latent_dim,)
    if not isinstance(discovery, Discovery):
        raise CheckFailed(f"discover returned {type(discovery).__name__}; expected a Discovery")
    if (
        tuple(discovery.relevance.shape) != size
        or tuple(discovery.active.shape) != size
        or discovery.active.dtype != torch.bool
    ):
        raise CheckFailed(
            f"discover returned relevance {tuple(discovery.relevance.shape)} and active "
            f"{tuple(discovery.active.shape)} {discovery.active.dtype}; "
            f"expected {size} numbers and {size} bools, one per provisioned dimension"
        )
    if not bool(torch.isfinite(discovery.relevance).all()) or bool((discovery.relevance < 0).any()):
        raise CheckFailed(
            f"discover returned relevances {discovery.relevance.tolist()}; "
            "expected finite numbers, none negative"
        )
    wrong = {
        name: value
        for name, value in discovery.extra.items()
        if not isinstance(value, (int, float))
    }
    if wrong:
        raise CheckFailed(
            f"discover returned extra {wrong}; expected plain numbers, as float(value)"
        )


CHECKS = (
    Check("documented", "the docstring has its sections, every option its meaning", documented),
    Check("options", "Config is frozen, literal, and survives JSON", options_survive_json),
    Check("null", "the null that the class declares is literal and can be read", null_is_readable),
    Check(
        "imports",
        "sees nn and method, no data, files, clock or foreign randomness",
        imports_only_the_contract,
    ),
    Check("phases", "phase(step) depends on the step alone", phases_are_labels),
    Check("discovery", "discover is well formed", discovery_is_well_formed),
)
