"""Conditions beside the types of options: what they hold for, what they name, and what is none."""

from __future__ import annotations

import itertools
from typing import Any

import pytest

from benchmark.needs import Needs, positions_below

VALUES = {"latent_dim": 8, "block": 3, "mode": "exact", "images": False, "rate": None}


@pytest.mark.parametrize(
    ("condition", "holds"),
    [
        ("latent_dim <= 8", True),
        ("latent_dim < 8", False),
        ("2 <= block < latent_dim <= 32", True),
        ("2 <= block < latent_dim <= 7", False),
        ("latent_dim % block == 2", True),
        ("mode == 'exact' and images", False),
        ("mode != 'exact' or not images", True),
        ("mode in ('exact', 'sampled')", True),
        ("block in (2, 4)", False),
        ("rate is None or rate > 0", True),
        ("rate is not None", False),
        ("positions_below('0+7', latent_dim)", True),
        ("positions_below('0+8', latent_dim)", False),
    ],
)
def test_a_condition_is_read_as_python_reads_it(condition: str, holds: bool) -> None:
    assert Needs(condition, "it").holds(VALUES) is holds
    names: dict[str, Any] = {**VALUES, "positions_below": positions_below}
    assert bool(eval(condition, {"__builtins__": {}}, names)) is holds


def test_what_follows_an_or_is_not_looked_at_where_the_first_holds() -> None:
    assert Needs("block == 0 or latent_dim % block == 0", "it").holds({"block": 0, "latent_dim": 8})


def test_names_are_those_of_options_and_facts() -> None:
    need = Needs("subset == 'first2' or positions_below(subset, latent_dim)", "it")
    assert need.names == {"subset", "latent_dim"}


@pytest.mark.parametrize(
    ("condition", "reason"),
    [
        ("latent_dim +", "cannot be read"),
        ("latent_dim + 1 > 2", "holds Add"),
        ("__import__('os').system('true')", "holds"),
        ("latent_dim.real > 1", "holds Attribute"),
        ("open('x')", "holds Call"),
        ("[n for n in mode]", "holds ListComp"),
        ("positions_below(*mode)", "holds Starred"),
        ("(lambda: True)()", "holds"),
    ],
)
def test_what_is_no_condition_is_refused(condition: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        Needs(condition, "it")


def test_both_are_texts() -> None:
    with pytest.raises(ValueError, match="two texts"):
        Needs(True, "it")  # type: ignore[arg-type]  # what an author may write


def test_positions_are_different_and_below_the_size() -> None:
    for pair in itertools.product(range(-1, 5), repeat=2):
        good = len(set(pair)) == 2 and all(0 <= at < 4 for at in pair)
        assert positions_below("+".join(map(str, pair)), 4) is good
    assert not any(positions_below(text, 4) for text in ("", "+", "a", "1+", "1.0"))
