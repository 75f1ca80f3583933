"""The contract between a method and the harness.

A method sees images and draws noise with ordinary torch calls; it never sees devices, seeds, files,
loggers or the clock. *The method owns its step; the harness owns the rest.* An adapter subclasses
:class:`Method` in one file under ``baselines/`` (or anywhere).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Protocol

import torch
from torch import Tensor, nn

from benchmark.nn.optim import Adam, Optimiser, laid_out, refuse_views

__all__ = ["Batch", "Discovery", "Images", "Method", "Player", "Tick"]


class Images(Protocol):
    """Training images as ``prepare`` and ``conclude`` see them, in fixed orders."""

    def __len__(self) -> int: ...

    def batches(self, size: int) -> Iterator[Tensor]:
        """Yield every image once, in order, as float32 (size, *shape); the last may be smaller."""

    def sets(self, size: int) -> Iterator[Tensor]:
        """Yield disjoint sets (size, *shape) in one fixed shuffled order; the rest is left out."""


@dataclass(frozen=True)
class Batch:
    """Images ``x`` (B, *shape) and their positions ``index`` (B,) in the training split."""

    x: Tensor
    index: Tensor

    def __len__(self) -> int:
        return len(self.x)

    def chunk(self, count: int) -> list[Batch]:
        """Return ``count`` equal contiguous parts; their sizes must come out even."""
        if count < 1 or len(self) % count:
            raise ValueError(
                f"a batch of {len(self)} images cannot be cut into {count} equal parts; "
                f"choose a batch size divisible by {count}"
            )
        size = len(self) // count
        parts = zip(self.x.split(size), self.index.split(size), strict=True)
        return [Batch(x, index) for x, index in parts]


@dataclass(frozen=True)
class Tick:
    """When a step happens: ``step`` (0-d int64) and ``progress`` = step / steps (0-d float32) on
    the device, and the ``phase`` label."""

    step: Tensor
    progress: Tensor
    phase: str


@dataclass(frozen=True)
class Discovery:
    """What a method says about its latent dimensions: ``relevance`` (L,) in its own unit,
    ``active`` (L,) bool (L* is their number), named extras, and flags: words that say where the
    answer is none or to be doubted, as ``("no_selection",)`` (all of them: docs/record.md)."""

    relevance: Tensor
    active: Tensor
    flags: tuple[str, ...] = ()
    extra: Mapping[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not isinstance(self.flags, tuple) or not all(isinstance(f, str) for f in self.flags):
            expected = "expected a tuple of words, as ('collapsed',), or () for none"
            raise TypeError(f"Discovery was given flags {self.flags!r:.60}; {expected}")


class Player:
    """Named parameters and their optimiser. Its state is filled at construction, so a fresh player
    has the shape of a trained one."""

    tensors: list[Tensor]

    def __init__(
        self, name: str, parameters: Mapping[str, nn.Parameter], optimiser: Optimiser
    ) -> None:
        if not parameters:
            raise ValueError(f"player '{name}' has no parameters")
        self.name = name
        self.parameters = dict(parameters)
        self.optimiser = optimiser
        self.tensors = list(self.parameters.values())
        refuse_views(name, self.parameters)
        self.state = optimiser.initial_state(self.tensors)

    @torch.no_grad()
    def apply(
        self, grads: Iterable[Tensor], when: Tensor | None = None, tick: Tick | None = None
    ) -> None:
        """Step with gradients in parameter order, whatever their strides. Where the 0-d bool
        ``when`` is false, parameters and state keep their bits. ``tick``: the time of an
        optimiser's schedule."""
        grads, factor = laid_out(grads, self.tensors), self._factor(tick)
        if when is None:
            self.optimiser.update(self.tensors, grads, self.state, factor)
            return
        touched = [
            *self.tensors,
            *(tensor for tensors in self.state.values() for tensor in tensors),
        ]
        before = [tensor.clone() for tensor in touched]
        self.optimiser.update(self.tensors, grads, self.state, factor)
        for tensor, old in zip(touched, before, strict=True):
            tensor.copy_(torch.where(when, tensor, old))

    def _factor(self, tick: Tick | None) -> Tensor | None:
        """Return the factor of the step size now; None where the optimiser has no schedule."""
        if self.optimiser.schedule is None:
            return None
        if tick is None:
            raise ValueError(
                f"the step size of player '{self.name}' has a schedule, which needs the time: "
                "call descend(..., tick=tick) or apply(..., tick=tick)"
            )
        return self.optimiser.schedule(tick.progress)

    def state_dict(self) -> dict[str, Tensor]:
        """Return the optimiser state by name, ``<slot>/<parameter>``; the tensors themselves, not
        copies."""
        return {
            f"{slot}/{name}": tensor
            for slot, tensors in self.state.items()
            for name, tensor in zip(self.parameters, tensors, strict=True)
        }

    @property
    def updates(self) -> int:
        """How many steps the player has taken (reads the device)."""
        return int(self.state["step"][0])


class Method(nn.Module):
    """Base class of every adapter. See ``baselines/vae.py`` for a small complete one.

    ``self.config``, ``self.shape`` (``(D,)`` or ``(C, H, W)``, images in [0, 1]),
    ``self.latent_dim``, ``self.steps``, ``self.steps_per_epoch`` and ``self.batch_size`` are
    constants known in :meth:`build`. The harness then draws every submodule's initial weights anew
    from a stream addressed by its name, through ``reset_parameters()`` (children before parents).
    """

    Config: ClassVar[type]
    closed_form: ClassVar[bool] = False
    """True: no steps; :meth:`prepare` does the work."""
    prunes: ClassVar[bool] = False
    """Whether :meth:`decode` ignores inactive coordinates."""
    null: ClassVar[tuple[Mapping[str, Any], ...]] = ()
    """What relevances are where nothing was learned, by reading and options
    (:mod:`benchmark.metrics.null`); without rows, untrained networks are asked."""
    reference: ClassVar[Mapping[str, Mapping[str, Any]]] = {}
    """The paper's schedule per dataset: ``{"mnist": {"epochs": 100, "batch_size": 100}}``; what
    ``--budget paper`` runs."""
    images_per_batch: ClassVar[int | None] = None
    """Unless command or schedule say otherwise; None: the dataset's."""
    latent_dim_within_data: ClassVar[bool] = False
    """True: at most as many latent dimensions as an image has numbers; planning refuses more."""
    conformance: ClassVar[Mapping[str, Any]] = {}
    """Options under which a dozen steps on random images reach every phase and player; what ``bench
    check-method`` uses."""

    def __init__(
        self,
        config: Any,
        *,
        shape: tuple[int, ...],
        latent_dim: int,
        steps: int = 0,
        steps_per_epoch: int = 1,
        batch_size: int = 0,
    ) -> None:
        super().__init__()
        self.config, self.shape, self.latent_dim = config, tuple(shape), latent_dim
        self.steps, self.steps_per_epoch, self.batch_size = steps, steps_per_epoch, batch_size
        self.players: dict[str, Player] = {}
        self.build()

    def build(self) -> None:
        """Create submodules, buffers and players."""
        raise NotImplementedError

    def train_step(self, batch: Batch, tick: Tick) -> dict[str, Tensor]:
        """Take exactly one outer step; return named tensors of shape () or (latent_dim,), the same
        names and shapes all run long."""
        raise NotImplementedError

    def encode(self, x: Tensor) -> Tensor:
        """Return the deterministic code (B, code_dim), the ``latent_dim`` counted ones first."""
        raise NotImplementedError

    def decode(self, z: Tensor) -> Tensor:
        """Return images (B, *shape); ``decode(encode(x))`` is the reconstruction of every MSE."""
        raise NotImplementedError

    def sample(self, n: int) -> Tensor:
        """Return ``n`` images (n, *shape) drawn from the method's own prior."""
        raise NotImplementedError

    def discover(self, x: Tensor) -> Discovery:
        """Apply the method's published rule to one fixed reference set ``x`` (4,096 test
        images at most, in one shuffled order)."""
        raise NotImplementedError

    def lstar_so_far(self, x: Tensor) -> Tensor | None:
        """Return L* by the method's rule now, 0-d; None for methods that select nothing. Called up
        to 30 times in a run, between steps, on 256 training images at most: override it where
        ``discover`` is costly or needs :meth:`conclude`. It changes no state."""
        found = self.discover(x)
        return None if "no_selection" in found.flags else found.active.sum()

    def prepare(self, train: Images) -> None:
        """Optional: work on the training images before step 0."""

    def conclude(self, train: Images) -> None:
        """Optional: work on the training images after the last step."""

    def phase(self, step: int) -> str:
        """Optional: the phase label of a step, from its number alone; only the phase may change the
        structure of a step."""
        return "train"

    def posterior(self, x: Tensor) -> tuple[Tensor, Tensor] | None:
        """Optional: mean and log-variance (B, latent_dim) of a diagonal Gaussian posterior; None
        for methods without one."""
        return None

    def categories(self, x: Tensor) -> Tensor | None:
        """Optional: probabilities (B, K) of a categorical latent variable given x; None for methods
        without one."""
        return None

    def sampled_code(self, x: Tensor) -> Tensor | None:
        """Return one draw of the code (B, code_dim) from the posterior, or None; methods whose code
        is not the posterior's space override it."""
        posterior = self.posterior(x)
        if posterior is None:
            return None
        mean, log_var = posterior
        return mean + torch.exp(0.5 * log_var) * torch.randn_like(mean)

    def add_player(
        self, name: str, *parts: nn.Module | nn.Parameter, optimiser: Optimiser | None = None
    ) -> Player:
        """Create the player ``name`` of all parameters of ``parts`` (modules or parameters of this
        method). Default optimiser: Adam at 1e-3."""
        wanted = {
            id(p)
            for part in parts
            for p in ([part] if isinstance(part, nn.Parameter) else part.parameters())
        }
        mine = {key: p for key, p in self.named_parameters() if id(p) in wanted}
        if len(mine) != len(wanted):
            raise ValueError(
                f"player '{name}' was given parameters that are not part of the method; "
                "assign them to self first"
            )
        self.players[name] = Player(name, mine, optimiser or Adam())
        return self.players[name]

    def descend(self, loss: Tensor, *players: Player, tick: Tick | None = None) -> None:
        """Take one gradient of ``loss`` over the union of the players' parameters; each player
        steps its own at its own rate, which may follow a schedule in the ``tick``'s progress.

        A parameter without gradient is an error that names it.
        """
        union = {name: p for player in players for name, p in player.parameters.items()}
        found = torch.autograd.grad(loss, list(union.values()), allow_unused=True)
        grads = dict(zip(union, found, strict=True))
        for name, grad in grads.items():
            if grad is None:
                owners = ", ".join(player.name for player in players if name in player.parameters)
                raise RuntimeError(
                    f"parameter '{name}' of player '{owners}' has no gradient from this loss; "
                    "leave it out of the player or use it in the loss"
                )
        for player in players:
            player.apply([grads[name] for name in player.parameters], tick=tick)

    def _apply(self, fn: Any, recurse: bool = True) -> Method:
        """Move the players' state along with the parameters; step counters keep their type."""
        super()._apply(fn, recurse)
        for player in self.players.values():
            for slot, tensors in player.state.items():
                player.state[slot] = [
                    fn(t).to(t.dtype) if slot == "step" else fn(t) for t in tensors
                ]
        return self
