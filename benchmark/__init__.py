"""L* bench: the reproducibility benchmark for autoencoders that find their own latent dimension.

>>> from benchmark import load_records, run
>>> records = run(["vae", "pca"], ["digits"])  # doctest: +SKIP
"""

from typing import Any

__version__ = "0.2.0"
__all__ = ["__version__", "load_records", "run"]


def __getattr__(name: str) -> Any:
    """Import the API when it is asked for, so that ``import benchmark`` stays free of pandas and
    torch."""
    if name == "run":
        from benchmark.api import run

        return run
    if name == "load_records":
        from benchmark.records import load_records

        return load_records
    raise AttributeError(f"module 'benchmark' has no attribute '{name}'")
