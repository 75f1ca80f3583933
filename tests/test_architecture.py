"""Arrows between rooms go one way, light rooms stay light, and nothing reads pickle."""

from __future__ import annotations

import ast
import subprocess
import sys
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

import baselines
import benchmark

PACKAGES = {
    "benchmark": Path(benchmark.__file__).parent,
    "baselines": Path(baselines.__file__).parent,
}

# A room may import itself and the rooms before it.
ROOMS = (
    "parts",
    "spec",
    "files",
    "arrays",
    "budgets",
    "options",
    "modules",
    "syntax",
    "source",
    "registry",
    "identity",
    "records",
    "controls",
    "nn",
    "method",
    "machine",
    "datasets",
    "metrics",
    "extractors",
    "planning",
    "training",
    "evaluation",
    "study",
    "running",
    "studies",
    "reporting",
    "testing",
    "models",
    "exports",
    "api",
    "estimator",
    "cli",
)
ADAPTERS_SEE = {"registry", "nn", "method"}


def modules() -> list[tuple[str, Path]]:
    found = []
    for name, folder in PACKAGES.items():
        for path in sorted(folder.rglob("*.py")):
            found.append(
                (
                    ".".join((name, *path.relative_to(folder).with_suffix("").parts)).removesuffix(
                        ".__init__"
                    ),
                    path,
                )
            )
    return found


def imports(path: Path) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.update(
                {f"{node.module}.{alias.name}" for alias in node.names}
                if node.module in PACKAGES
                else {node.module}
            )
    return found


def room(module: str) -> str | None:
    parts = module.split(".")
    return parts[1] if len(parts) > 1 else None


def upward(module: str, imported: set[str]) -> list[str]:
    """The imports of ``module`` that point at a room after its own."""
    if module.startswith("baselines."):
        return sorted(
            name
            for name in imported
            if name.startswith("benchmark") and room(name) not in ADAPTERS_SEE
        )
    own = room(module)
    if own in (None, "__main__"):
        return []
    allowed = ROOMS[: ROOMS.index(own) + 1]
    return sorted(
        name
        for name in imported
        if name.startswith("benchmark.") and room(name) not in (*allowed, "__version__")
    )


@pytest.mark.parametrize(
    ("module", "path"), modules(), ids=lambda value: value if isinstance(value, str) else ""
)
def test_imports_point_upwards_in_the_plan_only(module: str, path: Path) -> None:
    assert upward(module, imports(path)) == []


def test_the_check_sees_an_upward_arrow() -> None:
    assert upward("benchmark.nn.losses", {"benchmark.method"}) == ["benchmark.method"]
    assert upward("baselines.vae", {"benchmark.training.trainer", "benchmark.nn.optim"}) == [
        "benchmark.training.trainer"
    ]
    assert upward("baselines.vae", {"benchmark"}) == ["benchmark"]


def test_a_method_may_stand_on_another_but_never_on_itself() -> None:
    arrows = {
        module: {name for name in map(_file_of, imports(path)) if name != "baselines"}
        for module, path in modules()
        if module.startswith("baselines.")
    }
    assert arrows["baselines.r_dpvae"] == {"baselines.r_vae"}
    TopologicalSorter(arrows).prepare()  # CycleError where two stand on each other
    with pytest.raises(CycleError):
        TopologicalSorter({**arrows, "baselines.vae": {"baselines.r_dpvae"}}).prepare()


def _file_of(imported: str) -> str:
    """``baselines.vae`` of anything in that file, ``baselines`` of anything else."""
    return ".".join(imported.split(".")[:2]) if imported.startswith("baselines.") else "baselines"


@pytest.mark.parametrize(
    "name", ["spec", "options", "modules", "syntax", "source", "registry", "identity"]
)
def test_nouns_and_registry_need_the_standard_library_only(name: str) -> None:
    outside = {each.split(".")[0] for each in imports(PACKAGES["benchmark"] / f"{name}.py")} - set(
        sys.stdlib_module_names
    )
    assert outside <= {"benchmark"}


@pytest.mark.parametrize("command", [["--help"], ["list"], ["show", "vae"], ["show", "circle"]])
def test_looking_around_imports_no_numpy(command: list[str]) -> None:
    code = f"import sys, benchmark.cli; benchmark.cli.cli({command!r}, standalone_mode=False); assert not {{'torch', 'numpy'}} & set(sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    "statement",
    [
        "import benchmark.cli; benchmark.cli.cli(['--help'], standalone_mode=False)",
        "import benchmark.cli; benchmark.cli.cli(['list'], standalone_mode=False)",
        "import benchmark.cli; benchmark.cli.cli(['show', 'vae'], standalone_mode=False)",
        "import benchmark.cli; benchmark.cli.cli(['show', 'ren-toy'], standalone_mode=False)",
        "import benchmark.reporting.tables.summary, benchmark.reporting.figures.draw, benchmark.reporting.report.site, benchmark.metrics.frechet",
        "import benchmark.planning.jobs, benchmark.planning.reuse, benchmark.running.processes",
        "from benchmark.planning.jobs import Grid, plan; from pathlib import Path; plan(Grid(['vae'], ['circle']), Path('.'))",
    ],
)
def test_looking_and_reporting_import_no_torch(statement: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", f"import sys\n{statement}\nassert 'torch' not in sys.modules"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("module", "path"), modules(), ids=lambda value: value if isinstance(value, str) else ""
)
def test_no_pickle_is_read(module: str, path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert not {"pickle", "joblib", "dill"} & {name.split(".")[0] for name in imports(path)}
    assert "allow_pickle=True" not in text
    if module == "benchmark.extractors.inception":  # the one exception, sha256-pinned, tensors only
        assert text.count("torch.load(") == text.count("weights_only=True)") == 1
    else:
        assert "torch.load(" not in text


CLOCKS = {"process_time", "perf_counter", "thread_time", "time"}
"""Functions of ``time`` that tell how long something took; ``monotonic`` is for patience."""


def clocks(text: str) -> list[str]:
    """The clocks that a module reads."""
    return [
        node.attr
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.Attribute)
        and isinstance(node.value, ast.Name)
        and node.value.id == "time"
        and node.attr in CLOCKS
    ]


def test_no_test_depends_on_how_fast_the_machine_is() -> None:
    """Tests count; what is timed stands in tests/performance."""
    tests = Path(__file__).parent
    timed = {
        str(path.relative_to(tests))
        for path in tests.rglob("*.py")
        if clocks(path.read_text(encoding="utf-8"))
    }
    assert {name for name in timed if not name.startswith("performance")} == set()
    assert timed  # those of tests/performance are seen


LONG = {
    "benchmark.registry",  # one literal table
    "benchmark.cli.run",
    "benchmark.running.job",
    "benchmark.running.replay",
    "benchmark.reporting.papers.filled",
}


def test_files_hold_one_idea() -> None:
    lengths = {
        module: len(path.read_text(encoding="utf-8").splitlines()) for module, path in modules()
    }
    long = {module for module, length in lengths.items() if length > 300}
    assert long == LONG  # the list may only shrink
