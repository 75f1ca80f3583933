"""Weighing what voices said by a calibration: one answer with an interval, or none and why."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, replace

from benchmark.calibration.calibration import Calibration
from benchmark.calibration.combination import CombinedAnswer
from benchmark.calibration.data_answer import DataAnswer, VoiceReport, provisioned
from benchmark.calibration.voices import Statement
from benchmark.names import rank

__all__ = ["NOT_CALIBRATED", "weighed"]

NOT_CALIBRATED = (
    "not calibrated: no voice was heard on data of known dimension yet, so nobody knows what these "
    "counts are worth (`bench calibrate --help`)"
)


def weighed(
    reports: Sequence[VoiceReport], calibration: Calibration | None, facts: DataAnswer
) -> DataAnswer:
    """Return ``facts`` (an answer that holds none yet) with the answer that the voices allow.

    There is none without a calibration, where no voice can be heard, and where voices differ more
    than on all but a share 1 - level of the datasets of known dimension: such data are of another
    kind than those.
    """
    if calibration is None:
        return replace(facts, voices=_in_order(reports), absent=NOT_CALIBRATED)
    heard = [report for report in reports if not report.left_out and report.count]
    said = [Statement(report.voice, report.count or 0.0, report.latent_dim) for report in heard]
    combined = calibration.combination.answer(said)
    absent = combined.absent or _strange(combined, calibration)
    answer = replace(
        facts,
        voices=_in_order(_weighted(report, combined) for report in reports),
        level=calibration.level,
        absent=absent,
        error=asdict(calibration.error),
    )
    if absent or combined.value is None or combined.low is None or combined.high is None:
        return answer
    remark = (
        f"the interval reaches the {facts.numbers:,} numbers of an item: no manifold of fewer "
        "dimensions is seen"
    )
    return replace(
        answer,
        value=combined.value,
        low=combined.low,
        high=combined.high,
        provision=provisioned(combined.value, combined.high),
        remarks=(remark,) if combined.high >= facts.numbers else (),
    )


def _strange(combined: CombinedAnswer, calibration: Calibration) -> str:
    """Return why the voices allow no answer although each is calibrated; empty where they do."""
    if combined.agreement > 1.0 - calibration.level + 1e-9:
        return ""
    return (
        f"the voices differ more than on {100 * (1 - combined.agreement):.0f} % of the "
        f"{calibration.error.datasets} datasets of known dimension: these data are of another "
        "kind, perhaps no manifold, or parts of different dimensions"
    )


def _weighted(report: VoiceReport, combined: CombinedAnswer) -> VoiceReport:
    if report.left_out:
        return report
    if report.voice in combined.left_out:
        return replace(report, left_out=combined.left_out[report.voice])
    corrected = combined.corrected.get(report.voice)
    return replace(report, corrected=corrected, weight=combined.shares.get(report.voice))


def _in_order(reports: Iterable[VoiceReport]) -> tuple[VoiceReport, ...]:
    """Return reports that count before those that do not, heavier voices first, sizes of one voice
    together."""
    return tuple(
        sorted(
            reports,
            key=lambda report: (
                bool(report.left_out),
                -(report.weight or 0.0),
                report.latent_dim is not None,
                rank("methods", report.voice),
                report.latent_dim or 0,
            ),
        )
    )
