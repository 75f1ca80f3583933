"""The published numbers, as package data holds them: what each source printed, under the names the
benchmark uses.

The files in ``benchmark/data/paper`` carry every figure as printed, with its source and a note
where it is doubtful. Sources spell names in more than one way (MAAE and MaskAAE, 2S-VAE and 2-Stage
VAE); ``METHODS``, ``DATASETS`` and ``METRICS`` map each spelling once.
"""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from importlib import resources
from typing import TypeVar

from benchmark.reporting.replicates import Replicates
from benchmark.spec import BenchError

__all__ = ["DATASETS", "METHODS", "METRICS", "READ_AS", "Printed", "cells_of", "published", "twin"]

METHODS: Mapping[str, str] = {
    **{
        "R-dpVAE": "r-dpvae",
        "RF-VAE": "rf-vae",
        "GECO": "geco-l0",
        "dpVAE": "dpvae",
        "VAE": "vae",
        "PCA": "pca",
    },
    **dict.fromkeys(("MAAE", "MaskAAE"), "maskaae"),
    **dict.fromkeys(("WAE", "WAE-GAN"), "wae-gan"),
    **dict.fromkeys(("2S-VAE", "2-S VAE", "2-Stage VAE"), "two-stage-vae"),
    **dict.fromkeys(("VAE + Flow", "VAE + FLOW"), "vae-flow"),
    **{
        "VAE (learned variance)": "vae",
        "VAE (fixed variance)": "vae[sigma=fixed]",
        "VAE (cross-entr.)": "vae-cross-entropy",
    },
    **{
        "WAE-MMD": "wae-mmd",
        "beta-VAE": "beta-vae",
        "VAE-Vamprior": "vae-vampprior",
        "VAE-IOP": "vae-iop",
    },
    **{
        "AE + GMM (L2)": "ae-gmm",
        "RAE + GMM (L2)": "rae-gmm",
        "InjFlow-ln": "injflow",
        "InjFlow-ln + GMM": "injflow-gmm",
    },
    "FlexAE (Proposed)": "flexae",
    **{
        f"FlexAE P-GEN model {place}": f"flexae[generator={size}]"
        for place, size in enumerate(("affine", "1x32", "1x128", "2x256", "4x512", "4x1024"), 1)
    },
    **{"VAE joint (ELBO only)": "mi-vae-joint[mi_weight=0.0]", "MI-VAE joint": "mi-vae-joint"},
    **{"VAE (learnable gamma)": "vae", "VAE (gamma fixed at gamma*)": "vae[gamma=*,sigma=fixed]"},
}
"""Printed name -> label of the method here. Names that no registered method carries are methods
only the sources ran.

The sizes of the six FlexAE generators are not printed; they stand for our ladder of six in the same
order.
"""

DATASETS: Mapping[str, str] = {
    **{
        "MNIST": "mnist",
        "FashionMNIST": "fashion-mnist",
        "dSprites": "dsprites",
        "CIFAR-10": "cifar10",
        "CelebA": "celeba",
    },
    **{
        f"unlabelled row {place}": name
        for place, name in enumerate(
            ("latent-8", "latent-16", "mnist", "fashion-mnist", "cifar10", "celeba"), 1
        )
    },
    "not stated": "not stated",
}
"""Printed name -> dataset here. MaskAAE's table 2 lost its row labels; they are inferred, as each
figure's note says."""

_ONE, _HUNDREDTH = Decimal(1), Decimal("0.01")

METRICS: Mapping[str, tuple[str, Decimal]] = {
    **dict.fromkeys(("FID", "FID_gen"), ("fid", _ONE)),
    "FID_rec": ("fid-reconstruction", _ONE),
    **dict.fromkeys(("L_star", "m_A"), ("lstar", _ONE)),
    "MSE": ("mse", _HUNDREDTH),
    **{
        "NAC": ("nac", _ONE),
        "precision": ("prd-precision", _ONE),
        "recall": ("prd-recall", _ONE),
        "accuracy": ("accuracy", _HUNDREDTH),
    },
    **{
        "kl_categorical": ("kl-categorical", _ONE),
        "rec_error": ("reconstruction-error", _ONE),
        "MMD": ("mmd", _ONE),
    },
}
"""Printed name -> metric here, and what a printed value is multiplied with to have its unit (MSE is
read as 1e-2, accuracy is in percent)."""

TWINS: Mapping[str, str] = {"rf-vae-port": "rf-vae", "flexae-sr": "flexae"}
"""Methods here that a published row of another name also stands for: RENs ran the port of RF-VAE,
the FlexAE rows may be FlexAE-SR's."""


READ_AS: Mapping[tuple[str, str], str] = {("rf-vae", "lstar"): "lstar-above-mean"}
"""(Method, metric) -> the reading of the method's rule that the printed figures are of, where it is
not the method's own. RENs count the relevances of RF-VAE above their mean, the authors' rule is
those above 1/2."""


@dataclass(frozen=True)
class Printed:
    """One published figure. ``text`` is what was printed, ``value`` the same in the unit the metric
    has here.

    ``origin`` is the file it stands in; ``method``, ``dataset`` and ``metric`` are our names,
    ``spelling`` and ``data`` the source's names of method and dataset.
    """

    origin: str
    source: str
    table: str
    dataset: str
    method: str
    latent_dim: int | None
    metric: str
    text: str
    value: float
    note: str
    spelling: str
    data: str = ""

    @property
    def suspect(self) -> bool:
        """Whether the note doubts the figure itself."""
        return "SUSPECT" in self.note or "perhaps near trivial-predictor" in self.note

    @property
    def inferred(self) -> bool:
        """Whether the dataset is inferred, not printed."""
        return "inferred" in self.note

    @property
    def where(self) -> str:
        """The place in the source, for people: ``REN arXiv:2205.13061, Table 1``."""
        return f"{self.source}, {'Table ' if self.table.isdecimal() else ''}{self.table}"


_Value = TypeVar("_Value")


def _mapped(names: Mapping[str, _Value], name: str, what: str, origin: str) -> _Value:
    if name not in names:
        raise BenchError(
            f"{origin}.csv names the {what} '{name}', which is not mapped; add it to benchmark/reporting/paper.py"
        )
    return names[name]


def _printed(origin: str, row: Mapping[str, str]) -> Printed:
    metric, unit = _mapped(METRICS, row["metric"], "metric", origin)
    return Printed(
        origin=origin,
        source=row["source"],
        table=row["table"],
        dataset=_mapped(DATASETS, row["dataset"], "dataset", origin),
        method=_mapped(METHODS, row["method"], "method", origin),
        latent_dim=int(row["L"]) if row["L"] else None,
        metric=metric,
        text=row["value"],
        value=float(Decimal(row["value"]) * unit),
        note=row["unit_note"],
        spelling=row["method"],
        data=row["dataset"],
    )


@cache
def published() -> tuple[Printed, ...]:
    """Return every published figure, file by file in the order of their names, rows in the order of
    the source."""
    found: list[Printed] = []
    for file in sorted(
        resources.files("benchmark").joinpath("data/paper").iterdir(), key=lambda each: each.name
    ):
        if file.name.endswith(".csv"):
            lines = [
                line
                for line in file.read_text(encoding="utf-8").splitlines()
                if not line.startswith("#")
            ]
            found += [
                _printed(file.name.removesuffix(".csv"), row) for row in csv.DictReader(lines)
            ]
    return tuple(found)


def twin(method: str) -> str:
    """Return the label under which published figures stand that a method's runs are set beside."""
    return TWINS.get(method, method)


def cells_of(figures: Iterable[Printed]) -> list[Replicates]:
    """Return published figures as the cells that tables and claims are made of: one run each, the
    source as its budget.

    ``spec["printed"]`` keeps each figure with its text and note. Figures of two sources never meet
    in a cell.
    """
    groups: dict[tuple[str, str, int, str], list[Printed]] = defaultdict(list)
    for each in figures:
        groups[each.source, each.dataset, each.latent_dim or 0, each.method].append(each)
    return [_cell(*place, found) for place, found in groups.items()]


def _cell(
    source: str, dataset: str, latent_dim: int, method: str, found: list[Printed]
) -> Replicates:
    by_definition = any("by definition" in each.note for each in found)
    figures: dict[str, Printed] = {}
    for each in found:
        figures.setdefault(each.metric, each)
    return Replicates(
        *(method, dataset, "as printed", latent_dim, source),
        keys=tuple(dict.fromkeys(each.where for each in found)),
        statuses=("done",),
        stale=False,
        flags=frozenset({"no_selection"} if by_definition else ()),
        values={metric: (each.value,) for metric, each in figures.items()},
        ids={metric: metric for metric in figures},
        spec={
            "method": method,
            "steps": 0 if method == "pca" else 1,
            "batch_size": 0,
            "printed": figures,
        },
    )
