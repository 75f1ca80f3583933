"""What is asked of Ray for a run, and which machines could give it."""

from __future__ import annotations

import pytest

from benchmark.running.ray_asks import asks_of, capped, fits
from benchmark.running.shares import Share

SMALL = {"CPU": 2.0, "memory": 4e9}
LARGE = {"CPU": 8.0, "GPU": 2.0, "memory": 32e9}


@pytest.mark.parametrize(
    ("share", "on_gpu", "asks"),
    [
        (Share(), False, {"num_cpus": 1, "num_gpus": 0}),
        (Share(), True, {"num_cpus": 1, "num_gpus": 1}),
        (Share(2, 10**9, 0.25), True, {"num_cpus": 2, "num_gpus": 0.25, "memory": 10**9}),
        (Share(1, 10**9, 0.25), False, {"num_cpus": 1, "num_gpus": 0, "memory": 10**9}),
    ],
)
def test_a_run_asks_for_its_share(share: Share, on_gpu: bool, asks: dict[str, float]) -> None:
    assert asks_of(share, on_gpu=on_gpu) == asks


def test_a_machine_is_large_enough_or_not() -> None:
    assert fits(asks_of(Share(2, 4 * 10**9), on_gpu=False), SMALL)
    assert not fits(asks_of(Share(3), on_gpu=False), SMALL)
    assert not fits(asks_of(Share(1, 5 * 10**9), on_gpu=False), SMALL)
    assert not fits(asks_of(Share(), on_gpu=True), SMALL)
    assert fits(asks_of(Share(gpus=0.5), on_gpu=True), LARGE)


def test_measured_memory_is_what_the_largest_machine_has_at_most() -> None:
    modest, greedy = (asks_of(Share(1, size * 10**9), on_gpu=False) for size in (5, 50))
    assert capped(modest, [SMALL, LARGE]) == modest
    assert capped(greedy, [SMALL, LARGE]) == {**greedy, "memory": 32 * 10**9}
    assert capped(modest, [SMALL]) == {**modest, "memory": 4 * 10**9}
    assert capped(greedy, []) == greedy  # it waits for a machine
    on_gpu = asks_of(Share(1, 50 * 10**9), on_gpu=True)
    assert capped(on_gpu, [SMALL, {"CPU": 1.0, "GPU": 1.0, "memory": 8e9}])["memory"] == 8 * 10**9
    unknown = asks_of(Share(), on_gpu=False)
    assert capped(unknown, [SMALL]) == unknown
