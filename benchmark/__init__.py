"""L* bench: the reproducibility benchmark for autoencoders that find their own latent dimension.

>>> from benchmark import load_records, run
>>> records = run(["vae", "pca"], ["digits"])  # doctest: +SKIP
"""

from importlib import import_module
from typing import Any

__version__ = "0.2.0"
__all__ = [
    "LatentDimension",
    "__version__",
    "dataset",
    "frame",
    "load_data",
    "load_model",
    "load_records",
    "run",
]

HOMES = {
    "LatentDimension": "benchmark.estimator",
    "dataset": "benchmark.datasets.own",
    "frame": "benchmark.records",
    "load_data": "benchmark.api",
    "load_model": "benchmark.models",
    "load_records": "benchmark.records",
    "run": "benchmark.api",
}
"""The public API: name and the module that it is imported from when it is asked for."""


def __getattr__(name: str) -> Any:
    """Import the API when it is asked for, so that ``import benchmark`` stays free of pandas and
    torch."""
    if name in HOMES:
        return getattr(import_module(HOMES[name]), name)
    raise AttributeError(f"module 'benchmark' has no attribute '{name}'")
