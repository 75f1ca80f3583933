"""Make the weights of a small classifier: ``python -m benchmark.extractors.train NAME [--data-dir
DIR] [-o FOLDER]``.

NAME is digits, mnist or fashion-mnist. Only the training split is used; the test split gives the
accuracy that is printed and stored. One thread, deterministic algorithms and a fixed seed: on one
machine and one torch the file has the same bytes each time. Prints the line for ``TRAINED`` in
``benchmark/extractors/cnn.py``.
"""

from __future__ import annotations

import argparse
import hashlib
import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import save
from torch import Tensor
from torch.nn import functional

from benchmark import registry
from benchmark.datasets.split import Splits
from benchmark.datasets.tensors import TensorSplit
from benchmark.extractors.cnn import SmallCNN, accuracy
from benchmark.spec import derive_seed

__all__ = ["Recipe", "train"]


@dataclass(frozen=True)
class Recipe:
    """How to train: AdamW with one warm-up and a cosine to zero; images shifted by up to ``shift``
    pixels, mirrored where ``mirror``."""

    epochs: int
    shift: int
    mirror: bool = False
    batch_size: int = 128
    rate: float = 4e-3
    weight_decay: float = 0.02


RECIPES = {
    "digits": Recipe(60, shift=0),
    "mnist": Recipe(6, shift=2),
    "fashion-mnist": Recipe(14, shift=1, mirror=True),
}


def train(splits: Splits, recipe: Recipe, seed: int = 0) -> tuple[SmallCNN, float]:
    """Return the classifier of the training split and the share of test images it gets right."""
    torch.manual_seed(derive_seed(seed, "init"))
    network = SmallCNN(splits.train.shape[-1])
    images, labels = _tensors(splits, "train")
    per_epoch = len(images) // recipe.batch_size
    optimiser = torch.optim.AdamW(
        network.parameters(), lr=recipe.rate, weight_decay=recipe.weight_decay
    )
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimiser, recipe.rate, total_steps=recipe.epochs * per_epoch, pct_start=0.2
    )
    network.train()
    for epoch in range(recipe.epochs):
        stream = np.random.Generator(np.random.PCG64(derive_seed(seed, "epoch", epoch)))
        order = torch.from_numpy(stream.permutation(len(images)))
        for index in order[: per_epoch * recipe.batch_size].split(recipe.batch_size):
            loss = functional.cross_entropy(
                network(_varied(images[index], recipe, stream)), labels[index]
            )
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            schedule.step()
    return network.eval(), accuracy(network, *_tensors(splits, "test"))


def _varied(images: Tensor, recipe: Recipe, stream: np.random.Generator) -> Tensor:
    """Shift the whole batch by one random offset, and mirror each image with probability a half."""
    if recipe.mirror:
        flipped = torch.from_numpy(stream.random(len(images)) < 0.5)
        images = torch.where(flipped[:, None, None, None], images.flip(3), images)
    if recipe.shift:
        x, y = stream.integers(0, 2 * recipe.shift + 1, size=2)
        side = images.shape[-1]
        images = functional.pad(images, [recipe.shift] * 4)[:, :, y : y + side, x : x + side]
    return images


def _tensors(splits: Splits, part: str) -> tuple[Tensor, Tensor]:
    split = splits.train if part == "train" else splits.test
    assert split.labels is not None
    return TensorSplit(split).head(len(split)), torch.from_numpy(split.labels)


def main() -> None:
    """Train, write the file, print what it is."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("name", choices=sorted(RECIPES))
    parser.add_argument("--data-dir", type=Path, default=Path(os.environ.get("BENCH_DATA", "data")))
    parser.add_argument(
        "-o",
        "--output",
        type=Path,
        default=Path(__file__).resolve().parents[1] / "data" / "extractors",
    )
    options = parser.parse_args()
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    kind = registry.load(registry.find("datasets", options.name).target)
    splits = kind(data_dir=options.data_dir).load()
    network, right = train(splits, RECIPES[options.name])
    data = save(
        {name: tensor.contiguous() for name, tensor in sorted(network.state_dict().items())}
    )
    options.output.mkdir(parents=True, exist_ok=True)
    (options.output / f"{options.name}.safetensors").write_bytes(data)
    sha256, side = hashlib.sha256(data).hexdigest(), splits.train.shape[-1]
    print(  # noqa: T201
        f'"{options.name}": Trained(side={side}, sha256="{sha256}", data="{splits.digest}", '
        f"accuracy={right:.4f}),  # {len(data)} bytes"
    )


if __name__ == "__main__":
    main()
