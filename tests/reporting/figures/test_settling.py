"""L* while training: every seed a line, those that moved in the last fifth dotted."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from reporting.making import record, store

from benchmark.reporting.figures.material import Material
from benchmark.reporting.figures.settling import lstar_vs_steps
from benchmark.spec import UNSETTLED, BenchError, Record

STEPS = np.arange(1, 11) * 300


def left(folder: Path, run: Record, counts: list[float]) -> Record:
    """Write the counts of a run beside its record."""
    store(folder, [run])
    np.savez(folder / run.key / "curves.npz", step=STEPS, lstar=counts, lstar_step=STEPS)
    return run


def test_settled_lines_are_solid_and_moving_ones_dotted(tmp_path: Path) -> None:
    values = {"mse": 1.0, "lstar": 8.0}
    settled = [16.0] * 3 + [8.0] * 7
    moving = [16.0] * 9 + [12.0]
    runs = [
        left(tmp_path, record("grae", "latent-8", 16, seed, values=values), settled)
        for seed in range(2)
    ]
    flagged = replace(record("r-vae", "latent-8", 16, values=values), flags=(UNSETTLED,))
    runs.append(left(tmp_path, flagged, moving))
    figure = lstar_vs_steps(Material.of(runs, tmp_path))
    (axes,) = figure.axes
    drawn = [line for line in axes.lines if len(line.get_xdata()) == len(STEPS)]
    assert [line.get_linestyle() for line in drawn] == [":", "-", "-"]
    for line, counts in zip(drawn, (moving, settled, settled), strict=True):
        np.testing.assert_allclose(line.get_ydata(), counts, atol=0.1)
    (shaded,) = axes.patches
    assert (shaded.get_x(), shaded.get_x() + shaded.get_width()) == (2400.0, 3000.0)
    labels = [text.get_text() for text in figure.legends[0].get_texts()]
    assert labels == ["r-vae (still moving)", "grae", "known dimension of the data"]


def test_runs_without_counts_say_what_to_do(tmp_path: Path) -> None:
    store(tmp_path, [record("vae", "latent-8", values={"mse": 1.0})])
    with pytest.raises(BenchError, match="--force"):
        lstar_vs_steps(Material.of([record("vae", "latent-8", values={"mse": 1.0})], tmp_path))
