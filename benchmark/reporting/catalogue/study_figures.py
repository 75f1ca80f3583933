"""The figures of studies: each is drawn from the records of one."""

from __future__ import annotations

from benchmark.reporting.catalogue.entries import NamedFigure

__all__ = ["STUDY_FIGURES"]

STUDY_FIGURES: tuple[NamedFigure, ...] = (
    NamedFigure(
        "objective-closeness",
        (
            "objectives of beta-VAE and GRAE on one network, and their gaps, against beta (study "
            "grae-objective)"
        ),
        (
            "Objectives of a beta-VAE, of its second-order form and of GRAE on one and the same "
            "network, against beta, and the gaps between them: mean over seeds with the 95 % t "
            "interval, half squared pixel units."
        ),
        "benchmark.reporting.figures.studies:objective_closeness",
        study="grae-objective",
    ),
    NamedFigure(
        "block-structure",
        "blocks of the posterior precision and of the decoder's Jacobian (study grae-jacobian)",
        (
            "Mean posterior precision of a beta-VAE with correlated posteriors, the mean of J'J "
            "of its decoder, and both of two test images. Grey lines: the blocks of the "
            "posterior. Beside them the share of squared entries outside blocks, and that of "
            "random partitions."
        ),
        "benchmark.reporting.figures.studies:block_structure",
        study="grae-jacobian",
    ),
    NamedFigure(
        "slices",
        "slices through a VAE's objective at several decoder variances (study gamma-slices)",
        (
            "The objective of a VAE with a linear decoder along a line of perfect "
            "reconstructions, whose point at 0 is the optimal sparse representation: a panel per "
            "slice, a line per decoder variance gamma, each from its minimum (0) to its maximum "
            "(1). Dashed: where the minimum lies. Small variances have it at 0 and others beside "
            "it, large ones have one minimum that may lie elsewhere."
        ),
        "benchmark.reporting.figures.slices:slices",
        study="gamma-slices",
    ),
    NamedFigure(
        "rotation",
        "rotation of the codes against the ELBO, one point per trial (study grae-uniqueness)",
        (
            "Angle between the codes found and the true ones, up to order and sign of the axes, "
            "against the ELBO: a point per trial, its colour the length of training. Diagonal "
            "posteriors should agree where the ELBO is high, full ones stay spread."
        ),
        "benchmark.reporting.figures.studies:rotation",
        study="grae-uniqueness",
    ),
)
