"""Reading adapters without importing them, and the digest of the code they stand on."""

from __future__ import annotations

import ast
import dataclasses
from pathlib import Path
from typing import Any

import pytest

from benchmark import registry, source
from benchmark.options import Field
from benchmark.source import SourceClass, code_digest, essence
from benchmark.spec import BenchError

ADAPTER = '''"""My method.

Objective: none.
"""

from dataclasses import dataclass
from typing import Literal

from benchmark.method import Method
from benchmark.nn import optim


class Mine(Method):
    """Mine."""

    prunes = True
    reference = {"mnist": {"epochs": 3}}

    @dataclass(frozen=True)
    class Config:
        rate: float = 1e-3
        """step
        size"""
        mode: Literal["a", "b"] = "a"
        limit: int | None = None

    def build(self) -> None:
        self.x = 1  # why
'''


def write(folder: Path, text: str, name: str = "mine.py") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def test_docstring_options_and_constants_are_read_from_text(tmp_path: Path) -> None:
    found = SourceClass(write(tmp_path, ADAPTER), None)
    assert found.doc.startswith("My method.")
    assert found.constants == {"prunes": True, "reference": {"mnist": {"epochs": 3}}}
    assert found.fields("Config") == (
        Field("rate", "float", 1e-3, doc="step size"),
        Field("mode", "str", "a", ("a", "b")),
        Field("limit", "int", None, optional=True),
    )


VARIANT = '''

class Variant(Mine):
    """Mine, faster."""

    @dataclass(frozen=True)
    class Config{bases}:
        size: int = 3
        """width"""
        rate: float = 0.5
        """pace"""
'''


def test_options_of_a_derived_class_follow_those_it_is_derived_from(tmp_path: Path) -> None:
    """As in the dataclass: those of the base first, in its order, the value of the derived one."""
    path = write(tmp_path, ADAPTER + VARIANT.format(bases="(Mine.Config)"))
    assert SourceClass(path, "Variant").fields("Config") == (
        Field("rate", "float", 0.5, doc="pace"),
        Field("mode", "str", "a", ("a", "b")),
        Field("limit", "int", None, optional=True),
        Field("size", "int", 3, doc="width"),
    )
    path = write(tmp_path, ADAPTER + VARIANT.format(bases=""), "own.py")
    assert [field.name for field in SourceClass(path, "Variant").fields("Config")] == [
        "size",
        "rate",
    ]


@pytest.mark.parametrize("name", ["r-dpvae", "mi-vae", "rf-vae-port", "dpvae"])
def test_text_and_dataclass_agree_on_derived_options(name: str) -> None:
    entry = registry.find("methods", name)
    config = registry.load(entry.target).Config()
    assert dataclasses.asdict(config) == {
        field.name: field.default for field in entry.source.fields("Config")
    }
    assert entry.source.constants["reference"]["mnist"]["epochs"] == 100


def test_digest_of_a_variant_follows_the_method_it_stands_on() -> None:
    digests = {name: _digest(name, "") for name in ("vae", "r-vae", "r-dpvae", "pca")}
    for name, stands_on_vae in (("vae", True), ("r-vae", True), ("r-dpvae", True), ("pca", False)):
        assert (_digest(name, "baselines/vae.py") != digests[name]) is stands_on_vae
    assert _digest("r-vae", "baselines/r_dpvae.py") == digests["r-vae"]


def _digest(method: str, changed: str) -> str:
    """The code digest of ``method``; the file that ends with ``changed`` has one line more."""
    real = Path.read_text

    def read(path: Path, *args: Any, **kwargs: Any) -> str:
        more = "\nchanged = 1\n" if changed and path.as_posix().endswith(changed) else ""
        return real(path, *args, **kwargs) + more

    caches = (source.code_digest, source._parse, source._imports, source.essence)
    for cached in caches:
        cached.cache_clear()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Path, "read_text", read)
        digest = code_digest(registry.find("methods", method).path)
    for cached in caches:
        cached.cache_clear()
    return digest


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("rate: float = 1e-3", "rate: float = max(1, 2)", "needs a literal default"),
        ("rate: float = 1e-3", "rate: list = []", "expected bool, int, float, str or Literal"),
        ("class Mine(Method)", "class Mine(object)", "holds 0 classes"),
        ("def build", "def build(", "is not Python"),
    ],
)
def test_what_cannot_be_read_is_named(tmp_path: Path, old: str, new: str, message: str) -> None:
    with pytest.raises(BenchError, match=message):
        SourceClass(write(tmp_path, ADAPTER.replace(old, new)), None).fields("Config")


def test_essence_keeps_code_and_strings_but_no_comments_docstrings_or_blank_lines() -> None:
    text = '"""doc"""\n\nx = "# no comment"  # comment\n\n\ndef f():\n    """doc\n    more"""\n    return """kept"""\n'
    assert essence(text) == 'x = "# no comment"\ndef f():\n    return """kept"""\n'


def test_code_after_a_bare_string_on_one_line_is_kept() -> None:
    assert essence("def f():\n    'why'; x = 1\n") != essence("def f():\n    'why'; x = 2\n")
    assert essence("'why'; 'so'; x = 1\n") == essence("'''why\n'''; 'so'; x = 1\n") == "x = 1\n"
    assert essence("x = 'a\u2028b'\n") == "x = 'a\u2028b'\n"


def test_every_statement_is_found_in_the_order_of_the_full_walk() -> None:
    files = [
        path
        for folder in ("benchmark", "baselines")
        for path in (Path(__file__).parents[1] / folder).rglob("*.py")
    ]
    trees = [ast.parse(path.read_text(encoding="utf-8")) for path in files]
    trees.append(
        ast.parse(
            "try:\n f()\nexcept E:\n 'a'\nelse:\n 'b'\nfinally:\n 'c'\nmatch x:\n case 1:\n  'd'\nasync def g():\n 'e'\n"
        )
    )
    for tree in trees:
        assert source._statements(tree) == [
            node for node in ast.walk(tree) if isinstance(node, ast.stmt)
        ]


def test_digest_ignores_words_and_follows_behaviour(tmp_path: Path) -> None:
    digests = [
        code_digest(write(tmp_path / str(number), text))
        for number, text in enumerate(
            (
                ADAPTER,
                ADAPTER.replace("# why", "# because")
                .replace("Objective: none.", "")
                .replace("step\n", "pace\n"),
                ADAPTER.replace("= 1  #", "= 2  #"),
            )
        )
        if (tmp_path / str(number)).mkdir() is None
    ]
    assert digests[0] == digests[1] != digests[2]


def test_digest_follows_imported_project_modules_and_no_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write(tmp_path, ADAPTER)
    before = code_digest(path)
    real = Path.read_text

    def edited(module: str) -> str:
        def read_text(self: Path, *args: object, **kwargs: object) -> str:
            text = real(self, *args, **kwargs)  # type: ignore[arg-type]
            return text + "\nCHANGED = 1\n" if self.as_posix().endswith(module) else text

        monkeypatch.setattr(Path, "read_text", read_text)
        code_digest.cache_clear()
        source._parse.cache_clear()
        return code_digest(path)

    try:
        assert edited("benchmark/nn/optim.py") != before
        assert edited("benchmark/method.py") != before
        assert edited("benchmark/nn/backbones.py") == before
        assert edited("benchmark/records.py") == before
    finally:
        monkeypatch.undo()
        code_digest.cache_clear()
        source._parse.cache_clear()
