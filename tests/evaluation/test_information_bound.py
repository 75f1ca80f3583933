"""The information bound where the information is known: linear Gaussian channels and categories
that are plain to see."""

from __future__ import annotations

import math
from dataclasses import dataclass
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from harness import CPU
from torch import Tensor

from benchmark.datasets.split import Split
from benchmark.datasets.tensors import TensorSplit
from benchmark.evaluation import information_bound as bounds
from benchmark.evaluation.information_bound import information_bound, mixture_log_density
from benchmark.method import Method
from benchmark.metrics.base import Absent
from benchmark.metrics.information import MI_BOUND

D, L = 6, 2
TOLERANCE = 0.08
"""Nats: more than four standard errors of the mean over 4,096 images, each within 1.2 nats."""


class Channel(Method):
    """x ~ N(0, I) -> z ~ N(x A, s) -> z W: what z tells of W z + noise is known."""

    @dataclass(frozen=True)
    class Config:
        gain: float = 1.0
        spread: float = 0.3

    def build(self) -> None:
        self.register_buffer("a", 0.8 * torch.eye(D)[:, :L])
        self.register_buffer(
            "w", self.config.gain * torch.tensor([[1.0, 0.5, 0, 0, 0, 0], [0, 1.0, 0.5, 0, 0, 0]])
        )

    def posterior(self, x: Tensor) -> tuple[Tensor, Tensor]:
        mean = x @ self.a
        return mean, torch.full_like(mean, math.log(self.config.spread))

    def encode(self, x: Tensor) -> Tensor:
        return x @ self.a

    def decode(self, z: Tensor) -> Tensor:
        return z @ self.w

    def truth(self) -> float:
        """I(z; x') in nats, with the noise that the bound adds: the mean squared error."""
        a, w = self.a.double(), self.w.double()
        covariance = a.T @ a + self.config.spread * torch.eye(L)
        residual = torch.eye(D) - a @ w
        noise = (residual.square().sum() + self.config.spread * w.square().sum()) / D
        return 0.5 * float(torch.logdet(torch.eye(L) + w @ w.T @ covariance / noise))


def data(seed: int, count: int = 4096) -> TensorSplit:
    return TensorSplit(
        Split(np.random.default_rng(seed).normal(size=(count, D)).astype(np.float32), (D,))
    )


def channel(kind: type[Method] = Channel, **options: float) -> Method:
    return kind(kind.Config(**options), shape=(D,), latent_dim=L)


def bound(method: Method, of: bounds.Of = "code", seed: int = 0, count: int = 4096) -> float:
    return information_bound(method, data(1), data(2, count), of, seed=seed, device=CPU)[0]


@pytest.mark.parametrize("gain", [0.3, 1.0, 3.0])
@pytest.mark.parametrize("seed", [0, 1])
def test_bound_is_below_the_known_information_and_near_it(gain: float, seed: int) -> None:
    method = channel(gain=gain)
    estimate = bound(method, seed=seed)
    assert method.truth() - 0.2 < estimate < method.truth() + TOLERANCE


def test_an_untrained_critic_gives_a_bound_near_zero(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bounds, "STEPS", 0)
    assert abs(bound(channel())) < TOLERANCE < channel().truth()


def test_a_decoder_that_ignores_the_code_tells_nothing() -> None:
    assert abs(bound(channel(gain=0.0))) < TOLERANCE


def test_steps_in_the_id_are_those_in_use() -> None:
    evidence = SimpleNamespace(information=lambda of: (0.0, 9))
    assert MI_BOUND.measure(evidence)[0] == f"mi-bound[n=9,split=test,critic-steps={bounds.STEPS}]"


def test_same_bits_whatever_was_drawn_before() -> None:
    first = bound(channel(), count=300)
    torch.manual_seed(99)
    assert bound(channel(), count=300) == first != bound(channel(), seed=1, count=300)


class Imprinting(Channel):
    """Decodes a category that is drawn without looking at the image: I(c; x) = 0, but x' shows
    c."""

    weights = (0.5, 0.3, 0.2)

    def categories(self, x: Tensor) -> Tensor:
        return torch.tensor(self.weights).expand(len(x), 3)

    def sampled_code(self, x: Tensor) -> Tensor:
        c = torch.multinomial(self.categories(x), 1)[:, 0]
        return torch.cat((self.encode(x), torch.nn.functional.one_hot(c, 3).float()), 1)

    def decode(self, z: Tensor) -> Tensor:
        return z[:, :L] @ self.w + 50.0 * torch.nn.functional.pad(z[:, L:], (3, 0))


class Constant(Imprinting):
    weights = (0.0, 1.0, 0.0)


def test_a_category_that_is_plain_to_see_has_its_entropy() -> None:
    entropy = -sum(p * math.log(p) for p in Imprinting.weights)
    # noise is as large as the error, about 50 sqrt(1 / 6): the three clouds overlap a little
    assert 0.8 * entropy < bound(channel(Imprinting), "category") < entropy + 0.02


def test_a_constant_category_tells_nothing_although_its_critic_is_always_right() -> None:
    assert abs(bound(channel(Constant), "category")) < 1e-3


def test_mixture_density_equals_the_naive_sum() -> None:
    z, mean, log_var = (torch.randn(size, dtype=torch.float64) for size in ((7, 3), (5, 3), (5, 3)))
    normal = torch.distributions.Normal(mean, torch.exp(0.5 * log_var))
    naive = normal.log_prob(z[:, None]).sum(2).logsumexp(1) - math.log(5)
    torch.testing.assert_close(
        mixture_log_density(z, mean, log_var, rows=2), naive, rtol=1e-12, atol=1e-12
    )


class Deterministic(Channel):
    def posterior(self, x: Tensor) -> None:
        return None


class Exact(Channel):
    def decode(self, z: Tensor) -> Tensor:
        return torch.full((len(z), D), 0.5)


class NotFinite(Channel):
    def decode(self, z: Tensor) -> Tensor:
        return super().decode(z) * torch.nan


@pytest.mark.parametrize(
    ("kind", "of", "reason"),
    [
        (Deterministic, "code", "no posterior"),
        (Channel, "category", "no categorical variable"),
        (Imprinting, "code", "draws codes in its own way"),
        (NotFinite, "code", "not finite"),
    ],
)
def test_absent_with_a_reason(kind: type[Method], of: bounds.Of, reason: str) -> None:
    with pytest.raises(Absent, match=reason):
        bound(channel(kind), of, count=20)


def test_a_perfect_reconstruction_bounds_nothing() -> None:
    constant = TensorSplit(Split(np.full((30, D), 0.5, np.float32), (D,)))
    with pytest.raises(Absent, match="without error"):
        information_bound(channel(Exact), constant, constant, "code", seed=0, device=CPU)
