"""Initial weights: the stream of a module's own name decides them, parametrised or not."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import nn
from torch.nn.utils import parametrizations

from benchmark.nn.backbones import Convolution, Dense
from benchmark.spec import derive_seed
from benchmark.training.weights import draw_weights

LAYERS: dict[str, Callable[[], nn.Module]] = {
    "linear": lambda: nn.Linear(6, 5),
    "ours": lambda: Dense(6, 5),
    "convolution": lambda: Convolution(2, 3, 3),
    "transposed": lambda: nn.ConvTranspose2d(3, 2, 3),
}
NORMS = {
    "spectral": parametrizations.spectral_norm,
    "weight": parametrizations.weight_norm,
    "orthogonal": parametrizations.orthogonal,
    "both": lambda layer: parametrizations.spectral_norm(parametrizations.weight_norm(layer)),
}
layers = pytest.mark.parametrize("layer", LAYERS)


def network(layer: nn.Module, before: int = 0, seed: int = 0) -> nn.Module:
    """Return a network that holds ``layer``, drawn after ``before`` other numbers were."""
    torch.randn(before)
    root = nn.Module()
    root.layer = layer
    draw_weights(root, seed)
    return root


@layers
@pytest.mark.parametrize("norm", NORMS)
def test_what_was_drawn_before_changes_nothing_and_the_seed_does(layer: str, norm: str) -> None:
    states = []
    for before, seed in ((0, 0), (3, 0), (0, 1)):
        torch.manual_seed(before)
        states.append(network(NORMS[norm](LAYERS[layer]()), before, seed).state_dict())
    one, same, other = states
    assert all(torch.equal(one[name], same[name]) for name in one)
    assert any(
        not torch.equal(one[name], other[name]) for name in one if "parametrizations" in name
    )


@layers
def test_a_normed_layer_draws_the_weights_of_a_plain_one(layer: str) -> None:
    """weight_norm is another way to write the same weight; spectral_norm divides the same weight by
    its largest singular value."""
    plain = network(LAYERS[layer]()).layer.weight
    normed = network(NORMS["weight"](LAYERS[layer]())).layer
    torch.testing.assert_close(normed.weight, plain)
    spectral = network(NORMS["spectral"](LAYERS[layer]())).layer
    assert torch.equal(spectral.parametrizations.weight.original, plain)
    dim = 1 if layer == "transposed" else 0
    largest = torch.linalg.matrix_norm(plain.movedim(dim, 0).flatten(1), 2)
    torch.testing.assert_close(spectral.eval().weight, plain / largest, rtol=0.05, atol=0.01)


@pytest.mark.parametrize("norm", NORMS)
def test_trained_tensors_keep_their_memory(norm: str) -> None:
    """Optimiser state was laid out after them when the method was built."""
    layer = NORMS[norm](nn.Linear(6, 5))
    before = [(p, p.data_ptr(), p.stride()) for p in layer.parameters()]
    network(layer)
    assert before == [(p, p.data_ptr(), p.stride()) for p in layer.parameters()]
    assert all(p.requires_grad for p in layer.parameters())


def test_a_vector_under_spectral_norm_has_no_singular_vectors() -> None:
    class Scale(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.weight = nn.Parameter(torch.ones(4))

        def reset_parameters(self) -> None:
            nn.init.normal_(self.weight)

    weights = [
        network(parametrizations.spectral_norm(Scale()), before).layer.weight for before in (0, 2)
    ]
    assert torch.equal(*weights)
    assert float(weights[0].detach().norm()) == pytest.approx(1.0, rel=1e-6)


def test_attention_draws_from_its_own_name() -> None:
    """torch calls its method _reset_parameters."""
    one, same = (network(nn.MultiheadAttention(8, 2), before).state_dict() for before in (0, 5))
    assert all(torch.equal(one[name], same[name]) for name in one)


def test_plain_layers_draw_from_their_own_name() -> None:
    drawn = network(nn.Linear(3, 2), before=4).layer
    torch.manual_seed(derive_seed(0, "init", "layer"))
    plain = nn.Linear(3, 2)
    assert torch.equal(drawn.weight, plain.weight) and torch.equal(drawn.bias, plain.bias)
