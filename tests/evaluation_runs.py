"""What tests of ``bench evaluate`` call: the evaluation of a store, and its records."""

from __future__ import annotations

from benchmark.records import Store
from benchmark.running.evaluate import Evaluation, chosen_metrics
from benchmark.spec import Record


def evaluation(
    store: Store, *names: str, force: bool = False, methods: tuple[str, ...] = ()
) -> Evaluation:
    return Evaluation(
        store,
        chosen_metrics(names),
        store.root / "data",
        methods=methods,
        device="cpu",
        force=force,
    )


def read(store: Store, key: str) -> Record:
    record = store.read(key)
    assert record is not None
    return record
