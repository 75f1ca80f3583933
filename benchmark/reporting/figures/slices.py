"""Slices through a VAE's objective at several decoder variances, after figure 3 of Dai, Wenliang,
Wipf, "On the value of infinite gradients in variational autoencoder models", NeurIPS 2021."""

from __future__ import annotations

from collections import defaultdict

import matplotlib
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from benchmark.reporting.figures.legend import legend
from benchmark.reporting.figures.material import Material
from benchmark.reporting.figures.studies import StudyRun, finished_runs
from benchmark.reporting.figures.style import FAINT, INK, panels

__all__ = ["slices"]

_MOST = 4
"""Slices that are drawn: those of the first seeds."""


def slices(material: Material) -> Figure:
    """Draw each slice in a panel of its own, a line per gamma from its own minimum at 0 to its
    maximum at 1, and a dashed line where the minimum lies."""
    groups: dict[tuple[int, int, int, int], list[StudyRun]] = defaultdict(list)
    for run in finished_runs(material, "gamma-slices", ("position", "objective")):
        spec, config = run.record.spec, run.config
        slice_of = (
            spec["latent_dim"],
            int(config["inputs"]),
            int(config["informative"]),
            spec["seed"],
        )
        groups[slice_of].append(run)
    drawn = dict(sorted(groups.items())[:_MOST])
    gammas = sorted({float(run.config["gamma"]) for runs in drawn.values() for run in runs})
    shades = matplotlib.colormaps["viridis"]
    colours = {
        gamma: shades(0.9 * index / max(1, len(gammas) - 1)) for index, gamma in enumerate(gammas)
    }
    figure, axes = panels(len(drawn), 2, width=3.2, height=2.3)
    for panel, ((size, inputs, informative, seed), runs) in zip(axes, drawn.items(), strict=True):
        for run in sorted(runs, key=lambda run: -float(run.config["gamma"])):
            _slice(panel, run, colours[float(run.config["gamma"])])
        panel.set_title(
            f"L = {size}, {informative} informative, {inputs} inputs, seed {seed}", fontsize=8
        )
        panel.set(xlabel="along the slice", ylabel="objective (share of its range)")
        panel.axvline(0.0, color=FAINT, linewidth=0.5, zorder=0)
    keys = [Line2D([], [], color=colours[gamma], label=f"gamma = {gamma:g}") for gamma in gammas]
    legend(figure, [*keys, Line2D([], [], color=INK, linestyle="--", label="minimum")], 4)
    return figure


def _slice(axes: Axes, run: StudyRun, colour: tuple[float, float, float, float]) -> None:
    where, values = run.arrays["position"], run.arrays["objective"]
    low, high = float(values.min()), float(values.max())
    axes.plot(where, (values - low) / ((high - low) or 1.0), color=colour, linewidth=1.0)
    axes.axvline(where[values.argmin()], color=colour, linestyle="--", linewidth=0.9)
