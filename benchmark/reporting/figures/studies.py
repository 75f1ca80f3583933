"""Figures of the studies: how close two objectives are, what blocks a posterior leaves, whether
codes are unique.

After figures 1, 2 and 3 of Kumar and Poole, "On Implicit Regularization in beta-VAEs", ICML 2020
(https://arxiv.org/abs/2002.00041).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from benchmark.names import label
from benchmark.records import Store
from benchmark.reporting.cells.arrays import read_arrays
from benchmark.reporting.figures.heatmaps import signed
from benchmark.reporting.figures.legend import legend
from benchmark.reporting.figures.material import Material
from benchmark.reporting.figures.style import FAINT, INK, PALETTE, message, plain
from benchmark.reporting.figures.ticks import number_ticks
from benchmark.reporting.statistics.estimate import estimate
from benchmark.spec import BenchError, Record

__all__ = ["StudyRun", "block_structure", "finished_runs", "objective_closeness", "rotation"]

_ACROSS = 2.1
"""Inches from the first to the last beta on the axis of a panel."""

_OBJECTIVES = {"beta-vae": "beta-VAE", "taylor": "second order", "grae": "GRAE"}

_GAPS = {
    "beta-vae-taylor": "beta-VAE less second order",
    "taylor-grae": "second order less GRAE",
    "beta-vae-grae": "beta-VAE less GRAE",
}

_MARKERS = ("o", "s", "^")

_TEST_POINTS = 2
"""Test images whose own matrices are drawn beside the means."""


@dataclass(frozen=True)
class StudyRun:
    """A finished run of a study and the arrays that it left."""

    record: Record
    arrays: Mapping[str, np.ndarray]

    @property
    def config(self) -> Mapping[str, Any]:
        """Its options."""
        return self.record.spec["config"]

    def value(self, name: str) -> float | None:
        """Return a measurement, None where it was not made."""
        measurement = self.record.measurements.get(name)
        return None if measurement is None else float(measurement["value"])


def finished_runs(material: Material, study: str, needed: Sequence[str] = ()) -> list[StudyRun]:
    """Return the finished runs of ``study`` that left the arrays ``needed``; :class:`BenchError`
    where there are none."""
    store: Store = material.store
    done = [
        record
        for record in material.studies
        if record.spec["kind"] == study and record.status == "done"
    ]
    runs = [
        StudyRun(record, read_arrays(store.folder(record.key) / "artifacts.npz") if needed else {})
        for record in done
    ]
    runs = [run for run in runs if all(name in run.arrays for name in needed)]
    if not runs:
        what = f" with {' and '.join(needed)} in its artifacts.npz" if needed else ""
        raise BenchError(
            f"there is no finished run of the study '{study}'{what}; "
            f"make them with `bench run --suite {study}`"
        )
    return sorted(
        runs,
        key=lambda run: (run.record.spec["dataset"], run.record.spec["latent_dim"], run.record.key),
    )


def _setting(run: StudyRun) -> str:
    """Dataset, latent size and posterior of a run, for titles."""
    spec, config = run.record.spec, run.config
    posterior = config.get("covariance", "block")
    if posterior == "block":
        posterior = f"blocks of {config['block']}"
    dataset = label("datasets", spec["dataset"], spec["options"])
    return f"{dataset}, L = {spec['latent_dim']}, {posterior}"


def objective_closeness(material: Material) -> Figure:
    """Draw the three objectives against beta, and the gaps between them below: mean and 95 %
    interval over seeds."""
    groups: dict[str, list[StudyRun]] = defaultdict(list)
    for run in finished_runs(material, "grae-objective"):
        groups[_setting(run)].append(run)
    figure = Figure(figsize=(2.9 * len(groups) + 0.4, 4.9), layout="constrained")
    axes = figure.subplots(2, len(groups), squeeze=False)
    for (above, below), (setting, runs) in zip(axes.T, groups.items(), strict=True):
        _against_beta(above, runs, "objective-", list(_OBJECTIVES), colours=PALETTE[:3])
        _against_beta(below, runs, "gap-", list(_GAPS), colours=PALETTE[3:6])
        above.set_title(plain(setting))
        below.axhline(0.0, color=FAINT, linewidth=0.8)
    axes[0, 0].set_ylabel("objective\n(half squared pixel units)")
    axes[1, 0].set_ylabel("gap\n(half squared pixel units)")
    keys = [
        (names[name], PALETTE[3 * row + index], _MARKERS[index])
        for row, names in enumerate((_OBJECTIVES, _GAPS))
        for index, name in enumerate(names)
    ]
    legend(
        figure,
        [Line2D([], [], color=colour, marker=marker, label=text) for text, colour, marker in keys],
        3,
    )
    return figure


def _against_beta(
    axes: Axes, runs: Sequence[StudyRun], prefix: str, names: Sequence[str], colours: Sequence[str]
) -> None:
    for name, colour, marker in zip(names, colours, _MARKERS, strict=True):
        values: dict[float, list[float]] = defaultdict(list)
        for run in runs:
            value = run.value(prefix + name)
            if value is not None:
                values[float(run.config["beta"])].append(value)
        betas = sorted(values)
        intervals = [estimate(values[beta]) for beta in betas]
        axes.errorbar(
            betas,
            [interval.mean for interval in intervals],
            yerr=[interval.half_width or 0.0 for interval in intervals],
            fmt=f"-{marker}",
            color=colour,
            capsize=2.0,
        )
    betas = sorted({float(run.config["beta"]) for run in runs})
    number_ticks(axes, betas, _ACROSS)
    axes.set_xlabel("beta")


def block_structure(material: Material) -> Figure:
    """Draw the posterior precision and J'J side by side, a row per setting (its first seed): their
    means over test images, and beside them those of two test images. Blocks in one show in the
    other."""
    first: dict[str, StudyRun] = {}
    runs = finished_runs(material, "grae-jacobian", ("gram", "precision", "inside"))
    for run in sorted(runs, key=_row):
        first.setdefault(f"{_setting(run)}\nbeta = {run.config['beta']:g}", run)
    matrices = [_matrices(run.arrays) for run in first.values()]
    columns = max(len(run_matrices) for run_matrices in matrices)
    figure = Figure(figsize=(2.0 * columns + 0.6, 2.25 * len(first) + 0.3), layout="constrained")
    axes = figure.subplots(len(first), columns, squeeze=False)
    for row, (setting, run), row_matrices in zip(axes, first.items(), matrices, strict=True):
        for panel in row[len(row_matrices) :]:
            panel.set_axis_off()
        for panel, (_, matrix) in zip(row, row_matrices, strict=False):
            panel.grid(False)
            signed(panel, matrix)
            _block_lines(panel, run.arrays["inside"])
        row[0].set_ylabel(
            plain(setting.partition("\n")[0], 40) + "\n" + setting.partition("\n")[2], fontsize=7
        )
        share, chance = run.value("off-block"), run.value("off-block[partition=random]")
        if share is not None and chance is not None:
            row[1].set_title(f"outside blocks {share:.2f}, by chance {chance:.2f}", fontsize=7)
    widest = max(matrices, key=len)
    for panel, (heading, _) in zip(axes[0], widest, strict=True):
        panel.set_title(
            "\n".join(filter(None, (heading, panel.get_title()))),
            fontsize=panel.title.get_fontsize(),  # small where a line below the heading is
        )
    return figure


def _row(run: StudyRun) -> tuple[int, int, str, float]:
    """Where a run stands in the figure of blocks: the first seed, then small latent sizes first."""
    spec = run.record.spec
    return spec["seed"], spec["latent_dim"], _setting(run), float(run.config["beta"])


def _matrices(arrays: Mapping[str, np.ndarray]) -> list[tuple[str, np.ndarray]]:
    """Return headings and matrices (L, L): the means, and those of the first test images that were
    kept."""
    matrices = [("mean posterior precision", arrays["precision"]), ("mean of J'J", arrays["gram"])]
    single = (arrays.get("precisions", ()), arrays.get("grams", ()))
    for index, (precision, gram) in enumerate(zip(*single, strict=False)):
        if index < _TEST_POINTS:
            matrices += [
                (f"precision, image {index + 1}", precision),
                (f"J'J, image {index + 1}", gram),
            ]
    return matrices


def _block_lines(axes: Axes, inside: np.ndarray) -> None:
    """Draw lines between the blocks, ``inside`` (L, L) says which pairs of coordinates share
    one."""
    for edge in np.flatnonzero(~np.diagonal(inside, 1).astype(bool)):
        axes.axhline(edge + 0.5, color=FAINT, linewidth=0.4)
        axes.axvline(edge + 0.5, color=FAINT, linewidth=0.4)


def rotation(material: Material) -> Figure:
    """Draw the angle of every trial against its ELBO: a row per nonlinearity, a column per kind of
    posterior and mixing."""
    runs = finished_runs(material, "grae-uniqueness", ("elbo", "angle", "length"))
    nonlinearities = [
        name
        for name in ("identity", "tanh", "elu", "sigmoid")
        if any(run.config["nu"] == name for run in runs)
    ]
    kinds = sorted(
        {_kind(run) for run in runs},
        key=lambda kind: (kind[2] != "orthogonal", not kind[1], kind[0]),
    )
    figure = Figure(
        figsize=(1.75 * max(len(kinds), 2) + 0.5, 1.6 * len(nonlinearities) + 0.8),
        layout="constrained",
    )
    axes = figure.subplots(len(nonlinearities), len(kinds), squeeze=False, sharey=True)
    lengths = sorted(set(np.concatenate([run.arrays["length"] for run in runs]).tolist()))
    points = None
    for row, nu in zip(axes, nonlinearities, strict=True):
        row[0].set_ylabel(f"{nu}\nangle (degrees)")
        for panel, kind in zip(row, kinds, strict=True):
            alike = [run for run in runs if run.config["nu"] == nu and _kind(run) == kind]
            points = _angles(panel, alike, lengths) or points
    for panel, (covariance, amortised, mixing) in zip(axes[0], kinds, strict=True):
        fitted = "amortised" if amortised else "per point"
        panel.set_title(f"{covariance}, {fitted}\nW {mixing}", fontsize=8)
    for panel in axes[-1]:
        panel.set_xlabel("ELBO (nats per point)")
    if len(lengths) == 1:
        legend(figure, [], 1, f"every trial: {lengths[0]:g} steps at the first rate")
    elif points is not None:
        beside = axes.ravel().tolist()
        label = "steps at the first rate"
        figure.colorbar(points, ax=beside, label=label, fraction=0.03, aspect=40)
    return figure


def _kind(run: StudyRun) -> tuple[str, bool, str]:
    return run.config["covariance"], bool(run.config["amortised"]), run.config["mixing"]


def _angles(axes: Axes, runs: Sequence[StudyRun], lengths: Sequence[float]) -> Any:
    """Draw the trials of ``runs``, coloured by length where there are several ``lengths``, and
    return the points; those below the 5th percentile of the ELBO are left of the view, counted."""
    axes.set(ylim=(-47, 47), yticks=[-45, 0, 45])
    if not runs:
        message(axes, "no finished run")
        return None
    elbo, angle, length = (
        np.concatenate([run.arrays[name] for run in runs]) for name in ("elbo", "angle", "length")
    )
    colours: dict[str, Any] = {"color": INK}
    if len(lengths) > 1:
        colours = {"c": length, "cmap": "viridis_r", "norm": "log"}
        colours |= {"vmin": lengths[0], "vmax": lengths[-1]}
    points = axes.scatter(elbo, angle, s=5, linewidths=0, **colours)
    left, right = float(np.percentile(elbo, 5)), float(elbo.max())
    margin = 0.05 * (right - left) or 1.0
    axes.set_xlim(left - margin, right + margin)
    axes.locator_params(axis="x", nbins=3)
    axes.tick_params(labelsize=6)
    outside = int((elbo < left - margin).sum())
    if outside:
        axes.text(
            0.03,
            0.97,
            f"{outside} further left",
            transform=axes.transAxes,
            ha="left",
            va="top",
            fontsize=6,
            color=FAINT,
        )
    return points
