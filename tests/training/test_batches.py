"""The order of training images: an endless stream of permutations addressed by epoch."""

from __future__ import annotations

import pytest
import torch

from benchmark.training.batches import BatchStream


def test_an_epoch_visits_every_image_once_but_for_the_incomplete_batch() -> None:
    stream = BatchStream(23, 5, seed=0)
    seen = torch.cat([stream.index(step) for step in range(4)])
    assert len(set(seen.tolist())) == 20


def test_any_step_can_be_revisited_without_the_steps_before_it() -> None:
    stream = BatchStream(23, 5, seed=0)
    walked = [stream.index(step) for step in range(30)]
    for step in (29, 0, 13, 4):
        assert torch.equal(BatchStream(23, 5, seed=0).index(step), walked[step])


def test_batches_of_one_step_continue_the_stream_across_epochs() -> None:
    singles = BatchStream(23, 5, seed=0)
    triples = BatchStream(23, 5, seed=0)
    for step in range(10):
        expected = torch.cat([singles.index(3 * step + j) for j in range(3)])
        assert torch.equal(triples.index(step, 3), expected)


def test_epochs_and_seeds_have_orders_of_their_own() -> None:
    stream = BatchStream(100, 100, seed=0)
    assert not torch.equal(stream.index(0), stream.index(1))
    assert not torch.equal(stream.index(0), BatchStream(100, 100, seed=1).index(0))


def test_order_does_not_depend_on_the_global_generator() -> None:
    torch.randn(3)
    first = BatchStream(50, 10, seed=3).index(0)
    torch.randn(7)
    assert torch.equal(first, BatchStream(50, 10, seed=3).index(0))


def test_batch_larger_than_the_data_is_refused() -> None:
    with pytest.raises(ValueError, match="a batch of 11 cannot be drawn from 10"):
        BatchStream(10, 11, seed=0)
