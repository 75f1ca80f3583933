"""Evaluation: evidence is gathered once, on demand and in fixed chunks; metrics are pure functions
of it.

Noise is addressed per chunk of 500, so a measurement depends neither on what was measured before
nor on how many samples are asked for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cached_property
from typing import Any, TypeVar

import numpy as np
import torch
from torch import Tensor

from benchmark.datasets.tensors import TensorSplit
from benchmark.evaluation.features import MOST, Features, Source, other_images
from benchmark.evaluation.impact import impact
from benchmark.evaluation.information_bound import Of, information_bound
from benchmark.method import Discovery, Method
from benchmark.metrics.base import Absent, Extractor, Images
from benchmark.spec import derive_seed
from benchmark.training.runtime import seed_noise

__all__ = ["CHUNK", "REFERENCE_IMAGES", "Evaluator"]

CHUNK = 500
"""Images per chunk of every pass over a trained model."""

TERM_IMAGES = 1000
"""Test images whose ELBO is taken apart, at most: `grae` takes a Jacobian of each."""

REFERENCE_IMAGES = 4096
"""``discover`` sees so many test images at most."""

T = TypeVar("T")


class Evaluator:
    """Evidence about a trained ``method`` on the ``test`` split (see
    :class:`benchmark.metrics.base.Evidence`).

    Metrics that map categories to classes also need the ``train`` split and the ``labels`` of both,
    (train, test); metrics of features need to know where the images come from (``source``);
    ``lstar-error`` the known dimension of the data.
    """

    def __init__(
        self,
        method: Method,
        test: TensorSplit,
        *,
        seed: int,
        device: torch.device,
        train: TensorSplit | None = None,
        labels: tuple[np.ndarray | None, np.ndarray | None] = (None, None),
        source: Source | None = None,
        intrinsic_dim: int | None = None,
    ) -> None:
        self.method, self.test, self.seed, self.device = method.eval(), test, seed, device
        self.latent_dim, self.shape = method.latent_dim, method.shape
        self.train, self.source = train, source or Source()
        self.intrinsic_dim = intrinsic_dim
        self.labels = None if labels[0] is None or labels[1] is None else (labels[0], labels[1])
        self._shared: dict[str, Any] = {}

    @cached_property
    @torch.no_grad()
    def discovery(self) -> Discovery:
        """The method's own verdict on the reference images."""
        seed_noise(derive_seed(self.seed, "discover"), self.device)
        found = self.method.discover(self.test.some(REFERENCE_IMAGES))
        expected = (self.latent_dim,)
        if (
            tuple(found.relevance.shape) != expected
            or tuple(found.active.shape) != expected
            or found.active.dtype != torch.bool
        ):
            raise RuntimeError(
                f"discover returned relevance {tuple(found.relevance.shape)} and active "
                f"{tuple(found.active.shape)} {found.active.dtype}; "
                f"expected {expected} numbers and {expected} bools"
            )
        return found

    @property
    def relevance(self) -> np.ndarray:
        return _array(self.discovery.relevance)

    @property
    def active(self) -> np.ndarray:
        return self.discovery.active.cpu().numpy()

    @property
    def reference_count(self) -> int:
        return min(REFERENCE_IMAGES, len(self.test))

    @cached_property
    @torch.no_grad()
    def squared_error(self) -> np.ndarray:
        return np.concatenate(
            [
                _errors(x, self.method.decode(self.method.encode(x)))
                for _, x in self._chunks("encode")
            ]
        )

    @cached_property
    @torch.no_grad()
    def sampled_squared_error(self) -> np.ndarray | None:
        errors = []
        for _, x in self._chunks("posterior"):
            code = self.method.sampled_code(x)
            if code is None:
                return None
            errors.append(_errors(x, self.method.decode(code)))
        return np.concatenate(errors)

    @cached_property
    @torch.no_grad()
    def mean_image_error(self) -> np.ndarray:
        if self.train is None:
            raise Absent("the training images are not at hand")
        total = sum(x.double().sum(0) for x in self.train.batches(CHUNK))
        mean = total / len(self.train)
        return np.concatenate(
            [
                _errors(x, mean)  # type: ignore[arg-type]  # a tensor: there are images
                for x in self.test.batches(CHUNK)
            ]
        )

    @cached_property
    @torch.no_grad()
    def codes(self) -> np.ndarray:
        return np.concatenate(
            [_array(self.method.encode(x)[:, : self.latent_dim]) for _, x in self._chunks("encode")]
        )

    @cached_property
    @torch.no_grad()
    def _posterior(self) -> tuple[np.ndarray, np.ndarray]:
        """Posterior means (N, L) and variances (N, L) of the test images; the code and zeros
        without a posterior."""
        means, variances = [], []
        for _, x in self._chunks("encode"):
            posterior = self.method.posterior(x)
            means.append(_array(self.method.encode(x) if posterior is None else posterior[0]))
            means[-1] = means[-1][:, : self.latent_dim]
            variances.append(
                np.zeros_like(means[-1]) if posterior is None else _array(posterior[1].exp())
            )
        return np.concatenate(means), np.concatenate(variances)

    @property
    def code_moments(self) -> tuple[np.ndarray, np.ndarray]:
        means, variances = self._posterior
        return means.var(0), variances.mean(0)

    @property
    def code_centre(self) -> np.ndarray:
        return self._posterior[0].mean(0)

    @torch.no_grad()
    def terms(self) -> dict[str, np.ndarray]:
        """Means over 1,000 test images at most of the parts of the ELBO that the method tells of
        (``terms``), in nats, float64 () or (L,)."""
        tell = getattr(self.method, "terms", None)
        found: dict[str, list[np.ndarray]] = {}
        for chunk, x in enumerate(self.test.some(TERM_IMAGES).split(CHUNK)):
            seed_noise(derive_seed(self.seed, "terms", chunk), self.device)
            for name, values in tell(x).items() if tell is not None else ():
                found.setdefault(name, []).append(_array(values))
        return {name: np.concatenate(parts).mean(0) for name, parts in found.items()}

    @cached_property
    def category_probabilities(self) -> np.ndarray | None:
        """Probabilities of the categories of each test image, float32 (N, K); None for methods
        without categories."""
        return (
            None
            if self.method.categories(self.test.head(1)) is None
            else self._probabilities(self.test)
        )

    @cached_property
    def categories(self) -> tuple[np.ndarray, np.ndarray] | None:
        if self.train is None or self.category_probabilities is None:
            return None
        return self._probabilities(self.train).argmax(1), self.category_probabilities.argmax(1)

    @torch.no_grad()
    def _probabilities(self, data: TensorSplit) -> np.ndarray:
        found = [self.method.categories(x) for x in data.batches(CHUNK)]
        return np.concatenate([p.cpu().numpy() for p in found if p is not None])

    def information(self, of: Of) -> tuple[float, int]:
        if self.train is None:
            raise Absent("the training images are not at hand")
        train = self.train
        return self.once(
            f"information/{of}",
            lambda: information_bound(
                self.method, train, self.test, of, seed=self.seed, device=self.device
            ),
        )

    def impact(self) -> tuple[float, int]:
        return self.once("impact", lambda: impact(self.method, self.test))

    def once(self, name: str, make: Callable[[], T]) -> T:
        if name not in self._shared:
            self._shared[name] = make()
        return self._shared[name]

    @cached_property
    def test_vectors(self) -> np.ndarray:
        return np.concatenate([_array(x.flatten(1)) for x in self.test.shuffled(CHUNK)])

    def sample_vectors(self, n: int) -> np.ndarray:
        return np.concatenate([_array(x.flatten(1)) for x in self.samples(n)])

    def train_vectors(self, n: int) -> np.ndarray:
        return np.concatenate([_array(x.flatten(1)) for x in self._train(n)])

    @torch.no_grad()
    def samples(self, n: int) -> Iterator[Tensor]:
        """Yield ``n`` samples in chunks of 500; the first ones are the same whatever ``n`` is."""
        for chunk in range(-(-n // CHUNK)):
            seed_noise(derive_seed(self.seed, "sample", chunk), self.device)
            yield self.method.sample(CHUNK)[: n - chunk * CHUNK]

    @property
    def feature_count(self) -> int:
        return min(MOST, len(self.test))

    def extractor(self, kind: str) -> Extractor:
        return self._features.extractor(kind)

    def features(self, kind: str, of: Images) -> np.ndarray:
        return self._features.features(kind, of)

    @cached_property
    def _features(self) -> Features:
        streams = {
            "test": self._test,
            "train": self._train,
            "samples": self.samples,
            "reconstructions": self._reconstructions,
        }
        return Features(
            streams,  # type: ignore[arg-type]  # keyed by kind
            self.feature_count,
            self.source,
            self.device,
        )

    def _test(self, n: int) -> Iterator[Tensor]:
        for chunk, x in enumerate(self.test.shuffled(CHUNK)):
            if chunk * CHUNK < n:
                yield x[: n - chunk * CHUNK]

    def _train(self, n: int) -> Iterator[Tensor]:
        if self.train is None:
            raise Absent("the training images are not at hand")
        yield from other_images(self.train, n, CHUNK)

    @torch.no_grad()
    def _reconstructions(self, n: int) -> Iterator[Tensor]:
        for x in self._test(n):
            yield self.method.decode(self.method.encode(x))

    def code_covariance(self) -> np.ndarray:
        """Covariance (L, L) of the posterior means over the test images."""
        return np.atleast_2d(np.cov(self._posterior[0], rowvar=False))

    def _chunks(self, purpose: str) -> Iterator[tuple[int, Tensor]]:
        for chunk, x in enumerate(self.test.batches(CHUNK)):
            seed_noise(derive_seed(self.seed, purpose, chunk), self.device)
            yield chunk, x


def _errors(x: Tensor, reconstruction: Tensor) -> np.ndarray:
    """Mean squared error of each image, float64 (B,)."""
    return _array((x.double() - reconstruction.double()).square().flatten(1).mean(1))


def _array(tensor: Tensor) -> np.ndarray:
    return tensor.detach().to("cpu", torch.float64).numpy()
