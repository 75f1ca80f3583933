r"""What the components that a method singles out change in decoded images.

One component i at a time is moved to seven values from -3 to 3 while the others stay at the
posterior mean mu_n of image n:

.. math:: \frac{1}{|S|} \sum_{i \in S} \frac{1}{7 N D} \sum_{n, v} \| g(\mu_n \,|\, z_i = v)
    - g(\mu_n) \|^2, \quad v \in \{-3, -2, \dots, 3\}

S are the components that MI-VAE rewards (``chosen``). Figures 4.3 and 4.4 of Serdega (master's
thesis, KAIST, 2019) show as pictures what this is the number of; with the weight at 0 it says what
two components of a VAE change.
"""

from __future__ import annotations

import torch
from torch import Tensor

from benchmark.datasets.tensors import TensorSplit
from benchmark.method import Method
from benchmark.metrics.base import Absent

__all__ = ["IMAGES", "impact", "impacts"]

IMAGES = 1000
"""Test images that are decoded anew, at most."""

_VALUES = (-3.0, -2.0, -1.0, 0.0, 1.0, 2.0, 3.0)

_CHUNK = 500
"""Images at once."""


@torch.no_grad()
def impact(method: Method, test: TensorSplit) -> tuple[float, int]:
    """Return the impact in squared data units and the number of images it rests on; :class:`Absent`
    where no components are singled out."""
    chosen = getattr(method, "chosen", None)
    if not isinstance(chosen, Tensor):
        raise Absent("the method singles out no components of its code")
    changes = [_changes(method, x, chosen) for x in test.some(IMAGES).split(_CHUNK)]
    return float(torch.cat(changes).mean()), min(IMAGES, len(test))


def _changes(method: Method, x: Tensor, chosen: Tensor) -> Tensor:
    """Return the mean squared change of each image (B,) over components, values and numbers,
    float64."""
    code = method.encode(x)
    usual = method.decode(code).double()
    total = torch.zeros(len(x), dtype=torch.float64, device=x.device)
    for place in chosen.tolist():
        for value in _VALUES:
            moved = code.clone()
            moved[:, place] = value
            total += (method.decode(moved).double() - usual).square().flatten(1).mean(1)
    return total / (len(chosen) * len(_VALUES))


@torch.no_grad()
def impacts(method: Method, test: TensorSplit, images: int = 200) -> list[float]:
    """Return the impact of each coordinate of the code by itself, on ``images`` test images at
    most, in squared data units."""
    x = test.some(images)
    return [
        float(_changes(method, x, torch.tensor([component])).mean())
        for component in range(method.latent_dim)
    ]
