"""The loss of a critic with a gradient penalty, in closed form where the critic is piecewise
linear."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import FunctionCtx, once_differentiable

from benchmark.nn.critics import PiecewiseLinear, gradient_penalty, interpolate

__all__ = ["distance_and_penalty", "piecewise_linear_distance_and_penalty"]

_rectify_gradient = torch.ops.aten.threshold_backward
"""(grad, output, 0): ``grad`` where the ReLU's ``output`` is positive, zero elsewhere."""


def distance_and_penalty(
    critic: Callable[[Tensor], Tensor], high: Tensor, low: Tensor
) -> tuple[Tensor, Tensor]:
    r"""Return the distance that a critic C sees between ``high`` and ``low`` (B, ...), and its
    gradient penalty, both 0-d.

    .. math:: \hat W = \frac1B \sum_b C(\text{high}_b) - \frac1B \sum_b C(\text{low}_b), \qquad
              P = \frac1B \sum_b (\|\nabla C(p_b)\|_2 - 1)^2

    p_b is uniform on the segment between high_b and low_b. Both can be differentiated in the
    critic's parameters alone: ``high`` and ``low`` are taken as constants.
    """
    high, low = high.detach(), low.detach()
    points = interpolate(high, low)
    if isinstance(critic, PiecewiseLinear):
        return piecewise_linear_distance_and_penalty(critic, high, low, points)
    on_high, on_low = critic(torch.cat((high, low))).chunk(2)
    return on_high.mean() - on_low.mean(), gradient_penalty(critic, points)


def piecewise_linear_distance_and_penalty(
    critic: PiecewiseLinear, high: Tensor, low: Tensor, points: Tensor
) -> tuple[Tensor, Tensor]:
    r"""Return what :func:`distance_and_penalty` does for given ``points`` (B, ...), with one
    forward pass over all 3 B rows and no gradient of a gradient.

    Where the layers are :math:`h_l = \max(W_l h_{l-1} + b_l, 0)` and :math:`C = w^\top h_k`, the
    slope of C at the l-th activation is :math:`d_l = m_l \odot (W_{l+1}^\top d_{l+1})` with
    :math:`d_k = m_k \odot w` and :math:`m_l = [h_l > 0]`, and at the input :math:`s = W_1^\top
    d_1`. The masks do not change between kinks, so with :math:`t_0 = \partial P / \partial s` and
    :math:`t_l = m_l \odot (W_l t_{l-1})` the gradient of P in :math:`W_l` is :math:`\sum d_l
    t_{l-1}^\top`, in w it is :math:`\sum t_k`, and there is none in the biases. The distance's
    gradient is the same product with :math:`\pm h / B` for t: one product per layer serves both.
    """
    rows = torch.cat((high, low, points)).flatten(1)
    return _DistanceAndPenalty.apply(rows, *critic.parameters())


class _DistanceAndPenalty(torch.autograd.Function):
    """Distance and penalty of rows (3 B, D) = high, low, points, and parameters W_1, b_1, ..., W_k,
    b_k, w."""

    @staticmethod
    def forward(ctx: FunctionCtx, rows: Tensor, *parameters: Tensor) -> tuple[Tensor, Tensor]:
        weights, biases, last = parameters[:-1:2], parameters[1::2], parameters[-1]
        count = len(rows) // 3
        outputs = [rows]
        for weight, bias in zip(weights, biases, strict=True):
            outputs.append(torch.addmm(bias, outputs[-1], weight.T).relu_())
        high, low, _ = (outputs[-1] @ last[0]).split(count)
        deltas = _deltas(outputs, weights, last)
        slope = deltas[0][2 * count :] @ weights[0]
        norm = torch.linalg.vector_norm(slope, dim=1)
        ctx.save_for_backward(slope, norm, *outputs, *deltas, *weights)
        return high.mean() - low.mean(), (norm - 1.0).square().mean()

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, of_distance: Tensor, of_penalty: Tensor) -> tuple[Tensor | None, ...]:
        slope, norm, *saved = ctx.saved_tensors
        depth, count = len(saved) // 3, len(slope)
        outputs, deltas, weights = saved[: depth + 1], saved[depth + 1 : -depth], saved[-depth:]
        share = (of_distance / count).expand(count, 1)
        share = torch.cat((share, -share))
        smallest = torch.finfo(norm.dtype).tiny  # a slope of zero has the gradient zero
        factor = of_penalty * (2.0 / count) * (norm - 1.0) / norm.clamp_min(smallest)
        tangent = slope * factor[:, None]
        grads: list[Tensor] = []
        for delta, weight, inputs, output in zip(
            deltas, weights, outputs, outputs[1:], strict=False
        ):
            left = torch.cat((inputs[: 2 * count] * share, tangent))
            grads += [delta.T @ left, delta[: 2 * count].T @ share[:, 0]]
            tangent = _rectify_gradient(tangent @ weight.T, output[2 * count :], 0)
        left = torch.cat((outputs[-1][: 2 * count] * share, tangent))
        return None, *grads, left.sum(0, keepdim=True)


def _deltas(outputs: Sequence[Tensor], weights: Sequence[Tensor], last: Tensor) -> list[Tensor]:
    """Return the critic's slope at each layer's activations ``outputs[1:]``, first layer first."""
    delta = _rectify_gradient(last.expand_as(outputs[-1]), outputs[-1], 0)
    deltas = [delta]
    for weight, output in zip(weights[:0:-1], outputs[-2:0:-1], strict=True):
        delta = _rectify_gradient(delta @ weight, output, 0)
        deltas.append(delta)
    return deltas[::-1]
