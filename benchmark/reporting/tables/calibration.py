"""The table ``calibration``: how far each voice is off on data of known dimension, as a function of
n/L and noise, and how often it gives no answer."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction

from benchmark.calibration.combination import LEVEL, fewest_cases, leave_one_out
from benchmark.calibration.error import error_of, voice_errors
from benchmark.controls import References
from benchmark.reporting.cells.trials import DISPUTED, Trial, cases_of, trials_of
from benchmark.reporting.statistics.share import share_interval
from benchmark.reporting.tables.document import ABSENT, Cell, Column, Note, Row, Table
from benchmark.spec import BenchError, Record

__all__ = ["Level", "calibration", "levels", "pooled_spread"]

Level = tuple[float | None, float | None, int | None]
"""What a row is of: n/L and noise of methods, noise and n of estimators, which have no L."""

_COLUMNS = (
    Column("Voice", ("voice",)),
    Column("n", ("intrinsic dimension",), "right"),
    Column("n/L", ("n over L",), "right"),
    Column("Noise", ("noise",), "right"),
    Column("Data", ("datasets",), "right"),
    Column("Bias", ("bias",), "right"),
    Column("L*/n", ("smallest ratio", "largest ratio"), "right"),
    Column("Spread", ("spread over seeds",), "right"),
    Column("Failed", ("failed", "runs", "failed low", "failed high"), "right"),
    Column("Why", ("reasons",), wide=True),
)


@dataclass(frozen=True)
class _Pooled:
    """The trials of one voice at one level."""

    voice: str
    level: Level
    trials: tuple[Trial, ...]


def levels(trials: Iterable[Trial]) -> dict[Level, list[Trial]]:
    """Return ``trials`` by n/L and noise, those of estimators by n and noise, in this order."""
    by_level: dict[Level, list[Trial]] = defaultdict(list)
    for trial in trials:
        size = trial.latent_dim
        level: Level = (
            (None, trial.noise, trial.n) if size is None else (trial.n / size, trial.noise, None)
        )
        by_level[level].append(trial)

    def order(level: Level) -> tuple[float, float, float]:
        share, noise, n = level
        return share or 0.0, n or 0, -1.0 if noise is None else noise

    return {level: by_level[level] for level in sorted(by_level, key=order)}


def calibration(
    records: Iterable[Record], metrics: Sequence[str] = (), references: References | None = None
) -> Table:
    """Return a row per voice and level: bias (the geometric mean of L*/n less 1), the smallest and
    the largest L*/n, the spread over seeds, and how many runs gave no answer, and why.

    A level at which one method was run and another was not has a row that says so.
    """
    if metrics:
        raise BenchError(
            "the table 'calibration' has no metrics to choose from; leave --metrics out"
        )
    records = list(records)
    trials = trials_of(records, references or References())
    groups = tuple(tuple(_row(pooled) for pooled in group) for group in _groups(trials) if group)
    return Table(
        name="calibration",
        caption="Answers on data of known dimension n, by voice, n/L and noise.",
        columns=_COLUMNS,
        groups=groups,
        notes=tuple(_notes(trials)),
        provenance=tuple(dict.fromkeys(f"{trial.dataset}: n = {trial.n}" for trial in trials)),
    )


def _groups(trials: Sequence[Trial]) -> Iterator[list[_Pooled]]:
    """Yield the rows of each voice; every method has one at every level of any of them."""
    by_voice: dict[str, list[Trial]] = defaultdict(list)
    for trial in trials:
        by_voice[trial.voice].append(trial)
    of_methods = levels(trial for trial in trials if trial.latent_dim is not None)
    for voice, own in by_voice.items():
        mine = levels(own)
        wanted = mine if own[0].latent_dim is None else of_methods
        yield [_Pooled(voice, level, tuple(mine.get(level, ()))) for level in wanted]


def _row(pooled: _Pooled) -> Row:
    share, noise, n = pooled.level
    trials = pooled.trials
    head = (
        Cell(pooled.voice, raw=(pooled.voice,)),
        _dimensions(trials, n),
        Cell(ABSENT if share is None else _fraction(share), raw=(share,)),
        Cell(ABSENT if noise is None else f"{100 * noise:g} %", raw=(noise,)),
        Cell(str(len({trial.dataset for trial in trials})), raw=(len(trials),)),
    )
    keys = tuple(key for trial in trials for key in trial.keys)
    return Row((*head, *_accuracy(trials), *_failures(trials)), keys)


def _dimensions(trials: Sequence[Trial], n: int | None) -> Cell:
    dims = sorted({trial.n for trial in trials} | ({n} if n else set()))
    text = ", ".join(map(str, dims)) or ABSENT
    return Cell(text, raw=(text if dims else None,))


def _fraction(share: float) -> str:
    return str(Fraction(share).limit_denominator(256))


def _accuracy(trials: Sequence[Trial]) -> tuple[Cell, Cell, Cell]:
    """Return bias, extremes and spread of the answers; empty cells where there is none."""
    ratios = [ratio for trial in trials for ratio in trial.ratios]
    if not ratios:
        nothing = "no answer" if trials else "not run"
        return Cell(nothing, raw=(None,)), Cell(ABSENT, raw=(None, None)), Cell(ABSENT, raw=(None,))
    bias = math.exp(math.fsum(map(math.log, ratios)) / len(ratios)) - 1.0
    low, high = min(ratios), max(ratios)
    extremes = f"{low:.2f}" if low == high else f"{low:.2f}–{high:.2f}"
    spread = pooled_spread(trials)
    return (
        Cell(f"{round(100 * bias) + 0:+d} %", raw=(bias,)),
        Cell(extremes, raw=(low, high)),
        Cell(ABSENT if spread is None else f"{100 * spread:.0f} %", raw=(spread,)),
    )


def pooled_spread(trials: Iterable[Trial]) -> float | None:
    """Return the standard deviation of ln L* over the seeds of one dataset and latent size, pooled
    over all; None where none has two answers."""
    squares, degrees = [], 0
    for trial in trials:
        logs = [math.log(count) for count in trial.counts]
        if len(logs) > 1:
            mean = math.fsum(logs) / len(logs)
            squares += [(value - mean) ** 2 for value in logs]
            degrees += len(logs) - 1
    return math.sqrt(math.fsum(squares) / degrees) if degrees else None


def _failures(trials: Sequence[Trial]) -> tuple[Cell, Cell]:
    """Return how many runs gave no answer, with the exact interval of the share, and why."""
    runs, failed = (
        sum(values) for values in ([t.runs for t in trials], [t.failed for t in trials])
    )
    if not runs:
        return Cell(ABSENT, raw=(None,) * 4), Cell(ABSENT, raw=(None,))
    low, high = share_interval(failed, runs)
    reasons = sum((Counter(trial.failures) for trial in trials), Counter[str]())
    why = ", ".join(f"{count} {reason}" for reason, count in sorted(reasons.items()))
    note = f"{100 * low:.0f} to {100 * high:.0f} %"
    return (
        Cell(f"{failed}/{runs}", raw=(failed, runs, low, high), note=note),
        Cell(why or ABSENT, raw=(why or None,), long=True),
    )


def _notes(trials: Sequence[Trial]) -> Iterator[Note]:
    if not trials:
        yield Note(
            "There is no run on data of known dimension (`bench run --suite known-dimension`)."
        )
        return
    yield Note(
        "Bias: geometric mean of L*/n less 1, over all answers; L*/n: the smallest and the "
        "largest; spread: standard deviation of ln L* over the seeds of one dataset, pooled."
    )
    yield Note(
        "Failed: runs that gave no answer, and the exact 95 % interval of their share. A run that "
        "did not end, bears a flag or counts inside its null is none; it may have several reasons."
    )
    yield Note(
        f"Data of unknown dimension, and {' and '.join(DISPUTED)}, whose dimension is a "
        "convention, are left out; so are runs of other code than is installed, and methods that "
        "keep every dimension by definition."
    )
    if all(trial.latent_dim is not None for trial in trials):
        yield Note("No estimator: their values on these data are made by `bench data dims`.")
    yield _combined_note(trials)


def _combined_note(trials: Sequence[Trial]) -> Note:
    """What one answer of all voices is worth, each dataset judged without having been seen."""
    cases = cases_of(trials)
    needed = fewest_cases(LEVEL) + 1
    if len(cases) < needed:
        return Note(
            f"One answer of all voices needs {needed} datasets of known dimension to be judged; "
            f"there are {len(cases)}."
        )
    error = error_of(cases, leave_one_out(cases))
    errors = voice_errors(cases).items()
    heard = {voice: pair for voice, pair in errors if 2 * pair[0] > len(cases)}
    best = min(heard, key=lambda voice: heard[voice][1], default=None)
    beside = "" if best is None else f"; of {best} alone {heard[best][1]:.2g}"
    return Note(
        f"One answer of all voices, on each dataset by the others: {error.held} of "
        f"{error.answered} intervals hold n ({len(cases)} datasets), median width "
        f"{error.width:.2g} dimensions, median error {error.absolute:.2g} dimensions{beside} "
        "(docs/statistics.md)."
    )
