"""Runs that fill the layouts of the papers, and a layout as it reads."""

from __future__ import annotations

from reporting.making import seeds

from benchmark.reporting.tables.document import Table


def grid_of(table: Table) -> dict[tuple[str, str, str], str]:
    signs = {True: "*", False: ""}
    return {
        (row.cells[0].text, column.over, column.title): signs[cell.best]
        + (cell.text if cell.number is None else cell.number.value)
        + "".join(cell.marks)
        + (f" ({cell.note})" if cell.note else "")
        for row in table.rows
        for cell, column in zip(row.cells, table.columns, strict=True)
        if column.metric
    }


def runs(
    values: list[float],
    method: str,
    metric: str = "mse",
    dataset: str = "mnist",
    latent_dim: int = 16,
    **fields: object,
) -> list:
    return seeds(values, method, metric, dataset=dataset, latent_dim=latent_dim, **fields)
