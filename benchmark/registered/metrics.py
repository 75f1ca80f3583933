"""The built-in metrics, in the order of lists."""

from __future__ import annotations

from benchmark.source import Entry

__all__ = ["METRICS"]

METRICS: tuple[Entry, ...] = (
    Entry(
        "mse", "benchmark.metrics.reconstruction:MSE", "reconstruction error of the posterior mean"
    ),
    Entry(
        "mse-sampled",
        "benchmark.metrics.reconstruction:MSE_SAMPLED",
        "reconstruction error of sampled codes",
    ),
    Entry(
        "mse-spread",
        "benchmark.metrics.reconstruction:MSE_SPREAD",
        "how far the reconstruction errors of test data lie apart",
        headline=False,
    ),
    Entry(
        "mse-mean-image",
        "benchmark.metrics.reconstruction:MSE_MEAN_IMAGE",
        "error of the mean training image: what a model that encodes nothing gets at best",
    ),
    Entry("lstar", "benchmark.metrics.dimension:LSTAR", "L* by the method's own rule"),
    Entry(
        "lstar-90",
        "benchmark.metrics.dimension:LSTAR_90",
        "dimensions holding 90 % of the method's relevance",
    ),
    Entry(
        "lstar-99",
        "benchmark.metrics.dimension:LSTAR_99",
        "dimensions holding 99 % of the method's relevance",
    ),
    Entry(
        "lstar-error",
        "benchmark.metrics.dimension:LSTAR_ERROR",
        "|L* - n| where the intrinsic dimension n of the data is known",
    ),
    Entry("gap", "benchmark.metrics.dimension:GAP", "largest ratio of neighbouring relevances"),
    Entry(
        "gap-at",
        "benchmark.metrics.dimension:GAP_AT",
        "how many relevances lie above that gap",
    ),
    Entry(
        "active-units",
        "benchmark.metrics.dimension:ACTIVE_UNITS",
        "active units, one rule for every method",
    ),
    Entry(
        "fd-raw",
        "benchmark.metrics.frechet:FD_RAW",
        "Frechet distance of samples to test data, raw space",
    ),
    Entry(
        "fd-raw-floor",
        "benchmark.metrics.frechet:FD_RAW_FLOOR",
        "the same of other real data: what a perfect generator would get",
    ),
    Entry(
        "fd-cnn",
        "benchmark.metrics.fid:FD_CNN",
        "Frechet distance of samples to test data, features of a small classifier",
    ),
    Entry(
        "fd-cnn-reconstruction",
        "benchmark.metrics.fid:FD_CNN_RECONSTRUCTION",
        "the same of reconstructions",
    ),
    Entry(
        "fd-cnn-floor",
        "benchmark.metrics.fid:FD_CNN_FLOOR",
        "the same of other real images: what a perfect generator would get",
    ),
    Entry(
        "fid",
        "benchmark.metrics.fid:FID",
        "Frechet inception distance of samples to test data",
        headline=False,
    ),
    Entry(
        "fid-reconstruction",
        "benchmark.metrics.fid:FID_RECONSTRUCTION",
        "the same of reconstructions",
        headline=False,
    ),
    Entry(
        "fid-floor",
        "benchmark.metrics.fid:FID_FLOOR",
        "the same of other real images: what a perfect generator would get",
        headline=False,
    ),
    Entry(
        "kid",
        "benchmark.metrics.kid:KID",
        "kernel inception distance of samples to test data, unbiased",
        headline=False,
    ),
    Entry(
        "kid-floor",
        "benchmark.metrics.kid:KID_FLOOR",
        "the same of other real images",
        headline=False,
    ),
    Entry(
        "kid-cnn",
        "benchmark.metrics.kid:KID_CNN",
        "kernel distance of samples to test data, features of a small classifier",
        headline=False,
    ),
    Entry(
        "kid-cnn-floor",
        "benchmark.metrics.kid:KID_CNN_FLOOR",
        "the same of other real images",
        headline=False,
    ),
    Entry(
        "prd-precision",
        "benchmark.metrics.generation:PRD_PRECISION",
        "precision of samples by clusters, F_1/8",
        headline=False,
    ),
    Entry(
        "prd-recall",
        "benchmark.metrics.generation:PRD_RECALL",
        "recall of test data by clusters, F_8",
        headline=False,
    ),
    Entry(
        "precision",
        "benchmark.metrics.generation:PRECISION",
        "samples among the test data, by nearest neighbours",
        headline=False,
    ),
    Entry(
        "recall",
        "benchmark.metrics.generation:RECALL",
        "test data among the samples, by nearest neighbours",
        headline=False,
    ),
    Entry(
        "density",
        "benchmark.metrics.generation:DENSITY",
        "test data near a sample, counted",
        headline=False,
    ),
    Entry(
        "coverage",
        "benchmark.metrics.generation:COVERAGE",
        "test data that have a sample near",
        headline=False,
    ),
    Entry(
        "sw2",
        "benchmark.metrics.generation:SLICED_WASSERSTEIN",
        "sliced 2-Wasserstein distance of samples to test data",
        headline=False,
    ),
    Entry(
        "mmd",
        "benchmark.metrics.generation:MMD",
        "squared maximum mean discrepancy of samples to test data",
        headline=False,
    ),
    Entry(
        "nac",
        "benchmark.metrics.correlation:NAC",
        "normalised absolute correlation of active dimensions",
        headline=False,
    ),
    Entry(
        "mi-bound",
        "benchmark.metrics.information:MI_BOUND",
        "what decoded images tell of the code, at least",
        headline=False,
    ),
    Entry(
        "mi-bound-category",
        "benchmark.metrics.information:MI_BOUND_CATEGORY",
        "the same of the category",
        headline=False,
    ),
    Entry(
        "impact",
        "benchmark.metrics.information:IMPACT",
        "what the components that MI-VAE rewards change in decoded images",
        headline=False,
    ),
    Entry(
        "mig",
        "benchmark.metrics.factors:MIG",
        "mutual information gap: whether one coordinate of the code tells of each known factor",
        headline=False,
    ),
    Entry(
        "dci-disentanglement",
        "benchmark.metrics.factors:DCI_DISENTANGLEMENT",
        "whether each coordinate of the code tells of one known factor alone",
        headline=False,
    ),
    Entry(
        "dci-completeness",
        "benchmark.metrics.factors:DCI_COMPLETENESS",
        "whether each known factor is told by one coordinate of the code alone",
        headline=False,
    ),
    Entry(
        "dci-informativeness",
        "benchmark.metrics.factors:DCI_INFORMATIVENESS",
        "error of known factors predicted from the code",
        headline=False,
    ),
    Entry(
        "accuracy",
        "benchmark.metrics.categorical:ACCURACY",
        "accuracy of the categorical variable as a classifier, one category per class",
    ),
    Entry(
        "accuracy-majority",
        "benchmark.metrics.categorical:ACCURACY_MAJORITY",
        "the same, each category standing for its commonest class",
    ),
)
