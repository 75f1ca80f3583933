"""The machine under a run: determinism, devices, addressed randomness, and what of the environment a record must tell."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import subprocess
from functools import cache
from pathlib import Path
from typing import Any

import torch
from threadpoolctl import threadpool_limits

import benchmark
from benchmark.method import Method
from benchmark.spec import BenchError, derive_seed

__all__ = ["construct", "environment", "make_deterministic", "resolve_device", "seed_noise"]

_PACKAGES = ("torch", "torchvision", "numpy", "scipy", "scikit-learn", "safetensors")


def make_deterministic() -> None:
    """Switch this process to deterministic algorithms and one thread (torch, BLAS), so that a result does not depend on what ran beside it."""
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    torch.set_num_threads(1)
    threadpool_limits(1)
    torch.use_deterministic_algorithms(True)
    torch.utils.deterministic.fill_uninitialized_memory = False
    torch.backends.cudnn.benchmark = False
    torch.backends.cudnn.deterministic = True
    torch.backends.cuda.matmul.allow_tf32 = False
    torch.backends.cudnn.allow_tf32 = False


def resolve_device(name: str) -> torch.device:
    """Return the device for ``auto``, ``cpu`` or ``cuda``; ``BenchError`` where CUDA is asked for and absent."""
    if name == "cuda" and not torch.cuda.is_available():
        raise BenchError("--device cuda was asked for, but torch sees no CUDA device here; use --device cpu")
    return torch.device("cuda" if name != "cpu" and torch.cuda.is_available() else "cpu")


def seed_noise(value: int, device: torch.device) -> None:
    """Set the generator that ordinary draws on ``device`` (and on the CPU) use to the stream ``value``."""
    torch.default_generator.manual_seed(value)
    if device.type == "cuda":
        torch.cuda.default_generators[device.index or torch.cuda.current_device()].manual_seed(value)


def construct(kind: type[Method], config: Any, seed: int, **size: Any) -> Method:
    """Return a method on the CPU whose every submodule is initialised from the stream of its own name.

    ``reset_parameters()`` is called on children before parents, so a module may refine what its children drew, and the weights of one
    module do not depend on which others exist. ``size``: ``shape``, ``latent_dim``, ``steps``, ``steps_per_epoch``, ``batch_size``.
    """
    torch.default_generator.manual_seed(derive_seed(seed, "init", ""))
    method = kind(config, **size)
    for name, module in reversed(list(method.named_modules())):
        reset = getattr(module, "reset_parameters", None)
        if name and callable(reset):
            torch.default_generator.manual_seed(derive_seed(seed, "init", name))
            reset()
    return method


def environment(device: torch.device) -> dict[str, Any]:
    """Return what a reader needs to judge whether a run could be repeated bit for bit: packages, machine, device, threads, commit."""
    cuda = device.type == "cuda"
    return {
        "lstar_bench": benchmark.__version__,
        "python": platform.python_version(),
        "platform": platform.platform(),
        "packages": {name: importlib.metadata.version(name) for name in _PACKAGES},
        "cpu": _cpu_model(),
        "cpu_capability": torch.backends.cpu.get_cpu_capability(),
        "device": torch.cuda.get_device_name(device) if cuda else "cpu",
        "cuda": torch.version.cuda if cuda else None,
        "threads": torch.get_num_threads(),
        "deterministic": torch.are_deterministic_algorithms_enabled(),
        **_commit(),
    }


@cache
def _cpu_model() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), platform.machine())


@cache
def _commit() -> dict[str, Any]:
    """The commit of the checkout the package runs from and whether it was changed since; nothing where it was installed from a wheel."""
    root = Path(benchmark.__file__).resolve().parents[1]
    if not (root / ".git").exists():
        return {"commit": None, "dirty": None}
    try:
        head = subprocess.run(["git", "-C", str(root), "rev-parse", "HEAD"], capture_output=True, text=True, check=True, timeout=10).stdout.strip()
        status = subprocess.run(["git", "-C", str(root), "status", "--porcelain", "-uno"], capture_output=True, text=True, check=True, timeout=10)
    except (OSError, subprocess.SubprocessError):
        return {"commit": None, "dirty": None}
    return {"commit": head, "dirty": bool(status.stdout.strip())}
