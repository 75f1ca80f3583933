"""Who takes part: one literal table of built-in methods, datasets and metrics, plus entry points of
other packages and user files.

Adding a built-in is one line here. Standard library only; an adapter is imported by :func:`load`,
never by listing.
"""

from __future__ import annotations

import importlib
import importlib.metadata
import importlib.util
import re
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Literal

from benchmark.modules import module_file
from benchmark.options import Field, parse_reference, resolve, suggest
from benchmark.source import SourceClass, read_class
from benchmark.spec import BenchError
from benchmark.syntax import address, digest_of

__all__ = [
    "DATASETS",
    "METHODS",
    "METRICS",
    "STUDIES",
    "Choice",
    "Entry",
    "choose",
    "entries",
    "find",
    "load",
]

Room = Literal["methods", "datasets", "metrics", "studies"]


@dataclass(frozen=True)
class Entry:
    """One registered name: where its class lives (``module:attribute`` or ``file.py``) and one line
    about it.

    ``headline`` marks the methods of ``bench run --all`` (datasets: those that need no download;
    metrics: those of tier core, in every run); ``preset`` fixes options
    of a variant.
    """

    name: str
    target: str
    summary: str
    headline: bool = True
    preset: Mapping[str, Any] = field(default_factory=dict)

    @property
    def path(self) -> Path:
        """The source file."""
        return (
            Path(self.target)
            if self.target.endswith(".py")
            else module_file(self.target.partition(":")[0])
        )

    @property
    def source(self) -> SourceClass:
        """The class as its text shows it."""
        return read_class(self.path, self.target.partition(":")[2] or None)

    @property
    def code(self) -> str:
        """Digest of the whole file and of the definitions it stands on (see
        :mod:`benchmark.syntax`)."""
        return _file_code(self.target.partition(":")[0])


@cache
def _file_code(target: str) -> str:
    return digest_of([address(target)])


METHODS: tuple[Entry, ...] = (
    Entry("pca", "baselines.pca:PCA", "principal component analysis, closed form"),
    Entry("vae", "baselines.vae:VAE", "variational autoencoder with a sigma-VAE decoder"),
    Entry("dpvae", "baselines.dpvae:DPVAE", "VAE with a decoupled prior behind a flow"),
    Entry("r-vae", "baselines.r_vae:RVAE", "relevance encoding network on a VAE"),
    Entry("r-dpvae", "baselines.r_dpvae:RDPVAE", "relevance encoding network on a dpVAE"),
    Entry("rf-vae", "baselines.rf_vae:RFVAE", "relevance factor VAE, the authors' objective"),
    Entry(
        "rf-vae-port",
        "baselines.rf_vae_port:RFVAEPort",
        "relevance factor VAE as in the port that RENs used",
        headline=False,
    ),
    Entry(
        "maskaae",
        "baselines.maskaae:MaskAAE",
        "adversarial autoencoder that learns a mask of its latent dimensions",
    ),
    Entry(
        "wae-gan",
        "baselines.wae_gan:WAEGAN",
        "MaskAAE without a mask: a Wasserstein adversarial autoencoder",
        headline=False,
    ),
    Entry("flexae", "baselines.flexae:FlexAE", "Wasserstein autoencoder with a learned prior"),
    Entry(
        "flexae-sr",
        "baselines.flexae:FlexAE",
        "FlexAE with smoothed interpolations",
        headline=False,
        preset={"image_critic": True},
    ),
    Entry(
        "geco-l0",
        "baselines.geco_l0:GecoL0",
        "VAE with hard gates on its latents, as few as a reconstruction error allows",
    ),
    Entry(
        "grae",
        "baselines.grae:GRAE",
        "deterministic autoencoder that pays for its decoder's volume",
    ),
    Entry(
        "beta-vae",
        "baselines.beta_vae:BetaVAE",
        "VAE with a weighted divergence, the twin of grae",
        headline=False,
    ),
    Entry(
        "mi-vae",
        "baselines.mi_vae:MIVAE",
        "VAE rewarded for what two latent components tell of the decoded image",
    ),
    Entry(
        "mi-vae-joint",
        "baselines.mi_vae_joint:JointMIVAE",
        "mi-vae with a categorical variable, which the reward is for",
        headline=False,
    ),
    Entry(
        "irmae",
        "baselines.irmae:IRMAE",
        "autoencoder whose extra linear layers make codes of low rank; IRMAE-WD, LoRAE by options",
        headline=False,
    ),
    Entry(
        "ard-vae",
        "baselines.ard_vae:ARDVAE",
        "VAE whose prior takes its variances from the codes",
        headline=False,
    ),
    Entry(
        "least-volume",
        "baselines.least_volume:LeastVolume",
        "1-Lipschitz autoencoder that pays for the volume of its codes",
        headline=False,
    ),
    Entry(
        "vaease",
        "baselines.vaease:VAEase",
        "VAE whose decoder sees each coordinate less, the less certain it is; counts per image",
        headline=False,
    ),
    Entry(
        "vae-cross-entropy",
        "baselines.vae_cross_entropy:VAECrossEntropy",
        "VAE with Bernoulli pixels",
        headline=False,
    ),
    Entry(
        "wae-mmd",
        "baselines.wae_mmd:WAEMMD",
        "Wasserstein autoencoder whose codes match the prior by kernels",
        headline=False,
    ),
    Entry(
        "aae",
        "baselines.aae:AAE",
        "autoencoder whose codes a classifier cannot tell from prior draws",
        headline=False,
    ),
    Entry(
        "two-stage-vae",
        "baselines.two_stage_vae:TwoStageVAE",
        "VAE, and then a VAE of its codes",
        headline=False,
    ),
    Entry(
        "rae-gmm",
        "baselines.rae_gmm:RAEGMM",
        "regularised autoencoder with a mixture of Gaussians fitted to its codes",
        headline=False,
    ),
    Entry(
        "ae-gmm",
        "baselines.rae_gmm:RAEGMM",
        "rae-gmm without a price on codes",
        headline=False,
        preset={"beta": 0.0},
    ),
    Entry(
        "vae-vampprior",
        "baselines.vae_vampprior:VampPrior",
        "VAE whose prior mixes the posteriors of trained pseudo-inputs",
        headline=False,
    ),
    Entry(
        "vae-flow",
        "baselines.vae_flow:VAEFlow",
        "VAE with an inverse autoregressive flow as its posterior",
        headline=False,
    ),
    Entry(
        "vae-iop",
        "baselines.vae_iop:VAEIOP",
        "VAE whose prior is its own averaged posterior, by a classifier",
        headline=False,
    ),
    Entry(
        "injflow",
        "baselines.injflow:InjFlow",
        "autoencoder that pays for its decoder's volume along a random direction",
        headline=False,
    ),
    Entry(
        "injflow-gmm",
        "baselines.injflow:InjFlow",
        "injflow with a mixture of Gaussians fitted to its codes",
        headline=False,
        preset={"prior": "gmm"},
    ),
)

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

STUDIES: tuple[Entry, ...] = (
    Entry(
        "grae-uniqueness",
        "benchmark.studies.uniqueness:Uniqueness",
        "rotation of the inferred codes over many trials in the plane",
    ),
    Entry(
        "grae-jacobian",
        "benchmark.studies.jacobian:Blocks",
        "blocks of a beta-VAE's posterior, found again in its decoder's Jacobian",
    ),
    Entry(
        "grae-objective",
        "benchmark.studies.objective:Objective",
        "three objectives of one network trained as a beta-VAE",
    ),
    Entry(
        "gamma-slices",
        "benchmark.studies.slices:Slices",
        "slices through a VAE's objective, sparse at one point, at one decoder variance",
    ),
)

BUILT_IN: Mapping[Room, tuple[Entry, ...]] = {
    "methods": METHODS,
    "datasets": DATASETS,
    "metrics": METRICS,
    "studies": STUDIES,
}

OPTIONS_CLASS = {"methods": "Config", "datasets": "Options", "studies": "Config"}


@cache
def plugins(room: Room) -> tuple[Entry, ...]:
    """Entries that installed packages offer through the entry-point group ``bench.<room>``, by
    name."""
    found = importlib.metadata.entry_points(group=f"bench.{room}")
    taken = {entry.name for entry in BUILT_IN[room]}
    return tuple(
        Entry(
            point.name,
            point.value,
            f"from the package {point.dist.name if point.dist else '?'}",
            headline=False,
        )
        for point in sorted(found, key=lambda point: point.name)
        if point.name not in taken
    )


def entries(room: Room) -> tuple[Entry, ...]:
    """Return every entry of a room: built-ins in the order of their table, then those of other
    packages."""
    return BUILT_IN[room] + plugins(room)


def find(room: Room, name: str) -> Entry:
    """Return the entry called ``name``; for methods and datasets also a file of yours,
    ``./my_vae.py``."""
    if room in _BASES and name.endswith(".py"):
        return _from_file(room, Path(name))
    for entry in BUILT_IN[room]:
        if entry.name == name:
            return entry
    for entry in plugins(room):
        if entry.name == name:
            return entry
    known = [entry.name for entry in entries(room)]
    raise BenchError(
        f"unknown {'study' if room == 'studies' else room[:-1]} '{name}'{suggest(name, known)} (see `bench list {room}`)"
    )


_BASES = {"methods": "Method", "datasets": "Dataset"}
"""What the class in a file of yours is built on."""


def _from_file(room: Room, path: Path) -> Entry:
    kind, base = room[:-1], _BASES[room]
    if not path.is_file():
        raise BenchError(
            f"there is no {kind} file '{path}'; expected a Python file with one class built on {base}"
        )
    source = read_class(path.resolve())
    if source.root != base:
        raise BenchError(
            f"'{path}' holds a class built on {source.root}; expected one built on {base}, as a "
            f"{kind} is"
        )
    name = re.sub(r"[^a-z0-9]+", "-", path.stem.lower()).strip("-")
    if not path.stem.isascii() or not name:
        example = "my_vae" if room == "methods" else "my_data"
        raise BenchError(
            f"'{path}' gives no name for a {kind}; expected a file called with letters and digits, as ./{example}.py"
        )
    if any(entry.name == name for entry in BUILT_IN[room]):
        raise BenchError(
            f"'{path}' would be called '{name}', which is a built-in {kind}; rename the file"
        )
    return Entry(
        name, str(path.resolve()), (source.doc.splitlines() or ["user file"])[0], headline=False
    )


def _readable(stem: str) -> str:
    """Return a file's name without what separates names and options."""
    return re.sub(r'[\[\],"=]', "_", stem)


@dataclass(frozen=True)
class Choice:
    """A named entry with its options resolved: what ``vae[sigma=fixed]`` or ``npz:data.npz`` on the
    command line means.

    ``argument`` is the part after a colon (the file of ``npz:FILE``).
    """

    entry: Entry
    options: Mapping[str, Any]
    argument: str | None = None

    @property
    def name(self) -> str:
        """What a run's spec carries: the registered name, for ``npz:path/to/FILE.npz`` followed by
        the file's stem."""
        return (
            self.entry.name
            if self.argument is None
            else f"{self.entry.name}:{_readable(Path(self.argument).stem)}"
        )

    def label(self, options: Mapping[str, Any]) -> str:
        """Return the name with those of ``options`` that are not the entry's defaults:
        ``vae[sigma=fixed]``."""
        fields = self.entry.source.fields("Config") or self.entry.source.fields("Options")
        usual = {**{each.name: each.default for each in fields}, **self.entry.preset}
        changed = [
            f"{name}={value}"
            for name, value in sorted(options.items())
            if usual.get(name, ...) != value
        ]
        return f"{self.name}[{','.join(changed)}]" if changed else self.name


def choose(room: Room, text: str) -> Choice:
    """Return what ``text`` on the command line stands for, options checked; :class:`BenchError`
    names the mistake."""
    reference, given = parse_reference(text)
    name, colon, argument = reference.partition(":")
    entry = find(room, name) if colon else find(room, reference)
    takes_argument = room == "datasets" and bool(entry.source.constants.get("takes_file"))
    if bool(colon) != takes_argument:
        form = f"{entry.name}:{'FOLDER' if entry.name == 'images' else 'FILE'}"
        raise BenchError(
            f"'{text}' cannot be read: expected {form if takes_argument else entry.name} "
            f"(see `bench show {entry.name}`)"
        )
    fields: Iterable[Field] = entry.source.fields(OPTIONS_CLASS[room])
    fixed = sorted(set(given) & set(entry.preset))
    if fixed:
        raise BenchError(
            f"option '{fixed[0]}' is fixed in '{entry.name}'; choose the method it is a variant of (see `bench show {entry.name}`)"
        )
    options = {**resolve(entry.name, fields, given), **entry.preset}
    _refuse_alias(room, entry, options)
    return Choice(entry, options, argument if colon else None)


def _refuse_alias(room: Room, entry: Entry, options: Mapping[str, Any]) -> None:
    """One run has one name: options that make ``entry`` a registered variant of itself are an error
    that names the variant."""
    for other in BUILT_IN[room]:
        if (
            other.target == entry.target
            and other.preset.items() > entry.preset.items()
            and other.preset.items() <= options.items()
        ):
            told = ", ".join(f"{name}={value}" for name, value in other.preset.items())
            raise BenchError(
                f"'{entry.name}' with {told} is called '{other.name}'; choose that method (see `bench show {other.name}`)"
            )


@cache
def load(target: str) -> Any:
    """Import and return what ``target`` (``module:attribute`` or a file) points at."""
    module_name, _, attribute = target.partition(":")
    if target.endswith(".py"):
        attribute = read_class(Path(target)).name
        spec = importlib.util.spec_from_file_location(f"bench_user_{Path(target).stem}", target)
        assert spec is not None and spec.loader is not None
        module = sys.modules[spec.name] = importlib.util.module_from_spec(
            spec
        )  # dataclasses look their module up
        spec.loader.exec_module(module)
    else:
        module = importlib.import_module(module_name)
    return getattr(module, attribute)
