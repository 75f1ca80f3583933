"""What each figure shows, in words: caption and alternative text."""

from __future__ import annotations

from collections.abc import Mapping

__all__ = ["CAPTIONS"]

CAPTIONS: Mapping[str, str] = {
    "lstar": (
        "Dimensions found, L*, one row per method and one mark per seed, answers nearest to the "
        "truth first, then those with a flag. Dashed: the known dimension of the data. Grey band: smallest to largest "
        "estimate of it. Orange: what the method's rule counts where there is nothing to find. "
        "Hollow: the method keeps all dimensions by definition. At the right: the first flag, and how many more."
    ),
    "lstar-vs-steps": (
        "L* by each method's own rule while it trains, a line per seed, counted now and then on "
        "training data. Shaded: the last fifth of the run. Dotted lines moved in it, so their L* "
        "is no settled answer. Dashed: the known dimension. Lines are set a little apart."
    ),
    "metric-vs-latent-dim": (
        "A metric against the latent size L, one panel per dataset and one line per method: mean over seeds, with the 95 % t interval where "
        "there are several (of counts: smallest to largest). Points at one L stand side by side so that they do not hide each other."
    ),
    "lstar-vs-latent-dim": (
        "Dimensions found, L*, against dimensions provided, L: mean over seeds, error bars from the smallest to the largest. Dashed: the known intrinsic "
        "dimension. Grey band: smallest to largest estimate of it by common estimators. Dotted: all dimensions. Bars: what "
        "the method's rule gives where there is nothing to find (chance relevances or untrained networks); an L* inside "
        "says nothing. Hollow: L by definition."
    ),
    "metric-vs-option": "A metric against a numeric option of the methods that vary it: mean over seeds with the 95 % t interval.",
    "curves": (
        "A logged quantity against outer steps: a thin line per seed, a thick one for the mean of the seeds that finished; a cross where a "
        "run broke off."
    ),
    "rate": (
        "Twice the divergence of posterior from prior against minus the logarithm of the decoder's variance gamma: a line per run that "
        "learns gamma, from the first step on, and a mark for the end of each run that had it fixed, those of one seed joined. Dotted: the "
        "slope over the last quarter, r hat, which counts the dimensions that the decoder uses where training has arrived; a dash where "
        "gamma stands still, or where the slope is above L, as no optimum has it."
    ),
    "traces": (
        "What each method makes of every latent dimension while it trains, one line per dimension of the first finished seed: the mask of "
        "maskaae, the relevance of rf-vae, the prior variance of relevance encoding networks, the divergence of VAEs, the expected number "
        "of open gates of geco-l0. In colour: dimensions that count towards L* at the end."
    ),
    "information": (
        "What the objective rewards as mutual information of the chosen code and the decoded image, and divergence from the prior, in nats, "
        "against outer steps. It is a lower bound for a category; for Gaussian codes only where they are normal (`mi-bound` measures one for "
        "both). Dashed: ln K, the most a category of K values can hold."
    ),
    "samples": (
        "Test data above, and samples from each method's own prior below. Vectors are drawn in the plane of their first two principal directions."
    ),
    "reconstructions": "Test inputs with their reconstructions, each row of images above its reconstructions; vectors joined to theirs by a line.",
    "neighbours": "Samples, each above the training image nearest to it in Euclidean distance; vectors joined by a line. Equal pairs are copies.",
    "traversals": (
        "One code coordinate per row, the most relevant first, moved from -2 to 2 standard deviations around the code of the first test image."
    ),
    "rewarded": (
        "The first test image decoded with the two components that are rewarded at seven values each "
        "from -3 to 3, the first down, the second across; where one is rewarded, test images with it "
        "from -5 to 5."
    ),
    "rewarded-line": "Test images, one per row, decoded with the first component that is rewarded at ten values from -5 to 5.",
    "interpolations": "Images decoded at eight equal steps along the straight line between the codes of two test images, one pair per row.",
    "category-traversals": "Test images, one per row, decoded with each value of the categorical variable, one per column, in place of their own.",
    "categories": (
        "Numbers of test images by likeliest category and class, categories in the order that matches the classes best; shade: share of the "
        "class. Below: how often a category has which probability, over all categories and test images."
    ),
    "category-probabilities": (
        "Which probabilities the categories have while training: the share of the probabilities of all categories that lie in each tenth of "
        "0 to 1, white for none, against outer steps; of the first finished seed. Uniform ones lie at one over the number of categories."
    ),
    "code-covariance": (
        "Covariance of the deterministic codes of the test split, coordinates in their own order. Red above 0, blue below; each panel has "
        "the scale written beneath it."
    ),
    "jacobian": (
        "Mean over test images of J'J, J the Jacobian of the decoder at their codes: its diagonal says how much a coordinate moves the "
        "image, the rest how much two coordinates do the same. Red above 0, blue below; each panel has the scale written beneath it."
    ),
    "toy": (
        "Data in the plane, their reconstructions, samples, codes and distances to the reconstruction, one row per method and dataset. "
        "Points carry the colour of their angle in the data."
    ),
    "objective-closeness": (
        "Objectives of a beta-VAE, of its second-order form and of GRAE on one and the same network, against beta, and the gaps between "
        "them: mean over seeds with the 95 % t interval, half squared pixel units."
    ),
    "block-structure": (
        "Mean posterior precision of a beta-VAE with correlated posteriors, the mean of J'J of its decoder, and both of two test images. Grey "
        "lines: the blocks of "
        "the posterior. Beside them the share of squared entries outside blocks, and that of random partitions."
    ),
    "slices": (
        "The objective of a VAE with a linear decoder along a line of perfect reconstructions, whose point at 0 is the optimal sparse "
        "representation: a panel per slice, a line per decoder variance gamma, each from its minimum (0) to its maximum (1). Dashed: where "
        "the minimum lies. Small variances have it at 0 and others beside it, large ones have one minimum that may lie elsewhere."
    ),
    "rotation": (
        "Angle between the codes found and the true ones, up to order and sign of the axes, against the ELBO: a point per trial, its colour "
        "the length of training. Diagonal posteriors should agree where the ELBO is high, full ones stay spread."
    ),
}
"""By the names of :data:`benchmark.reporting.catalogue.FIGURES`."""
