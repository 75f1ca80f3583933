"""Time and memory as Slurm writes them; what leaves no run room is refused."""

from __future__ import annotations

import math

import pytest

from benchmark.running.executors import executor_of
from benchmark.running.slurm_limits import (
    WARNING,
    check,
    memory_bytes,
    seconds_before_limit,
    time_seconds,
)
from benchmark.spec import BenchError


@pytest.mark.parametrize(
    ("text", "minutes"),
    [
        ("1", 1),
        ("90", 90),
        ("0:30", 1),
        ("1:30", 2),
        ("2:00", 2),
        ("1:00:01", 61),
        ("4:00:00", 240),
        ("1-0", 1440),
        ("1-12", 2160),
        ("1-12:30", 2190),
        ("1-12:30:01", 2191),
        ("0", math.inf),
        ("0:00", math.inf),
        ("UNLIMITED", math.inf),
        ("infinite", math.inf),
    ],
)
def test_a_time_is_what_sbatch_reads(text: str, minutes: float) -> None:
    assert time_seconds(text) == 60 * minutes


@pytest.mark.parametrize("text", ["", "1h", "1:2:3:4", "1-", "-5", "2-3-4", "1.5", "soon"])
def test_what_is_no_time_is_refused_before_anything_runs(text: str) -> None:
    with pytest.raises(BenchError, match="expected minutes, as in time=90") as error:
        time_seconds(text)
    assert "\n" not in str(error.value)


def test_an_executor_of_no_time_is_refused() -> None:
    pytest.importorskip("submitit", reason="executor slurm needs submitit")
    with pytest.raises(BenchError, match="expected minutes"):
        executor_of("slurm[time=soon]")


@pytest.mark.parametrize("time", ["1", "2", "8:59", "5", "0:10"])
def test_a_short_limit_is_a_runs_own_to_the_last_second(time: str) -> None:
    """A warning a minute ahead, which Slurm may give a minute earlier still, would be all of it."""
    assert seconds_before_limit(time) == 0


@pytest.mark.parametrize("time", ["10", "60", "4:00:00", "1-0", "0"])
def test_of_a_long_limit_the_warning_takes_a_tenth_at_most(time: str) -> None:
    assert seconds_before_limit(time) == WARNING <= time_seconds(time) / 10


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("512", 512 << 20),
        ("2048K", 2 << 20),
        ("800M", 800 << 20),
        ("4g", 4 << 30),
        ("1TB", 1 << 40),
    ],
)
def test_memory_is_what_sbatch_reads(text: str, size: int) -> None:
    assert memory_bytes(text) == size


@pytest.mark.parametrize(
    ("options", "device", "message"),
    [
        ({"mem": "1M"}, "cpu", "no run fits into that"),
        ({"mem": "200"}, "cpu", "no run fits into that"),
        ({"mem": "much"}, "cpu", "expected megabytes"),
        ({"mem": "4 G"}, "cpu", "expected megabytes"),
        ({"gpus": "0"}, "cuda", "without a GPU; give gpus=1, or --device cpu"),
    ],
)
def test_what_leaves_a_run_no_room_is_refused(
    options: dict[str, str], device: str, message: str
) -> None:
    with pytest.raises(BenchError, match=message):
        check(options, device)


@pytest.mark.parametrize(
    ("options", "device"),
    [
        ({}, "cuda"),
        ({"time": "1", "mem": "1G"}, "cpu"),
        ({"mem": "0"}, "cpu"),  # all that the machine has
        ({"gpus": "0"}, "cpu"),
        ({"gpus": "a100:1"}, "cuda"),
    ],
)
def test_what_leaves_room_is_not(options: dict[str, str], device: str) -> None:
    check(options, device)
