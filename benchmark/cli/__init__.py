"""The command ``bench``. Each command group is one small file that parses, calls and echoes; it is
imported when it is asked for."""

from __future__ import annotations

import gc
import importlib
import io
import math
import os
import re
import signal
import sys
import warnings
from pathlib import Path
from typing import Any

import click

from benchmark import __version__
from benchmark.cli.collisions import collision
from benchmark.cli.printable import guarded
from benchmark.spec import BenchError

__all__ = ["cli", "main"]

COMMANDS = {
    "run": "train and evaluate methods on datasets",
    "evaluate": "add metrics to finished runs",
    "components": "what each latent component of a run changes",
    "list": "list what is here",
    "show": "show a method, a dataset or a run",
    "data": "list, fetch and verify data",
    "dims": "how many dimensions data have, with an interval",
    "calibrate": "learn what counts of dimensions are worth, for dims",
    "table": "make a table from records",
    "claims": "judge the claims of the sources",
    "figure": "draw a figure from records",
    "report": "make pages to read of all records",
    "export": "write codes, networks or records for other programs",
    "merge": "bring results of several machines into one folder",
    "replay": "do stored runs again and compare",
    "baseline": "write down what runs measured when all was well",
    "check": "judge runs against a baseline",
    "new": "write a method or a dataset of your own to start from",
    "check-method": "check that a method keeps its promises",
    "check-dataset": "check that a dataset does",
}


class LazyGroup(click.Group):
    """Lists commands from a literal table and imports one only when it runs."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        name = cmd_name.replace("-", "_")
        module = importlib.import_module(f"benchmark.cli.{name}")
        return getattr(module, f"{name}_command", None) or getattr(module, name)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.group(
    cls=LazyGroup,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 120},
)
@click.version_option(__version__, prog_name="bench")
def cli() -> None:
    """L* bench: one protocol for autoencoders that find their own latent dimension.

    \b
    bench run --all                     who finds the dimension: eleven methods, three datasets
    bench table --format latex          the numbers as a table
    bench figure samples                the samples as a picture
    """


def main() -> None:
    """Entry point: errors of the caller are one line on stderr and exit status 2."""
    # Thousands of records are trees that stay: a search for cycles walks all of them again and
    # again and finds none.
    gc.set_threshold(100_000)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # what the terminal cannot show is no reason to die
            stream.reconfigure(errors="replace" if stream.isatty() else "backslashreplace")
    _guard_streams()
    warnings.showwarning = _warn
    if warning := collision():
        click.echo(f"bench: {warning}", err=True)
    try:
        sys.exit(cli.main(standalone_mode=False) or 0)
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.format_message())
    except CutOff as error:
        _cut_off(str(error))
    except click.UsageError as error:
        where = f" (see `{error.ctx.command_path} --help`)" if error.ctx else ""
        _fail(f"{error.format_message().rstrip('.')}{where}")
    except click.ClickException as error:
        _fail(error.format_message())
    except (BenchError, OSError) as error:
        _fail(str(error))
    except (click.Abort, KeyboardInterrupt):
        sys.exit(130)


def _guard_streams() -> None:
    """Let nothing be printed that moves the cursor or turns the text: records may be a
    stranger's."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if isinstance(stream, io.TextIOWrapper):
            setattr(sys, name, guarded(stream))


class CutOff(Exception):
    """Nobody reads the output any more, and there is something to tell about it."""


def _cut_off(notice: str) -> None:
    """Tell it, and leave with the status of SIGPIPE; nothing is left to be flushed at the exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    click.echo(f"bench: {notice}", err=True)
    sys.exit(128 + signal.SIGPIPE)


_python_warning = warnings.showwarning


def _warn(message: Warning | str, category: type[Warning], *where: Any, **rest: Any) -> None:
    """Print what is told of records in one line; other warnings as Python does."""
    if category.__name__ == "UnreadableRecord":
        click.echo(f"bench: {' '.join(str(message).split())}", err=True)
    else:
        _python_warning(message, category, *where, **rest)


def _fail(message: str) -> None:
    """Print one line and leave with status 2."""
    click.echo(f"bench: error: {' '.join(message.split())}", err=True)
    sys.exit(2)


class Device(click.ParamType[str]):
    """``auto``, ``cpu``, ``cuda``, or the GPU of a number, ``cuda:N``."""

    name = "device"

    def convert(self, value: Any, param: Any, ctx: Any) -> str:
        text = str(value)
        if not re.fullmatch(r"auto|cpu|cuda(:[0-9]{1,3})?", text):
            self.fail(f"'{text}' is none of auto, cpu, cuda, cuda:N (as in cuda:1)", param, ctx)
        return text


class Real(click.FloatRange):
    """A number within bounds; nan is none."""

    def convert(self, value: Any, param: Any, ctx: Any) -> float:
        number = super().convert(value, param, ctx)
        if math.isnan(number):
            self.fail(f"'{value}' is not a number", param, ctx)
        return number


def results_option(function: click.decorators.FC) -> click.decorators.FC:
    """``--results DIR``, the folder of records, the same in every command."""
    return click.option(
        "--results",
        type=click.Path(path_type=Path, file_okay=True),
        default=Path("results/runs"),
        show_default=True,
        help="folder of records",
    )(function)


def data_dir_option(function: click.decorators.FC) -> click.decorators.FC:
    """``--data-dir DIR``, where data lies, the same in every command."""
    return click.option(
        "--data-dir",
        type=click.Path(path_type=Path),
        envvar="BENCH_DATA",
        default=Path("data"),
        show_default="$BENCH_DATA or data",
        help="folder of the data",
    )(function)
