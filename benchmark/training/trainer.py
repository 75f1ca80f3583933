"""Training: the one loop every method goes through. It knows nothing of losses, optimisers or how
many of them there are.

State is tensors and one integer. A run that is killed at any moment and started again equals one
left alone, bit for bit.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from benchmark.datasets.tensors import TensorSplit
from benchmark.method import Batch, Method, Tick
from benchmark.spec import derive_seed
from benchmark.training import checkpoint
from benchmark.training.batches import BatchStream
from benchmark.training.runtime import seed_noise
from benchmark.training.settling import COUNTS, Counter, is_unsettled
from benchmark.training.stepper import stepper_for

__all__ = ["Diverged", "Stopped", "Trainer"]

CURVE_POINTS = 100
"""Logged windows of a run, about."""


class Diverged(Exception):
    """A logged value is not finite."""


class Stopped(Exception):
    """Somebody asked the run to stop; its checkpoint is written."""


@dataclass
class Trainer:
    """Trains ``method`` on ``train`` for ``steps`` outer steps.

    ``identity`` (run key and code digest) is written into the checkpoint ``path``; one of another
    identity, or a damaged one, is not resumed: the run starts anew. ``stop`` is asked before every
    step and ends the run by returning a reason; ``progress`` is told the number of finished steps
    and the last logged values.
    """

    method: Method
    train: TensorSplit
    seed: int
    steps: int
    batch_size: int
    device: torch.device
    path: Path
    identity: Mapping[str, str]
    checkpoint_seconds: float = 30.0
    stop: Callable[[], str | None] = lambda: None
    progress: Callable[[int, Mapping[str, float]], None] = lambda step, values: None
    step: int = field(default=0, init=False)
    seconds: float = field(default=0.0, init=False)
    resumed_at: int | None = field(default=None, init=False)

    def __post_init__(self) -> None:
        self.batches = int(getattr(self.method.config, "batches_per_step", 1))
        self.log_every = max(1, self.steps // CURVE_POINTS)
        self._sums: dict[str, Tensor] = {}
        self._curves: dict[str, list[Tensor]] = {}
        self._concluded = False

    def fit(self) -> None:
        """Train to the last step, resuming where the checkpoint stands; then ``conclude`` and write
        the final checkpoint."""
        self._mark = time.perf_counter()
        if not self._resume():
            seed_noise(derive_seed(self.seed, "prepare"), self.device)
            self.method.prepare(self.train)
        if self.steps:
            self._run()
        if not self._concluded:
            seed_noise(derive_seed(self.seed, "conclude"), self.device)
            self.method.conclude(self.train)
            self._concluded = True
        self._save()

    @property
    def images_seen(self) -> int:
        """Training images drawn so far, with repetition."""
        return self.step * self.batches * self.batch_size

    @property
    def unsettled(self) -> bool:
        """Whether L* moved in the last fifth of the run; False for methods that do not count."""
        counts, steps = (np.array([float(v) for v in self._curves.get(n, ())]) for n in COUNTS)
        return is_unsettled(steps, counts, self.steps)

    def curves(self) -> dict[str, np.ndarray]:
        """Return ``step`` (T,), the number of steps done at the end of each window, and the window
        mean of each logged value (T,) or (T, L); and L* so far with steps of its own. By name, so
        that a resumed run's file has the same bytes."""
        return {name: torch.stack(self._curves[name]).numpy() for name in sorted(self._curves)}

    def _run(self) -> None:
        take = self._stepping()
        counter = Counter(self.method, self.train, self.seed, self.steps, self.device)
        while self.step < self.steps:
            self._between_steps()
            values = take(self.step)
            self.step += 1
            self._log(values)
            if self.step in counter.points:
                self._count(counter)

    def _stepping(self) -> Callable[[int], Mapping[str, Tensor]]:
        """Return the function that takes the outer step of a number and returns what it logs."""
        stream = BatchStream(len(self.train), self.batch_size, self.seed, self.device)
        stepper = stepper_for(self.method, self.device)
        now, progress = (
            torch.zeros((), dtype=torch.int64, device=self.device),
            torch.zeros((), device=self.device),
        )

        def take(step: int) -> Mapping[str, Tensor]:
            index = stream.index(step, self.batches)
            now.fill_(step)
            progress.fill_(step / self.steps)
            tick = Tick(now, progress, self.method.phase(step))
            return stepper(
                derive_seed(self.seed, "noise", step), Batch(self.train.images(index), index), tick
            )

        return take

    def _between_steps(self) -> None:
        reason = self.stop()
        if reason is not None:
            self._save()
            raise Stopped(reason)
        if time.perf_counter() - self._mark > self.checkpoint_seconds:
            self._save()

    @torch.no_grad()
    def _log(self, values: Mapping[str, Tensor]) -> None:
        """Add to the window's sums on the device; fetch them, check them and start a new window
        every ``log_every`` steps."""
        if self.step == 1 or not self._sums:
            self._check(values)
        if not self._sums:
            self._sums = {
                name: torch.zeros_like(value, dtype=torch.float32) for name, value in values.items()
            }
        if values.keys() != self._sums.keys():
            raise RuntimeError(
                f"train_step returned {sorted(values)} in step {self.step}, "
                f"{sorted(self._sums)} before; return the same names all run long"
            )
        torch._foreach_add_(list(self._sums.values()), [values[name] for name in self._sums])
        done = self.step % self.log_every or self.log_every
        if done == self.log_every or self.step == self.steps:
            fetched = (
                torch.cat([total.reshape(-1) for total in self._sums.values()]).to("cpu") / done
            )
            torch._foreach_zero_(list(self._sums.values()))
            parts = fetched.split([total.numel() for total in self._sums.values()])
            self._point(
                {
                    name: part.view(total.shape)
                    for (name, total), part in zip(self._sums.items(), parts, strict=True)
                }
            )

    def _check(self, values: Mapping[str, Tensor]) -> None:
        """``train_step`` returns named tensors of shape () or (latent_dim,), at least one."""
        allowed = ((), (self.method.latent_dim,))
        taken = sorted({"step", *COUNTS} & values.keys())
        if taken:
            raise RuntimeError(
                f"train_step returned '{taken[0]}', which the curves use for their own; "
                "call it something else"
            )
        wrong = (
            [
                f"{name} {tuple(value.shape)}"
                for name, value in values.items()
                if tuple(value.shape) not in allowed
            ]
            if values
            else ["nothing"]
        )
        if wrong:
            raise RuntimeError(
                f"train_step returned {', '.join(wrong)}; expected named tensors of shape () "
                f"or ({self.method.latent_dim},)"
            )

    def _point(self, values: Mapping[str, Tensor]) -> None:
        self._append({"step": torch.tensor(self.step), **values})
        bad = [name for name, value in values.items() if not bool(torch.isfinite(value).all())]
        if bad:
            self._save()
            raise Diverged(
                f"{', '.join(bad)} not finite in the steps up to {self.step} of {self.steps}"
            )
        self.progress(
            self.step, {name: float(value) for name, value in values.items() if value.dim() == 0}
        )

    def _count(self, counter: Counter) -> None:
        """Append L* so far to the curves, unless the method does not count (now)."""
        count = counter.count()
        if count is not None:
            self._append(dict(zip(COUNTS, (count, torch.tensor(self.step)), strict=True)))

    def _append(self, values: Mapping[str, Tensor]) -> None:
        for name, value in values.items():
            self._curves.setdefault(name, []).append(value)

    def _save(self) -> None:
        self.seconds += time.perf_counter() - self._mark
        tensors = checkpoint.method_state(self.method)
        tensors |= {f"sum/{name}": total for name, total in self._sums.items()}
        tensors |= {f"curve/{name}": torch.stack(points) for name, points in self._curves.items()}
        header = {
            **self.identity,
            "step": str(self.step),
            "seconds": repr(self.seconds),
            "concluded": str(int(self._concluded)),
        }
        checkpoint.write(self.path, tensors, header)
        self._mark = time.perf_counter()

    def _resume(self) -> bool:
        """Take up the state of the checkpoint if there is one of this very run; whether there
        was."""
        stored = checkpoint.read(self.path)
        if stored is None or any(
            stored[1].get(name) != value for name, value in self.identity.items()
        ):
            return False
        tensors, header = stored
        checkpoint.load_state(self.method, tensors)
        self.step, self.seconds, self._concluded = (
            int(header["step"]),
            float(header["seconds"]),
            header["concluded"] == "1",
        )
        self.resumed_at = self.step
        for name, tensor in tensors.items():
            kind, _, logged = name.partition("/")
            if kind == "sum":
                self._sums[logged] = tensor.to(self.device)
            elif kind == "curve":
                self._curves[logged] = list(tensor.unbind(0))
        return True
