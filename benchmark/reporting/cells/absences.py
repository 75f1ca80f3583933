"""Why a metric has no value: the reasons that records carry, in one line per metric and reason."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping

from benchmark import registry
from benchmark.names import is_reference
from benchmark.reporting.cells.replicates import Replicates
from benchmark.reporting.cells.titles import title
from benchmark.spec import Record

__all__ = ["absences", "reasons"]


def reasons(metric: str, records: Iterable[Record]) -> str:
    """Return why finished ``records`` lack a metric, each reason with the datasets it is of; empty
    where none says so."""
    datasets_by_reason: dict[str, dict[str, None]] = defaultdict(dict)
    for record in records:
        if record.status == "done" and metric in record.absent:
            datasets_by_reason[record.absent[metric]][record.spec["dataset"]] = None
    return "; ".join(
        f"{reason} ({', '.join(datasets)})" for reason, datasets in datasets_by_reason.items()
    )


def absences(metrics: Iterable[str], cells: Iterable[Replicates]) -> list[str]:
    """Return a sentence for each metric and reason why finished ``cells`` have no value of it:
    ``No FD-CNN on circle: there is no classifier for these data.``

    Methods are named where others have the value on the same dataset. A registered metric that
    nobody asked for in a run is told with the command that measures it.
    """
    finished = [cell for cell in cells if cell.finished]
    registered = {entry.name for entry in registry.entries("metrics")}
    sentences: list[str] = []
    for metric in metrics:
        if metric not in registered or is_reference(metric):
            continue
        lacking: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
        for cell in finished:
            if metric not in cell.measured:
                for reason in cell.absent.get(metric, (_unasked(metric),)):
                    lacking[reason][cell.dataset].append(cell.method)
        having = {cell.dataset for cell in finished if metric in cell.measured}
        sentences += [
            f"No {title(metric)} {_places(datasets, having)}: {reason}."
            for reason, datasets in lacking.items()
        ]
    return sentences


def _unasked(metric: str) -> str:
    return f"not measured (`bench evaluate --metrics {metric}` does that)"


def _places(datasets: Mapping[str, list[str]], having: set[str]) -> str:
    """Return datasets, with their methods where others have a value there; alike ones together."""
    together: dict[tuple[str, ...], list[str]] = defaultdict(list)
    for dataset, methods in datasets.items():
        named = dict.fromkeys(methods if dataset in having else ())
        together[tuple(named)].append(dataset)
    parts = []
    for only, names in together.items():
        of = f"of {', '.join(only)} " if only else ""
        parts.append(f"{of}on {', '.join(names)}")
    return "; ".join(parts)
