"""What may stand for what: metrics and datasets that were not measured or run, published rows of
another name, and the readings of a method's rule."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from benchmark.identity import READINGS
from benchmark.spec import Record

__all__ = ["DATASET_STAND_INS", "METRIC_STAND_INS", "READ_AS", "TWINS", "readings", "twin"]

METRIC_STAND_INS: Mapping[str, tuple[str, ...]] = {
    "fid": ("fid", "fd-cnn", "fd-raw"),
    "fid-reconstruction": ("fid-reconstruction", "fd-cnn-reconstruction", "mse"),
    "mmd": ("mmd", "fid", "fd-cnn", "fd-raw"),
    "reconstruction-error": ("reconstruction-error", "mse"),
    "accuracy": ("accuracy", "accuracy-majority"),
}
"""What stands in for a metric that was not measured, in this order; a verdict says which it rests
on."""

DATASET_STAND_INS: Mapping[str, Sequence[str]] = {
    "dsprites": ("sprites",),
    "mnist": ("mnist-limited",),
    "cifar10": ("cifar10-limited",),
    "celeba": ("celeba-limited",),
    "not stated": ("mnist",),
}
"""Datasets that may stand where the one a source names was not run, in this order."""

TWINS: Mapping[str, str] = {
    "rf-vae-port": "rf-vae",
    "flexae-sr": "flexae",
    "maskaae": "maskaae[schedule=reference]",
}
"""Methods here that a published row of another name also stands for: RENs ran the port of RF-VAE,
the FlexAE rows may be FlexAE-SR's. In the files that print MaskAAE it is the row itself."""


READ_AS: Mapping[tuple[str, str], str] = {("rf-vae", "lstar"): "lstar-above-mean"}
"""(Method, metric) -> the reading of the method's rule that the printed figures are of, where it is
not the method's own. RENs count the relevances of RF-VAE above their mean, the authors' rule is
those above 1/2."""


def readings(record: Record) -> dict[str, dict[str, Any]]:
    """Return the further readings of the rule of a record's method, as measurements."""
    extra = (record.discovery or {}).get("extra", {})
    base: dict[str, Any] = {"unit": "dimensions", "n": 0, "protocol": "discovery"}
    return {
        column: {**base, "value": extra[name]} for name, column in READINGS.items() if name in extra
    }


def twin(method: str) -> str:
    """Return the label under which published figures stand that a method's runs are set beside."""
    return TWINS.get(method, method)
