"""A trained network as a file of another format, held against the model before it is given out."""

from __future__ import annotations

import importlib.util
import io
import warnings
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from benchmark.files import atomic_write
from benchmark.method import Method
from benchmark.models import TrainedModel
from benchmark.spec import BenchError

__all__ = ["TOLERANCE", "onnx_files", "torchscript_file"]

TOLERANCE = 1e-4
"""Largest difference to the model, relative to the largest number, at which a file is given out."""

_SIZES = (8, 3)
"""Images of the trace, and of the comparison: a file that knows one size only is seen."""


class _Network(nn.Module):
    """The deterministic part of a method: encode, decode, and both as the reconstruction."""

    def __init__(self, method: Method) -> None:
        super().__init__()
        self.method = method

    def encode(self, x: Tensor) -> Tensor:
        return self.method.encode(x)

    def decode(self, z: Tensor) -> Tensor:
        return self.method.decode(z)

    def forward(self, x: Tensor) -> Tensor:
        return self.decode(self.encode(x))


class _Half(nn.Module):
    """One function of a method as a module."""

    def __init__(self, method: Method, name: str) -> None:
        super().__init__()
        self.method, self.name = method, name

    def forward(self, values: Tensor) -> Tensor:
        return getattr(self.method, self.name)(values)


def torchscript_file(model: TrainedModel, path: Path) -> float:
    """Write ``path``, which ``torch.jit.load`` reads without this package: ``encode(x)``,
    ``decode(z)``, and the reconstruction when called. Return the largest difference to the model,
    relative; ``BenchError`` where the method cannot be traced or the file computes others."""
    images, codes = _examples(model, _SIZES[0])
    network = _Network(model.method).eval()
    buffer = io.BytesIO()
    with torch.no_grad(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            traced = torch.jit.trace_module(
                network, {"encode": images, "decode": codes, "forward": images}, check_trace=False
            )
            torch.jit.save(traced, buffer)
        except Exception as error:
            raise _refused(model, "TorchScript", error) from None
        buffer.seek(0)
        loaded = torch.jit.load(buffer)
        difference = _compared(model, {"encode": loaded.encode, "decode": loaded.decode})
    atomic_write(path, buffer.getvalue())
    return difference


def onnx_files(model: TrainedModel, path: Path) -> tuple[list[Path], float]:
    """Write ``STEM-encoder.onnx`` and ``STEM-decoder.onnx`` beside ``path`` and return them with
    the largest difference to the model by ``onnxruntime``, relative. Errors as in
    :func:`torchscript_file`, and where the packages of the extra ``onnx`` are not here."""
    for package in ("onnx", "onnxscript", "onnxruntime"):
        if importlib.util.find_spec(package) is None:
            raise BenchError(
                f"ONNX needs the package '{package}', which is not installed; "
                "run pip install '.[onnx]' in a checkout (pip install 'lstar-bench[onnx]' "
                "elsewhere)"
            )
    images, codes = _examples(model, _SIZES[0])
    data = {
        "encode": _onnx(model, "encode", images),
        "decode": _onnx(model, "decode", codes),
    }
    difference = _compared(model, {name: _session(network) for name, network in data.items()})
    paths = [path.with_name(f"{path.stem}-{name}r.onnx") for name in data]
    for file, content in zip(paths, data.values(), strict=True):
        atomic_write(file, content)
    return paths, difference


def _onnx(model: TrainedModel, name: str, values: Tensor) -> bytes:
    buffer = io.BytesIO()
    with torch.no_grad(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            program = torch.onnx.export(
                _Half(model.method, name).eval(),
                (values,),
                input_names=["x" if name == "encode" else "z"],
                output_names=["z" if name == "encode" else "x"],
                dynamic_shapes=({0: torch.export.Dim("n")},),
                dynamo=True,
                verbose=False,
            )
            assert program is not None
            program.save(buffer)  # type: ignore[arg-type]  # torch takes files too
        except Exception as error:
            raise _refused(model, "ONNX", error) from None
    return buffer.getvalue()


def _session(data: bytes) -> Callable[[Tensor], Tensor]:
    import onnxruntime

    session = onnxruntime.InferenceSession(data, providers=["CPUExecutionProvider"])
    name = session.get_inputs()[0].name
    return lambda values: torch.from_numpy(session.run(None, {name: values.numpy()})[0])


def _examples(model: TrainedModel, count: int) -> tuple[Tensor, Tensor]:
    """Return ``count`` images, numbers from 0 to 1 in one fixed order, and their codes."""
    stream = np.random.default_rng(0)
    images = torch.from_numpy(stream.random((count, *model.shape), dtype=np.float32))
    return images, model.encode(images)


def _compared(model: TrainedModel, functions: Mapping[str, Callable[[Tensor], Tensor]]) -> float:
    """Return the largest relative difference between ``functions`` and the model's of that name,
    on another number of images than was traced."""
    values = dict(zip(("encode", "decode"), _examples(model, _SIZES[1]), strict=True))
    worst = 0.0
    for name, function in functions.items():
        expected = getattr(model, name)(values[name])
        difference = (function(values[name]) - expected).abs().max() / expected.abs().max()
        worst = max(worst, float(difference))
        if not worst <= TOLERANCE:
            raise BenchError(
                f"'{name}' in the file differs from the model's by {worst:.2g}, relative (allowed: "
                f"{TOLERANCE:g}); nothing was written, use load_model instead"
            )
    return worst


def _refused(model: TrainedModel, kind: str, error: Exception) -> BenchError:
    reason = (str(error).strip().splitlines() or [""])[0][:200]
    return BenchError(
        f"'{model.record.spec['method']}' cannot be written as {kind} ({type(error).__name__}: "
        f"{reason}); use load_model instead"
    )
