"""scikit-learn's way in: :class:`LatentDimension` is a transformer whose ``fit`` is a run."""

from __future__ import annotations

import contextlib
import copy
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, Self

import numpy as np
import torch
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import check_is_fitted, validate_data
from threadpoolctl import threadpool_limits

from benchmark.datasets.own import dataset
from benchmark.datasets.split import array_digest, every_fifth
from benchmark.method import Method
from benchmark.models import load_model
from benchmark.planning.jobs import Job, plan
from benchmark.planning.reuse import Settings
from benchmark.planning.suites import Grid
from benchmark.running.job import execute
from benchmark.spec import BenchError, Record

__all__ = ["LatentDimension"]

FEWEST = 6
"""Rows of which two are held out."""


class LatentDimension(TransformerMixin, BaseEstimator):
    """Finds how many latent dimensions vectors need, and codes of that many numbers.

    ``fit`` is a run of the benchmark: the same trainer, metrics and record as ``bench run``. The
    columns of X are brought to mean 0 and standard deviation 1 (one that does not vary is left
    alone), and every fifth row is held out for the record's measurements and the method's verdict.

    Arguments:
        method: as on the command line: ``"grae"``, ``"r-vae[burn_in=0.5]"``, ``"./my_vae.py"``.
        latent_dim: the provisioned size L.
        budget: how long to train: ``smoke``, ``quick``, ``short``.
        steps: outer steps, in the place of the budget's.
        batch_size: rows per batch; None: 128, or all training rows where there are fewer.
        random_state: the seed, a whole number from 0.
        results: folder of records and checkpoints, where a fit that was made before is found again;
            None: a temporary one, gone after the fit.
        device: ``cpu``, ``cuda`` or ``auto``.

    Attributes:
        n_components_: L*, how many dimensions the method's rule keeps (0 where it keeps none).
        active_, relevance_: of each latent dimension (L,).
        flags_: what speaks against the answer (docs/record.md); ``no_selection``: the method keeps
            every dimension by definition.
        record_: the record of the run. model_: see :func:`benchmark.load_model`.
        mean_, scale_: of the columns of X (n_features_in_,).
    """

    def __init__(
        self,
        method: str = "grae",
        latent_dim: int = 16,
        *,
        budget: str = "quick",
        steps: int | None = None,
        batch_size: int | None = None,
        random_state: int = 0,
        results: str | Path | None = None,
        device: str = "cpu",
    ) -> None:
        self.method = method
        self.latent_dim = latent_dim
        self.budget = budget
        self.steps = steps
        self.batch_size = batch_size
        self.random_state = random_state
        self.results = results
        self.device = device

    def fit(self, X: Any, y: Any = None) -> Self:
        """Train on ``X`` (n_samples, n_features), at least six rows; ``y`` is not looked at.

        ``ValueError`` where X or an argument cannot be used, or the run ended otherwise than
        ``done``: its text is the record's error.
        """
        X = validate_data(self, X, dtype=np.float64, ensure_min_samples=FEWEST)
        test = every_fifth(np.zeros(len(X), dtype=np.int64))
        self.mean_ = X[~test].mean(0)
        spread = X[~test].std(0)
        self.scale_ = np.where(spread > 0, spread, 1.0)
        with contextlib.ExitStack() as stack:
            folder = self.results
            if folder is None:
                folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="bench-fit-"))
            try:
                self._run(self._scaled(X), test, Path(folder))
            except BenchError as error:
                raise ValueError(str(error)) from error
        self.n_components_ = int(self.active_.sum())
        return self

    def transform(self, X: Any) -> np.ndarray:
        """Return the codes (n_samples, n_components_) of ``X``: the dimensions that are active."""
        codes = self._codes(self._checked(X))
        return codes[:, : self.model_.latent_dim][:, self.active_]

    def inverse_transform(self, Z: Any) -> np.ndarray:
        """Return the rows (n_samples, n_features_in_) that codes ``Z`` (n_samples, n_components_)
        stand for; every other dimension has its mean over the training rows."""
        check_is_fitted(self)
        Z = np.asarray(Z, dtype=np.float64)
        if Z.ndim != 2 or Z.shape[1] != self.n_components_:
            raise ValueError(
                f"codes have shape {Z.shape}; expected (n_samples, {self.n_components_})"
            )
        codes = np.tile(self._mean_code, (len(Z), 1))
        codes[:, np.flatnonzero(self.active_)] = Z
        return self._rows(codes)

    def score(self, X: Any, y: Any = None) -> float:
        """Return minus the mean squared error of the reconstructions of ``X``, in squared units of
        X: higher is better."""
        X = self._checked(X)
        return -float(np.mean((self._rows(self._codes(X)) - X) ** 2))

    def get_feature_names_out(self, input_features: Any = None) -> np.ndarray:
        """Return the names of the coordinates that ``transform`` returns, ``latentdimension3`` for
        the fourth of the model."""
        check_is_fitted(self)
        return np.array(
            [f"latentdimension{index}" for index in np.flatnonzero(self.active_)], dtype=object
        )

    def _run(self, rows: np.ndarray, test: np.ndarray, folder: Path) -> None:
        """Make the run of the standardised ``rows`` (or find it in ``folder``) and keep what it
        left."""
        train = rows[~test].astype(np.float32)
        held_out = rows[test].astype(np.float32)
        name = f"fit-{array_digest({'train': train, 'test': held_out})[:12]}"
        reference = dataset(name, train, held_out, folder=folder / ".data")
        job = self._job(reference, len(train), folder)
        with _switches_kept():
            record = execute(job, Settings(folder, device=self.device))
        assert record is not None  # nobody asks it to stop
        if record.status != "done":
            raise BenchError(f"the run of '{self.method}' ended as {record.status}: {record.error}")
        model = load_model(folder / record.key, method=self._own_file(), device=self.device)
        self.record_: Record = record
        self.model_ = model
        self.active_, self.relevance_, self.flags_ = model.active, model.relevance, model.flags
        self._double = _in_double(model.method)
        self._mean_code = self._codes(self.mean_ + self.scale_ * train).mean(0)

    def _job(self, reference: str, count: int, folder: Path) -> Job:
        """Return the run as the arguments ask for it; ``BenchError`` where one is wrong."""
        seed = self.random_state
        if not isinstance(seed, int | np.integer) or isinstance(seed, bool) or seed < 0:
            raise BenchError(f"random_state is {seed!r}; expected a whole number from 0")
        grid = Grid(
            [str(self.method)],
            [reference],
            [int(self.latent_dim)],
            budget=self.budget,
            steps=self.steps,
            batch_size=self.batch_size or min(128, count),
        )
        (job,) = plan(grid, folder)
        return replace(job, spec=replace(job.spec, seed=int(seed)))

    def _own_file(self) -> str | None:
        """The file of a method of yours, without its options."""
        path = str(self.method).partition("[")[0]
        return path if path.endswith(".py") else None

    def _checked(self, X: Any) -> np.ndarray:
        check_is_fitted(self)
        return validate_data(self, X, dtype=np.float64, reset=False)

    def _scaled(self, X: np.ndarray) -> np.ndarray:
        return (X - self.mean_) / self.scale_

    def _codes(self, X: np.ndarray) -> np.ndarray:
        return self._applied("encode", self._scaled(X))

    def _rows(self, codes: np.ndarray) -> np.ndarray:
        return self._applied("decode", codes) * self.scale_ + self.mean_

    def _applied(self, name: str, values: np.ndarray) -> np.ndarray:
        """Return a function of the network, float64 (N, ...): in double precision where it can, so
        that a row's code does not depend on the rows beside it."""
        if self._double is None:
            return getattr(self.model_, name)(values).astype(np.float64)
        with torch.no_grad():
            tensor = torch.from_numpy(np.ascontiguousarray(values)).to(self.model_.device)
            return getattr(self._double, name)(tensor).cpu().numpy()


def _in_double(method: Method) -> Method | None:
    """Return a copy of the network in double precision; None where it holds to single precision."""
    network = copy.deepcopy(method).double()
    device = next(network.parameters(), torch.zeros(())).device
    try:
        with torch.no_grad():
            network.decode(
                network.encode(torch.zeros(1, *network.shape, dtype=torch.float64, device=device))
            )
    except (RuntimeError, TypeError):
        return None
    return network


@contextlib.contextmanager
def _switches_kept() -> Iterator[None]:
    """Leave torch's switches, threads and generators as they were: a run throws the switches of its
    process, and here it shares that of its caller."""
    threads, mode = torch.get_num_threads(), torch.get_deterministic_debug_mode()
    deterministic: Any = torch.utils.deterministic  # torch hides the switch below from checkers
    filled = deterministic.fill_uninitialized_memory
    cudnn, matmul = torch.backends.cudnn, torch.backends.cuda.matmul
    kept = cudnn.benchmark, cudnn.deterministic, cudnn.allow_tf32, matmul.allow_tf32
    try:
        with threadpool_limits(limits=None), torch.random.fork_rng():
            yield
    finally:
        torch.set_num_threads(threads)
        torch.set_deterministic_debug_mode(mode)
        deterministic.fill_uninitialized_memory = filled
        cudnn.benchmark, cudnn.deterministic, cudnn.allow_tf32, matmul.allow_tf32 = kept
