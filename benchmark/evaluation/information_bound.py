r"""A lower bound on what decoded images tell of the code, for a model that is no longer trained.

Images x of a split are encoded, z drawn from q(z|x) and decoded to g(z); the receiver sees x' =
g(z) + noise. Without noise x' would be a function of z and the information infinite, so noise as
large as the model's own error is added: variance s^2, the mean squared error of sampled
reconstructions of training images. A critic Q(z|x'), a network of the encoder's kind, is trained on
training images; on test images

.. math:: I(z; x') \ge \overline{\log Q(z | x')} + H(z)

(Barber and Agakov, 2003) holds for any Q. H is the entropy of the mixture of the N test posteriors,
from one draw of each. For a categorical variable c the same with H(c), the entropy of the mean
posterior, and c drawn one-hot.
"""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor

from benchmark.datasets.tensors import TensorSplit
from benchmark.method import Method
from benchmark.metrics.base import Absent
from benchmark.nn import backbones
from benchmark.spec import derive_seed
from benchmark.training.runtime import seed_noise

__all__ = ["IMAGES", "STEPS", "information_bound", "mixture_log_density"]

IMAGES = 4096
"""Test images that the bound rests on, at most, and training images that fix the noise."""

STEPS = 500
"""Adam steps of the critic."""

BATCH = 128
"""Training images per step; all, where there are fewer."""

RATE = 1e-3
"""Adam's rate, lowered to zero along a half cosine."""

_LOG_2PI = 1.8378770664093453
_LOG_VAR = (-14.0, 4.0)
"""Of the critic, relative to the variance of the codes: keeps an untrained critic finite."""

Of = Literal["code", "category"]


def information_bound(
    method: Method,
    train: TensorSplit,
    test: TensorSplit,
    of: Of,
    *,
    seed: int,
    device: torch.device,
) -> tuple[float, int]:
    """Return the bound in nats and the number of test images it rests on; :class:`Absent` where the
    model gives no draw of known density.

    The same arguments give the same bits, whatever was computed before. The bound may be below
    zero: then the critic has learned nothing.
    """
    _check(method, test, of)
    seed_noise(derive_seed(seed, "information", of), device)
    sender = _Sender(method, of, train)
    critic = _Critic(method.shape, sender.size, of, sender.scale).to(device)
    _fit(critic, sender, train, seed, device)
    gains, count = [], min(IMAGES, len(test))  # type: Tensor | list[Tensor], int
    seed_noise(derive_seed(seed, "information", of, "test"), device)
    with torch.no_grad():
        x = test.some(count)
        messages = [sender(part) for part in x.split(500)]
        s, posterior = (torch.cat([message[i] for message in messages]) for i in (0, 2))
        gains = torch.cat([critic.log_density(part, seen).double() for part, seen, _ in messages])
        entropy = _entropy(s, posterior, of)
    return float(gains.mean() + entropy), count


def _check(method: Method, test: TensorSplit, of: Of) -> None:
    if of == "category":
        if method.categories(test.head(1)) is None:
            raise Absent("the method has no categorical variable")
        return
    if method.posterior(test.head(1)) is None:
        raise Absent(
            "the method has no posterior to draw codes from, so the entropy of its codes is unknown"
        )
    if type(method).sampled_code is not Method.sampled_code:
        raise Absent(
            "the method draws codes in its own way, not from a diagonal Gaussian in the space that "
            "is decoded"
        )


class _Sender:
    """Draws what is sent, and what is received of it."""

    @torch.no_grad()
    def __init__(self, method: Method, of: Of, train: TensorSplit) -> None:
        self.method, self.of, self.noise = method, of, 0.0
        drawn = [(x, *self(x)) for x in train.some(IMAGES).split(500)]
        error = torch.cat(
            [(seen - x).square().flatten(1).mean(1).double() for x, _, seen, _ in drawn]
        ).mean()
        sent = torch.cat([s for _, s, _, _ in drawn])
        if not torch.isfinite(error) or not torch.isfinite(sent).all():
            raise Absent("codes or reconstructions are not finite")
        if error == 0:
            raise Absent(
                "the model reconstructs without error, so that nothing bounds the information"
            )
        self.noise, self.size = float(error.sqrt()), sent.shape[1]
        self.scale = (sent.mean(0), sent.std(0).clamp_min(1e-6))

    @torch.no_grad()
    def __call__(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Return what is sent (B, S), what is received (B, *shape), and the posterior: mean and
        log-variance side by side (B, 2 S), or p (B, K)."""
        code = self.method.sampled_code(x)
        assert code is not None
        seen = self.method.decode(code)
        seen = seen + self.noise * torch.randn_like(seen)
        if self.of == "category":
            p = self.method.categories(x)
            assert p is not None
            return code[:, self.method.latent_dim :], seen, p
        mean, log_var = self.method.posterior(x)  # type: ignore[misc]  # _check saw that it has one
        return code, seen, torch.cat((mean, log_var), 1)


class _Critic(torch.nn.Module):
    """Q: a diagonal Gaussian over standardised codes, or a categorical distribution, by a network
    of the encoder's kind."""

    def __init__(
        self, shape: tuple[int, ...], size: int, of: Of, scale: tuple[Tensor, Tensor]
    ) -> None:
        super().__init__()
        self.of, (self.mean, self.spread) = of, scale
        self.network = backbones.encoder(shape, size if of == "category" else 2 * size)
        # It starts at the distribution of s alone, where the bound is about zero.
        torch.nn.init.zeros_(
            self.network[-1].weight  # type: ignore[arg-type]  # a linear layer's
        )

    def log_density(self, s: Tensor, seen: Tensor) -> Tensor:
        """Return log Q(s | x'), (B,)."""
        found = self.network(seen)
        if self.of == "category":
            return (s * found.log_softmax(1)).sum(1)
        mean, log_var = found.chunk(2, 1)
        log_var = log_var.clamp(*_LOG_VAR)
        standard = (s - self.mean) / self.spread
        quadratic = (standard - mean).square() * torch.exp(-log_var)
        return -0.5 * (_LOG_2PI + log_var + quadratic).sum(1) - self.spread.log().sum()


def _fit(
    critic: _Critic, sender: _Sender, train: TensorSplit, seed: int, device: torch.device
) -> None:
    """Train the critic on fresh draws for training images in a random order; a step sees what no
    step before saw."""
    size = min(BATCH, len(train))
    optimiser = torch.optim.Adam(critic.parameters(), RATE)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, STEPS)
    for step in range(STEPS):
        seed_noise(derive_seed(seed, "information", critic.of, step), device)
        s, seen, _ = sender(
            train.images(torch.randint(len(train), (size,), device=train.stored.device))
        )
        with torch.enable_grad():
            loss = -critic.log_density(s, seen).mean()
            optimiser.zero_grad()
            loss.backward()
        optimiser.step()
        schedule.step()


def _entropy(s: Tensor, posterior: Tensor, of: Of) -> Tensor:
    if of == "category":
        mean = posterior.double().mean(0)
        return -torch.special.xlogy(mean, mean).sum()
    return -mixture_log_density(s, *posterior.chunk(2, 1)).mean()


def mixture_log_density(z: Tensor, mean: Tensor, log_var: Tensor, *, rows: int = 256) -> Tensor:
    r"""Return :math:`\log \frac1N \sum_n q(z | x_n)` in float64 (M,) for ``z`` (M, L) and N
    diagonal Gaussians of ``mean``, ``log_var`` (N, L)."""
    z, mean, log_var = z.double(), mean.double(), log_var.double()
    precision = torch.exp(-log_var)
    constant = -0.5 * (_LOG_2PI + log_var + mean.square() * precision).sum(1) - torch.log(
        torch.tensor(float(len(mean)), dtype=torch.float64)
    )
    parts = [
        (part @ (mean * precision).T - 0.5 * part.square() @ precision.T + constant).logsumexp(1)
        for part in z.split(rows)
    ]
    return torch.cat(parts)
