"""One name for the variants of a method of which each dataset has its own."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import replace

from benchmark.names import base_name
from benchmark.options import parse_reference
from benchmark.reporting.figures.material import Material
from benchmark.reporting.papers.filling import common_label
from benchmark.spec import BenchError

__all__ = ["with_common_names"]


def with_common_names(material: Material) -> tuple[Material, str]:
    """Return ``material`` with one name for variants that differ in the value of an option and of
    which no setting has two, and what the name stands for: RENs ran GECO at another tau on each
    dataset, and ``geco-l0[tau_per_pixel=*]`` has a panel in each."""
    datasets: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    drawn = [cell for cell in material.cells if cell.setting in set(material.settings)]
    for cell in drawn:
        datasets[base_name(cell.method)][cell.method].append(cell.dataset)
    settings = {
        base: [cell.setting for cell in drawn if base_name(cell.method) == base]
        for base in datasets
    }
    names: dict[str, str] = {}
    for base, variants in datasets.items():
        if len(set(settings[base])) == len(settings[base]) and _one_option(variants):
            names |= dict.fromkeys(variants, common_label(list(variants)))
    words = {
        name: "; ".join(
            f"{label} on {', '.join(dict.fromkeys(datasets[base_name(name)][label]))}"
            for label in datasets[base_name(name)]
        )
        for name in dict.fromkeys(names.values())
    }
    cells = tuple(replace(cell, method=names.get(cell.method, cell.method)) for cell in drawn)
    others = tuple(cell for cell in material.cells if cell.setting not in set(material.settings))
    note = ". ".join(f"{name} stands for {variants_on}" for name, variants_on in words.items())
    return replace(material, cells=cells + others), note


def _one_option(variants: Mapping[str, object]) -> bool:
    """Whether there are several variants, and all of them are of the same options; labels that
    cannot be read, as of a stranger's record, have none."""
    try:
        options = {tuple(sorted(parse_reference(label)[1])) for label in variants}
    except BenchError:
        return False
    return len(variants) > 1 and len(options) == 1
