"""``bench components``: what each latent component of a finished run changes in decoded images."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from benchmark.cli import Device, data_dir_option, results_option

if TYPE_CHECKING:
    from benchmark.records import Store

__all__ = ["components"]


@click.command()
@click.argument("key")
@click.option("--methods", multiple=True, help="the file of yours that the run is of, ./my_vae.py")
@click.option(
    "--datasets", multiple=True, help="the file of yours that it was trained on, npz:FILE"
)
@click.option("--device", type=Device(), default="auto", show_default=True)
@data_dir_option
@results_option
def components(
    key: str,
    methods: tuple[str, ...],
    datasets: tuple[str, ...],
    device: str,
    data_dir: Path,
    results: Path,
) -> None:
    """List the latent components of the run KEY (its beginning suffices), those that change decoded
    images least first.

    The change is the mean squared one of 200 test images when one component is set to -3, -2 ... 3
    and the others stay. The last line names the two of least effect as MI-VAE takes them, which
    rewards two that say little in a run without the reward.
    """
    from benchmark.options import split_list
    from benchmark.records import Store
    from benchmark.running.evaluate import Evaluation

    store = Store(results)
    whole = _whole(key, store)
    evaluation = Evaluation(store, (), data_dir, split_list(methods), split_list(datasets), device)
    values = evaluation.impacts(whole)
    record = store.read(whole)
    relevance = (record.discovery or {}).get("relevance", []) if record else []
    order = sorted(range(len(values)), key=lambda component: (values[component], component))
    click.echo("component  change  relevance")
    for component in order:
        share = f"{relevance[component]:9.3g}" if component < len(relevance) else "        –"
        click.echo(f"{component:9d}  {values[component]:6.3g}  {share}")
    if len(order) > 1:
        click.echo(
            f"least effect: subset={'+'.join(str(component) for component in sorted(order[:2]))}"
        )


def _whole(key: str, store: Store) -> str:
    """Return the one key in ``store`` that begins with ``key``."""
    from benchmark.options import suggest
    from benchmark.spec import BenchError

    keys = sorted(path.parent.name for path in store.root.glob("*/record.json"))
    matches = [candidate for candidate in keys if candidate.startswith(key)]
    if key in matches:
        return key
    if len(matches) != 1:
        reason = (
            f"is the beginning of {len(matches)} runs, the first {matches[0]}; give more of the key"
            if matches
            else f"is no run in '{store.root}'{suggest(key, keys)}"
        )
        raise BenchError(f"'{key}' {reason}")
    return matches[0]
