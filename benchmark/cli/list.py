"""``bench list``: what is here, read from literal tables."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from benchmark import registry

__all__ = ["list_command", "rows"]

KINDS = ("methods", "datasets", "metrics", "studies", "suites", "budgets", "tables", "figures")


@click.command("list")
@click.argument("kind", type=click.Choice(KINDS), required=False)
def list_command(kind: str | None) -> None:
    """List KIND, or everything."""
    kinds = [kind] if kind else list(KINDS)
    for position, room in enumerate(kinds):
        if len(kinds) > 1:
            click.echo(f"{chr(10) if position else ''}{room}")
        lines = rows(room)
        width = max(len(name) for name, _ in lines)
        for name, summary in lines:
            click.echo(f"{'  ' if len(kinds) > 1 else ''}{name:{width}}  {summary}")


def rows(kind: str) -> list[tuple[str, str]]:
    """Return the name of everything of ``kind`` and one line about it."""
    if kind == "budgets":
        from benchmark.budgets import BUDGETS, QUICK_ELSEWHERE, QUICK_STEPS

        steps = ", ".join(f"{name} {count:,}" for name, count in QUICK_STEPS.items())
        quick = f"; outer steps: {steps}, elsewhere {QUICK_ELSEWHERE:,}"
        return [
            (budget.name, budget.summary + quick * (budget.name == "quick"))
            for budget in BUDGETS.values()
        ]
    if kind == "suites":
        from benchmark.planning.suites import suites

        return [(suite.name, suite.summary) for suite in suites()]
    if kind == "tables":
        from benchmark.reporting.catalogue.tables import TABLES

        return [(table.name, table.line) for table in TABLES.values()]
    if kind == "figures":
        from benchmark.reporting.catalogue.figures import FIGURES

        return [(figure.name, figure.line) for figure in FIGURES.values()]
    from benchmark import registry

    entries = registry.entries(kind)  # type: ignore[arg-type]  # click checked the word
    return [(entry.name, entry.summary + _mark(kind, entry)) for entry in entries]


def _mark(kind: str, entry: registry.Entry) -> str:
    """What to know of an entry before it is used: a download, or a metric that not every run
    measures."""
    if kind == "datasets" and entry.source.defines("fetch"):
        return " (download)"
    return " (full tier: see `bench evaluate`)" if kind == "metrics" and not entry.headline else ""
