"""How many lanes keep a device busy: more are begun while there is memory for them and they do more
work in the same time together."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

__all__ = ["Throughput", "lanes_that_pay"]

ROUNDS = 5
"""Steps of each lane that are timed in one go."""

BLOCKS, SECONDS = 4, 1.0
"""Times that so many steps are timed, and seconds that they take together, at least."""

GAIN = 1.1
"""Work in the same time, as a multiple of before, for which more lanes are worth their memory."""


class Throughput:
    """The work of lanes in a second, from steps that nothing else came between. A lane calls
    :meth:`step` and :meth:`disturb` in its turn; ``finish`` waits for what the device has to do.

    Work has the unit of :func:`benchmark.planning.expected.expected_seconds`.
    """

    def __init__(self, finish: Callable[[], object] = lambda: None) -> None:
        self._finish = finish
        self._done = threading.Event()
        self._begun: float | None = None
        self._steps, self._block = 0, 0.0
        self.begin(0)

    def begin(self, lanes: int) -> None:
        """Time the next steps, of so many lanes; 0: none."""
        self._done.clear()
        self._restart()
        self._blocks, self._work, self._seconds = 0, 0.0, 0.0
        self._lanes = lanes

    def step(self, work: float) -> None:
        """Note that a lane has taken a step of so much work."""
        if not self._lanes:
            return
        if self._begun is None:
            self._finish()
            self._begun = time.perf_counter()
            return
        self._steps += 1
        self._block += work
        if self._steps >= ROUNDS * self._lanes:
            self._finish()
            self._seconds += time.perf_counter() - self._begun
            self._work += self._block
            self._blocks += 1
            self._restart()
            if self._blocks >= BLOCKS and self._seconds >= SECONDS:
                self._lanes = 0
                self._done.set()

    def disturb(self) -> None:
        """Note that something else than steps happened: those since the last time do not count."""
        self._restart()

    def wait(self, seconds: float) -> float | None:
        """Wait for so long at most; return the work in a second, None where it is not known yet."""
        if not self._done.wait(seconds):
            return None
        return self._work / self._seconds

    def _restart(self) -> None:
        self._begun = None
        self._steps, self._block = 0, 0.0


def lanes_that_pay(
    begin: Callable[[int], int], rate: Callable[[], float | None], most: Callable[[], int]
) -> int:
    """Begin one lane, then twice as many again and again, and return how many are worth it.

    ``begin`` makes it so many lanes and returns how many there are, ``rate`` returns what all of
    them do in a second (None: that cannot be told, so there will be no more), ``most`` for how many
    there is memory.
    """
    lanes = begin(1)
    before = rate()
    while before is not None and (wanted := min(2 * lanes, most())) > lanes:
        more = begin(wanted)
        if more <= lanes:  # nothing is left to begin
            return lanes
        after = rate()
        if after is None or after < GAIN * before:
            return more if after is None else lanes
        lanes, before = more, after
    return lanes
