"""The unseen sets asked: truth, answer, interval and time of `bench dims` on data that no
calibration has seen, beside the best single estimator and the best single method.

    PYTHONPATH=.:tests python tests/performance/unseen.py --results DIR [--data-dir DATA]
        [--calibration PATH] [--minutes 10] [NAME ...]

What is done stays in DIR and is not done again; a table in Markdown goes to stdout after every set.
About 10 minutes on two cores for a set.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path

from unseen_data import GENERATED, written

from benchmark.calibration.data_answer import DataAnswer, write_answer
from benchmark.dims.answering import Question, ask
from benchmark.dims.calibrating import chosen_calibration
from benchmark.dims.data_source import reference_of
from benchmark.planning.reuse import Settings
from benchmark.running.processes import Events

REGISTERED: Mapping[str, str] = {
    "digits": "unknown",
    "mnist": "unknown; literature 7 to 14",
    "fashion-mnist": "unknown; literature 7 to 14",
}


def errors_alone(
    answers: Mapping[str, DataAnswer], truths: Mapping[str, int]
) -> dict[str, list[float]]:
    """Return the absolute errors of each voice on the sets of known dimension where it said
    something that was not left out; of two latent sizes the larger error."""
    errors: dict[str, dict[str, float]] = defaultdict(dict)
    for name, truth in truths.items():
        for report in answers[name].voices:
            if report.count is not None and not report.left_out:
                error = abs(report.count - truth)
                errors[report.voice][name] = max(error, errors[report.voice].get(name, 0.0))
    return {voice: list(by_set.values()) for voice, by_set in errors.items()}


def table(answers: Mapping[str, DataAnswer]) -> str:
    """Return the table in Markdown, and below it the errors where the dimension is known."""
    rows = ["| data | truth | answer | interval | minutes |", "|---|---|---|---|---|"]
    for name, answer in answers.items():
        minutes = answer.seconds / 60.0
        value = f"none: {answer.absent}" if answer.value is None else f"{answer.value:.1f}"
        interval = "–" if answer.low is None else f"{answer.low:.1f} to {answer.high:.1f}"
        rows.append(f"| {name} | {truth_in_words(name)} | {value} | {interval} | {minutes:.1f} |")
    return "\n".join([*rows, "", *comparison(answers)])


def truth_in_words(name: str) -> str:
    if name in REGISTERED:
        return REGISTERED[name]
    truth = GENERATED[name].truth
    return "no manifold" if truth is None else str(truth)


def comparison(answers: Mapping[str, DataAnswer]) -> list[str]:
    """Return lines on the mean absolute error of the one answer, and of the best single voices that
    spoke on as many sets."""
    truths = {
        name: unseen.truth
        for name, unseen in GENERATED.items()
        if unseen.truth is not None and name in answers and answers[name].value is not None
    }
    if not truths:
        return ["No answer on a set of known dimension."]
    own = [abs((answers[name].value or 0.0) - truth) for name, truth in truths.items()]
    lines = [f"One answer: mean absolute error {statistics.fmean(own):.2f} over {len(own)}."]
    methods = {
        report.voice for name in truths for report in answers[name].voices if report.latent_dim
    }
    alone = errors_alone(answers, truths)
    for kind, wanted in (("estimator", False), ("method", True)):
        of_kind = {
            voice: statistics.fmean(errors)
            for voice, errors in alone.items()
            if (voice in methods) is wanted and len(errors) == len(truths)
        }
        best = min(of_kind, key=of_kind.__getitem__, default=None)
        lines.append(
            f"No {kind} spoke on all of them."
            if best is None
            else f"Best single {kind}: {best}, {of_kind[best]:.2f}."
        )
    return lines


def tell(text: str) -> None:
    print(text, file=sys.stderr)  # noqa: T201


def main(words: Sequence[str]) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", default=[*GENERATED, *REGISTERED])
    parser.add_argument("--results", type=Path, required=True)
    parser.add_argument("--data-dir", type=Path, default=Path("data"))
    parser.add_argument("--calibration", type=Path)
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--steps", type=int)
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    asked = parser.parse_args(words)
    calibration = chosen_calibration(asked.calibration)
    answers: dict[str, DataAnswer] = {}
    for name in asked.names:
        data = name
        if name in GENERATED:
            data = str(written(GENERATED[name], asked.results / "unseen"))
        question = Question(
            reference_of(data, asked.results / "data"),
            asked.data_dir,
            Settings(asked.results, "cpu"),
            steps=asked.steps,
            minutes=asked.minutes,
            workers=asked.workers,
        )
        answers[name] = ask(question, calibration, Events(), tell=tell)
        write_answer(asked.results, answers[name])
        print(table(answers), flush=True)  # noqa: T201


if __name__ == "__main__":
    main(sys.argv[1:])
