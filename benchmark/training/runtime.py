"""The machine under a run: determinism, devices, addressed randomness."""

from __future__ import annotations

import os
from typing import Any

import torch
from threadpoolctl import threadpool_limits

from benchmark import registry
from benchmark.datasets.split import Splits
from benchmark.method import Method
from benchmark.planning.jobs import Job
from benchmark.spec import BenchError, derive_seed
from benchmark.training.weights import draw_weights

__all__ = [
    "build",
    "construct",
    "make_deterministic",
    "resolve_device",
    "seed_noise",
    "use_device",
]


def make_deterministic() -> None:
    """Switch this process to deterministic algorithms and one thread (torch, BLAS), so that a
    result does not depend on what ran beside it."""
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    torch.set_num_threads(1)
    threadpool_limits(1)
    # what use_deterministic_algorithms(True) sets, without importing torch's compiler (2.5 s)
    torch.set_deterministic_debug_mode("error")
    # torch hides this one
    torch.utils.deterministic.fill_uninitialized_memory = (  # type: ignore[attr-defined]  # untyped
        False
    )
    torch.backends.cudnn.benchmark = False
    torch.backends.cudnn.deterministic = True
    torch.backends.cuda.matmul.allow_tf32 = False
    torch.backends.cudnn.allow_tf32 = False


def resolve_device(name: str) -> torch.device:
    """Return the device for ``auto``, ``cpu``, ``cuda`` or ``cuda:N``; ``BenchError`` where CUDA,
    or a GPU of that number, is asked for and absent."""
    if name.startswith("cuda") and not torch.cuda.is_available():
        raise BenchError(
            f"--device {name} was asked for, but torch sees no CUDA device here; use --device cpu"
        )
    kind, _, number = name.partition(":")
    if number:
        if int(number) >= (count := torch.cuda.device_count()):
            raise BenchError(f"--device {name}: the GPUs here are cuda:0 to cuda:{count - 1}")
        return torch.device(kind, int(number))
    return torch.device("cuda" if name != "cpu" and torch.cuda.is_available() else "cpu")


def use_device(name: str) -> torch.device:
    """Return the device of a name, as :func:`resolve_device`, and make it the one that this process
    uses: graphs are captured, and streams made, on the current GPU."""
    device = resolve_device(name)
    if device.index is not None:
        torch.cuda.set_device(device)
    return device


def seed_noise(value: int, device: torch.device) -> None:
    """Set the generator that ordinary draws on ``device`` (and on the CPU) use to the stream
    ``value``."""
    torch.default_generator.manual_seed(value)
    if device.type == "cuda":
        torch.cuda.default_generators[device.index or torch.cuda.current_device()].manual_seed(
            value
        )


def construct(kind: type[Method], config: Any, seed: int, **size: Any) -> Method:
    """Return a method on the CPU whose every submodule is initialised from the stream of its own
    name.

    ``reset_parameters()`` is called on children before parents, so a module may refine what its
    children drew, and the weights of one module do not depend on which others exist. ``size``:
    ``shape``, ``latent_dim``, ``steps``, ``steps_per_epoch``, ``batch_size``.
    """
    torch.default_generator.manual_seed(derive_seed(seed, "init", ""))
    method = kind(config, **size)
    draw_weights(method, seed)
    return method


def build(job: Job, splits: Splits) -> Method:
    """Return the untrained method that the spec asks for, on the CPU."""
    spec, kind = job.spec, registry.load(job.method.entry.target)
    per_epoch = len(splits.train) // spec.batch_size if spec.batch_size else 1
    size = {
        "shape": splits.train.shape,
        "latent_dim": spec.latent_dim,
        "batch_size": spec.batch_size,
    }
    return construct(
        kind,
        kind.Config(**spec.config),
        spec.seed,
        steps=spec.steps,
        steps_per_epoch=per_epoch,
        **size,
    )
