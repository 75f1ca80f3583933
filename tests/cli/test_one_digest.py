"""What a grid measures is one digest, whatever surrounds it: the number of workers, the order and
the folder of the call, the hash seed, the threads that libraries are told to use, a kill and a
resume. A method that does depend on one of these is seen to."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import pytest
from strikes import Strike, start, struck

from benchmark.records import Store
from benchmark.spec import canonical_json

PECULIAR = '''
"""A VAE whose curves depend on the hash seed."""

from baselines.vae import VAE


class Peculiar(VAE):
    """Logs its loss times a hash."""

    def train_step(self, batch, tick):
        values = super().train_step(batch, tick)
        return {**values, "odd": values["loss"] * (hash("word") % 2**20)}
'''

FEW = (["pca", "vae", "geco-l0"], ["circle", "digits"])
MANY = (
    "pca vae dpvae r-vae r-dpvae maskaae flexae rf-vae geco-l0 grae mi-vae irmae ard-vae".split(),
    ["circle", "digits", "latent-8"],
)
THREADS = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMEXPR_NUM_THREADS")


def call(methods: Sequence[str], datasets: Sequence[str], *options: str) -> list[str]:
    grid = ["--methods", ",".join(methods), "--datasets", ",".join(datasets), "--steps", "12"]
    return ["run", *grid, *options]


def digests(results: Path) -> dict[str, str]:
    """The sha256 of everything that each run measured, drew and logged, by its key."""
    by_key = {}
    for record in Store(results).records():
        assert record.status == "done", record.error
        measured = {"measurements": record.measurements, "discovery": record.discovery}
        about = {**measured, "absent": record.absent, "flags": record.flags}
        hasher = hashlib.sha256(canonical_json(about).encode())
        for name in ("curves.npz", "artifacts.npz"):
            path = results / record.key / name
            hasher.update(path.read_bytes() if path.exists() else b"")
        by_key[record.key] = hasher.hexdigest()
    return by_key


def prepare(here: Path) -> None:
    here.mkdir(parents=True)
    (here / "peculiar.py").write_text(PECULIAR, encoding="utf-8")


def finish(here: Path, arguments: list[str], **environment: str) -> None:
    assert start(here, arguments, **environment).wait(3600) == 0, (here / "told").read_text()


def cut_off(here: Path, arguments: list[str], count: int) -> None:
    """Make a call that is killed, with its runs, at the ``count``-th checkpoint."""
    prepare(here)
    strikes = [Strike(0, "group", "checkpoint.safetensors:renamed", count)]
    assert struck(here, arguments, strikes, 1.0) == {0: "group"}


def plain(folder: Path, methods: list[str], datasets: list[str]) -> dict[str, str]:
    prepare(folder / "one")
    finish(folder / "one", call(methods, datasets, "--workers", "1"), PYTHONHASHSEED="0")
    return digests(folder / "one" / "results" / "runs")


def all_at_once(folder: Path, methods: list[str], datasets: list[str]) -> list[dict[str, str]]:
    """The digests of a grid in plain surroundings, and in those that differ in everything."""
    options = ("--workers", "4", "--checkpoint-every", "0", "--results", "../else/results/runs")
    other = call(methods[::-1], datasets[::-1], *options)
    cut_off(folder / "killed", other, 12)
    finish(folder / "killed", other, PYTHONHASHSEED="2", **dict.fromkeys(THREADS, "3"))
    return [plain(folder, methods, datasets), digests(folder / "else" / "results" / "runs")]


def one_by_one(folder: Path, methods: list[str], datasets: list[str]) -> list[dict[str, str]]:
    """The digests of a grid in plain surroundings, and in each of the others."""
    by_surrounding = [plain(folder, methods, datasets)]
    prepare(folder / "two")
    other = call(methods[::-1], datasets[::-1], "--workers", "2")
    finish(folder / "two", other, PYTHONHASHSEED="1")
    by_surrounding.append(digests(folder / "two" / "results" / "runs"))
    elsewhere = call(methods, datasets, "--workers", "4", "--results", "../else/results/runs")
    prepare(folder / "four")
    finish(folder / "four", elsewhere, PYTHONHASHSEED="2", **dict.fromkeys(THREADS, "3"))
    by_surrounding.append(digests(folder / "else" / "results" / "runs"))
    again = call(methods, datasets, "--workers", "2", "--checkpoint-every", "0")
    cut_off(folder / "killed", again, 12)
    finish(folder / "killed", again, PYTHONHASHSEED="3")
    return [*by_surrounding, digests(folder / "killed" / "results" / "runs")]


def one_digest(by_key: Mapping[str, str]) -> str:
    return hashlib.sha256(canonical_json(dict(by_key)).encode()).hexdigest()


Surroundings = Callable[[Path, list[str], list[str]], list[dict[str, str]]]


def check(surroundings: Surroundings, folder: Path, methods: list[str], datasets: list[str]) -> str:
    by_surrounding = surroundings(folder, [*methods, "./peculiar.py"], datasets)
    runs, calls = len(methods) * len(datasets), len(by_surrounding)
    honest = [
        {key: value for key, value in by_key.items() if not key.startswith("peculiar")}
        for by_key in by_surrounding
    ]
    peculiar = [
        {key: by_key[key] for key in by_key.keys() - honest[0].keys()} for by_key in by_surrounding
    ]
    assert calls > 1 and [len(by_key) for by_key in honest] == [runs] * calls
    assert len({*map(one_digest, honest)}) == 1
    assert len({*map(one_digest, peculiar)}) == calls
    return one_digest(honest[0])


def test_a_grid_is_one_digest_whatever_surrounds_it(tmp_path: Path) -> None:
    assert check(all_at_once, tmp_path, *FEW)


@pytest.mark.slow
def test_a_large_grid_is_one_digest_whatever_surrounds_it(tmp_path: Path) -> None:
    folder = Path(os.environ.get("BENCH_DIGEST_DIR") or tmp_path)
    (folder / "digest").write_text(check(one_by_one, folder, *MANY), encoding="utf-8")
