"""Initial weights: every submodule draws its own from the stream of its own name, whatever was
built before it."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn.utils import parametrize
from torch.nn.utils.parametrizations import _SpectralNorm

from benchmark.spec import derive_seed

__all__ = ["draw_weights"]


def draw_weights(root: nn.Module, seed: int) -> None:
    """Call ``reset_parameters()`` of every submodule, children before parents, each after the
    generator was seeded from (``seed``, "init", its name).

    Parametrised tensors (``torch.nn.utils.parametrizations``) draw as plain ones do: what the
    module draws goes through the parametrisation's ``right_inverse`` into the trained tensors, and
    the vectors of a spectral norm start anew from the stream of their own name.
    """
    for name, module in reversed(list(root.named_modules())):
        reset = _reset_of(module)
        if not name or reset is None:
            continue
        _seed(seed, name)
        if parametrize.is_parametrized(module):
            _draw_parametrised(module, reset)
            _restart_spectral_norms(module, name, seed)
        else:
            reset()


def _reset_of(module: nn.Module) -> Callable[[], None] | None:
    """Return what draws the module's weights; torch's attention calls it ``_reset_parameters``."""
    for name in ("reset_parameters", "_reset_parameters"):
        reset = getattr(module, name, None)
        if callable(reset):
            return reset
    return None


@torch.no_grad()
def _draw_parametrised(module: nn.Module, reset: Callable[[], None]) -> None:
    """Let ``reset`` write into the computed tensors and send these back to the trained ones, whose
    memory stays where it is: optimiser state was laid out after it."""
    chains = module.parametrizations
    memory = [
        (p, p.data)
        for chain in chains.values()  # type: ignore[operator]  # a ModuleDict
        for p in _originals(chain)
    ]
    with parametrize.cached():
        reset()
        for tensor in chains:  # type: ignore[union-attr]  # a ModuleDict
            setattr(module, tensor, getattr(module, tensor))
    for trained, kept in memory:
        trained.data = kept.copy_(trained.data)


@torch.no_grad()
def _restart_spectral_norms(module: nn.Module, name: str, seed: int) -> None:
    """Draw the singular vectors of each spectral norm anew and settle them on the new weights, as
    torch does where it is registered."""
    for tensor, chain in (
        module.parametrizations.items()  # type: ignore[operator, union-attr]  # a ModuleDict
    ):
        values = _originals(chain)
        for position, link in enumerate(chain):
            if isinstance(link, _SpectralNorm) and values[0].dim() > 1:
                _seed(seed, f"{name}.parametrizations.{tensor}.{position}")
                fresh = _SpectralNorm(values[0], link.n_power_iterations, link.dim, link.eps)
                link.load_state_dict(fresh.state_dict())
            if position + 1 < len(chain):
                values = [link(*values)]


def _originals(chain: parametrize.ParametrizationList) -> list[Tensor]:
    """Return the tensors that a parametrised one is computed from."""
    if chain.is_tensor:
        return [chain.original]
    return [getattr(chain, f"original{position}") for position in range(chain.ntensors)]


def _seed(seed: int, name: str) -> None:
    torch.default_generator.manual_seed(derive_seed(seed, "init", name))
