"""Every table: its name and one line for lists, and what builds it."""

from __future__ import annotations

from collections.abc import Mapping

from benchmark.reporting.catalogue.entries import NamedTable, by_name

__all__ = ["ANSWER", "TABLES"]

ANSWER = ("lstar", "gap", "mse", "fd-raw", "active-units")
"""The metrics of the table that ``bench run --all`` ends with and a report begins with."""

TABLES: Mapping[str, NamedTable] = by_name(
    NamedTable(
        "summary",
        "every metric of every method, dataset and latent size: mean over seeds and 95% interval",
        "benchmark.reporting.tables.summary:summary",
    ),
    NamedTable(
        "dimensions",
        (
            "dimension counts by the readings that each method's rule leaves open, beside the "
            "truth and the rule's null interval"
        ),
        "benchmark.reporting.tables.dimensions:dimensions",
    ),
    NamedTable(
        "ren-1",
        (
            "layout of RENs' table 1: FID and L* of each method, three datasets, two latent sizes "
            "(--on paper: as printed)"
        ),
    ),
    NamedTable(
        "ren-2",
        "layout of RENs' table 2: MSE",
    ),
    NamedTable(
        "maskaae-1",
        "layout of MaskAAE's table 1: FID on four datasets",
    ),
    NamedTable(
        "maskaae-2",
        "layout of MaskAAE's table 2: active dimensions and NAC beside a WAE",
    ),
    NamedTable(
        "flexae-3",
        "layout of FlexAE's table 3: FID of reconstructions and samples",
    ),
    NamedTable(
        "flexae-4",
        "layout of FlexAE's table 4: precision and recall",
    ),
    NamedTable(
        "flexae-5",
        "layout of FlexAE's table 5: FID against the capacity of the prior's generator",
    ),
    NamedTable(
        "ardvae-1",
        (
            "layout of ARD-VAE's table 1: L* and FID of seven methods on one architecture, three "
            "datasets"
        ),
    ),
    NamedTable(
        "ardvae-2",
        "layout of ARD-VAE's table 2: L* and FID against the latent size",
    ),
    NamedTable(
        "ardvae-3",
        "layout of ARD-VAE's table 3: ARD-VAE and MaskAAE on the networks of MaskAAE",
    ),
    NamedTable(
        "ardvae-4",
        "layout of ARD-VAE's table 4: ARD-VAE and GECO-L0 on the networks of GECO-L0",
    ),
    NamedTable(
        "ardvae-5",
        "layout of ARD-VAE's table 5: FactorVAE score, MIG and L* where factors are known",
    ),
    NamedTable(
        "ardvae-a4",
        (
            "layout of ARD-VAE's appendix, table 4: against the number of images that estimate "
            "the prior"
        ),
    ),
    NamedTable(
        "ardvae-a5",
        "layout of ARD-VAE's appendix, table 5: relevant axes of other models by the Jacobian",
    ),
    NamedTable(
        "ardvae-precision",
        "precision and recall that a public fork restates of ARD-VAE's final paper",
    ),
    NamedTable(
        "sigma",
        (
            "layout of the calibrated decoders' table: bound on -log p and FID by decoder, four "
            "benchmarks"
        ),
    ),
    NamedTable(
        "mivae",
        "MI-VAE's accuracies, which its text gives",
    ),
    NamedTable(
        "calibration",
        (
            "how far each method and estimator is off where the dimension is known, by n/L and "
            "noise, and how often it gives no answer"
        ),
        "benchmark.reporting.tables.calibration:calibration",
    ),
    NamedTable(
        "references",
        "intrinsic dimension of each dataset by four estimators, and by principal components",
        "benchmark.reporting.tables.intrinsic:estimates",
    ),
)
