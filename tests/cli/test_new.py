"""``bench new`` and ``bench check-method`` as a newcomer meets them."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from benchmark.cli.check_method import check_method
from benchmark.cli.new import new
from benchmark.spec import BenchError


def call(command: object, *arguments: object) -> Result:
    return CliRunner().invoke(command, [str(argument) for argument in arguments])


def test_new_writes_some_sixty_lines_that_say_what_to_do_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    output = call(new, "my-vae").output
    text = (tmp_path / "my_vae.py").read_text(encoding="utf-8")
    assert "class MyVae(Method):" in text and "$" not in text
    assert len(text.splitlines()) <= 66
    assert (
        "bench check-method ./my_vae.py" in output and "bench run --methods ./my_vae.py" in output
    )


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("My VAE", "expected small letters"),
        ("vae", "there is a method called 'vae' already"),
        ("../x", "expected small"),
    ],
)
def test_new_refuses_names_that_would_not_work(
    name: str, says: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    error = call(new, name).exception
    assert isinstance(error, BenchError) and says in str(error)
    assert list(tmp_path.iterdir()) == []


def test_new_leaves_an_existing_file_alone(tmp_path: Path) -> None:
    path = tmp_path / "mine.py"
    path.write_text("precious", encoding="utf-8")
    error = call(new, "mine", "-o", path).exception
    assert isinstance(error, BenchError) and "left as it is" in str(error)
    assert path.read_text(encoding="utf-8") == "precious"


def test_check_method_says_what_is_broken_and_exits_1(tmp_path: Path) -> None:
    path = tmp_path / "mine.py"
    call(new, "mine", "-o", path)
    path.write_text(
        path.read_text(encoding="utf-8")
        .replace("relevance > 0.1", "relevance > 1e9")
        .replace("class Mine(Method):\n", "class Mine(Method):\n    prunes = True\n"),
        encoding="utf-8",
    )
    result = call(check_method, path)
    assert result.exit_code == 1
    assert "failed  prunes" in result.output and "set it to False" in result.output
    assert ", 1 failed," in result.output.splitlines()[-1]


def test_a_subclass_of_a_built_in_method_is_a_method_with_its_options(tmp_path: Path) -> None:
    """Its options and docstring are read from the text of both files."""
    from benchmark import registry

    path = tmp_path / "quiet_vae.py"
    path.write_text(
        '"""Quiet."""\n\n'
        "from baselines.vae import VAE\n\n\n"
        "class QuietVAE(VAE):\n"
        "    prunes = False\n",
        encoding="utf-8",
    )
    choice = registry.choose("methods", f"{path}[lr=0.01]")
    assert choice.options["lr"] == 0.01 and choice.options["sigma"] == "learned"
    assert registry.load(choice.entry.target).Config(**choice.options).lr == 0.01
    assert choice.entry.source.doc == "Quiet."
    assert "mnist" in choice.entry.source.constants["reference"]
