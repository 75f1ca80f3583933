"""A net for host reads: inside it, an operation whose result or shape needs the values of a tensor on the host is an error.

Such an operation stalls a GPU in every step and cannot be captured. The net works on CPU, so a missing GPU hides nothing.
"""

from __future__ import annotations

import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode

__all__ = ["HostRead", "no_host_reads"]

_METHODS = frozenset(
    {"item", "tolist", "numpy", "cpu", "__bool__", "__float__", "__int__", "__index__", "__repr__", "__format__", "__array__", "__contains__"}
)
_OPERATORS = frozenset(
    {
        "_local_scalar_dense",
        "item",
        "is_nonzero",
        "nonzero",
        "nonzero_numpy",
        "masked_select",
        "equal",
        "allclose",
        "unique_dim",
        "_unique2",
        "unique_consecutive",
        "bincount",
    }
)


class HostRead(RuntimeError):
    """A step read a tensor's values on the host, or made a shape depend on them."""


class _Calls(TorchFunctionMode):
    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        name = getattr(func, "__name__", "")
        if name in _METHODS:
            _complain(f"Tensor.{name}")
        return func(*args, **(kwargs or {}))


class _Operators(TorchDispatchMode):
    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        name = func.__name__.split(".")[0]
        if name in _OPERATORS:
            _complain(name)
        if name in ("index", "index_put_", "index_put", "_index_put_impl_") and any(
            index is not None and index.dtype in (torch.bool, torch.uint8) for index in args[1]
        ):
            _complain("indexing with a boolean mask")
        if name == "repeat_interleave" and len(args) + len(kwargs or {}) < 2:
            _complain("repeat_interleave without output_size")
        return func(*args, **(kwargs or {}))


@contextmanager
def no_host_reads() -> Iterator[None]:
    """Raise :class:`HostRead` at the first host read in the block, naming the operation and the line of the caller."""
    with _Calls(), _Operators():
        yield


def _complain(operation: str) -> None:
    frames = [frame for frame in traceback.extract_stack()[:-1] if "/torch/" not in frame.filename and frame.filename != __file__]
    where = f" ({frames[-1].filename}, line {frames[-1].lineno}: {frames[-1].line})" if frames else ""
    raise HostRead(
        f"{operation} reads a tensor on the host{where}; keep the step on the device: torch.where instead of `if`, detach() instead of item()"
    )
