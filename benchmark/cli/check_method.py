"""``bench check-method``: does a method keep the promises that every method makes?"""

from __future__ import annotations

import click

__all__ = ["check_method"]


@click.command("check-method")
@click.argument("reference", metavar="NAME|FILE.py")
@click.option("-v", "--verbose", is_flag=True, help="also say why a check was skipped")
def check_method(reference: str, verbose: bool) -> None:
    """Check a registered method or a file of yours, options in brackets: './my_vae.py[lr=0.01]'.

    Each line is one promise. Exit status: 0 all kept, 1 one is broken, 2 a mistake in the call.
    """
    import tempfile
    import textwrap
    from pathlib import Path

    from benchmark.testing import Candidate, outcomes

    tally = {"passed": 0, "failed": 0, "skipped": 0}
    with tempfile.TemporaryDirectory() as folder:
        for outcome in outcomes(Candidate(reference, Path(folder))):
            tally[outcome.status] += 1
            click.echo(f"{outcome.status:<8}{outcome.check.name:<21}{outcome.check.promise}")
            if outcome.status == "failed" or (verbose and outcome.message):
                click.echo(
                    textwrap.fill(
                        outcome.message, 120, initial_indent=" " * 8, subsequent_indent=" " * 8
                    )
                )
    click.echo(
        f"{reference}: {tally['passed']} passed, {tally['failed']} failed, "
        f"{tally['skipped']} skipped"
    )
    raise SystemExit(1 if tally["failed"] else 0)
