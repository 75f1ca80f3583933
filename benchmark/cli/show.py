"""``bench show``: a method or dataset from its source text, a suite from its plan, or a run from
its record."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from benchmark.cli import data_dir_option, results_option

if TYPE_CHECKING:
    from benchmark import registry

__all__ = ["metric_page", "show", "source_page"]


@click.command()
@click.argument("name")
@results_option
@data_dir_option
def show(name: str, results: Path, data_dir: Path) -> None:
    """Show NAME: a method, a dataset, a metric, a study, a suite (or FILE.toml), or the key of a
    run (its beginning suffices).

    A suite shows what it would run and cost, and which of its data is not here.
    """
    pages = _file_page(name) if name.endswith(".py") else _pages(name, data_dir)
    click.echo("\n\n".join(pages) if pages else _run(results, _whole_key(name, results)))


def _file_page(file: str) -> list[str]:
    """The page of the method or the dataset in a file of yours."""
    from benchmark import registry
    from benchmark.source import read_class

    is_dataset = Path(file).is_file() and read_class(Path(file)).root == "Dataset"
    room: registry.Room = "datasets" if is_dataset else "methods"
    return [source_page(room, registry.find(room, file))]


def _pages(name: str, data_dir: Path) -> list[str]:
    """The pages of everything registered, and of the suite, that is called ``name``."""
    pages = [
        metric_page(entry) if room == "metrics" else source_page(room, entry)
        for room, entry in _registered()
        if entry.name == name
    ]
    if name in _suites() or name.endswith(".toml"):
        from benchmark.cli.show_suite import suite_page

        pages.append(f"{'Suite ' if pages else ''}{suite_page(name, data_dir)}")
    return pages


def _registered() -> list[tuple[registry.Room, registry.Entry]]:
    from benchmark import registry

    rooms: tuple[registry.Room, ...] = ("methods", "datasets", "metrics", "studies")
    return [(room, entry) for room in rooms for entry in registry.entries(room)]


def _whole_key(name: str, results: Path) -> str:
    """Return the one key in ``results`` that begins with ``name``; ``BenchError`` names what is
    close."""
    from benchmark.options import suggest
    from benchmark.spec import BenchError

    keys = sorted(path.parent.name for path in results.glob("*/record.json"))
    matches = [key for key in keys if key.startswith(name)]
    if len(matches) == 1:
        return matches[0]
    if matches:
        raise BenchError(
            f"'{name}' is the beginning of {len(matches)} runs, the first {matches[0]}; "
            "give more of the key"
        )
    registered = [entry.name for _, entry in _registered()]
    bare = name.partition("[")[0]
    close = (
        f"; `bench show {bare}` lists its options"
        if bare != name and bare in registered
        else suggest(name, [*registered, *_suites(), *keys])
    )
    raise BenchError(
        f"'{name}' is no method, dataset, metric, study, suite or run in '{results}'{close} (see "
        "`bench list`)"
    )


def _suites() -> list[str]:
    from benchmark.planning.suites import suites

    return [suite.name for suite in suites()]


def source_page(room: registry.Room, entry: registry.Entry) -> str:
    """Return what is printed of a method, a study or a dataset, from its text: docstring, options,
    the paper's schedule or facts, file and digest."""
    from benchmark import registry

    source = entry.source
    text = (
        source.doc
        if room in ("methods", "studies")
        else "\n\n".join(filter(None, (source.doc, source.class_doc)))
    )
    lines = [f"{entry.name}: {entry.summary}", "", text, "", "Options"]
    fields = source.fields(registry.OPTIONS_CLASS[room])
    for option in fields:
        fixed = option.name in entry.preset
        value, expected = (
            (entry.preset[option.name], f"fixed in {entry.name}")
            if fixed
            else (option.default, option.expected)
        )
        lines.append(f"    {option.name} = {value}    {expected}")
        lines += [f"        must hold: {need.condition}" for need in option.needs]
        if option.doc:
            lines.append(f"        {option.doc}")
    if not fields:
        lines.append("    none")
    lines += _facts(room, entry.name, source.constants)
    return "\n".join([*lines, "", f"Source: {entry.path}", f"Code digest: {entry.code}"])


def _facts(room: str, dataset: str, constants: dict[str, Any]) -> list[str]:
    from benchmark.budgets import quick_steps

    if room in ("methods", "studies"):
        paper = constants.get("reference", {})
        rows = [
            f"    {name}: {', '.join(f'{key} {value}' for key, value in plan.items())}"
            for name, plan in paper.items()
        ]
        own = constants.get("images_per_batch")
        return [
            *(["", f"Images per batch: {own} (--batch-size overrides it)"] if own else []),
            "",
            "Paper schedules (--budget paper)",
            *(
                rows
                or ["    closed form, none needed" if constants.get("closed_form") else "    none"]
            ),
        ]
    names = {
        "shape": "Shape",
        "latent_dims": "Latent sizes",
        "batch_size": "Batch size",
        "intrinsic_dim": "Intrinsic dimension",
    }
    return [
        "",
        "Facts",
        *(
            f"    {title}: {constants[name]}"
            for name, title in names.items()
            if constants.get(name) is not None
        ),
        f"    Quick budget: {quick_steps(dataset):,} outer steps",
    ]


def metric_page(entry: registry.Entry) -> str:
    """Return what is printed of a metric: unit, direction, tier, protocol, reference."""
    from benchmark import registry

    metric = registry.load(entry.target)
    rows = {
        "unit": metric.unit,
        "better": {"min": "lower", "max": "higher", "none": "neither"}[metric.direction],
        "tier": metric.tier,
    }
    rows |= {"protocol": metric.protocol, "reference": metric.reference}
    return "\n".join(
        [
            f"{entry.name}: {entry.summary}",
            "",
            *(f"    {name}: {value}" for name, value in rows.items()),
        ]
    )


def _run(results: Path, key: str) -> str:
    from benchmark.identity import outdated, outdated_metrics
    from benchmark.names import label, metric_of
    from benchmark.records import Store

    record = Store(results).read(key)
    assert record is not None
    spec = record.spec
    stale, old = outdated(record), outdated_metrics(record)
    room: registry.Room = "methods" if spec["kind"] == "train" else "studies"
    lines = [
        f"{key}: {record.status}{f' (stale: {stale})' if stale else ''}",
        (
            f"    {label(room, spec['method'], spec['config'], record.given)} on "
            f"{label('datasets', spec['dataset'], spec['options'])}"
        ),
        (
            f"    L = {spec['latent_dim']}, seed {spec['seed']}, "
            f"{spec['steps']} outer steps of {spec['batch_size']} images (budget {spec['budget']})"
        ),
    ]
    lines += [f"    error: {record.error}"] if record.error else []
    lines += [
        f"    {name} = {measurement['value']:.6g} {measurement['unit']} (n = {measurement['n']})"
        f"{' (stale: other code of the metric)' if metric_of(name) in old and not stale else ''}"
        for name, measurement in record.measurements.items()
    ]
    lines += [f"    {name}: absent, {reason}" for name, reason in record.absent.items()]
    flags = [*record.flags, *(record.discovery or {}).get("flags", ())]
    lines += [f"    flags: {', '.join(flags)}"] if flags else []
    lines += [f"    {name}: {value}" for name, value in record.timing.items()]
    log = results / key / "log.txt"
    return "\n".join([*lines, *([f"    traceback: {log}"] if log.exists() else [])])
