"""What ``bench evaluate`` refuses to measure, in one line each, and leaves as it is."""

from __future__ import annotations

import fcntl
from dataclasses import replace
from pathlib import Path

import pytest
from evaluation_runs import evaluation, read

from benchmark import registry
from benchmark.planning.jobs import plan
from benchmark.planning.reuse import Settings
from benchmark.planning.suites import Grid
from benchmark.records import Store
from benchmark.running.evaluate import chosen_metrics
from benchmark.running.job import execute
from benchmark.spec import BenchError
from benchmark.training import checkpoint


def test_other_code_is_refused(copied_run: tuple[Store, str]) -> None:
    store, key = copied_run
    store.write(replace(read(store, key), code="0" * 16))
    with pytest.raises(
        BenchError,
        match=(
            "installed code of 'vae' is not the one that trained it; make it again with `bench run`"
        ),
    ):
        evaluation(store, "nac").add(key)


def test_other_data_are_refused(
    copied_run: tuple[Store, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from benchmark.running import evaluate as module

    store, key = copied_run
    monkeypatch.setattr(module, "load", lambda source: type("Other", (), {"digest": "0"})())
    with pytest.raises(BenchError, match="are not those it was trained on"):
        evaluation(store, "nac").add(key)


@pytest.mark.parametrize(
    ("header", "message"),
    [
        ({"key": "other"}, "has key other"),
        ({"code": "1"}, "has code 1"),
        ({"step": "2"}, "has step 2"),
        ({"concluded": "0"}, "has concluded 0"),
    ],
)
def test_a_checkpoint_of_another_or_unfinished_run_is_refused(
    copied_run: tuple[Store, str], header: dict[str, str], message: str
) -> None:
    store, key = copied_run
    path = store.folder(key) / "checkpoint.safetensors"
    checkpointed = checkpoint.read(path)
    assert checkpointed is not None
    checkpoint.write(path, checkpointed[0], {**checkpointed[1], **header})
    before = (store.folder(key) / "record.json").read_bytes()
    with pytest.raises(BenchError, match=message):
        evaluation(store, "nac").add(key)
    assert (store.folder(key) / "record.json").read_bytes() == before


@pytest.mark.parametrize(
    "damage", [lambda path: path.unlink(), lambda path: path.write_bytes(path.read_bytes()[:-9])]
)
def test_a_missing_or_damaged_checkpoint_is_named(copied_run: tuple[Store, str], damage) -> None:
    store, key = copied_run
    damage(store.folder(key) / "checkpoint.safetensors")
    with pytest.raises(
        BenchError,
        match=r"holds no checkpoint that can be read; make it again with `bench run --force`",
    ):
        evaluation(store, "nac").add(key)


def test_a_run_that_is_at_work_is_left_alone(copied_run: tuple[Store, str]) -> None:
    store, key = copied_run
    with (store.folder(key) / ".lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        with pytest.raises(BenchError, match="another process is at work"):
            evaluation(store, "nac").add(key)


def test_a_file_of_ones_own_is_named_again(tmp_path: Path) -> None:
    path = tmp_path / "my_pca.py"
    path.write_text(
        registry.find("methods", "pca").path.read_text(encoding="utf-8"), encoding="utf-8"
    )
    (job,) = plan(Grid([str(path)], ["digits"]), tmp_path)
    record = execute(job, Settings(tmp_path / "runs", device="cpu"))
    assert record is not None and record.status == "done"
    store = Store(tmp_path / "runs")
    with pytest.raises(
        BenchError,
        match=r"'my-pca' is not registered; if it was a file of yours, name it with --methods",
    ):
        evaluation(store, "nac").add(record.key)
    assert evaluation(store, "nac", methods=(str(path),)).add(record.key).measured == [
        "nac[n=360,split=test]"
    ]


def test_wrong_names_are_answered_with_the_next_step() -> None:
    with pytest.raises(BenchError, match="unknown metric 'recal'; did you mean 'recall'"):
        chosen_metrics(["recal"])
    with pytest.raises(
        BenchError, match=r"is the id of a measurement; give the metric's name, 'nac'"
    ):
        chosen_metrics(["nac[n=360,split=test]"])
