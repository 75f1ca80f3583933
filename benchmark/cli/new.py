"""``bench new``: a working method or dataset of your own in one file."""

from __future__ import annotations

from pathlib import Path

import click

__all__ = ["new"]


@click.command()
@click.argument("name")
@click.option("--dataset", is_flag=True, help="write a dataset instead of a method")
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="where to write it  [default: NAME with underscores, .py]",
)
def new(name: str, dataset: bool, output: Path | None) -> None:
    """Write a method called NAME, as my-vae: a small VAE that passes every check, to be changed
    into yours. With --dataset a dataset."""
    from importlib import resources
    from string import Template

    from benchmark.cli.output import save
    from benchmark.spec import BenchError

    _check(name, "dataset" if dataset else "method")
    path = output or Path(f"{name.replace('-', '_')}.py")
    if path.exists():
        raise BenchError(
            f"'{path}' exists already and is left as it is; choose another name, or -o FILE"
        )
    template = f"data/templates/{'dataset' if dataset else 'method'}.txt"
    text = Template(resources.files("benchmark").joinpath(template).read_text(encoding="utf-8"))
    title = "".join(word.capitalize() for word in name.split("-"))
    save(path, text.substitute(title=name, name=title).encode())
    shell_path = str(path) if path.is_absolute() else f"./{path}"
    check, run = (
        (f"check-dataset {shell_path}", f"run --methods pca,grae --datasets {shell_path}")
        if dataset
        else (f"check-method {shell_path}", f"run --methods {shell_path},vae --datasets digits")
    )
    click.echo(
        f"wrote {path}\n\n    bench {check}\n    bench {run}\n    bench table --format markdown"
    )


def _check(name: str, kind: str) -> None:
    """Raise ``BenchError`` where ``name`` cannot be that of a new method or dataset."""
    import re

    from benchmark import registry
    from benchmark.spec import BenchError

    if not re.fullmatch(r"[a-z][a-z0-9]*(-[a-z0-9]+)*", name):
        example = "my-vae" if kind == "method" else "my-data"
        raise BenchError(
            f"'{name}' is no name for a {kind}; expected small letters and digits joined by "
            f"hyphens, as {example}"
        )
    room: registry.Room = "methods" if kind == "method" else "datasets"
    if any(entry.name == name for entry in registry.entries(room)):
        raise BenchError(
            f"there is a {kind} called '{name}' already; choose another name (see "
            f"`bench list {room}`)"
        )
