"""The contract: players, descent, batches."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
import torch
from torch import nn

from benchmark.method import Batch, Discovery, Method, Player
from benchmark.nn.optim import Adam


class Two(Method):
    @dataclass(frozen=True)
    class Config:
        pass

    def build(self) -> None:
        self.a, self.b, self.unused = nn.Linear(2, 2), nn.Linear(2, 1), nn.Parameter(torch.zeros(3))
        self.both = self.add_player("both", self.a, self.b)
        self.second = self.add_player("second", self.b, optimiser=Adam(0.1))


@pytest.fixture
def two() -> Two:
    torch.manual_seed(0)
    return Two(Two.Config(), shape=(2,), latent_dim=2, steps=1, steps_per_epoch=1)


def bits(player: Player) -> list[torch.Tensor]:
    return [tensor.detach().clone() for tensor in [*player.tensors, *player.state_dict().values()]]


def same(a: list[torch.Tensor], b: list[torch.Tensor]) -> bool:
    return all(torch.equal(x, y) for x, y in zip(a, b, strict=True))


def test_descend_steps_only_the_named_players(two: Two) -> None:
    a, second = [p.detach().clone() for p in two.a.parameters()], bits(two.second)
    two.descend(two.b(two.a(torch.ones(4, 2))).sum(), two.second)
    assert same(a, [p.detach() for p in two.a.parameters()])
    assert not same(second, bits(two.second))
    assert two.both.updates == 0


def test_descend_over_overlapping_players_steps_each_at_its_own_rate(two: Two) -> None:
    before = two.b.bias.detach().clone()
    two.descend(two.b(two.a(torch.ones(4, 2))).sum(), two.both, two.second)
    assert float((before - two.b.bias).detach()) == pytest.approx(
        1e-3 + 0.1, rel=1e-4
    )  # Adam's first step is the rate, once per player


def test_parameter_without_gradient_is_named(two: Two) -> None:
    with pytest.raises(
        RuntimeError, match=r"parameter 'a\.weight' of player 'both' has no gradient"
    ):
        two.descend(two.b(torch.ones(4, 2)).sum(), two.both)


@pytest.mark.parametrize("when", [True, False])
def test_apply_where_false_keeps_parameters_and_state_bitwise(two: Two, when: bool) -> None:
    before = bits(two.second)
    two.second.apply(
        [torch.full_like(p, torch.nan if not when else 1.0) for p in two.second.tensors],
        when=torch.tensor(when),
    )
    assert same(before, bits(two.second)) is not when
    assert two.second.updates == int(when)


def test_player_needs_parameters_of_this_method(two: Two) -> None:
    with pytest.raises(ValueError, match="not part of the method"):
        two.add_player("stranger", nn.Linear(2, 2))
    with pytest.raises(ValueError, match="no parameters"):
        two.add_player("empty", nn.ReLU())


def test_optimiser_state_moves_with_the_method_and_counters_keep_their_type(two: Two) -> None:
    two.double()
    assert two.both.state["exp_avg"][0].dtype == torch.float64
    assert two.both.state["step"][0].dtype == torch.float32


def test_chunks_are_equal_contiguous_and_cover_the_batch() -> None:
    batch = Batch(torch.arange(12.0).view(12, 1), torch.arange(12))
    parts = batch.chunk(4)
    assert torch.equal(torch.cat([part.x for part in parts]), batch.x)
    assert {len(part) for part in parts} == {3}
    with pytest.raises(ValueError, match="12 images cannot be cut into 5"):
        batch.chunk(5)


@pytest.mark.parametrize("flags", ["collapsed", ["collapsed"], (["collapsed"],), (1,), None])
def test_flags_that_are_no_tuple_of_words_are_refused(flags: object) -> None:
    kept = torch.ones(2, dtype=torch.bool)
    with pytest.raises(TypeError, match=r"expected a tuple of words, as \('collapsed',\)"):
        Discovery(torch.ones(2), kept, flags=flags)
    assert Discovery(torch.ones(2), kept, flags=("collapsed",)).flags == ("collapsed",)
