"""What decoded images tell of the code they were decoded from: a bound, by a critic that is trained
for it; and what chosen components change."""

from __future__ import annotations

from benchmark.metrics.base import Metric

__all__ = ["IMPACT", "MI_BOUND", "MI_BOUND_CATEGORY"]

_REFERENCE = (
    "Barber and Agakov, 2003; of a fixed model as in equation 4.8 of Serdega, master's thesis, "
    "KAIST, 2019; see docs/decisions.md"
)

MI_BOUND = Metric(
    name="mi-bound",
    unit="nats",
    direction="max",
    tier="full",
    reference=_REFERENCE,
    compute=lambda evidence: evidence.information("code"),
    protocol=(
        "E log Q(z|x') + H(z) on test images; x' is decoded from z ~ q(z|x), "
        "with noise as large as the model's error"
    ),
    identify=lambda evidence: f"[n={evidence.information('code')[1]},split=test,critic-steps=500]",
)

MI_BOUND_CATEGORY = Metric(
    name="mi-bound-category",
    unit="nats",
    direction="max",
    tier="full",
    reference=_REFERENCE,
    compute=lambda evidence: evidence.information("category"),
    protocol=(
        "E log Q(c|x') + H(c) on test images; x' is decoded from z and c drawn from q(z,c|x), "
        "with noise as large as the model's error"
    ),
    identify=lambda evidence: (
        f"[n={evidence.information('category')[1]},split=test,critic-steps=500]"
    ),
)

IMPACT = Metric(
    name="impact",
    unit="squared data units",
    direction="none",
    tier="full",
    reference=(
        "figures 4.3 and 4.4 of Serdega, master's thesis, KAIST, 2019, which are pictures; "
        "the number is ours"
    ),
    compute=lambda evidence: evidence.impact(),
    protocol=(
        "mean squared change of decoded test images when one chosen component is set to -3, -2 ... "
        "3 and the others stay at the posterior mean"
    ),
    identify=lambda evidence: f"[n={evidence.impact()[1]},split=test]",
)
