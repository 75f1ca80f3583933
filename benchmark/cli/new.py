"""``bench new``: a working method of your own in one file."""

from __future__ import annotations

from pathlib import Path

import click

__all__ = ["new"]


@click.command()
@click.argument("name")
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="where to write it  [default: NAME with underscores, .py]",
)
def new(name: str, output: Path | None) -> None:
    """Write a method called NAME, as my-vae: a small VAE that passes every check, to be changed
    into yours."""
    import re
    from importlib import resources
    from string import Template

    from benchmark import registry
    from benchmark.cli.output import save
    from benchmark.spec import BenchError

    if not re.fullmatch(r"[a-z][a-z0-9]*(-[a-z0-9]+)*", name):
        raise BenchError(
            f"'{name}' is no name for a method; expected small letters and digits joined by hyphens, as my-vae"
        )
    if any(entry.name == name for entry in registry.entries("methods")):
        raise BenchError(
            f"there is a method called '{name}' already; choose another name (see `bench list methods`)"
        )
    path = output or Path(f"{name.replace('-', '_')}.py")
    if path.exists():
        raise BenchError(
            f"'{path}' exists already and is left as it is; choose another name, or -o FILE"
        )
    words = name.split("-")
    text = Template(
        resources.files("benchmark")
        .joinpath("data/templates/method.txt")
        .read_text(encoding="utf-8")
    )
    save(
        path,
        text.substitute(title=name, name="".join(word.capitalize() for word in words)).encode(),
    )
    here = path if path.is_absolute() or path.parent != Path() else Path(path)
    shown = str(here) if path.is_absolute() else f"./{path}"
    click.echo(
        f"wrote {path}\n\n    bench check-method {shown}\n    bench run --methods {shown},vae --datasets digits\n    bench table --format markdown"
    )
