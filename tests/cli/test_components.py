"""``bench components``: the components of a finished run by what they change in decoded images."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from click.testing import CliRunner
from harness import CPU, split

from benchmark import api
from benchmark.cli import cli
from benchmark.datasets.tensors import TensorSplit
from benchmark.evaluation.impact import impact, impacts
from benchmark.records import Store


class Linear:
    """Codes are the first numbers of x, images a matrix times the code."""

    latent_dim = 4

    def __init__(self, matrix: torch.Tensor, chosen: list[int]) -> None:
        self.matrix, self.chosen = matrix, torch.tensor(chosen)

    def encode(self, x: torch.Tensor) -> torch.Tensor:
        return x[:, :4]

    def decode(self, z: torch.Tensor) -> torch.Tensor:
        return z @ self.matrix.T


def test_the_impact_of_chosen_components_is_the_mean_of_theirs() -> None:
    matrix = torch.randn(6, 4, generator=torch.Generator().manual_seed(0))
    matrix[:, 2] = 0.0
    test = TensorSplit(split(150), CPU)
    alone = impacts(Linear(matrix, []), test)
    assert alone[2] == pytest.approx(0.0, abs=1e-12) and min(alone[0], alone[1], alone[3]) > 0.0
    both, _ = impact(Linear(matrix, [0, 3]), test)
    assert both == pytest.approx((alone[0] + alone[3]) / 2.0)


def test_a_run_lists_its_components_the_least_first(tmp_path: Path) -> None:
    (record,) = api.run(
        ["mi-vae[mi_weight=0]"], ["digits"], latent_dims=[4], steps=20, results=tmp_path
    )
    before = (tmp_path / record.key / "record.json").read_bytes()
    result = CliRunner().invoke(cli, ["components", record.key[:12], "--results", str(tmp_path)])
    assert result.exit_code == 0, result.output
    head, *rows, last = result.output.splitlines()
    assert head.split() == ["component", "change", "relevance"]
    changes = [float(row.split()[1]) for row in rows]
    assert changes == sorted(changes) and {int(row.split()[0]) for row in rows} == {0, 1, 2, 3}
    least = sorted(int(row.split()[0]) for row in rows[:2])
    assert last == f"least effect: subset={least[0]}+{least[1]}"
    (chosen,) = api.run(
        [f"mi-vae[subset={least[0]}+{least[1]}]"],
        ["digits"],
        latent_dims=[4],
        steps=2,
        results=tmp_path,
    )
    assert chosen.status == "done"
    assert (tmp_path / record.key / "record.json").read_bytes() == before


def test_a_run_that_is_not_there_is_said(tmp_path: Path) -> None:
    Store(tmp_path)
    result = CliRunner().invoke(cli, ["components", "vae-digits", "--results", str(tmp_path)])
    assert result.exit_code != 0 and "is no run in" in str(result.exception)
