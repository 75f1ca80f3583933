"""Whether a method can be built on data of a shape, at a latent size, with a batch, for so many
steps: what can be known without building it is refused when planning. Imports no torch."""

from __future__ import annotations

import ast
import math
from collections.abc import Mapping
from typing import Any

from benchmark import registry
from benchmark.needs import Needs
from benchmark.nn.sizes import misfit
from benchmark.options import Field
from benchmark.registry import Choice
from benchmark.source import SourceClass

__all__ = ["refusal"]


def refusal(
    method: Choice, shape: tuple[int, ...] | None, latent_dim: int, batch_size: int, steps: int
) -> str | None:
    """Return why ``method`` cannot run on data of ``shape`` (None: not known) at ``latent_dim`` in
    batches of ``batch_size`` for ``steps``, and what to choose; None where nothing speaks against
    it.

    Five things are known of a method's text: it calls the shared backbones, its class says
    ``images_only`` or ``latent_dim_within_data``, it has an option ``chunks`` (equal parts of a
    batch), its options have conditions (:class:`~benchmark.needs.Needs`).
    """
    source = method.entry.source
    if shape is not None and source.constants.get("images_only") and len(shape) != 3:
        return f"its likelihood is for images in [0, 1], the data have shape {shape}; use vae"
    if shape is not None and _calls_backbones(source):
        reason = misfit(shape)
        if reason is not None:
            return f"{reason}; crop, pad or flatten the images"
    within = source.constants.get("latent_dim_within_data")
    if shape is not None and within and latent_dim > math.prod(shape):
        return (
            f"it finds at most {math.prod(shape)} dimensions in data of shape {shape}, asked for "
            f"{latent_dim}; choose a smaller --latent-dims"
        )
    facts = {"latent_dim": latent_dim, "batch_size": batch_size, "steps": steps}
    return _uneven(batch_size, method.options.get("chunks")) or _unmet(method, facts, shape)


def _uneven(batch_size: int, chunks: object) -> str | None:
    """Return why a batch cannot be cut into ``chunks`` equal parts, where that is a number."""
    if not batch_size or isinstance(chunks, bool) or not isinstance(chunks, int):
        return None
    if chunks < 1:
        return f"a batch cannot be cut into chunks={chunks} parts; choose chunks=1 or more"
    if batch_size % chunks == 0:
        return None
    return (
        f"a batch of {batch_size} images cannot be cut into chunks={chunks} equal parts; "
        f"choose a --batch-size that {chunks} divides, or other chunks"
    )


def _unmet(method: Choice, facts: Mapping[str, int], shape: tuple[int, ...] | None) -> str | None:
    """Return which option needs what this run has not; conditions on images are left alone where
    the shape of the data is not known."""
    values: dict[str, Any] = {**method.options, **facts}
    if shape is not None:
        values["images"] = len(shape) == 3
    for option in method.entry.source.fields(registry.OPTIONS_CLASS["methods"]):
        for need in option.needs:
            if need.names <= values.keys() and not need.holds(values):
                return _sentence(option, need, values, shape)
    return None


def _sentence(
    option: Field, need: Needs, values: Mapping[str, Any], shape: tuple[int, ...] | None
) -> str:
    """Return what ``option`` needs, what it got, and the value it has by default."""
    value = values[option.name]
    others = sorted(need.names - {option.name})
    got = ", ".join(
        f"data of shape {shape}" if name == "images" else f"{name}={values[name]}"
        for name in others
    )
    text = f"{option.name}={value} needs {need.expected}{', got ' if got else ''}{got}"
    if value == option.default:
        return f"{text}; choose that"
    return f"{text}; choose that, or {option.name}={option.default}"


def _calls_backbones(source: SourceClass) -> bool:
    """Return whether the class, or one it is derived from, calls ``backbones.something``."""
    return any(
        isinstance(node, ast.Attribute)
        and isinstance(node.value, ast.Name)
        and node.value.id == "backbones"
        for part in source.lineage
        for node in ast.walk(part)
    )
