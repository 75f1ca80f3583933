"""Whether a method can be built on data of a shape, at a latent size, with a batch: what can be
known without building it is refused when planning. Imports no torch."""

from __future__ import annotations

import ast
import math

from benchmark.nn.sizes import misfit
from benchmark.registry import Choice
from benchmark.source import SourceClass

__all__ = ["refusal"]


def refusal(
    method: Choice, shape: tuple[int, ...] | None, latent_dim: int, batch_size: int
) -> str | None:
    """Return why ``method`` cannot run on data of ``shape`` (None: not known) at ``latent_dim`` in
    batches of ``batch_size``, and what to choose; None where nothing speaks against it.

    Four things are known of a method's text: it calls the shared backbones, its class says
    ``images_only`` or ``latent_dim_within_data``, it has an option ``chunks`` (equal parts of a
    batch).
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
    return _uneven(batch_size, method.options.get("chunks"))


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


def _calls_backbones(source: SourceClass) -> bool:
    """Return whether the class, or one it is derived from, calls ``backbones.something``."""
    return any(
        isinstance(node, ast.Attribute)
        and isinstance(node.value, ast.Name)
        and node.value.id == "backbones"
        for part in source.lineage
        for node in ast.walk(part)
    )
