"""What tables and figures know of a dataset beyond its name."""

from __future__ import annotations

from benchmark import registry
from benchmark.names import base_name
from benchmark.options import parse_reference
from benchmark.spec import BenchError

__all__ = ["intrinsic_dim"]


def intrinsic_dim(dataset: str) -> int | None:
    """Return the known intrinsic dimension of a dataset, by its label, whose options tell that of
    data of yours; None where it is not known."""
    try:
        option = parse_reference(dataset)[1].get("intrinsic_dim", "")
        if option.isdecimal():
            return int(option)
        constant = registry.find("datasets", base_name(dataset)).source.constants.get(
            "intrinsic_dim"
        )
    except BenchError:
        return None
    return constant if isinstance(constant, int) else None
