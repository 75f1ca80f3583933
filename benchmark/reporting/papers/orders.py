"""Whether our runs order the methods of a published table as the source does, where values cannot
be compared: another metric, another budget."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from math import isfinite

from benchmark.reporting.cells.readings import TWINS
from benchmark.reporting.cells.replicates import Replicates
from benchmark.reporting.cells.titles import title
from benchmark.reporting.papers.filling import Filling, RowName, Slot
from benchmark.reporting.statistics.ordering import Agreement, order_agreement

__all__ = ["order_notes"]


def order_notes(filling: Filling, used: Mapping[Slot, str]) -> Iterator[str]:
    """Yield for each column of a layout whose rows are methods, and of which three or more were
    run, how far our order of them is the source's; ``used``: the metric of each column."""
    agreements = {} if filling.by_dataset else _agreements(filling, used)
    for slot, agreement in agreements.items():
        yield _in_words(slot, used[slot], agreement)
    if agreements:
        yield (
            "Tau is of the means over our seeds. Its interval counts the pairs of methods that no "
            "paired test over our seeds tells apart (5%, Holm over the pairs) against and for; "
            "what another run of the paper would print is not in it."
        )


def _agreements(filling: Filling, used: Mapping[Slot, str]) -> dict[Slot, Agreement]:
    by_slot: dict[Slot, Agreement] = {}
    for slot, metric in used.items():
        pairs = [pair for line in filling.lines for pair in _of_line(filling, line, slot, metric)]
        agreement = order_agreement([ours for ours, _ in pairs], [value for _, value in pairs])
        if agreement is not None:
            by_slot[slot] = agreement
    return by_slot


def _of_line(
    filling: Filling, line: RowName, slot: Slot, metric: str
) -> Iterator[tuple[dict[int, float], float]]:
    """Yield our values by seed and the printed one of a line, where both are there and neither is
    L by definition."""
    figure = filling.figure(line, slot)
    cell = _run_of(filling, line, slot)
    if figure is None or figure.by_definition or not isfinite(figure.value) or cell is None:
        return
    reading = filling.reading(line, slot, metric)
    if reading in cell.values and not cell.is_stale(reading):
        seeds = cell.seeds.get(reading, range(len(cell.values[reading])))
        yield dict(zip(seeds, cell.values[reading], strict=True)), figure.value


def _run_of(filling: Filling, line: RowName, slot: Slot) -> Replicates | None:
    """Return the runs of a printed line, or those of a method that its row also stands for."""
    method, dataset, size, _ = filling.addresses[line, slot]
    labels = [method, *(label for label, row in TWINS.items() if row == method)]
    cells = (filling.runs.find(label, dataset, size) for label in labels)
    return next((cell for cell in cells if cell is not None), None)


def _in_words(slot: Slot, metric: str, agreement: Agreement) -> str:
    """Return one sentence: column, metric, tau with its interval, and how many pairs are open."""
    over, heading, printed = slot
    column = ", ".join(filter(None, (over, heading)))
    if metric != printed:
        column += f" ({title(metric)} for {title(printed)})"
    tau = "none, as one side is all equal" if agreement.tau is None else f"{agreement.tau:.2f}"
    return (
        f"Order of {agreement.n} methods, {column}: Kendall's tau {tau} "
        f"({agreement.low:.2f} to {agreement.high:.2f}; {agreement.undecided} of "
        f"{agreement.pairs} pairs undecided)."
    )
