"""InceptionV3 as FID uses it: the TensorFlow network of 2015-12-05 in the port of pytorch-fid, its last pooled features (2048).

Sources: Heusel et al., "GANs Trained by a Two Time-Scale Update Rule Converge to a Local Nash Equilibrium" (2017), https://arxiv.org/abs/1706.08500;
https://github.com/mseitzer/pytorch-fid, whose modules are used as they are. Its protocol is kept: images as 8-bit PNG files would hold them, one grey
channel repeated to three, bilinear resize to 299 x 299 without anti-aliasing. Its constructor downloads weights, so the network is put together here.
"""

from __future__ import annotations

import io
from pathlib import Path

import torch
from pytorch_fid.inception import FIDInceptionA, FIDInceptionC, FIDInceptionE_1, FIDInceptionE_2
from safetensors import SafetensorError
from safetensors.torch import load, save
from torch import Tensor, nn
from torch.nn import functional
from torchvision.models import Inception3

from benchmark.features import weights
from benchmark.features.extractor import Network
from benchmark.metrics.base import Absent, Extractor
from benchmark.spec import BenchError

__all__ = ["DIM", "FIDInception", "convert", "fetch", "from_folder", "network_of"]

DIM = 2048
SIDE = 299
BATCH = 25
"""Images at a time: their activations take 0.3 GB."""


class FIDInception(nn.Module):
    """The network without weights; its state has the names of the published file."""

    def __init__(self) -> None:
        super().__init__()
        trunk = Inception3(num_classes=1008, aux_logits=False, init_weights=False)
        trunk.Mixed_5b, trunk.Mixed_5c, trunk.Mixed_5d = FIDInceptionA(192, 32), FIDInceptionA(256, 64), FIDInceptionA(288, 64)
        trunk.Mixed_6b, trunk.Mixed_6e = FIDInceptionC(768, 128), FIDInceptionC(768, 192)
        trunk.Mixed_6c, trunk.Mixed_6d = FIDInceptionC(768, 160), FIDInceptionC(768, 160)
        trunk.Mixed_7b, trunk.Mixed_7c = FIDInceptionE_1(1280), FIDInceptionE_2(2048)
        self.trunk = trunk

    def forward(self, images: Tensor) -> Tensor:
        """Return the features (B, 2048) of images (B, 1 or 3, H, W) of numbers from 0 to 1."""
        x = images.expand(-1, 3, -1, -1)
        x = 2.0 * functional.interpolate(x, size=(SIDE, SIDE), mode="bilinear", align_corners=False) - 1.0
        for name, block in self.trunk.named_children():
            if name in ("avgpool", "dropout", "fc"):
                break
            x = block(x)
        return functional.adaptive_avg_pool2d(x, 1).flatten(1)


def network_of(state: dict[str, Tensor], digest: str) -> Network:
    """Return the extractor with the weights ``state`` (``digest``: 8 hex digits of their file); ``BenchError`` where they do not fit."""
    with torch.device("meta"):  # no random start, which the weights would replace
        network = FIDInception()
    try:
        network.trunk.load_state_dict(state, assign=True)
    except RuntimeError as error:
        raise BenchError(f"these are not the weights of InceptionV3: {' '.join(str(error).split())[:200]}") from None
    about = Extractor("inception", digest, DIM, resize=str(SIDE), rounding="uint8")
    return Network(about, network.eval().requires_grad_(False), network, BATCH)


def from_folder(data_dir: Path | None, cache: Path | None = None) -> Network:
    """Return the extractor with the weights that lie in ``data_dir`` or ``cache``; ``Absent`` says what to do where there are none, or wrong ones.

    Where only the published pickle is there it is read once, and kept in ``cache`` (a data folder is not written to while runs go on).
    """
    folders = [folder for folder in (data_dir, cache) if folder is not None]
    found = weights.kept(folders)
    path = None if data_dir is None else weights.published(data_dir)
    if found is None and path is None:
        place = "a data folder" if data_dir is None else f"'{data_dir}'"
        remedy = f"run `bench data fetch inception`, or put {weights.FILE} into the folder that --data-dir or $BENCH_DATA names"
        raise Absent(f"InceptionV3's weights are missing: looked in {place} for {weights.FILE}; {remedy}")
    try:
        if found is None:
            assert path is not None
            data = convert(path)
            if cache is not None:
                weights.keep(cache, data)
        else:
            data = weights.read_pinned(found)
        return network_of(load(data), weights.SHA256[:8])
    except (BenchError, SafetensorError) as error:
        raise Absent(" ".join(str(error).split())) from None


def fetch(data_dir: Path) -> Path:
    """Download the published file into ``data_dir`` unless it is there, keep what it holds as safetensors beside it, and return where that lies."""
    found = weights.kept([data_dir])
    if found is None:
        found = weights.keep(data_dir, convert(weights.fetch(data_dir)))
    return found


def convert(path: Path) -> bytes:
    """Return what the published file holds as safetensors bytes. The one place where a pickle is opened: sha256 first, tensors only."""
    state = torch.load(io.BytesIO(weights.read_pinned(path)), map_location="cpu", weights_only=True)
    return save({name: tensor.contiguous() for name, tensor in sorted(state.items())})
