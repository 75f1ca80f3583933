"""What a record tells of the environment its run was made in."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import subprocess
from functools import cache
from pathlib import Path
from typing import Any

import torch
from threadpoolctl import threadpool_info

import benchmark

__all__ = ["environment"]

_PACKAGES = ("torch", "torchvision", "numpy", "scipy", "scikit-learn", "safetensors")


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
    numbers = [_cpuinfo().get(name) for name in ("cpu family", "model", "stepping")]
    return "/".join(filter(None, numbers)) or None


@cache
def _blas() -> str | None:
    """NumPy's linear algebra and the kernels it chose for this processor (torch's follow
    ``cpu_capability`` and ``cpu_family``)."""
    libraries = {
        f"{library['internal_api']} {library['version']} {library.get('architecture', '')}".strip()
        for library in threadpool_info()
        if library["user_api"] == "blas"
    }
    return ", ".join(sorted(libraries)) or None


@cache
def _commit() -> dict[str, Any]:
    """The commit of the checkout the package runs from and whether it was changed since; nothing
    where it was installed from a wheel."""
    root = Path(benchmark.__file__).resolve().parents[1]
    if not (root / ".git").exists():
        return {"commit": None, "dirty": None}
    try:
        head = _git(root, "rev-parse", "HEAD")
        changed = _git(root, "status", "--porcelain", "-uno")
    except (OSError, subprocess.SubprocessError):
        return {"commit": None, "dirty": None}
    return {"commit": head, "dirty": bool(changed)}


def _git(root: Path, *arguments: str) -> str:
    """Return what git says of the checkout at ``root``, without the space around it."""
    command = ["git", "-C", str(root), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=10)
    return done.stdout.strip()
