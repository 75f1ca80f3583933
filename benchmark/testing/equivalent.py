"""Which digests stand for code that gives equal bits: the only writer of ``data/equivalent.json``.

    python -m benchmark.testing.equivalent --since REVISION

The old revision is checked out beside this one, both run the same short runs on this machine, and
what moved is listed as equivalent only where every tensor of every checkpoint, or every value of
the metric, has the same bits. Records that the old revision made are then no longer stale.
"""

from __future__ import annotations

import json
import subprocess
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
import torch

from benchmark.files import atomic_write
from benchmark.records import Store
from benchmark.running import compare as bits
from benchmark.spec import BenchError
from benchmark.testing.checkouts import Plan, Tree
from benchmark.training import checkpoint

__all__ = ["Moved", "compare", "equivalent", "merged"]

ROOT = Path(__file__).resolve().parents[2]
LIST = ROOT / "benchmark" / "data" / "equivalent.json"

NOWHERE = "it applies to none of the runs"


@dataclass(frozen=True)
class Moved:
    """What is said of one thing that moved: ``old`` and ``new`` digest, and why they are not shown
    to be equivalent; empty where they are."""

    what: str
    old: str
    new: str
    refusal: str


def compare(old: Tree, new: Tree, plan: Plan) -> list[Moved]:
    """Return what became of everything whose digest differs between two checkouts."""
    before, after = old.digests(), new.digests()
    if before["protocol"] != after["protocol"]:
        raise BenchError(
            f"protocol {before['protocol']} became {after['protocol']}: their runs never meet, "
            "so nothing can be equivalent"
        )
    moved = [what for what in after if what in before and before[what] != after[what]]
    if not moved:
        return []
    refusals = _refusals(old, new, plan, moved)
    unknown = "nothing here runs it twice; its runs have to be done again"
    return [Moved(what, before[what], after[what], refusals.get(what, unknown)) for what in moved]


def _refusals(old: Tree, new: Tree, plan: Plan, moved: Sequence[str]) -> dict[str, str]:
    """Return why what ``moved`` is not shown to be equivalent, empty where it is; nothing of what
    cannot be run here."""
    common = [tree.run(plan.methods, plan.seeds, plan.steps, "common") for tree in (old, new)]
    different = _different(*common)
    if different and "harness" in moved:
        return dict.fromkeys(moved, f"the runs differ: {different}")
    refusals = {"harness": different}
    for name in _names(moved, "method"):
        runs = [tree.run([name], plan.seeds, plan.own_steps, name) for tree in (old, new)]
        refusals[f"method {name}"] = _different(*runs)
    for name in _names(moved, "study"):
        if name in plan.studies:
            runs = [tree.study(plan.studies[name], name) for tree in (old, new)]
            refusals[f"study {name}"] = _different(*runs) or _outcomes_differ(*runs)
    metrics = _names(moved, "metric")
    values = _metrics(old, new, metrics, common)
    nowhere = [name for name in metrics if values[name] == NOWHERE]
    if nowhere:
        runs = [tree.run(["vae"], 1, plan.steps, "factors", plan.factors) for tree in (old, new)]
        values |= _metrics(old, new, nowhere, runs)
    return refusals | {f"metric {name}": refusal for name, refusal in values.items()}


def _names(moved: Iterable[str], kind: str) -> list[str]:
    return [what.split()[1] for what in moved if what.startswith(f"{kind} ")]


def _metrics(old: Tree, new: Tree, metrics: Sequence[str], runs: Sequence[Store]) -> dict[str, str]:
    """Measure ``metrics`` in the runs of both; why each is not shown to be the same."""
    if metrics:
        for tree, store in zip((old, new), runs, strict=True):
            tree.evaluate(metrics, store.root.name)
    return {name: _values_differ(name, *runs) for name in metrics}


def _different(old: Store, new: Store) -> str:
    """Return the first difference between the checkpoints of two stores; empty where all bits are
    equal."""
    keys = [{record.key: record for record in store.records()} for store in (old, new)]
    if keys[0].keys() != keys[1].keys() or not keys[0]:
        return "they did not do the same runs"
    for key in keys[0]:
        pair = [
            checkpoint.read(store.folder(key) / "checkpoint.safetensors") for store in (old, new)
        ]
        if (
            pair[0] is None
            or pair[1] is None
            or {keys[0][key].status, keys[1][key].status} != {"done"}
        ):
            return f"{key} did not end well in both"
        one, other = pair[0][0], pair[1][0]
        if one.keys() != other.keys():
            return f"{key} has other tensors: {sorted(one.keys() ^ other.keys())[0]}"
        for name in one:
            same_kind = (
                one[name].dtype == other[name].dtype and one[name].shape == other[name].shape
            )
            if not same_kind or not torch.equal(_bits(one[name]), _bits(other[name])):
                return f"{key} has other bits in {name}"
    return ""


def _bits(tensor: torch.Tensor) -> torch.Tensor:
    return tensor.contiguous().reshape(-1).view(torch.uint8)


def _values_differ(metric: str, old: Store, new: Store) -> str:
    """Return why a metric is not shown to be the same: evidence is the runs whose checkpoints are
    equal, and it must have a value in one of them at least."""
    different = _different(old, new)
    if different:
        return f"the runs it was measured in differ: {different}"
    seen = 0
    for one in old.records():
        other = new.read(one.key)
        values = [_measured(record.measurements, metric) for record in (one, other) if record]
        if len(values) != 2 or values[0] != values[1]:
            return f"{one.key}: {values[0]} became {values[-1]}"
        seen += bool(values[0])
    return "" if seen else NOWHERE


def _outcomes_differ(old: Store, new: Store) -> str:
    """Return the first number or array of a study that is not the same in both; empty where all
    are."""
    for one in old.records():
        other = new.read(one.key)
        assert other is not None  # both did the same runs
        for part in bits.compare(one, other, old.folder(one.key), new.folder(one.key)).parts:
            if part.differing or part.new:
                return f"{one.key} has another {part.name}: {[*part.differing, *part.new][0]}"
    return ""


def _measured(measurements: Mapping[str, Mapping[str, Any]], metric: str) -> dict[str, Any]:
    """The bits of each value of a metric, its count and its unit, by id."""
    return {
        name: (float(measurement["value"]).hex(), measurement["n"], measurement["unit"])
        for name, measurement in measurements.items()
        if name.partition("[")[0] == metric
    }


def merged(
    classes: Sequence[Mapping[str, Any]], comparisons: Iterable[Moved]
) -> list[dict[str, Any]]:
    """Return the classes of equivalent digests joined with those that ``comparisons`` found equal;
    classes that share a digest become one."""
    joined = [{"what": listed["what"], "digests": sorted(listed["digests"])} for listed in classes]
    for comparison in comparisons:
        if comparison.refusal:
            continue
        together = {comparison.old, comparison.new}
        alike = [one for one in joined if together & set(one["digests"])]
        digests = sorted(together.union(*(one["digests"] for one in alike)))
        joined = [one for one in joined if one not in alike]
        joined.append({"what": comparison.what, "digests": digests})
    return sorted(joined, key=lambda listed: (listed["what"], listed["digests"]))


@click.command()
@click.option("--since", required=True, metavar="REVISION", help="the revision that made records")
def equivalent(since: str) -> None:
    """Run REVISION and this checkout on this machine, and list digests of equal bits as equivalent.

    Exit status: 0 all that moved is equivalent, 1 something is not, 2 a mistake in the call.
    """
    with tempfile.TemporaryDirectory(prefix="bench-equivalent-") as folder:
        checkout = Path(folder) / "old"
        _git("worktree", "add", "--detach", str(checkout), since)
        try:
            comparisons = compare(
                Tree(checkout, Path(folder) / "runs-old"),
                Tree(ROOT, Path(folder) / "runs-new"),
                Plan(),
            )
        finally:
            _git("worktree", "remove", "--force", str(checkout))
    for comparison in comparisons:
        verdict = f"refused, {comparison.refusal}" if comparison.refusal else "equal bits"
        click.echo(f"{comparison.what}: {comparison.old} -> {comparison.new}: {verdict}")
    _write(comparisons)
    good = sum(not comparison.refusal for comparison in comparisons)
    click.echo(
        f"{len(comparisons)} moved, {good} equivalent, {len(comparisons) - good} refused; "
        f"list in {LIST}"
    )
    raise SystemExit(1 if good < len(comparisons) else 0)


def _write(comparisons: Sequence[Moved]) -> None:
    listed = json.loads(LIST.read_text(encoding="utf-8"))["classes"] if LIST.is_file() else []
    document = {"schema": 1, "classes": merged(listed, comparisons)}
    atomic_write(LIST, (json.dumps(document, indent=1) + "\n").encode())


def _git(*arguments: str) -> None:
    done = subprocess.run(
        ["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise click.UsageError(
            f"git {' '.join(arguments)} failed: {' '.join(done.stderr.split())}; "
            "run it in a checkout, with a revision of it"
        )


if __name__ == "__main__":
    equivalent()
