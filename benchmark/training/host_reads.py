"""A net for host traffic: inside it, an operation that needs a tensor's values on the host, or
brings numbers from there, is an error.

Such an operation stalls a GPU in every step and cannot be captured. The net works on CPU, so a
missing GPU hides nothing.
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

_READS = (
    "item tolist numpy cpu __bool__ __float__ __int__ __index__ __repr__ __format__ __array__ "
    "__contains__"
).split()
"""Methods of tensors."""

_OPERATORS = (
    "_local_scalar_dense item is_nonzero nonzero masked_select equal allclose bincount _unique2 "
    "unique_dim unique_consecutive"
).split()
"""Operators, however they were reached, whose result or shape needs values on the host."""

_INDEXING = "index index_put index_put_ _index_put_impl_".split()


class HostRead(RuntimeError):
    """A step read a tensor's values on the host, made a shape depend on them, or brought numbers
    from the host."""


class _Calls(TorchFunctionMode):
    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        name = getattr(func, "__name__", "")
        if name in _READS:
            _complain(f"Tensor.{name} reads a tensor on the host")
        if name == "to" and any(
            isinstance(argument, str) and argument.startswith("cpu")
            for argument in (*args[1:], *(kwargs or {}).values())
        ):
            _complain("Tensor.to('cpu') reads a tensor on the host")
        return func(*args, **(kwargs or {}))


class _Operators(TorchDispatchMode):
    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        name = func.__name__.split(".")[0]
        if name == "lift_fresh":
            _complain(
                "a constant (torch.tensor, or a list as an index) copies numbers from the host"
            )
        if name in _OPERATORS:
            _complain(f"{name} reads a tensor on the host")
        if name in _INDEXING and any(
            index is not None and index.dtype in (torch.bool, torch.uint8) for index in args[1]
        ):
            _complain("indexing with a boolean mask reads it on the host")
        if name == "repeat_interleave" and (kwargs or {}).get("output_size") is None:
            _complain("repeat_interleave without output_size reads a tensor on the host")
        return func(*args, **(kwargs or {}))


@contextmanager
def no_host_reads() -> Iterator[None]:
    """Raise :class:`HostRead` at the first host read in the block, naming the operation and the
    line of the caller."""
    with _Calls(), _Operators():
        yield


def _complain(what: str) -> None:
    frames = [
        frame
        for frame in traceback.extract_stack()[:-1]
        if "/torch/" not in frame.filename and frame.filename != __file__
    ]
    where = (
        f" ({frames[-1].filename}, line {frames[-1].lineno}: {frames[-1].line})" if frames else ""
    )
    raise HostRead(
        f"{what}{where}; stay on the device: torch.where for `if`, detach() for item(), "
        "a buffer or torch.full for constants"
    )
