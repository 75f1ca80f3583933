"""``bench dims``: how many dimensions somebody's data have."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from benchmark.cli import Device, Real, data_dir_option

if TYPE_CHECKING:
    from benchmark.calibration.data_answer import DataAnswer
    from benchmark.dims.answering import Question

__all__ = ["dims"]

NO_ANSWER = 3

PAGE, PICTURES, DOCUMENT = ".html", (".png", ".pdf", ".svg"), ".json"


@click.command()
@click.argument("data", metavar="DATA")
@click.option("--json", "as_json", is_flag=True, help="print the answer as a JSON document")
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="also write the page (.html), the picture (.png, .pdf, .svg) or the document (.json)",
)
@click.option(
    "--minutes",
    type=Real(0, min_open=True),
    default=10.0,
    show_default=True,
    help="how long it may take; decides how many methods are asked",
)
@click.option(
    "--methods",
    multiple=True,
    metavar="A,B",
    help="ask these  [default: those the calibration trusts most]",
)
@click.option("--estimators-only", is_flag=True, help="train nothing: estimators and PCA alone")
@click.option(
    "--latent-dims",
    multiple=True,
    metavar="A,B",
    help="latent sizes L of the methods  [default: two, by the estimates]",
)
@click.option("--steps", type=click.IntRange(1), help="outer steps  [default: the calibration's]")
@click.option(
    "--calibration",
    type=click.Path(path_type=Path, exists=True),
    metavar="PATH",
    help="a file of `bench calibrate`, or a folder of records  [default: the package's]",
)
@click.option("--workers", type=click.IntRange(1), help="runs at once  [default: one per core]")
@click.option(
    "--device", type=Device(), default="auto", show_default=True, help="auto, cpu, cuda or cuda:N"
)
@data_dir_option
@click.option(
    "--results",
    type=click.Path(path_type=Path),
    default=Path("results/dims"),
    show_default=True,
    help="folder of the runs, the estimates and the answer",
)
def dims(data: str, as_json: bool, output: Path | None, **options: Any) -> None:
    """How many dimensions do DATA have? One answer with an interval, and what every voice said.

    DATA is a file (.csv, .parquet; .npz or .npy, vectors (N, D) or images), a folder of images, or
    the name of a dataset, as 'digits' or 'manifold[noise=0.1]'. Vectors of a file are brought to
    mean 0 and standard deviation 1, column by column; npz:FILE takes them as they are.

    Asked are four estimators of intrinsic dimension (they need the extra dims), principal
    components (95 and 99 % of the variance), and the methods whose counts differed least from the
    truth on data of known dimension (without a calibration those of the suite known-dimension), as
    many as there is time for: one seed at two latent sizes, L (the power of two from twice the
    median estimate on, 16 to 64) and 2 L, 3,000 outer steps on vectors, 600 on images, as in the
    calibration. 64 numbers x 4,000 rows take 10 minutes on two cores at most; runs that are not
    done by then stop and are left out, and the same command goes on with them.

    Each count is corrected by the voice's record on data of known dimension and weighs by how much
    it scattered there; the interval is meant to hold the truth in 95 of 100 datasets of that kind.
    Left out, each with the reason, are runs with a flag (unsettled, collapsed), counts inside their
    null, voices without a record. The L to provision is the power of two that is no less than twice
    the answer and the end of the interval.

    Exit status: 0 an answer, 2 a mistake in the call, 3 the voices allow no answer (nothing is
    calibrated, too few were heard, or they differ more than on data of known dimension), 130 or 143
    interrupted.
    """
    from benchmark.cli.progress import signals
    from benchmark.dims.answering import ask
    from benchmark.dims.calibrating import chosen_calibration

    _check_output(output)
    calibration = chosen_calibration(options["calibration"])
    question = _question(data, options)
    with signals() as received:
        answer = ask(question, calibration, _watcher(), lambda: len(received), _say)
    if received:
        _say("interrupted; the same command goes on from the last checkpoints")
        raise SystemExit(128 + received[0])
    click.echo(answer.to_json() if as_json else _page_of_text(answer), nl=False)
    _keep(answer, question, output)  # afterwards: what cannot be stored has been said
    raise SystemExit(0 if answer.value is not None else NO_ANSWER)


def _say(text: str) -> None:
    click.echo(text, err=True)


def _watcher() -> Any:
    from benchmark.running.processes import Events

    class Ends(Events):
        """One line on stderr per ended run; stdout is the answer's."""

        def ended(self, outcome: Any) -> None:
            _say(f"{outcome.status:8} {outcome.job.label}")

    return Ends()


def _check_output(output: Path | None) -> None:
    """``BenchError`` before anything is run where the file cannot be written as it is called."""
    from benchmark.spec import BenchError

    if output is None:
        return
    kinds = (PAGE, *PICTURES, DOCUMENT)
    if output.suffix.lower() not in kinds:
        endings = ", ".join(kinds)
        raise BenchError(f"cannot write '{output}'; expected a name that ends in {endings}")
    if not output.parent.is_dir():
        raise BenchError(f"there is no folder '{output.parent}'; make it, or name another with -o")


def _question(data: str, options: dict[str, Any]) -> Question:
    from benchmark.cli.run import sizes_of
    from benchmark.cli.tally import default_workers
    from benchmark.dims.answering import Question
    from benchmark.dims.data_source import reference_of
    from benchmark.options import split_list
    from benchmark.planning.reuse import Settings

    if options["estimators_only"] and options["methods"]:
        raise click.UsageError("--estimators-only asks no method; give it without --methods")
    named = split_list(options["methods"]) or None
    results = options["results"]
    return Question(
        reference_of(data, results / "data"),
        options["data_dir"],
        Settings(results, options["device"]),
        tuple(sorted(set(sizes_of(options["latent_dims"])))),
        [] if options["estimators_only"] else named,
        options["steps"],
        options["minutes"],
        options["workers"] or default_workers(options["device"]),
    )


def _keep(answer: DataAnswer, question: Question, output: Path | None) -> None:
    """Store the answer with the runs, and write the file that was asked for."""
    from benchmark.calibration.data_answer import write_answer

    write_answer(question.settings.results, answer)
    if output is None:
        return
    from benchmark.cli.output import save

    suffix = output.suffix.lower()
    if suffix == DOCUMENT:
        data = answer.to_json().encode()
    elif suffix == PAGE:
        from benchmark.reporting.report.site import dimensions_page

        data = dimensions_page([answer])
    else:
        from benchmark.reporting.figures.voices import drawn_answer

        data = drawn_answer(answer, suffix[1:])
    save(output, data)
    _say(f"wrote {output}")


def _page_of_text(answer: DataAnswer) -> str:
    from benchmark.reporting.render import plain
    from benchmark.reporting.tables.voices import voices

    return plain.render(voices(answer))
