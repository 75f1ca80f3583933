"""Codes beside factors: row by row of the same image, on sprites and on data without any."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from harness import CPU

from baselines.pca import PCA
from benchmark.datasets.split import Split, Splits
from benchmark.datasets.sprites import Sprites
from benchmark.datasets.tensors import TensorSplit
from benchmark.evaluation import factors
from benchmark.evaluation.evaluator import Evaluator
from benchmark.evaluation.factors import hand_factors
from benchmark.evaluation.measuring import measure
from benchmark.metrics.base import Absent
from benchmark.metrics.factors import HANDED, MIG, Known
from benchmark.training.runtime import construct


class Itself:
    """Codes are the first two numbers of x."""

    shape, latent_dim = (3,), 2

    def eval(self) -> Itself:
        return self

    def encode(self, x: torch.Tensor) -> torch.Tensor:
        return x


def numbered(count: int, start: int) -> Split:
    """Vectors whose first two numbers are their factors."""
    factors = np.arange(start, start + 2 * count).reshape(count, 2)
    stored = np.c_[factors, np.zeros(count)].astype(np.float32)
    return Split(stored, (3,), factors=factors)


def evaluator(splits: Splits) -> Evaluator:
    test = TensorSplit(splits.test, CPU)
    evidence = Evaluator(Itself(), test, seed=0, device=CPU)
    return hand_factors(evidence, splits)


@pytest.mark.parametrize("most", [10_000, 300])
def test_codes_stand_beside_the_factors_of_their_image(
    most: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(factors, "MOST", most)
    handed: Known = evaluator(Splits(numbered(1203, 0), numbered(40, 5000))).once(HANDED, dict)
    for (codes, values), count in ((handed.train, min(1203, most)), (handed.test, 40)):
        assert codes.dtype == np.float64 and np.array_equal(codes, values)
        assert len(np.unique(codes[:, 0])) == count
    assert handed.train[0].max() < 5000 <= handed.test[0].min()


def test_data_without_factors_have_no_such_metric() -> None:
    splits = Splits(
        Split(np.eye(3, dtype=np.float32), (3,)), Split(np.eye(3, dtype=np.float32), (3,))
    )
    with pytest.raises(Absent, match="factors of the data are not known"):
        MIG.measure(evaluator(splits))


def test_sprites_have_all_four_and_methods_that_put_position_in_coordinates_a_gap() -> None:
    """The first principal components of a sprite are its place."""
    splits = Sprites(Sprites.Options(size=32, count=600)).load()
    method = construct(PCA, PCA.Config(), 0, shape=(1, 32, 32), latent_dim=4)
    train, test = (TensorSplit(split, CPU) for split in (splits.train, splits.test))
    method.prepare(train)
    evidence = hand_factors(Evaluator(method, test, seed=0, device=CPU, train=train), splits)
    from benchmark.metrics import factors as metrics

    chosen = (MIG, metrics.DCI_DISENTANGLEMENT, metrics.DCI_COMPLETENESS)
    measured, absent = measure(evidence, (*chosen, metrics.DCI_INFORMATIVENESS))
    assert not absent and len(measured) == 4
    assert measured["mig[n=540,split=train,bins=20]"]["n"] == 540
    assert 0.0 < measured["dci-informativeness[n=540,test=60]"]["value"] < 1.0
