"""The net for host reads catches every way to read a tensor on the host, and nothing else."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from harness import Honest

from benchmark.method import Batch, Tick
from benchmark.training.host_reads import HostRead, no_host_reads
from benchmark.training.runtime import construct

X = torch.tensor([1.0, -2.0, 3.0])

READS: dict[str, Callable[[torch.Tensor], object]] = {
    "item": lambda x: x.sum().item(),
    "float": lambda x: float(x.sum()),
    "int": lambda x: int(x.sum()),
    "if": lambda x: 1 if x.sum() > 0 else 0,
    "tolist": lambda x: x.tolist(),
    "numpy": lambda x: x.numpy(),
    "cpu": lambda x: x.cpu(),
    "format": lambda x: f"{x.sum():.2f}",
    "index with a tensor": lambda x: [1, 2, 3][x.argmax()],
    "nonzero": lambda x: torch.nonzero(x),
    "where with one argument": lambda x: torch.where(x > 0),
    "boolean mask": lambda x: x[x > 0],
    "assignment by mask": lambda x: x.clone().__setitem__(x > 0, torch.tensor([1.0, 2.0])),
    "masked_select": lambda x: torch.masked_select(x, x > 0),
    "unique": lambda x: torch.unique(x),
    "repeat_interleave": lambda x: torch.repeat_interleave(x, torch.arange(3)),
    "constant from the host": lambda x: x + torch.tensor(2.0),
    "new_tensor": lambda x: x + x.new_tensor([1.0, 2.0, 3.0]),
    "list as index": lambda x: x[[0, 2]],
    "assignment at a list": lambda x: x.clone().__setitem__([0, 1], 1.0),
    "to cpu": lambda x: x.to("cpu"),
    "equal": lambda x: torch.equal(x, x),
    "allclose": lambda x: torch.allclose(x, x),
    "validated distribution": lambda x: torch.distributions.Normal(x, x.abs(), validate_args=True),
}


@pytest.mark.parametrize("name", READS)
def test_host_read_is_caught(name: str) -> None:
    with pytest.raises(HostRead), no_host_reads():
        READS[name](X)


def test_message_names_the_operation_and_the_line() -> None:
    with (
        pytest.raises(
            HostRead, match=r"Tensor.item .*test_host_reads.py, line \d+: .*X.sum\(\).item\(\)"
        ),
        no_host_reads(),
    ):
        X.sum().item()


def test_reads_inside_a_step_are_caught() -> None:
    class Reading(Honest):
        def train_step(self, batch: Batch, tick: Tick) -> dict[str, torch.Tensor]:
            values = super().train_step(batch, tick)
            self.last = values["loss"].item()
            return values

    for kind, clean in ((Honest, True), (Reading, False)):
        method = construct(
            kind, kind.Config(), 0, shape=(6,), latent_dim=3, steps=20, steps_per_epoch=6
        )
        batch, tick = (
            Batch(torch.randn(20, 6), torch.arange(20)),
            Tick(torch.tensor(6), torch.tensor(0.3), "late"),
        )
        if clean:
            with no_host_reads():
                method.train_step(batch, tick)
        else:
            with pytest.raises(HostRead), no_host_reads():
                method.train_step(batch, tick)


def test_ordinary_tensor_algebra_passes() -> None:
    index = torch.tensor([2, 0])
    with no_host_reads():
        torch.repeat_interleave(X, index.new_full((3,), 2), output_size=6)
        X * torch.full((), 2.0) + torch.ones(3) + X.new_zeros(3)
        x = torch.where(X > 0, X, -X).index_select(0, index)
        x = x + torch.randn_like(x) * torch.rand(2).log()
        x = x.index_fill(
            0, index.new_zeros(1), 1.0
        )  # x[index] = 1.0 uploads the number in torch 2.14
        torch.func.jvp(lambda v: v.sin(), (x,), (x,))
        torch.distributions.Gamma(x.abs(), x.abs(), validate_args=False).rsample()
