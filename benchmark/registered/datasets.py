"""The built-in datasets, in the order of lists."""

from __future__ import annotations

from benchmark.source import Entry

__all__ = ["DATASETS"]

DATASETS: tuple[Entry, ...] = (
    Entry("digits", "benchmark.datasets.digits:Digits", "1,797 real 8x8 digits of scikit-learn"),
    Entry(
        "circle",
        "benchmark.datasets.toys:Circle",
        "noisy circle in the plane, intrinsic dimension 1",
    ),
    Entry(
        "one-moon",
        "benchmark.datasets.toys:OneMoon",
        "noisy half circle in the plane, intrinsic dimension 1",
    ),
    Entry(
        "latent-8",
        "benchmark.datasets.latent:Latent8",
        "64-d vectors on a manifold of known dimension 8",
    ),
    Entry(
        "latent-16",
        "benchmark.datasets.latent:Latent16",
        "64-d vectors on a manifold of known dimension 16",
    ),
    Entry(
        "sprites",
        "benchmark.datasets.sprites:Sprites",
        "dSprites, re-rendered: binary shapes of five known factors, 64x64",
    ),
    Entry(
        "manifold",
        "benchmark.datasets.manifold:Manifold",
        "vectors on a manifold of any known dimension, noise, curvature, scales, parts",
    ),
    Entry(
        "bars",
        "benchmark.datasets.bars:Bars",
        "soft bars of 1 to 6 continuous factors, a smooth manifold of 32x32 images",
    ),
    Entry(
        "sprites-freed",
        "benchmark.datasets.sprites_freed:FreedSprites",
        "sprites of which only some factors vary, 32x32",
    ),
    Entry(
        "mnist",
        "benchmark.datasets.mnist:MNIST",
        "60,000 + 10,000 handwritten digits, 28x28",
        headline=False,
    ),
    Entry(
        "fashion-mnist",
        "benchmark.datasets.mnist:FashionMNIST",
        "60,000 + 10,000 clothing items, 28x28",
        headline=False,
    ),
    Entry(
        "dsprites",
        "benchmark.datasets.dsprites:DSprites",
        "dSprites, the original file, 64x64",
        headline=False,
    ),
    Entry(
        "cifar10",
        "benchmark.datasets.cifar10:CIFAR10",
        "50,000 + 10,000 photographs of ten classes, 32x32",
        headline=False,
    ),
    Entry(
        "celeba",
        "benchmark.datasets.celeba:CelebA",
        "162,770 + 19,962 faces, 64x64",
        headline=False,
    ),
    Entry(
        "mnist-limited",
        "benchmark.datasets.limited:LimitedMNIST",
        "mnist with 1,000 training images",
        headline=False,
    ),
    Entry(
        "cifar10-limited",
        "benchmark.datasets.limited:LimitedCIFAR10",
        "cifar10 with 1,000 training images",
        headline=False,
    ),
    Entry(
        "celeba-limited",
        "benchmark.datasets.limited:LimitedCelebA",
        "celeba with 1,000 training images",
        headline=False,
    ),
    Entry(
        "npz",
        "benchmark.datasets.npz:Npz",
        "npz:FILE, arrays 'train' and 'test' of your own",
        headline=False,
    ),
    Entry(
        "images",
        "benchmark.datasets.images_folder:ImagesFolder",
        "images:FOLDER, images of your own in a folder",
        headline=False,
    ),
    Entry(
        "csv",
        "benchmark.datasets.vectors:Csv",
        "csv:FILE, vectors of your own in a table",
        headline=False,
    ),
    Entry(
        "parquet",
        "benchmark.datasets.vectors:Parquet",
        "parquet:FILE, the same as Apache Parquet",
        headline=False,
    ),
)
