"""What datasets in files of yours share: their options, and which items are held out."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmark.datasets.split import Dataset, Split, Splits, every_fifth
from benchmark.spec import BenchError

__all__ = ["Given", "held_out"]

FEWEST = 6
"""Items of which two are held out."""


class Given(Dataset):
    """Data in a file or folder; latent dimensions and batch size are the command line's to
    choose."""

    takes_file = True
    batch_size = 128
    latent_dims = (16,)

    @dataclass(frozen=True)
    class Options:
        """What is known of the data."""

        intrinsic_dim: int | None = None
        """Dimension of the data, where it is known: shown beside L*, and what lstar-error is of."""

        def __post_init__(self) -> None:
            if self.intrinsic_dim is not None and self.intrinsic_dim < 1:
                raise BenchError(
                    f"option 'intrinsic_dim' is {self.intrinsic_dim}; expected a whole number from "
                    "1, or none"
                )

    def path(self, name: str, form: str) -> Path:
        """Return what follows the colon of ``name:FILE`` as a path; ``form`` says what is
        expected."""
        if not self.argument:
            raise BenchError(f"'{name}' was given no file; expected {form}")
        return Path(self.argument).expanduser()


def held_out(stored: np.ndarray, labels: np.ndarray | None, where: str) -> Splits:
    """Return the items of ``stored`` (N, *shape) as splits: every fifth is a test item, class by
    class, in the order given; ``BenchError`` where there are too few."""
    if len(stored) < FEWEST:
        raise BenchError(
            f"{where} holds {len(stored)} items, too few to hold some out; "
            f"expected {FEWEST} or more"
        )
    classes = np.zeros(len(stored), dtype=np.int64) if labels is None else labels
    test = every_fifth(classes)
    return Splits(
        *(
            Split(
                np.ascontiguousarray(stored[rows]),
                shape=stored.shape[1:],
                labels=None if labels is None else labels[rows],
            )
            for rows in (~test, test)
        )
    )
