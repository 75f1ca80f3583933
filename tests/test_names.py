"""One name for one thing: labels of methods and of studies, and the order of names."""

from __future__ import annotations

from benchmark import registry
from benchmark.names import base_name, cell_of, label, labels, rank
from benchmark.options import resolve


def spec(kind: str, method: str, **options: object) -> dict[str, object]:
    room = "methods" if kind == "train" else "studies"
    fields = registry.find(room, method).source.fields("Config")
    config = {**resolve(method, fields, {}), **options}
    return {"kind": kind, "method": method, "config": config, "dataset": "circle", "options": {}}


def test_a_study_is_called_by_its_own_defaults() -> None:
    study = spec("grae-objective", "grae-objective")
    assert labels(study) == ("grae-objective", "circle")
    assert labels({**study, "kind": "train"})[0] != "grae-objective"  # no method has that name
    name = next(iter(study["config"]))
    taken = {**study, "taken": {name: "lstar"}}
    assert labels(taken)[0] == f"grae-objective[{name}=*]"


def test_a_method_is_called_by_what_differs_from_its_defaults() -> None:
    assert labels(spec("train", "vae")) == ("vae", "circle")
    assert labels(spec("train", "vae", sigma="fixed"))[0] == "vae[sigma=fixed]"
    assert label("methods", "unknown", {"a": 1, "b": 2}, given_options=["b"]) == "unknown[b=2]"


def test_replicates_have_one_cell_whatever_the_seed_and_the_taken_values() -> None:
    one = {**spec("train", "vae"), "seed": 0}
    assert cell_of(one) == cell_of({**one, "seed": 1}) != cell_of({**one, "dataset": "digits"})
    name = next(iter(one["config"]))
    values = [{**one, "config": {**one["config"], name: value}} for value in (1, 2)]
    assert cell_of(values[0]) != cell_of(values[1])
    taken = [{**options, "taken": {name: "lstar"}} for options in values]
    assert cell_of(taken[0]) == cell_of(taken[1])


def test_options_stand_in_the_order_of_their_numbers() -> None:
    weights = [10.0, 0.0, 1e-05, 0.005, 0.01, 7.84, 2.0]
    texts = ["mi-vae", *(f"mi-vae[mi_weight={weight}]" for weight in weights), "mi-vae[lr=1e-05]"]
    expected = ["mi-vae", "mi-vae[lr=1e-05]"]
    expected += [f"mi-vae[mi_weight={weight}]" for weight in sorted(weights)]
    assert sorted(texts, key=lambda text: rank("methods", text)) == expected


def test_names_stand_in_the_order_of_the_registry() -> None:
    texts = ["no-method", "vae (50 steps)", "pca", "vae[sigma=fixed]"]
    assert sorted(texts, key=lambda text: rank("methods", text)) == [
        "pca",
        "vae (50 steps)",
        "vae[sigma=fixed]",
        "no-method",
    ]
    assert {base_name(text) for text in texts[1:]} == {"pca", "vae"}
