"""The machine under a run: determinism, devices, addressed randomness, and what of the environment
a record must tell."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import subprocess
from functools import cache
from pathlib import Path
from typing import Any

import torch
from threadpoolctl import threadpool_info, threadpool_limits

import benchmark
from benchmark import registry
from benchmark.datasets.split import Splits
from benchmark.method import Method
from benchmark.planning.jobs import Job
from benchmark.spec import BenchError, derive_seed
from benchmark.training.weights import draw_weights

__all__ = [
    "build",
    "construct",
    "environment",
    "make_deterministic",
    "resolve_device",
    "seed_noise",
    "use_device",
]

_PACKAGES = ("torch", "torchvision", "numpy", "scipy", "scikit-learn", "safetensors")


def make_deterministic() -> None:
    """Switch this process to deterministic algorithms and one thread (torch, BLAS), so that a
    result does not depend on what ran beside it."""
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    torch.set_num_threads(1)
    threadpool_limits(1)
    torch.set_deterministic_debug_mode(
        "error"
    )  # what use_deterministic_algorithms(True) sets, without importing torch's compiler (2.5 s)
    torch.utils.deterministic.fill_uninitialized_memory = False  # type: ignore[attr-defined]  # torch hides it
    torch.backends.cudnn.benchmark = False
    torch.backends.cudnn.deterministic = True
    torch.backends.cuda.matmul.allow_tf32 = False
    torch.backends.cudnn.allow_tf32 = False


def resolve_device(name: str) -> torch.device:
    """Return the device for ``auto``, ``cpu``, ``cuda`` or ``cuda:N``; ``BenchError`` where CUDA, or
    a GPU of that number, is asked for and absent."""
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


def environment(device: torch.device) -> dict[str, Any]:
    """Return what a reader needs to judge whether a run could be repeated bit for bit: packages,
    machine, device, switches, commit."""
    return {
        "lstar_bench": benchmark.__version__,
        "python": platform.python_version(),
        "platform": platform.platform(),
        "architecture": platform.machine(),
        "libc": " ".join(filter(None, platform.libc_ver())) or None,
        "packages": {name: importlib.metadata.version(name) for name in _PACKAGES},
        "cpu": _cpu_model(),
        "cpu_family": _cpu_family(),
        "cpu_capability": torch.backends.cpu.get_cpu_capability(),
        "blas": _blas(),
        **_gpu(device),
        "threads": torch.get_num_threads(),
        "deterministic": torch.are_deterministic_algorithms_enabled(),
        "determinism": {
            "cudnn_deterministic": torch.backends.cudnn.deterministic,
            "cudnn_benchmark": torch.backends.cudnn.benchmark,
            "tf32": torch.backends.cuda.matmul.allow_tf32 or torch.backends.cudnn.allow_tf32,
            "cublas_workspace": os.environ.get("CUBLAS_WORKSPACE_CONFIG"),
        },
        **_commit(),
    }


def _gpu(device: torch.device) -> dict[str, Any]:
    """The device by name, and for a GPU what its kernels are chosen by."""
    if device.type != "cuda":
        return {"device": "cpu", "cuda": None, "cudnn": None, "gpu_capability": None}
    capability = ".".join(map(str, torch.cuda.get_device_capability(device)))
    version = {"cuda": torch.version.cuda, "cudnn": torch.backends.cudnn.version()}
    return {"device": torch.cuda.get_device_name(device), **version, "gpu_capability": capability}


@cache
def _cpuinfo() -> dict[str, str]:
    """The first processor's entry of /proc/cpuinfo; empty where there is none."""
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8").partition("\n\n")[0]
    except OSError:
        return {}
    return {
        name.strip(): value.strip()
        for name, _, value in (line.partition(":") for line in text.splitlines())
    }


def _cpu_model() -> str:
    return _cpuinfo().get("model name") or platform.processor() or platform.machine()


def _cpu_family() -> str | None:
    """Family, model and stepping: virtual machines call different processors by one model name."""
    found = [_cpuinfo().get(name) for name in ("cpu family", "model", "stepping")]
    return "/".join(filter(None, found)) or None


@cache
def _blas() -> str | None:
    """NumPy's linear algebra and the kernels it chose for this processor (torch's follow
    ``cpu_capability`` and ``cpu_family``)."""
    found = [each for each in threadpool_info() if each["user_api"] == "blas"]
    return (
        ", ".join(
            sorted(
                {
                    f"{each['internal_api']} {each['version']} {each.get('architecture', '')}".strip()
                    for each in found
                }
            )
        )
        or None
    )


@cache
def _commit() -> dict[str, Any]:
    """The commit of the checkout the package runs from and whether it was changed since; nothing
    where it was installed from a wheel."""
    root = Path(benchmark.__file__).resolve().parents[1]
    if not (root / ".git").exists():
        return {"commit": None, "dirty": None}
    try:
        head = subprocess.run(
            ["git", "-C", str(root), "rev-parse", "HEAD"],
            capture_output=True,
            text=True,
            check=True,
            timeout=10,
        ).stdout.strip()
        status = subprocess.run(
            ["git", "-C", str(root), "status", "--porcelain", "-uno"],
            capture_output=True,
            text=True,
            check=True,
            timeout=10,
        )
    except (OSError, subprocess.SubprocessError):
        return {"commit": None, "dirty": None}
    return {"commit": head, "dirty": bool(status.stdout.strip())}
