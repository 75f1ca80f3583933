"""Every figure: its name, one line for lists, what it shows in words (caption and alternative
text), the function that draws it, and the study whose records it is drawn from."""

from __future__ import annotations

from collections.abc import Mapping

from benchmark.reporting.catalogue.entries import NamedFigure, by_name
from benchmark.reporting.catalogue.study_figures import STUDY_FIGURES

__all__ = ["FIGURES"]

FIGURES: Mapping[str, NamedFigure] = by_name(
    NamedFigure(
        "lstar",
        "the answer: L* of every method and seed beside the known dimension, nearest first",
        (
            "Dimensions found, L*, one row per method and one mark per seed, answers nearest to "
            "the truth first, then those with a flag. Dashed: the known dimension of the data. "
            "Grey band: smallest to largest estimate of it. Orange: what the method's rule counts "
            "where there is nothing to find. Hollow: the method keeps all dimensions by "
            "definition. At the right: the first flag, and how many more."
        ),
        "benchmark.reporting.figures.answer:lstar",
    ),
    NamedFigure(
        "lstar-vs-steps",
        "L* while training, beside the known dimension: which answers have settled",
        (
            "L* by each method's own rule while it trains, a line per seed, counted now and then "
            "on training data. Shaded: the last fifth of the run. Dotted lines moved in it, so "
            "their L* is no settled answer. Dashed: the known dimension. Lines are set a little "
            "apart."
        ),
        "benchmark.reporting.figures.settling:lstar_vs_steps",
    ),
    NamedFigure(
        "metric-vs-latent-dim",
        "a metric (default mse) against the latent size, one panel per dataset",
        (
            "A metric against the latent size L, one panel per dataset and one line per method: "
            "mean over seeds, with the 95 % t interval where there are several (of counts: "
            "smallest to largest). Points at one L stand side by side so that they do not hide "
            "each other."
        ),
        "benchmark.reporting.figures.sweeps:metric_vs_latent_dim",
    ),
    NamedFigure(
        "lstar-vs-latent-dim",
        (
            "L* against the latent size, beside the intrinsic dimension, known and estimated, and "
            "chance"
        ),
        (
            "Dimensions found, L*, against dimensions provided, L: mean over seeds, error bars "
            "from the smallest to the largest. Dashed: the known intrinsic dimension. Grey band: "
            "smallest to largest estimate of it by common estimators. Dotted: all dimensions. "
            "Bars: what the method's rule gives where there is nothing to find (chance relevances "
            "or untrained networks); an L* inside says nothing. Hollow: L by definition."
        ),
        "benchmark.reporting.figures.sweeps:lstar_vs_latent_dim",
    ),
    NamedFigure(
        "calibration",
        "L* over the known dimension against n/L and noise, and the runs that give no answer",
        (
            "Answers over the known dimension n of the data: geometric mean, bars from the "
            "smallest to the largest of all seeds and datasets of that setting. Methods against "
            "n/L at the commonest noise, and against noise at the commonest n/L; the share of "
            "their runs that gave no answer (not ended, flagged, or inside the null) with its "
            "exact 95 % interval; estimators against n. Dashed: the dimension. Marks are set a "
            "little apart."
        ),
        "benchmark.reporting.figures.calibration:calibration",
    ),
    NamedFigure(
        "metric-vs-option",
        "a metric (default mse) against the numeric option that varies, as FID against beta",
        (
            "A metric against a numeric option of the methods that vary it: mean over seeds with "
            "the 95 % t interval."
        ),
        "benchmark.reporting.figures.options:metric_vs_option",
    ),
    NamedFigure(
        "curves",
        "a logged quantity (default loss) against outer steps, one panel per dataset and quantity",
        (
            "A logged quantity against outer steps: a thin line per seed, a thick one for the "
            "mean of the seeds that finished; a cross where a run broke off."
        ),
        "benchmark.reporting.figures.curves:curves",
    ),
    NamedFigure(
        "rate",
        (
            "twice the divergence against the decoder's variance while training: its slope counts "
            "informative dimensions"
        ),
        (
            "Twice the divergence of posterior from prior against minus the logarithm of the "
            "decoder's variance gamma: a line per run that learns gamma, from the first step on, "
            "and a mark for the end of each run that had it fixed, those of one seed joined. "
            "Dotted: the slope over the last quarter, r hat, which counts the dimensions that the "
            "decoder uses where training has arrived; a dash where gamma stands still, or where "
            "the slope is above L, as no optimum has it."
        ),
        "benchmark.reporting.figures.rate:rate",
    ),
    NamedFigure(
        "traces",
        "relevance, mask, prior variance or divergence of every latent dimension while training",
        (
            "What each method makes of every latent dimension while it trains, one line per "
            "dimension of the first finished seed: the mask of maskaae, the relevance of rf-vae, "
            "the prior variance of relevance encoding networks, the divergence of VAEs, the "
            "expected number of open gates of geco-l0. In colour: dimensions that count towards "
            "L* at the end."
        ),
        "benchmark.reporting.figures.traces:traces",
    ),
    NamedFigure(
        "information",
        "bound on mutual information, and divergences, while training",
        (
            "What the objective rewards as mutual information of the chosen code and the decoded "
            "image, and divergence from the prior, in nats, against outer steps. It is a lower "
            "bound for a category; for Gaussian codes only where they are normal (`mi-bound` "
            "measures one for both). Dashed: ln K, the most a category of K values can hold."
        ),
        "benchmark.reporting.figures.information:information",
    ),
    NamedFigure(
        "samples",
        "samples of each method beside the test data, one column per dataset",
        (
            "Test data above, and samples from each method's own prior below. Vectors are drawn "
            "in the plane of their first two principal directions."
        ),
        "benchmark.reporting.figures.images:samples",
    ),
    NamedFigure(
        "reconstructions",
        "test inputs and their reconstructions by each method, one column per dataset",
        (
            "Test inputs with their reconstructions, each row of images above its "
            "reconstructions; vectors joined to theirs by a line."
        ),
        "benchmark.reporting.figures.images:reconstructions",
    ),
    NamedFigure(
        "neighbours",
        "samples of each method and the training data nearest to them",
        (
            "Samples, each above the training image nearest to it in Euclidean distance; vectors "
            "joined by a line. Equal pairs are copies."
        ),
        "benchmark.reporting.figures.images:neighbours",
    ),
    NamedFigure(
        "traversals",
        "what one latent coordinate changes, the most relevant first",
        (
            "One code coordinate per row, the most relevant first, moved from -2 to 2 standard "
            "deviations around the code of the first test image."
        ),
        "benchmark.reporting.figures.images:traversals",
    ),
    NamedFigure(
        "rewarded",
        "what the two components that mi-vae rewards change together, from -3 to 3",
        (
            "The first test image decoded with the two components that are rewarded at seven "
            "values each from -3 to 3, the first down, the second across; where one is rewarded, "
            "test images with it from -5 to 5."
        ),
        "benchmark.reporting.figures.images:rewarded",
    ),
    NamedFigure(
        "rewarded-line",
        "what the first component that mi-vae rewards changes, from -5 to 5",
        (
            "Test images, one per row, decoded with the first component that is rewarded at ten "
            "values from -5 to 5."
        ),
        "benchmark.reporting.figures.images:rewarded_line",
    ),
    NamedFigure(
        "interpolations",
        "the straight line between the codes of two test images",
        (
            "Images decoded at eight equal steps along the straight line between the codes of two "
            "test images, one pair per row."
        ),
        "benchmark.reporting.figures.images:interpolations",
    ),
    NamedFigure(
        "category-traversals",
        "what the categorical variable changes",
        (
            "Test images, one per row, decoded with each value of the categorical variable, one "
            "per column, in place of their own."
        ),
        "benchmark.reporting.figures.images:category_traversals",
    ),
    NamedFigure(
        "categories",
        "test images by category and class, and how sure the categories are",
        (
            "Numbers of test images by likeliest category and class, categories in the order that "
            "matches the classes best; shade: share of the class. Below: how often a category has "
            "which probability, over all categories and test images."
        ),
        "benchmark.reporting.figures.heatmaps:categories",
    ),
    NamedFigure(
        "category-probabilities",
        "how sure the categories are while training",
        (
            "Which probabilities the categories have while training: the share of the "
            "probabilities of all categories that lie in each tenth of 0 to 1, white for none, "
            "against outer steps; of the first finished seed. Uniform ones lie at one over the "
            "number of categories."
        ),
        "benchmark.reporting.figures.heatmaps:category_probabilities",
    ),
    NamedFigure(
        "code-covariance",
        "covariance of the codes of each method",
        (
            "Covariance of the deterministic codes of the test split, coordinates in their own "
            "order. Red above 0, blue below; each panel has the scale written beneath it."
        ),
        "benchmark.reporting.figures.heatmaps:code_covariance",
    ),
    NamedFigure(
        "jacobian",
        "mean of J'J, J the Jacobian of each method's decoder",
        (
            "Mean over test images of J'J, J the Jacobian of the decoder at their codes: its "
            "diagonal says how much a coordinate moves the image, the rest how much two "
            "coordinates do the same. Red above 0, blue below; each panel has the scale written "
            "beneath it."
        ),
        "benchmark.reporting.figures.heatmaps:jacobian",
    ),
    NamedFigure(
        "toy",
        (
            "data, reconstruction, samples, latent space and error histogram of each method on "
            "data in the plane"
        ),
        (
            "Data in the plane, their reconstructions, samples, codes and distances to the "
            "reconstruction, one row per method and dataset; of more than 16 cells the "
            "reconstructions alone, a column per dataset (choose --datasets for all of one). "
            "Points carry the colour of their angle in the data."
        ),
        "benchmark.reporting.figures.toy:toy",
    ),
    *STUDY_FIGURES,
)
