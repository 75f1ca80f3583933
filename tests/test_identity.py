"""Edits of a copy of the package: what each makes stale, and what it leaves alone."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from package_copy import PackageCopy, moved
from reporting.making import record, study

from benchmark import identity, registry
from benchmark.identity import outdated, outdated_metrics, same
from benchmark.syntax import address, digest_of

FRECHET, TRAINER = "benchmark/metrics/frechet.py", "benchmark/training/trainer.py"
METHODS = {entry.name for entry in registry.METHODS}
STUDIES = {entry.name for entry in registry.STUDIES}
ON_VAE = {
    entry.name
    for entry in registry.METHODS
    if any(node.name == "VAE" for node in entry.source.lineage)
}
METRICS = {entry.name for entry in registry.METRICS}


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> PackageCopy:
    return PackageCopy(tmp_path_factory.mktemp("copy"))


@pytest.fixture(scope="module")
def before(package: PackageCopy) -> dict[str, object]:
    return package.digests()


@pytest.fixture
def edited(package: PackageCopy) -> Iterator[PackageCopy]:
    yield package
    package.restore()


@pytest.mark.parametrize(
    ("file", "old", "new", "stale"),
    [
        (
            FRECHET,
            "return frechet_distance(*moments(found)",
            "return 2 * frechet_distance(*moments(found)",
            {"fd-raw", "fd-raw-floor"},
        ),
        ("benchmark/metrics/base.py", "int(n)", "int(n) + 1", METRICS),
        ("benchmark/evaluation/evaluator.py", "CHUNK = 500", "CHUNK = 400", METRICS),
        (TRAINER, 'self.seed, "prepare"', 'self.seed, "make ready"', {"harness"}),
        ("benchmark/training/batches.py", '"order", epoch', '"orders", epoch', {"harness"}),
        (
            "benchmark/training/runtime.py",
            "len(splits.train) // spec.batch_size",
            "1 + len(splits.train) // spec.batch_size",
            {"harness"},
        ),
        (
            "benchmark/spec.py",
            'hashlib.blake2b(text.encode(), digest_size=8).digest(), "big") >> 1',
            'hashlib.blake2b(text.encode(), digest_size=8).digest(), "little") >> 1',
            {"harness", *METRICS},
        ),
        (
            "baselines/vae.py",
            "class VAE(Method):",
            "class VAE(Method):\n    x = 1",
            ON_VAE,
        ),
        ("baselines/pca.py", "class PCA(Method):", "class PCA(Method):\n    x = 1", {"pca"}),
        ("benchmark/spec.py", 'STATUSES = ("done",', 'STATUSES = ("done", "odd",', set()),
        ("benchmark/registered/methods.py", "closed form", "in closed form", set()),
    ],
)
def test_an_edit_makes_stale_what_it_decides_and_nothing_else(
    edited: PackageCopy, before: dict[str, object], file: str, old: str, new: str, stale: set[str]
) -> None:
    edited.edit(file, old, new)
    assert moved(before, edited.digests()) - STUDIES == stale


def test_an_edit_of_shared_algebra_makes_stale_the_methods_that_use_it(
    edited: PackageCopy, before: dict[str, object]
) -> None:
    edited.edit("benchmark/nn/gaussian.py", "- 1.0 - log_var)", "- 1 - log_var)")
    using = {
        name
        for name in METHODS
        if "kl_standard" in registry.find("methods", name).path.read_text(encoding="utf-8")
    }
    stale = moved(before, edited.digests())
    assert {"vae", "beta-vae"} <= using <= stale
    assert not stale & {"pca", "grae", "maskaae", "harness", *METRICS}


def test_an_edit_of_the_contract_makes_every_method_stale(
    edited: PackageCopy, before: dict[str, object]
) -> None:
    edited.edit(
        "benchmark/method.py", "class Method(nn.Module):", "class Method(nn.Module):\n    x = 1"
    )
    assert moved(before, edited.digests()) >= METHODS | STUDIES


@pytest.mark.parametrize(
    ("after", "declaration", "stale"),
    [
        ("    latent_dim_within_data = True\n", "    count: Tensor\n", set()),
        ("    latent_dim_within_data = True\n", "    count: int = 0\n", {"pca"}),
        ('        """PCA has nothing to choose."""\n', "        count: int\n", {"pca"}),
    ],
)
def test_a_declaration_without_a_value_changes_data_classes_alone(
    edited: PackageCopy,
    before: dict[str, object],
    after: str,
    declaration: str,
    stale: set[str],
) -> None:
    edited.edit("baselines/pca.py", after, after + declaration)
    assert moved(before, edited.digests()) == stale


@pytest.mark.parametrize(
    ("annotation", "stale"),
    [("Annotated[int, Gt(0)]", set()), ("int", set()), ("float", {"vae-flow"})],
)
def test_the_range_of_an_option_changes_nothing_its_type_does(
    edited: PackageCopy, before: dict[str, object], annotation: str, stale: set[str]
) -> None:
    old = "flow_steps: Annotated[int, Ge(1)]"
    edited.edit("baselines/vae_flow.py", old, f"flow_steps: {annotation}")
    assert moved(before, edited.digests()) == stale


def test_words_and_layout_change_nothing(edited: PackageCopy, before: dict[str, object]) -> None:
    for path in edited.folder.rglob("*.py"):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        for node in ast.walk(tree):
            body = getattr(node, "body", None)
            documented = isinstance(node, ast.FunctionDef | ast.ClassDef)
            if documented and ast.get_docstring(node) is not None:
                body[0] = ast.parse("'other words'").body[0]
        path.write_text("# of another width\n" + ast.unparse(tree), encoding="utf-8")
    assert moved(before, edited.digests()) == set()


def test_a_moved_module_is_no_change(edited: PackageCopy, before: dict[str, object]) -> None:
    for old, new in (
        ("benchmark/nn/gaussian.py", "benchmark/nn/normal.py"),
        ("benchmark/training/batches.py", "benchmark/datasets/batches.py"),
        ("benchmark/metrics/frechet.py", "benchmark/metrics/wasserstein.py"),
    ):
        (edited.folder / old).rename(edited.folder / new)
        names = [name.removesuffix(".py").replace("/", ".") for name in (old, new)]
        for path in edited.folder.rglob("*.py"):
            text = path.read_text(encoding="utf-8")
            path.write_text(text.replace(*names), encoding="utf-8")
    assert moved(before, edited.digests()) == set()


def test_a_definition_that_moves_between_modules_is_no_change(
    edited: PackageCopy, before: dict[str, object]
) -> None:
    file = edited.folder / "benchmark/nn/gaussian.py"
    text = file.read_text(encoding="utf-8")
    head, *functions = re.split(r"(?m)^(?=def )", text)
    moving = [part for part in functions if part.startswith("def reparameterise")]
    staying = [part for part in functions if part not in moving]
    assert moving and staying
    file.with_name("draws.py").write_text(head + "".join(moving), encoding="utf-8")
    imported = "from benchmark.nn.draws import reparameterise\n\n"
    file.write_text(head + imported + "".join(staying), encoding="utf-8")
    assert moved(before, edited.digests()) == set()


def test_a_name_bound_to_another_definition_is_a_change(
    edited: PackageCopy, before: dict[str, object]
) -> None:
    edited.edit(
        "baselines/vae.py",
        "from benchmark.nn.gaussian import kl_standard, reparameterise",
        "from benchmark.nn.gaussian import kl_standard\n"
        "from benchmark.nn.gaussian import kl_standard as reparameterise",
    )
    assert moved(before, edited.digests()) == ON_VAE


def test_a_record_of_the_installed_code_is_not_stale() -> None:
    assert outdated(record()) == "" and outdated_metrics(record()) == frozenset()
    assert outdated(study("grae-jacobian", values={"own": 1.0})) == ""


def test_what_is_stale_is_told_with_what_changed() -> None:
    current = record()
    assert "'vae' is not the one that trained it" in outdated(replace(current, code="0" * 16))
    assert "the training loop" in outdated(replace(current, harness="0" * 16))
    assert "older version" in outdated(replace(current, schema=1))
    stale = study("grae-jacobian", values={}, seed=1)
    assert "'grae-jacobian'" in outdated(replace(stale, code="0" * 16))


def test_a_method_that_is_not_registered_is_judged_by_the_harness_alone() -> None:
    current = record("my-vae", code="of-mine")
    assert outdated(current) == "" and "training loop" in outdated(
        replace(current, harness="0" * 16)
    )


def test_metrics_are_stale_one_by_one_absent_ones_too() -> None:
    current = record(values={"mse": 1.0, "lstar": 2.0, "of-a-plugin": 3.0})
    assert outdated_metrics(current) == frozenset()
    assert outdated_metrics(replace(current, metrics={})) == {"mse", "lstar"}
    current = replace(current, absent={"accuracy": "no labels", "nac": "one dimension"})
    metrics = {**current.metrics, "accuracy": "0" * 16, "of-a-plugin": "0" * 16}
    assert outdated_metrics(replace(current, metrics=metrics)) == {"accuracy"}


def test_metrics_of_factors_stand_on_what_hands_them_the_factors() -> None:
    names = {metric.name for metric in registry.METRICS if ".factors:" in metric.target}
    assert names == set(identity.OF_FACTORS)
    target = registry.find("metrics", "mig").target
    bare = digest_of(map(address, (target, *identity.EVALUATOR)))
    assert identity.metric_code("mig") != bare
    assert identity.metric_code("mse") == digest_of(
        map(address, (registry.find("metrics", "mse").target, *identity.EVALUATOR))
    )


def test_equivalent_digests_are_the_same_in_their_class_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(identity, "_equivalent", lambda: {"a": 0, "b": 0, "c": 1})
    same.cache_clear()
    try:
        assert same("a", "b") and same("x", "x")
        assert not same("a", "c") and not same("x", "y") and not same("a", "x")
    finally:
        same.cache_clear()


OWN = {"helpers.py": "def loss(x):\n    return x\n", "unused.py": "x = 1\n"}
PACKAGE = {"__init__.py": "", "parts/__init__.py": "", "parts/layers.py": "WIDTH = 3\n"}


def own_code(folder: Path, text: str, files: dict[str, str]) -> str:
    """The digest of a method file of one's own, ``text``, among other ``files``."""
    for name, source in {"mine.py": text, **files}.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(source, encoding="utf-8")
    return digest_of([address(str(folder / "mine.py"))])


@pytest.mark.parametrize(
    ("text", "files", "edited"),
    [
        ("from helpers import loss\n", OWN, "helpers.py"),
        ("def f():\n    import helpers\n    return helpers.loss\n", OWN, "helpers.py"),
        ("from .parts.layers import WIDTH\n", PACKAGE, "parts/layers.py"),
        ("from .parts import layers\n", PACKAGE, "parts/layers.py"),
        ("import pkg.parts.layers as layers\n", PACKAGE, "parts/layers.py"),
        ("from pkg.parts.layers import WIDTH as W\n", PACKAGE, "parts/layers.py"),
        (
            "from .b import *\n",
            {"__init__.py": "", "b.py": "from . import c\n", "c.py": ""},
            "c.py",
        ),
    ],
)
def test_what_ones_own_method_imports_from_beside_it_belongs_to_its_code(
    tmp_path: Path, text: str, files: dict[str, str], edited: str
) -> None:
    other = files[edited] + "EXTRA = 1\n"
    commented = f"# a comment\n{files[edited]}"
    before, same_as, after = (
        own_code(tmp_path / name / "pkg", text, {**files, edited: source})
        for name, source in (("a", files[edited]), ("b", commented), ("c", other))
    )
    assert before == same_as != after


@pytest.mark.parametrize("folder", ["mine", "site-packages"])
def test_files_that_are_not_imported_and_other_libraries_do_not(
    tmp_path: Path, folder: str
) -> None:
    """Side by side in ``site-packages`` lie packages of many people."""
    edited = "unused.py" if folder == "mine" else "helpers.py"
    before, after = (
        own_code(tmp_path / name / folder, "from helpers import loss\n", {**OWN, edited: source})
        for name, source in (("a", "x = 1\n"), ("b", "x = 2\n"))
    )
    assert before == after
