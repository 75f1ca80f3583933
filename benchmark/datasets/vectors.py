"""Vectors in tables of yours: ``csv:FILE`` and ``parquet:FILE``.

One row is one vector, one column one number. ``label`` names a column of classes (whole numbers or
words), ``split`` one that says ``train`` or ``test``; without it every fifth row is held out, class
by class. The numbers are brought to mean 0 and standard deviation 1, column by column, by the
training rows, which is what the methods expect of vectors; ``standardise=false`` takes them as they
are. Parquet needs the package pyarrow (extra ``tables``).
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from benchmark.datasets.generate import standardise
from benchmark.datasets.given import Given, held_out
from benchmark.datasets.split import Split, Splits
from benchmark.options import suggest
from benchmark.spec import BenchError

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Csv", "Parquet"]


class _Table(Given):
    """What both share: everything but how the file is read."""

    kind: str

    @dataclass(frozen=True)
    class Options(Given.Options):
        """What the columns are."""

        intrinsic_dim: int | None = None
        """Dimension of the data, where it is known: shown beside L*, and what lstar-error is of."""
        label: str | None = None
        """Column of the classes."""
        split: str | None = None
        """Column that says train or test."""
        standardise: bool = True
        """Whether numbers are brought to mean 0 and standard deviation 1, column by column."""

    def load(self) -> Splits:
        """Return the rows of both splits, float32 (N, D); ``BenchError`` names the column that is
        missing, holds no numbers, or does not vary."""
        path = self.path(self.kind, f"{self.kind}:FILE")
        if not path.is_file():
            raise BenchError(f"there is no file '{path}'; expected {self.kind}:FILE")
        table = self._read(path)
        for name in (self.options.label, self.options.split):
            if name is not None and name not in table.columns:
                raise BenchError(
                    f"'{path}' has no column '{name}'{suggest(name, map(str, table.columns))}"
                )
        labels = self._labels(table, path)
        numbers = _numbers(table.drop(columns=self._named()), path)
        splits = self._split(numbers, labels, table, path)
        return self._standardised(splits, path) if self.options.standardise else splits

    def _named(self) -> list[str]:
        return [name for name in (self.options.label, self.options.split) if name is not None]

    def _read(self, path: Path) -> pd.DataFrame:
        raise NotImplementedError

    def _labels(self, table: pd.DataFrame, path: Path) -> np.ndarray | None:
        """Return the classes (N,), words numbered in the order of the alphabet."""
        if self.options.label is None:
            return None
        column = table[self.options.label]
        if column.isna().any():
            raise BenchError(
                f"column '{self.options.label}' of '{path}' has empty cells; fill them"
            )
        return np.unique(column.astype(str), return_inverse=True)[1].astype(np.int64)

    def _split(
        self, numbers: np.ndarray, labels: np.ndarray | None, table: pd.DataFrame, path: Path
    ) -> Splits:
        """Return the rows as splits, as the column ``split`` says or every fifth held out."""
        if self.options.split is None:
            return held_out(numbers, labels, f"'{path}'")
        roles = table[self.options.split].astype(str).to_numpy()
        strange = sorted(set(roles) - {"train", "test"})
        counts = {role: int((roles == role).sum()) for role in ("train", "test")}
        if strange or min(counts.values()) < 2:
            contents = (
                f"'{strange[0]}'"
                if strange
                else f"{counts['train']} train and {counts['test']} test"
            )
            raise BenchError(
                f"column '{self.options.split}' of '{path}' holds {contents}; "
                "expected train and test alone, at least two rows of each"
            )
        return Splits(
            *(
                Split(
                    np.ascontiguousarray(numbers[roles == role]),
                    shape=numbers.shape[1:],
                    labels=None if labels is None else labels[roles == role],
                )
                for role in ("train", "test")
            )
        )

    def _standardised(self, splits: Splits, path: Path) -> Splits:
        """Return the splits less the mean of the training rows, divided by their deviation."""
        train, test = (split.stored.astype(np.float64) for split in (splits.train, splits.test))
        still = np.flatnonzero(np.ptp(train, axis=0) == 0)
        if len(still):
            raise BenchError(
                f"column {still[0] + 1} of the numbers in '{path}' holds one value in all training "
                "rows; leave it out, or give standardise=false"
            )
        return Splits(
            *(
                Split(values.astype(np.float32), shape=values.shape[1:], labels=split.labels)
                for values, split in zip(
                    standardise(train, test), (splits.train, splits.test), strict=True
                )
            )
        )


class Csv(_Table):
    """Columns separated by commas, names in the first line."""

    kind = "csv"

    def _read(self, path: Path) -> pd.DataFrame:
        import pandas as pd

        try:
            return pd.read_csv(path)
        except (ValueError, OSError) as error:  # ParserError, EmptyDataError, UnicodeDecodeError
            reason = " ".join(str(error).split())
            raise BenchError(
                f"cannot read '{path}' as CSV ({reason}); expected names in the first line and the "
                "same number of columns in all"
            ) from None


class Parquet(_Table):
    """A table as pandas writes it with ``to_parquet``."""

    kind = "parquet"

    def _read(self, path: Path) -> pd.DataFrame:
        import pandas as pd

        try:
            return pd.read_parquet(path, engine="pyarrow")
        except ImportError:
            raise BenchError(
                "Parquet needs the package 'pyarrow', which is not installed; "
                "run pip install '.[tables]' in a checkout (pip install 'lstar-bench[tables]' "
                "elsewhere)"
            ) from None
        except (ValueError, OSError) as error:
            reason = " ".join(str(error).split())
            raise BenchError(f"cannot read '{path}' as Parquet ({reason})") from None


def _numbers(table: pd.DataFrame, path: Path) -> np.ndarray:
    """Return the columns as float32 (N, D); ``BenchError`` names one that holds no finite
    numbers."""
    if table.shape[1] == 0 or len(table) < 2:
        raise BenchError(
            f"'{path}' holds {len(table)} rows of {table.shape[1]} numbers; "
            "expected two or more rows"
        )
    for name in table.columns:
        if table[name].dtype.kind not in "fiub":
            raise BenchError(
                f"column '{name}' of '{path}' holds {table[name].dtype}, not numbers; "
                f"leave it out, or name it with label={name}"
            )
    numbers = table.to_numpy(dtype=np.float32)
    finite = np.isfinite(numbers)
    if not finite.all():
        row, column = np.argwhere(~finite)[0]
        raise BenchError(
            f"row {row + 1} of '{path}' has no finite number in column '{table.columns[column]}'; "
            "fill or leave out such rows"
        )
    return numbers
