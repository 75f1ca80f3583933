"""Tables in the layout of the papers: the same rows and columns, filled with published figures or
with what runs measured.

Rows and columns are those of the published figures (:mod:`benchmark.reporting.papers.printed`), in
the order in which the source prints them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from benchmark.reporting.cells.titles import direction
from benchmark.reporting.papers.printed import Printed, published
from benchmark.reporting.tables.document import Column
from benchmark.spec import BenchError

__all__ = ["LAYOUTS", "Address", "Layout", "layout"]

Address = tuple[str, str, int | None, str]
"""Method, dataset, latent size (None: not printed) and metric: what stands in a cell."""


@dataclass(frozen=True)
class Layout:
    """A published table. ``origin`` is the file of its figures, ``rows`` says what its rows are,
    ``titles`` are the headings of metrics.

    ``marked`` are the metrics of which the source marks the first, second and third of a column.
    ``sizes`` are the latent sizes of runs that are set in its place where the source prints none.
    """

    name: str
    origin: str
    caption: str
    titles: Mapping[str, str]
    rows: Literal["methods", "datasets"] = "methods"
    marked: Sequence[str] = ()
    sizes: Mapping[str, int] | None = None

    @property
    def figures(self) -> list[Printed]:
        """The figures that the source prints here."""
        return [figure for figure in published() if figure.origin == self.origin]

    def heads(self) -> tuple[Column, ...]:
        """The columns that name a row."""
        if self.rows == "methods":
            return (Column("Method", ("method",)),)
        dataset = Column("Dataset", ("dataset",))
        if any(figure.latent_dim for figure in self.figures):
            return (dataset, Column("L", ("latent_dim",), "right"))
        return (dataset,)

    def lines(self) -> list[tuple[str, ...]]:
        """The names of every row, as printed."""
        return list(dict.fromkeys(self.line(figure) for figure in self.figures))

    def line(self, figure: Printed) -> tuple[str, ...]:
        """The row a figure stands in: what its head cells say."""
        if self.rows == "methods":
            return (figure.spelling,)
        dataset = figure.dataset if figure.inferred else figure.data
        return (dataset, str(figure.latent_dim)) if figure.latent_dim else (dataset,)

    def slots(self) -> list[tuple[str, str, str]]:
        """Every column: the heading above it, its own, and the metric."""
        return list(dict.fromkeys(self.slot(figure) for figure in self.figures))

    def slot(self, figure: Printed) -> tuple[str, str, str]:
        """The column a figure stands in."""
        size = f"L = {figure.latent_dim}" if figure.latent_dim else ""
        metric = self.titles[figure.metric]
        if self.rows == "datasets":
            return figure.spelling, metric, figure.metric
        if len(self.titles) == 1:
            return (figure.data, size, figure.metric) if size else ("", figure.data, figure.metric)
        return ", ".join(filter(None, (figure.data, size))), metric, figure.metric

    def columns(self) -> tuple[Column, ...]:
        """The columns of the table."""
        return (*self.heads(), *(self._column(*slot) for slot in self.slots()))

    def _column(self, over: str, title: str, metric: str) -> Column:
        prefix = " ".join(filter(None, (over, title)))
        raw = (prefix, f"{prefix} half width", f"{prefix} n", f"{prefix} id")
        return Column(title, raw, "right", metric, direction(metric), over)

    def grid(self) -> dict[tuple[tuple[str, ...], tuple[str, str, str]], Printed]:
        """Every figure by its row and column."""
        return {(self.line(figure), self.slot(figure)): figure for figure in self.figures}


LAYOUTS: Mapping[str, Layout] = {
    layout.name: layout
    for layout in (
        Layout(
            "ren-1",
            "ren_table1",
            "RENs, table 1: FID and estimated bottleneck size.",
            {"fid": "FID", "lstar": "L*"},
            marked=("fid",),
        ),
        Layout(
            "ren-2",
            "ren_table2",
            "RENs, table 2: mean squared error of test images.",
            {"mse": "MSE"},
            marked=("mse",),
        ),
        Layout(
            "maskaae-1",
            "maskaae_table1_fid",
            "MaskAAE, table 1: FID of samples.",
            {"fid": "FID"},
            sizes={"mnist": 64, "fashion-mnist": 128, "cifar10": 256, "celeba": 256},
        ),
        Layout(
            "maskaae-2",
            "maskaae_table2_nac",
            "MaskAAE, table 2: active dimensions and normalised absolute correlation.",
            {"lstar": "m_A", "nac": "NAC"},
            rows="datasets",
        ),
        Layout(
            "flexae-3",
            "flexae_table3_fid",
            "FlexAE, table 3: FID of reconstructions and samples.",
            {"fid-reconstruction": "Rec.", "fid": "Gen."},
            sizes={"mnist": 32, "cifar10": 128, "celeba": 128},
        ),
        Layout(
            "flexae-4",
            "flexae_table4_precision_recall",
            "FlexAE, table 4: precision and recall.",
            {"prd-precision": "Precision", "prd-recall": "Recall"},
            sizes={"mnist": 32, "cifar10": 128, "celeba": 128},
        ),
        Layout(
            "flexae-5",
            "flexae_table5_bias_variance",
            (
                "FlexAE, table 5: FID with few training images against the capacity of the "
                "prior's generator."
            ),
            {"fid-reconstruction": "Rec.", "fid": "Gen."},
            rows="datasets",
            sizes={"mnist": 32, "cifar10": 128, "celeba": 128},
        ),
        Layout(
            "ardvae-1",
            "newer_methods-1",
            "ARD-VAE, table 1: L* and FID on one architecture.",
            {"lstar": "L*", "fid-reconstruction": "Rec.", "fid": "Gen."},
        ),
        Layout(
            "ardvae-2",
            "newer_methods-2",
            "ARD-VAE, table 2: L* and FID against the latent size.",
            {"lstar": "L*", "fid": "Gen."},
        ),
        Layout(
            "ardvae-3",
            "newer_methods-3",
            "ARD-VAE, table 3: L* and FID on MaskAAE's networks.",
            {"lstar": "L*", "fid": "Gen."},
        ),
        Layout(
            "ardvae-4",
            "newer_methods-4",
            "ARD-VAE, table 4: L* and FID on GECO-L0's networks.",
            {"lstar": "L*", "fid": "Gen."},
        ),
        Layout(
            "ardvae-5",
            "newer_methods-5",
            "ARD-VAE, table 5: disentanglement and L* where factors are known.",
            {"factor-vae-score": "FactorVAE", "mig": "MIG", "lstar": "L*"},
        ),
        Layout(
            "ardvae-a4",
            "newer_methods-A4",
            (
                "ARD-VAE, table 4 of the appendix: L* and FID against the images that estimate "
                "the prior."
            ),
            {"lstar": "L*", "fid": "Gen."},
        ),
        Layout(
            "ardvae-a5",
            "newer_methods-A5",
            (
                "ARD-VAE, table 5 of the appendix: relevant axes of other models by the "
                "decoder's Jacobian, and FID."
            ),
            {"lstar-jacobian": "Axes", "fid-reconstruction": "Rec.", "fid": "Gen."},
        ),
        Layout(
            "ardvae-precision",
            "newer_methods-generative",
            "ARD-VAE, as a public fork restates the final paper: precision and recall.",
            {"prd-precision": "Precision", "prd-recall": "Recall"},
        ),
        Layout(
            "sigma",
            "sigma_vae_decoders",
            "Calibrated decoders: bound on -log p and FID by decoder.",
            {"neg-log-p": "-log p", "fid": "FID"},
        ),
        Layout(
            "mivae",
            "mivae_accuracy",
            "MI-VAE, section 4.4.2: the categorical variable as a classifier.",
            {"accuracy": "Accuracy", "kl-categorical": "KL (nats)"},
        ),
    )
}


def layout(name: str) -> Layout:
    """Return the layout called ``name``; :class:`BenchError` where it is a table of another
    kind."""
    if name not in LAYOUTS:
        raise BenchError(
            f"the table '{name}' has no published figures; expected one of {', '.join(LAYOUTS)}"
        )
    return LAYOUTS[name]
