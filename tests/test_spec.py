"""Documents, digests and seeds."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmark.spec import Record, RunSpec, canonical_json, derive_seed, digest

SPEC = RunSpec("vae", {"lr": 1e-3}, "mnist", {}, "ab" * 32, 16, 0, "quick", 300, 100)


def test_digest_ignores_key_order_and_nothing_else() -> None:
    assert digest({"a": 1, "b": [1, 2]}) == digest({"b": [1, 2], "a": 1})
    assert (
        len({digest(value) for value in ({"a": 1}, {"a": 2}, {"a": [1]}, {"a": "1"}, {"A": 1})})
        == 5
    )


def test_canonical_json_refuses_nan() -> None:
    with pytest.raises(ValueError, match="JSON"):
        canonical_json({"a": float("nan")})


def test_key_is_readable_stable_and_pinned() -> None:
    """The key of a spec must never change between versions: published records are found by it."""
    assert SPEC.key == "vae-mnist-L16-s0-quick-9b585586aaa1"


@pytest.mark.parametrize(
    "change",
    [
        {"seed": 1},
        {"latent_dim": 8},
        {"config": {"lr": 2e-3}},
        {"data": "cd" * 32},
        {"steps": 301},
        {"protocol": 99},
    ],
)
def test_every_field_is_in_the_key(change: dict[str, object]) -> None:
    assert replace(SPEC, **change).key != SPEC.key


def test_taken_options_are_in_the_key_and_an_empty_table_is_not() -> None:
    assert "taken" not in SPEC.document()
    assert replace(SPEC, taken={"lr": "vae: discovery.extra.lr"}).key != SPEC.key


def test_key_is_a_safe_folder_name() -> None:
    key = replace(SPEC, method="../my vae", dataset="npz:a/b").key
    assert "/" not in key and " " not in key and not key.startswith((".", "-"))


@given(st.integers(), st.text(), st.integers(min_value=0))
def test_derived_seeds_are_63_bit_and_depend_on_the_whole_address(
    seed: int, name: str, step: int
) -> None:
    value = derive_seed(seed, name, step)
    assert 0 <= value < 2**63
    assert value == derive_seed(seed, name, step)
    assert (
        len(
            {
                value,
                derive_seed(seed + 1, name, step),
                derive_seed(seed, name + "x", step),
                derive_seed(seed, name, step + 1),
            }
        )
        == 4
    )


def test_derived_seed_is_pinned() -> None:
    """A changed derivation would silently change every run."""
    assert derive_seed(0, "noise", 7) == 4742882823771301809


def test_address_parts_do_not_run_together() -> None:
    assert derive_seed(1, "a", 23) != derive_seed(1, "a2", 3) != derive_seed(11, "a", 23)


def record() -> Record:
    return Record(
        spec=SPEC.document(),
        key=SPEC.key,
        code="0" * 16,
        status="done",
        measurements={"mse": {"value": 0.5, "unit": "", "n": 1, "protocol": ""}},
    )


def test_record_survives_json() -> None:
    assert Record.from_json(record().to_json()) == record()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"schema": 99}, "schema is 99"),
        ({"status": "great"}, "status is 'great'"),
        ({"key": "other"}, "the key does not belong to the spec"),
        ({"extra": 1}, r"unknown fields \['extra'\]"),
        ({"code": None}, r"missing fields \['code'\]"),
    ],
)
def test_records_that_are_wrong_say_how(change: dict[str, object], message: str) -> None:
    document = {**json.loads(record().to_json()), **change}
    document = {
        name: value for name, value in document.items() if value is not None or name not in change
    }
    with pytest.raises(ValueError, match=message):
        Record.from_json(json.dumps(document))


def test_edited_spec_is_caught_by_the_key() -> None:
    document = json.loads(record().to_json())
    document["spec"]["config"]["lr"] = 0.002
    with pytest.raises(ValueError, match="key does not belong"):
        Record.from_json(json.dumps(document))
