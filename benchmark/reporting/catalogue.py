"""The names of every table and figure with one line each. Standard library only, so that listing
them costs nothing."""

from __future__ import annotations

from collections.abc import Mapping

from benchmark.options import suggest
from benchmark.spec import BenchError

__all__ = ["ANSWER", "FIGURES", "STUDIES", "TABLES", "check"]

ANSWER = ("lstar", "gap", "mse", "fd-raw", "active-units")
"""The metrics of the table that ``bench run --all`` ends with and a report begins with."""

TABLES: Mapping[str, str] = {
    "summary": "every metric of every method, dataset and latent size: mean over seeds and 95% interval",
    "dimensions": "dimension counts by the readings that each method's rule leaves open, beside the truth and the rule's null interval",
    "ren-1": "layout of RENs' table 1: FID and L* of each method, three datasets, two latent sizes (--on paper: as printed)",
    "ren-2": "layout of RENs' table 2: MSE",
    "maskaae-1": "layout of MaskAAE's table 1: FID on four datasets",
    "maskaae-2": "layout of MaskAAE's table 2: active dimensions and NAC beside a WAE",
    "flexae-3": "layout of FlexAE's table 3: FID of reconstructions and samples",
    "flexae-4": "layout of FlexAE's table 4: precision and recall",
    "flexae-5": "layout of FlexAE's table 5: FID against the capacity of the prior's generator",
    "ardvae-1": "layout of ARD-VAE's table 1: L* and FID of seven methods on one architecture, three datasets",
    "ardvae-2": "layout of ARD-VAE's table 2: L* and FID against the latent size",
    "ardvae-3": "layout of ARD-VAE's table 3: ARD-VAE and MaskAAE on the networks of MaskAAE",
    "ardvae-4": "layout of ARD-VAE's table 4: ARD-VAE and GECO-L0 on the networks of GECO-L0",
    "ardvae-5": "layout of ARD-VAE's table 5: FactorVAE score, MIG and L* where factors are known",
    "ardvae-a4": "layout of ARD-VAE's appendix, table 4: against the number of images that estimate the prior",
    "ardvae-a5": "layout of ARD-VAE's appendix, table 5: relevant axes of other models by the Jacobian",
    "ardvae-precision": "precision and recall that a public fork restates of ARD-VAE's final paper",
    "sigma": "layout of the calibrated decoders' table: bound on -log p and FID by decoder, four benchmarks",
    "mivae": "MI-VAE's accuracies, which its text gives",
    "references": "intrinsic dimension of each dataset by four estimators, and by principal components",
}

FIGURES: Mapping[str, str] = {
    "lstar": "the answer: L* of every method and seed beside the known dimension, nearest first",
    "lstar-vs-steps": "L* while training, beside the known dimension: which answers have settled",
    "metric-vs-latent-dim": "a metric (default mse) against the latent size, one panel per dataset",
    "lstar-vs-latent-dim": "L* against the latent size, beside the intrinsic dimension, known and estimated, and chance",
    "metric-vs-option": "a metric (default mse) against the numeric option that varies, as FID against beta",
    "curves": "a logged quantity (default loss) against outer steps, one panel per dataset and quantity",
    "rate": "twice the divergence against the decoder's variance while training: its slope counts informative dimensions",
    "traces": "relevance, mask, prior variance or divergence of every latent dimension while training",
    "information": "bound on mutual information, and divergences, while training",
    "samples": "samples of each method beside the test data, one column per dataset",
    "reconstructions": "test inputs and their reconstructions by each method, one column per dataset",
    "neighbours": "samples of each method and the training data nearest to them",
    "traversals": "what one latent coordinate changes, the most relevant first",
    "rewarded": "what the two components that mi-vae rewards change together, from -3 to 3",
    "rewarded-line": "what the first component that mi-vae rewards changes, from -5 to 5",
    "interpolations": "the straight line between the codes of two test images",
    "category-traversals": "what the categorical variable changes",
    "categories": "test images by category and class, and how sure the categories are",
    "category-probabilities": "how sure the categories are while training",
    "code-covariance": "covariance of the codes of each method",
    "jacobian": "mean of J'J, J the Jacobian of each method's decoder",
    "toy": "data, reconstruction, samples, latent space and error histogram of each method on data in the plane",
    "objective-closeness": "objectives of beta-VAE and GRAE on one network, and their gaps, against beta (study grae-objective)",
    "block-structure": "blocks of the posterior precision and of the decoder's Jacobian (study grae-jacobian)",
    "slices": "slices through a VAE's objective at several decoder variances (study gamma-slices)",
    "rotation": "rotation of the codes against the ELBO, one point per trial (study grae-uniqueness)",
}

STUDIES: Mapping[str, str] = {
    "objective-closeness": "grae-objective",
    "block-structure": "grae-jacobian",
    "rotation": "grae-uniqueness",
    "slices": "gamma-slices",
}
"""The study whose records a figure is drawn from; the other figures are drawn from runs of
methods."""


def check(kind: str, names: Mapping[str, str], name: str) -> None:
    """Raise :class:`BenchError` where the table or figure (``kind``) called ``name`` is not among
    ``names``."""
    if name not in names:
        raise BenchError(
            f"unknown {kind} '{name}'{suggest(name, names)} (there are {', '.join(names)})"
        )
