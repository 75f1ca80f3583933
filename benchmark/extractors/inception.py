"""InceptionV3 as FID uses it: the TensorFlow network of 2015-12-05 in the port of pytorch-fid, its
last pooled features (2048).

Sources: Heusel et al., "GANs Trained by a Two Time-Scale Update Rule Converge to a Local Nash
Equilibrium" (2017), https://arxiv.org/abs/1706.08500; https://github.com/mseitzer/pytorch-fid,
whose modules are used as they are. Its protocol is kept: images as 8-bit PNG files would hold them,
one grey channel repeated to three, bilinear resize to 299 x 299 without anti-aliasing.
"""

from __future__ import annotations

import io
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load, save
from torch import Tensor

from benchmark.extractors import weights
from benchmark.extractors.extractor import Network
from benchmark.metrics.base import Absent, Extractor
from benchmark.spec import BenchError

__all__ = ["DIM", "convert", "fetch", "from_folder", "network_of"]

DIM = 2048
BATCH = 25
"""Images at a time: their activations take 0.3 GB."""


def network_of(state: dict[str, Tensor], digest: str) -> Network:
    """Return the extractor with the weights ``state`` (``digest``: 8 hex digits of their file);
    ``BenchError`` where they do not fit."""
    from benchmark.extractors.fid_inception import SIDE, FIDInception

    with torch.device("meta"):  # no random start, which the weights would replace
        network = FIDInception()
    try:
        network.trunk.load_state_dict(state, assign=True)
    except RuntimeError as error:
        raise BenchError(
            f"these are not the weights of InceptionV3: {' '.join(str(error).split())[:200]}"
        ) from None
    about = Extractor("inception", digest, DIM, resize=str(SIDE), rounding="uint8")
    return Network(about, network.eval().requires_grad_(False), network, BATCH)


def from_folder(data_dir: Path | None, cache: Path | None = None) -> Network:
    """Return the extractor with the weights that lie in ``data_dir`` or ``cache``; ``Absent`` says
    what to do where there are none, or wrong ones.

    Where only the published pickle is there it is read once, and kept in ``cache`` (a data folder
    is not written to while runs go on).
    """
    folders = [folder for folder in (data_dir, cache) if folder is not None]
    found = weights.kept(folders)
    path = None if data_dir is None else weights.published(data_dir)
    if found is None and path is None:
        place = "a data folder" if data_dir is None else f"'{data_dir}'"
        remedy = (
            f"run `bench data fetch inception`, or put {weights.FILE} into the folder that "
            "--data-dir or $BENCH_DATA names"
        )
        raise Absent(
            f"InceptionV3's weights are missing: looked in {place} for {weights.FILE}; {remedy}"
        )
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
    """Download the published file into ``data_dir`` unless it is there, keep what it holds as
    safetensors beside it, and return where that lies."""
    file = weights.kept([data_dir])
    if file is None:
        file = weights.keep(data_dir, convert(weights.fetch(data_dir)))
    return file


def convert(path: Path) -> bytes:
    """Return what the published file holds as safetensors bytes. The one place where a pickle is
    opened: sha256 first, tensors only."""
    state = torch.load(io.BytesIO(weights.read_pinned(path)), map_location="cpu", weights_only=True)
    return save({name: tensor.contiguous() for name, tensor in sorted(state.items())})
