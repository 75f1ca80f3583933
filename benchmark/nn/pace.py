r"""One rule for the step size of parameters that must travel in any number of updates.

An optimiser of Adam's kind moves a parameter by at most about its step size per update. A log
standard deviation, a multiplier, a gate or a mask has a way to go that does not depend on the run;
at a published step size, which is meant for hundreds of thousands of updates, a short run ends
before it has arrived. So the step size is the published one, and more where the run is shorter:

.. math:: \max(\text{published},\; \min(\text{travel} / \text{updates},\; \text{ceiling}))

Runs as long as the papers' keep the papers' step size. The rule and its numbers are ours; tables of
what it changes stand in docs/decisions.md.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

__all__ = ["INDICATORS", "LAGRANGE", "LOG_SIGMA", "MASKS", "Pace"]


@dataclass(frozen=True)
class Pace:
    """The step size of a kind of parameter as a function of the number of updates.

    Arguments:
        published: of the papers or codes, the least.
        travel: distance that the whole run could cover at least, several times what is needed.
        ceiling: above this the parameter outruns what it follows.
    """

    published: float
    travel: float
    ceiling: float = math.inf

    def rate(self, updates: int) -> float:
        """Return the step size for a run of ``updates`` updates of the parameter."""
        return max(self.published, min(self.travel / max(updates, 1), self.ceiling))


LOG_SIGMA = Pace(1e-3, 30.0, 1e-2)
"""Of the decoder: 6, from 1 to the floor of its clip, within a fifth of the run; 1e-3 from 30,000
updates on. Up to 1e-2 it follows the error of the reconstruction, which falls as fast."""

LAGRANGE = Pace(1e-3, 30.0, 1e-2)
"""Of a multiplier and the gates it presses: 6 within a fifth of the run takes r from a multiplier
of 1 to about 40, and a gate past the noise of its gradient; 1e-3 from 30,000 updates on. Above 1e-2
a multiplier outruns its moving average and overshoots by an order of magnitude."""

INDICATORS = Pace(1e-4, 10.0)
"""Of relevance indicators, per outer step: 10 in logits takes one across in any run."""

MASKS = Pace(5e-4, 40.0)
"""Of mask parameters on [0, 5], per outer step; 5e-4 from 80,000 steps on."""
