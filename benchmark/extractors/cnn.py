"""Small classifiers of grey images as feature extractors: one for each of digits, MNIST and
Fashion-MNIST, trained on its training split.

Inception saw photographs of 299 x 299; on 8 x 8 or 28 x 28 grey images its features are far from
what it learned, so beside FID stands a Frechet distance in the features of a network that knows the
data. It is called ``fd-cnn``, never FID. The weights are committed (``benchmark/data/extractors``)
and were made by ``python -m benchmark.extractors.train NAME``.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from importlib import resources
from itertools import pairwise

import torch
from safetensors import SafetensorError
from safetensors.torch import load
from torch import Tensor, nn

from benchmark.extractors.extractor import Network
from benchmark.metrics.base import Absent, Extractor
from benchmark.spec import BenchError

__all__ = ["CLASSES", "TRAINED", "SmallCNN", "Trained", "accuracy", "for_data", "load_network"]

CLASSES = 10

WIDTHS = {8: (32, 64), 28: (16, 32, 64, 128)}
"""Channels of each 3x3 convolution by image side; all but the last are followed by 2x2 maximum
pooling."""


class SmallCNN(nn.Module):
    """A convolutional classifier of grey images of 8 x 8 (64 features) or 28 x 28 pixels (128
    features).

    Blocks of 3x3 convolution, batch normalisation, ReLU and 2x2 maximum pooling (not after the
    last), then the mean over positions: these are the features. A linear layer on them gives the
    class scores.
    """

    def __init__(self, side: int) -> None:
        super().__init__()
        channels = (1, *WIDTHS[side])
        blocks: list[nn.Module] = []
        for before, after in pairwise(channels):
            blocks += [
                nn.Conv2d(before, after, 3, padding=1, bias=False),
                nn.BatchNorm2d(after),
                nn.ReLU(),
                nn.MaxPool2d(2),
            ]
        self.blocks = nn.Sequential(*blocks[:-1])
        self.head = nn.Linear(channels[-1], CLASSES)
        self.dim = channels[-1]

    def features(self, x: Tensor) -> Tensor:
        """Return the features (B, dim) of images (B, 1, side, side) of numbers from 0 to 1."""
        return self.blocks(2.0 * x - 1.0).mean((2, 3))

    def forward(self, x: Tensor) -> Tensor:
        """Return the class scores (B, 10)."""
        return self.head(self.features(x))


@dataclass(frozen=True)
class Trained:
    """A committed classifier: the sha256 of its file, the digest of the data it was trained on, and
    the share of test images it gets right."""

    side: int
    sha256: str
    data: str
    accuracy: float


TRAINED: dict[str, Trained] = {
    "digits": Trained(
        side=8,
        sha256="419a384bc82a7b077589e079a8eb53e992a4e7bef6ddbe22ee8e86140eb1393d",
        data="80a3c2306ec4f19bd82360e4735daf7039ddcd4f89ae26d9d7f1f4bbbb090558",
        accuracy=0.9833,
    ),
    "mnist": Trained(
        side=28,
        sha256="7617bc4c7e1e57dea81f422235dc0c4bdb0e38a312eb2449fd4a5a373adcaba4",
        data="da0f0a7a982c19506489cdfa9c53f640762021d857063ce23d33364d77342c1b",
        accuracy=0.9932,
    ),
    "fashion-mnist": Trained(
        side=28,
        sha256="2c5a00607680684ada2aa7ef6ebc19801b6a4f99aa9bb7dc4b553bed3a07b53e",
        data="d50ecc90ff251739bd84ae9f160b13dcab3ff632f44c278b06bf234768d28a61",
        accuracy=0.9274,
    ),
}
"""By dataset; ``python -m benchmark.extractors.train NAME`` prints the line of each."""


def for_data(data: str) -> Network:
    """Return the extractor trained on the data of this digest
    (:attr:`benchmark.datasets.split.Splits.digest`); ``Absent`` where there is none."""
    for name, trained in TRAINED.items():
        if trained.data == data:
            return load_network(name)
    raise Absent(
        f"no classifier was trained on these data; there is one each for {', '.join(TRAINED)}"
    )


def load_network(name: str) -> Network:
    """Return the extractor of dataset ``name``; ``BenchError`` where its file is not the one that
    was committed."""
    trained = TRAINED[name]
    data = (
        resources.files("benchmark") / "data" / "extractors" / f"{name}.safetensors"
    ).read_bytes()
    found = hashlib.sha256(data).hexdigest()
    if found != trained.sha256:
        raise BenchError(
            f"the weights of the classifier of '{name}' have sha256 {found}, "
            f"expected {trained.sha256}; install lstar-bench again"
        )
    network = SmallCNN(trained.side)
    try:
        network.load_state_dict(load(data))
    except (RuntimeError, SafetensorError) as error:
        raise BenchError(
            f"the weights of the classifier of '{name}' do not fit its network: "
            f"{' '.join(str(error).split())}"
        ) from None
    about = Extractor(
        f"cnn-{name}",
        trained.sha256[:8],
        network.dim,
        resize="none",
        rounding="none",
        shape=(1, trained.side, trained.side),
    )
    return Network(about, network.eval().requires_grad_(False).features, network, batch=500)


@torch.no_grad()
def accuracy(network: SmallCNN, images: Tensor, labels: Tensor) -> float:
    """Return the share of ``images`` (N, 1, side, side) whose likeliest class is the one in
    ``labels`` (N,)."""
    right = [
        (network(x).argmax(1) == y).sum()
        for x, y in zip(images.split(500), labels.split(500), strict=True)
    ]
    return int(torch.stack(right).sum()) / len(images)
