"""A method looks the same wherever it is drawn."""

from __future__ import annotations

import pytest

from benchmark.registry import METHODS
from benchmark.reporting.figures import style


def test_a_method_looks_the_same_in_every_company() -> None:
    everyone = style.looks([*(entry.name for entry in METHODS), "zeta", "alpha"])
    assert all(style.looks([entry.name])[entry.name] == everyone[entry.name] for entry in METHODS)
    assert everyone["pca"] != everyone["vae"]
    variants = style.looks(["vae[gamma=0.5]", "vae", "vae (9 steps)"])
    assert variants["vae"] == everyone["vae"]
    assert len({look.marker for look in variants.values()}) == 3 and {
        look.colour for look in variants.values()
    } == {everyone["vae"].colour}
    many = style.looks([f"method-{number:02}" for number in range(20)])
    assert len({look.colour for look in many.values()}) == 20


def test_palette_is_seaborns() -> None:
    seaborn = pytest.importorskip("seaborn")
    assert [colour.lower() for colour in seaborn.color_palette("colorblind").as_hex()] == list(
        style.PALETTE
    )
