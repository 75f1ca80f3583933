"""Tables in the layout of the papers: the same rows and columns, filled with published figures or
with what runs measured.

Rows and columns are those of the published figures (:mod:`benchmark.reporting.papers.printed`), in the order
in which the source prints them.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from benchmark.reporting.cells.titles import direction
from benchmark.reporting.papers.printed import Printed, file_of, published
from benchmark.reporting.tables.document import Cell, Column, Note, Row, Table
from benchmark.reporting.tables.notes import NO_SELECTION
from benchmark.spec import BenchError

__all__ = ["LAYOUTS", "Address", "Layout", "printed_table"]

DOUBT = "?"
"""The mark of a published figure that its transcription doubts."""

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
        return [each for each in published() if each.origin == self.origin]

    def heads(self) -> tuple[Column, ...]:
        """The columns that name a row."""
        if self.rows == "methods":
            return (Column("Method", ("method",)),)
        sized = any(each.latent_dim for each in self.figures)
        return (
            Column("Dataset", ("dataset",)),
            *((Column("L", ("latent_dim",), "right"),) if sized else ()),
        )

    def lines(self) -> list[tuple[str, ...]]:
        """The names of every row, as printed."""
        return list(dict.fromkeys(self.line(each) for each in self.figures))

    def line(self, figure: Printed) -> tuple[str, ...]:
        """The row a figure stands in: what its head cells say."""
        if self.rows == "methods":
            return (figure.spelling,)
        return (
            figure.dataset if figure.inferred else figure.data,
            *((str(figure.latent_dim),) if figure.latent_dim else ()),
        )

    def slots(self) -> list[tuple[str, str, str]]:
        """Every column: the heading above it, its own, and the metric."""
        return list(dict.fromkeys(self.slot(each) for each in self.figures))

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
        return {(self.line(each), self.slot(each)): each for each in self.figures}


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
            *(
                "maskaae-1",
                "maskaae_table1_fid",
                "MaskAAE, table 1: FID of samples.",
                {"fid": "FID"},
            ),
            sizes={"mnist": 64, "fashion-mnist": 128, "cifar10": 256, "celeba": 256},
        ),
        Layout(
            *(
                "maskaae-2",
                "maskaae_table2_nac",
                "MaskAAE, table 2: active dimensions and normalised absolute correlation.",
                {"lstar": "m_A", "nac": "NAC"},
            ),
            rows="datasets",
        ),
        Layout(
            *(
                "flexae-3",
                "flexae_table3_fid",
                "FlexAE, table 3: FID of reconstructions and samples.",
                {"fid-reconstruction": "Rec.", "fid": "Gen."},
            ),
            sizes={"mnist": 32, "cifar10": 128, "celeba": 128},
        ),
        Layout(
            *(
                "flexae-4",
                "flexae_table4_precision_recall",
                "FlexAE, table 4: precision and recall.",
            ),
            {"prd-precision": "Precision", "prd-recall": "Recall"},
            sizes={"mnist": 32, "cifar10": 128, "celeba": 128},
        ),
        Layout(
            *(
                "flexae-5",
                "flexae_table5_bias_variance",
                "FlexAE, table 5: FID with few training images against the capacity of the prior's generator.",
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
            "ARD-VAE, table 4 of the appendix: L* and FID against the images that estimate the prior.",
            {"lstar": "L*", "fid": "Gen."},
        ),
        Layout(
            "ardvae-a5",
            "newer_methods-A5",
            "ARD-VAE, table 5 of the appendix: relevant axes of other models by the decoder's Jacobian, and FID.",
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
            *(
                "mivae",
                "mivae_accuracy",
                "MI-VAE, section 4.4.2: the categorical variable as a classifier.",
            ),
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


def places(figures: Iterable[Printed | None], metric: str) -> list[int]:
    """Return the place of each figure of a column, 1 for the best; equal figures share a place, and
    where there is no figure stands 0.

    The places are those of the printed numbers; the transcriptions hold no type face.
    """
    sign = -1.0 if direction(metric) == "max" else 1.0
    values = [
        None if each is None or math.isnan(each.value) else sign * each.value for each in figures
    ]
    return [
        0 if value is None else 1 + sum(other is not None and other < value for other in values)
        for value in values
    ]


def printed_table(name: str) -> Table:
    """Return a published table as it is printed, number by number, its first, second and third
    marked where the source marks them."""
    shape = layout(name)
    grid, lines, slots = shape.grid(), shape.lines(), shape.slots()
    ranked = {
        slot: places([grid.get((line, slot)) for line in lines], slot[2])
        for slot in slots
        if slot[2] in shape.marked
    }
    rows = []
    for index, line in enumerate(lines):
        heads = [Cell(text, raw=(text,)) for text in line]
        cells = [
            _printed(grid.get((line, slot)), ranked[slot][index] if slot in ranked else 0)
            for slot in slots
        ]
        rows.append(
            Row(
                (*heads, *cells),
                tuple(dict.fromkeys(each.where for (row, _), each in grid.items() if row == line)),
            )
        )
    return Table(
        shape.name,
        f"{shape.caption} As printed.",
        shape.columns(),
        (tuple(rows),),
        _notes(shape),
        _provenance(shape),
    )


def _printed(figure: Printed | None, place: int) -> Cell:
    if figure is None:
        return Cell("–", raw=(None, None, 0, None))
    by_definition = figure.metric == "lstar" and figure.by_definition
    marks = (*((NO_SELECTION,) if by_definition else ()), *((DOUBT,) if figure.suspect else ()))
    second_or_third: Literal[0, 2, 3] = 2 if place == 2 else 3 if place == 3 else 0
    return Cell(
        figure.text,
        raw=(None if math.isnan(figure.value) else figure.value, None, 1, figure.text),
        marks=marks,
        best=place == 1,
        place=second_or_third,
    )


def _notes(shape: Layout) -> tuple[Note, ...]:
    figures = shape.figures
    repeated = any(each.note.startswith("sd ") for each in figures)
    texts = [
        "Means of five runs; standard deviations stand in the file of the figures."
        if repeated
        else "Single runs without error bars, as the source prints them."
    ]
    texts += (
        ["Bold, underlined, italic: first, second and third of a column, by the printed numbers."]
        if shape.marked
        else []
    )
    texts += ["MSE is headed 10e-2 and read as 1e-2."] if shape.origin == "ren_table2" else []
    texts += ["Accuracy in percent."] if shape.origin == "mivae_accuracy" else []
    texts += (
        ["The source's row labels are lost; datasets are inferred from their order."]
        if any(each.inferred for each in figures)
        else []
    )
    found = [Note(text) for text in texts]
    found += (
        [Note("by definition, not found.", NO_SELECTION)]
        if any(each.by_definition for each in figures)
        else []
    )
    return (
        *found,
        *(
            [Note("doubtful: see the file of the figures.", DOUBT)]
            if any(each.suspect for each in figures)
            else []
        ),
    )


def _provenance(shape: Layout) -> tuple[str, ...]:
    figures = shape.figures
    doubts = [
        f"{each.spelling}, {each.data}, L = {each.latent_dim}, {each.text}: {each.note}"
        for each in figures
        if each.suspect
    ]
    return (
        *dict.fromkeys(each.where for each in figures),
        file_of(shape.origin),
        *doubts,
    )
