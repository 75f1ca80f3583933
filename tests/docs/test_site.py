"""The pages made of the code say what ``bench show`` prints, every page is in the navigation, and
the guide's commands can be typed. ``tox -e docs`` builds the site itself."""

from __future__ import annotations

import importlib
import re
import shlex
import sys
from collections.abc import Iterator
from html import unescape
from pathlib import Path
from types import ModuleType

import click
import pytest
from markdown_it import MarkdownIt

from benchmark import registry
from benchmark.cli import cli
from benchmark.cli.show import metric_page, source_page
from benchmark.planning.suites import suites
from benchmark.reporting.claims.claims import claims

ROOT = Path(__file__).resolve().parents[2]
MARKDOWN = MarkdownIt("commonmark").enable("table")


@pytest.fixture(scope="module")
def site() -> Iterator[ModuleType]:
    """The module ``docs/site/pages.py``."""
    sys.path.insert(0, str(ROOT / "docs" / "site"))
    yield importlib.import_module("pages")
    sys.path.remove(str(ROOT / "docs" / "site"))
    for name in ("pages", "markup"):
        sys.modules.pop(name, None)


def words(markdown: str) -> list[str]:
    """The words that a reader sees, whatever they are set as."""
    html = re.sub(r"</(?:p|h\d|td|th|li|pre)>", " ", MARKDOWN.render(markdown))
    return unescape(re.sub(r"<[^>]+>", "", html)).split()


def plain(sequence: list[str]) -> list[str]:
    """Words as they are compared: a table has no ``=``, a sentence begins large and ends."""
    return [word.rstrip(".").lower() for word in sequence if word != "="]


@pytest.mark.parametrize(
    ("room", "name"),
    [(room, entry.name) for room in ("methods", "studies") for entry in registry.entries(room)],
)
def test_the_page_of_a_method_says_what_bench_show_prints(
    site: ModuleType, room: registry.Room, name: str
) -> None:
    text = source_page(room, registry.find(room, name))
    printed = text.replace(f"{ROOT}/", "").replace("``", "").split()
    page = site.pages()[f"methods/{name}.md"]
    head = MARKDOWN.parse(page)[1].content
    seen = words(page)
    heads = ["Option", "Default", "Allowed", "Meaning"]
    at = seen.index("Options") + 1
    if seen[at : at + 4] == heads:
        del seen[at : at + 4]
    assert head == name and printed[0] == f"{name}:"
    assert plain(seen[1:]) == plain(printed[1:])


def test_every_dataset_metric_suite_and_claim_has_its_text(site: ModuleType) -> None:
    pages = site.pages()
    for entry in registry.DATASETS:
        assert f"\n## {entry.name}\n" in pages["datasets.md"]
    metrics = " ".join(words(pages["metrics.md"]))
    for entry in registry.METRICS:
        for line in metric_page(entry).splitlines()[2:]:
            assert " ".join(line.replace("``", "").split()) in metrics
    for suite in suites():
        assert f"\n## {suite.name}\n" in pages["suites.md"]
        assert " ".join(suite.notes.split()) in " ".join(words(pages["suites.md"]))
    listed = " ".join(words(pages["claims.md"]))
    for claim in claims():
        assert f'<a id="{claim.name}"></a>' in pages["claims.md"]
        assert " ".join(claim.text.split()) in listed


def test_every_page_is_in_the_navigation_and_every_module_is_there(site: ModuleType) -> None:
    nav = (ROOT / "mkdocs.yml").read_text(encoding="utf-8").partition("\nnav:")[2]
    named = set(re.findall(r"[\w/-]+\.md", nav))
    committed = {path.name for path in (ROOT / "docs").glob("*.md")}
    single = {name for name in site.pages() if "/" not in name}
    assert named == committed | single | {"methods/index.md", "api/index.md"}
    for text in site.pages().values():
        for module in re.findall(r"^::: (\S+)$", text, re.MULTILINE):
            assert (ROOT / module.replace(".", "/")).with_suffix(".py").is_file() or (
                ROOT / module.replace(".", "/") / "__init__.py"
            ).is_file()


def test_prose_shows_every_sign_as_it_is(site: ModuleType) -> None:
    markup = importlib.import_module("markup")
    text = "L*90 and L*99, a_b_c, <b>, [x](y), # 1 | 2, ``sigma * 2``, (https://arxiv.org/abs/1)."
    assert " ".join(words(markup.prose(text))) == text.replace("``", "")
    assert words(markup.table(["a"], [[markup.cell("x | y")]])) == ["a", "x", "|", "y"]


def test_a_section_is_set_as_what_it_is(site: ModuleType) -> None:
    text = """name: what it is

Source: a book of
two lines.

Options
    size = 64    32 or 64
        pixels

Facts
    Shape: (2,)

Source: name.py
Code digest: 0"""
    parts = importlib.import_module("markup").as_markdown(text).split("\n\n")
    assert parts[:3] == ["# name", "What it is.", "Source: a book of two lines."]
    assert parts[3] == "## Options" and parts[4].splitlines()[2].startswith("| `size` | `64` |")
    assert parts[5:] == ["## Facts", "- Shape: (2,)", "- Source: name.py\n- Code digest: 0\n"]


def test_docstrings_become_markdown(site: ModuleType) -> None:
    mended = importlib.import_module("markup").mended
    assert mended("A :class:`Cost` of :func:`~a.b`.") == "A `Cost` of `a.b`."
    assert mended("Of :math:`a_1\n b`.") == r"Of \(a_1 b\)."
    assert mended("A:\n\n.. math:: x^2\n\nIt is.").split("\n\n") == [
        "A:",
        "\\[\nx^2\n\\]",
        "It is.",
    ]
    block = "A:\n\n.. math::\n\n    x^2\n    + 1\n\nIt is."
    assert mended(block).split("\n\n")[-2:] == ["\\[\nx^2 + 1\n\\]", "It is."]
    assert mended("One.\n\n>>> 1 + 1\n2\n\nTwo.") == "One.\n\n```pycon\n>>> 1 + 1\n2\n```\n\nTwo."


def commands(page: str) -> list[str]:
    text = (ROOT / "docs" / page).read_text(encoding="utf-8")
    blocks = re.findall(r"^```console\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    return [line for block in blocks for line in block.splitlines()]


def parse(line: str) -> None:
    """Have the command line parse ``line`` without running it."""
    command: click.Command = cli
    name, *arguments = shlex.split(line)
    with click.Context(command, info_name=name) as context:
        while isinstance(command, click.Group):
            _, command, arguments = command.resolve_command(context, arguments)
        command.make_context(command.name, arguments, parent=context)


def test_what_the_guide_types_is_understood() -> None:
    lines = commands("guide.md")
    assert len(lines) > 15
    for line in lines:
        parse(line)
    with pytest.raises(click.UsageError):
        parse("bench run --al")
    with pytest.raises(click.UsageError):
        parse("bench tables")
