"""Trained models in a user's hands: what a finished run left, as an object that takes and gives
NumPy arrays or torch tensors."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import torch
from torch import Tensor

from benchmark import registry
from benchmark.datasets.split import input_of
from benchmark.evaluation.evaluator import CHUNK
from benchmark.identity import same
from benchmark.method import Method
from benchmark.planning.jobs import instance, load
from benchmark.records import read_record
from benchmark.registry import Choice
from benchmark.running.evaluate import choice_of
from benchmark.spec import BenchError, Record, derive_seed
from benchmark.training import checkpoint
from benchmark.training.runtime import construct, resolve_device, seed_noise

__all__ = ["Array", "TrainedModel", "load_model"]

Array = TypeVar("Array", np.ndarray, Tensor)
"""What comes in as a NumPy array comes out as one, and so do tensors."""


@dataclass(frozen=True)
class TrainedModel:
    """The trained network ``method`` of the finished run ``record``, on ``device``.

    ``encode``, ``decode`` and ``reconstruct`` work in chunks of 500, as the run did when it was
    measured, and compute no gradients; ``method`` is the ``torch.nn.Module`` for whoever wants
    some. Runs use one thread and deterministic algorithms; otherwise numbers agree with theirs
    within rounding.
    """

    record: Record
    method: Method
    device: torch.device

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of one image (C, H, W), of numbers from 0 to 1, or of one vector (D,)."""
        return self.method.shape

    @property
    def latent_dim(self) -> int:
        """The provisioned latent size L."""
        return self.method.latent_dim

    @cached_property
    def code_dim(self) -> int:
        """Numbers of a code: L, and whatever the method appends (a categorical variable)."""
        return self.encode(np.zeros((1, *self.shape), dtype=np.float32)).shape[1]

    @cached_property
    def relevance(self) -> np.ndarray:
        """Relevance of each latent dimension in the method's own unit, float64 (L,)."""
        return np.array(self._discovery["relevance"], dtype=np.float64)

    @cached_property
    def active(self) -> np.ndarray:
        """Which latent dimensions the method's own rule keeps, bool (L,); L* is their number."""
        return np.array(self._discovery["active"], dtype=bool)

    @property
    def flags(self) -> tuple[str, ...]:
        """What the run and the method say against the answer (docs/record.md)."""
        return (*self.record.flags, *self._discovery["flags"])

    def encode(self, x: Array) -> Array:
        """Return the codes (N, code_dim) of ``x`` (N, *shape), the L counted coordinates first.
        Images may be bytes (uint8), and images and vectors flat (N, D)."""
        return self._by_chunks(self.method.encode, self._images(x), x)

    def decode(self, z: Array) -> Array:
        """Return the images (N, *shape) of codes ``z`` (N, code_dim)."""
        return self._by_chunks(self.method.decode, self._codes(z), z)

    def reconstruct(self, x: Array) -> Array:
        """Return ``decode(encode(x))`` (N, *shape), the reconstruction of every MSE."""
        return self._by_chunks(
            lambda chunk: self.method.decode(self.method.encode(chunk)), self._images(x), x
        )

    def sample(self, n: int, seed: int | None = None) -> np.ndarray:
        """Return ``n`` images (n, *shape) drawn from the method's prior, float32: the samples by
        which the run was measured, or those of another stream where ``seed`` is given."""
        if n < 1:
            raise BenchError(f"sample was asked for {n} images; expected a number from 1")
        stream = ("sample",) if seed is None else ("sample again", seed)
        drawn = []
        with torch.no_grad(), _generators_kept(self.device):
            for chunk in range(-(-n // CHUNK)):
                seed_noise(derive_seed(self.record.spec["seed"], *stream, chunk), self.device)
                drawn.append(self.method.sample(CHUNK).cpu())
        return torch.cat(drawn)[:n].numpy()

    @property
    def _discovery(self) -> Any:
        assert self.record.discovery is not None  # every finished run of a method has one
        return self.record.discovery

    def _images(self, x: Any) -> Tensor:
        """Return ``x`` as the method sees it, float32 (N, *shape)."""
        images = _tensor(x, "x")
        flat = math.prod(self.shape)
        layouts = {self.shape, (flat,)}
        if len(self.shape) == 3 and self.shape[0] == 1:
            layouts.add(self.shape[1:])
        if images.dim() < 2 or tuple(images.shape[1:]) not in layouts:
            raise BenchError(
                f"x has shape {tuple(images.shape)}; expected (N, "
                f"{', '.join(map(str, self.shape))}) as in training, or flat (N, {flat})"
            )
        if images.dtype == torch.uint8:
            if len(self.shape) != 3:
                raise BenchError("x is bytes (uint8), but the model takes vectors; give floats")
            source = self.record.input or {}
            images = images / (source["levels"] if source.get("type") == "uint8" else 255)
        return images.reshape(-1, *self.shape).to(torch.float32)

    def _codes(self, z: Any) -> Tensor:
        codes = _tensor(z, "z")
        if codes.dim() != 2 or codes.shape[1] != self.code_dim:
            raise BenchError(
                f"z has shape {tuple(codes.shape)}; expected codes (N, {self.code_dim})"
            )
        return codes.to(torch.float32)

    def _by_chunks(
        self, function: Callable[[Tensor], Tensor], values: Tensor, like: Array
    ) -> Array:
        """Return ``function`` of ``values`` as what ``given`` is: an array, or a tensor on its
        device."""
        with torch.no_grad(), _generators_kept(self.device):
            parts = [function(part.to(self.device)) for part in values.split(CHUNK)]
        whole = torch.cat(parts)
        return whole.to(like.device) if isinstance(like, Tensor) else whole.cpu().numpy()


def load_model(
    run: str | Path,
    *,
    method: str | Path | None = None,
    data_dir: str | Path = "data",
    device: str = "cpu",
    other_code: bool = False,
) -> TrainedModel:
    """Return the trained model of a finished run: ``load_model("results/runs/KEY")``.

    Arguments:
        run: the folder of the run, or its ``record.json``; the checkpoint lies beside it.
        method: the file, ``"./my_vae.py"``, of a run of a method of your own.
        data_dir: where the data lies, needed for records that do not tell their ``input`` only.
        device: ``cpu``, ``cuda`` or ``auto``.
        other_code: load it although the installed code of the method is another than the one that
            trained it.

    ``BenchError`` where the run is not finished, is a study, or its checkpoint is gone or of
    another run.
    """
    folder = Path(run).parent if Path(run).suffix == ".json" else Path(run)
    record = read_record(folder / "record.json")
    if record is None:
        raise BenchError(
            f"there is no run in '{folder}'; expected the folder of one, as results/runs/KEY"
        )
    if record.status != "done" or record.spec["kind"] != "train":
        what = record.status if record.spec["kind"] == "train" else "of a study"
        raise BenchError(f"the run in '{folder}' is {what}; a model is what a finished run leaves")
    choice = choice_of("methods", record.spec["method"], [] if method is None else [str(method)])
    if not other_code and not same(choice.entry.code, record.code):
        raise BenchError(
            f"the installed code of '{record.spec['method']}' is not the one that trained the run "
            f"in '{folder}'; make it again with `bench run`, or give other_code=True"
        )
    network = _network(record, choice, Path(data_dir))
    checkpoint.load_state(network, checkpoint.final_state(record, folder))
    where = resolve_device(device)
    return TrainedModel(record, network.to(where).eval(), where)


def _network(record: Record, method: Choice, data_dir: Path) -> Method:
    """Return the untrained network of a run, as its spec and its data's shape make it."""
    spec, kind = record.spec, registry.load(method.entry.target)
    source = record.input or _input(record, data_dir)
    batch_size = spec["batch_size"]
    with _generators_kept(torch.device("cpu")):
        return construct(
            kind,
            kind.Config(**spec["config"]),
            spec["seed"],
            shape=tuple(source["shape"]),
            latent_dim=spec["latent_dim"],
            steps=spec["steps"],
            steps_per_epoch=source["train"] // batch_size if batch_size else 1,
            batch_size=batch_size,
        )


def _input(record: Record, data_dir: Path) -> dict[str, Any]:
    """Return the ``input`` of a record that does not tell it, from the data it was trained on."""
    spec = record.spec
    choice = choice_of("datasets", spec["dataset"], [])
    return input_of(load(instance(Choice(choice.entry, spec["options"]), data_dir)))


def _tensor(values: Any, name: str) -> Tensor:
    """Return ``values``, an array or a tensor of numbers, as a tensor."""
    if isinstance(values, Tensor):
        return values
    array = np.asarray(values)
    if array.dtype.kind not in "fiub" or array.dtype.itemsize > 8:
        raise BenchError(f"{name} is of type {array.dtype}; expected numbers")
    return torch.from_numpy(np.ascontiguousarray(array))


@contextmanager
def _generators_kept(device: torch.device) -> Iterator[None]:
    """Leave torch's global generators as they were: addressed noise seeds them."""
    with torch.random.fork_rng(devices=[device] if device.type == "cuda" else []):
        yield
