"""Claims come with what a reader needs, are read strictly, and suites run what they compare."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from typing import Any

import pytest
from reporting.claims.claiming import make_claim

from benchmark import registry
from benchmark.names import label
from benchmark.options import parse_reference
from benchmark.planning.jobs import OWN_DATA
from benchmark.planning.suites import Suite, suites
from benchmark.reporting.claims.claims import KINDS, _claim, claims
from benchmark.reporting.papers import printed, spellings
from benchmark.spec import BenchError


def test_there_are_claims_of_every_source_with_what_a_reader_needs() -> None:
    packaged = claims()
    assert len(packaged) >= 20 and len({claim.name for claim in packaged}) == len(packaged)
    assert {claim.source.partition(" ")[0] for claim in packaged} == {
        "REN",
        "MaskAAE",
        "FlexAE",
        "ARD-VAE",
        "Dai,",
        "MI-VAE",
        "GRAE",
    }
    assert {claim.kind for claim in packaged} == set(KINDS)
    assert all(claim.where and claim.text.endswith((".", ")")) for claim in packaged)
    assert all(
        bool(claim.silent) != bool(claim.tables) for claim in packaged
    )  # published figures bear on it, or it says why not
    origins = {figure.origin for figure in printed.published()}
    assert {table for claim in packaged for table in claim.tables} <= origins


def test_claims_name_methods_and_datasets_that_exist() -> None:
    methods = {
        entry.name for room in ("methods", "studies") for entry in registry.entries(room)
    } | set(spellings.METHODS.values())
    for claim in claims():
        labels = {
            spellings.as_run(name, dataset) for name in claim.labels for dataset in claim.places
        }
        assert {parse_reference(name)[0] for name in labels} <= {
            parse_reference(name)[0] for name in methods
        }, claim.name
        for dataset in set(claim.places) - {OWN_DATA.name}:
            registry.choose("datasets", dataset)


def test_suites_name_claims_and_run_what_they_compare() -> None:
    """Every method a claim is about is run by the suite that names the claim, on each of its places
    or their stand-ins."""
    by_name = {claim.name: claim for claim in claims()}
    registered = {entry.name for entry in registry.METHODS}
    named = [(suite, name) for suite in suites() for name in suite.claims]
    assert {name for _, name in named} >= {
        "ren-fid-lowest",
        "maskaae-lstar-near-n",
        "gamma-learned-generates-better",
        "mivae-accuracy",
    }
    for suite, name in named:
        claim, ran = by_name[name], set(_runs(suite))
        for dataset, sizes in claim.places.items():
            labels = {spellings.as_run(method, dataset) for method in claim.labels}
            methods = {spellings.as_run(method, dataset) for method in claim.methods}
            registered_labels = {
                method for method in labels if parse_reference(method)[0] in registered
            }
            stand_ins = {
                stand_in
                for stand_in in (dataset, claim.stand_ins.get(dataset))
                if any(stand_in == where for _, where, _ in ran)
            }
            assert len(claim.places) > 1 or stand_ins, (suite.name, name, dataset)
            for stand_in in stand_ins:
                ran_sizes = {
                    size for method, where, size in ran if where == stand_in and method in methods
                }
                assert ran_sizes >= set(sizes), (suite.name, name, stand_in)
                assert {
                    method for method, where, _ in ran if where == stand_in
                } >= registered_labels, (
                    suite.name,
                    name,
                    stand_in,
                )


def _runs(suite: Suite) -> Iterator[tuple[str, str, int]]:
    """Label, dataset and latent size of every cell of a suite; what a stage takes from an earlier
    one is a ``*``."""
    for stage in suite.stages:
        for reference, dataset, size in product(
            stage.grid.methods,
            stage.grid.datasets or [OWN_DATA.name],
            stage.grid.latent_dims or [2],
        ):
            choice = registry.choose(stage.grid.room, reference)
            yield (
                label(
                    stage.grid.room,
                    choice.name,
                    {**choice.options, **dict.fromkeys(stage.take, "*")},
                ),
                dataset,
                size,
            )


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"kind": "beneath"}, "kind 'beneath'"),
        ({"than": []}, "nothing to compare with"),
        ({"kind": "constant", "than": []}, "no 'tolerance'"),
        ({"kind": "valley", "than": []}, "fewer than three"),
        ({"kind": "steeper", "than": [], "methods": ["vae", "grae"]}, "no metric 'beside'"),
        ({"places": {}}, "no places"),
        ({"tolerence": 1}, "did you mean 'tolerance'"),
    ],
)
def test_a_claim_that_cannot_be_judged_is_refused(fields: dict[str, Any], words: str) -> None:
    with pytest.raises(BenchError, match="claim 'it'") as caught:
        make_claim(**fields)
    assert words in str(caught.value)


def test_a_claim_that_lacks_something_is_refused() -> None:
    with pytest.raises(BenchError, match="lacks where, text, metric, methods, places"):
        _claim("it", "somebody", {"kind": "below"})
