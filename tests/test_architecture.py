"""Arrows between rooms go one way, light rooms stay light, and nothing reads pickle."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from collections.abc import Container, Mapping, Sequence
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

import baselines
import benchmark

PACKAGES = {
    "benchmark": Path(benchmark.__file__).parent,
    "baselines": Path(baselines.__file__).parent,
}

# A room may import itself and the rooms before it; a dotted one is a room of a room.
ROOMS = (
    "checks",
    "parts",
    "spec",
    "files",
    "arrays",
    "budgets",
    "needs",
    "options",
    "fields",
    "modules",
    "syntax",
    "source",
    "registered",
    "registry",
    "names",
    "identity",
    "records",
    "controls",
    "nn",
    "method",
    "machine",
    "datasets",
    "metrics",
    "extractors",
    "study",
    "planning",
    "training",
    "evaluation",
    "running",
    "models",
    "studies",
    "calibration",
    "reporting.catalogue",
    "reporting.statistics",
    "reporting.cells",
    "reporting.tables",
    "reporting.papers",
    "reporting.claims",
    "reporting.gate",
    "reporting.figures",
    "reporting.render",
    "reporting.named_tables",
    "reporting.report",
    "dims",
    "exports",
    "testing",
    "api",
    "estimator",
    "cli",
)
PAGE = Path(__file__).parents[1] / "ARCHITECTURE.md"
ADAPTERS_SEE = {"registry", "needs", "nn", "method"}


def modules() -> list[tuple[str, Path]]:
    """Every file of the project with its dotted name."""
    return [
        (".".join((name, *path.relative_to(folder).with_suffix("").parts)), path)
        for name, folder in PACKAGES.items()
        for path in sorted(folder.rglob("*.py"))
    ]


MODULES = {name.removesuffix(".__init__"): path for name, path in modules()}


def imports(path: Path, modules: Container[str] = frozenset(MODULES)) -> set[str]:
    """The dotted names that a file imports anywhere in it: of ``from package import name`` the file
    ``package.name`` where that is one of ``modules``, the package itself where it is another's."""
    imported: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            imported.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            for alias in node.names:
                name = f"{node.module}.{alias.name}"
                is_file = name in modules or node.module in PACKAGES
                imported.add(name if is_file else node.module)
    return imported


def room(module: str) -> str | None:
    """The room of ``ROOMS`` that a module lies in: the longest that its name begins with."""
    parts = module.split(".")[1:]
    names = [".".join(parts[:length]) for length in range(len(parts), 0, -1)]
    return next((name for name in names if name in ROOMS), names[-1] if names else None)


def upward(module: str, imported: set[str]) -> list[str]:
    """The imports of ``module`` that point at a room after its own."""
    if module.startswith("baselines."):
        return sorted(
            name
            for name in imported
            if name.startswith("benchmark") and room(name) not in ADAPTERS_SEE
        )
    own = room(module)
    if own in (None, "__main__", "__init__") or module == "benchmark.reporting.__init__":
        return []
    allowed = (*ROOMS[: ROOMS.index(str(own)) + 1], "__version__")
    return sorted(
        name for name in imported if name.startswith("benchmark.") and room(name) not in allowed
    )


@pytest.mark.parametrize(
    ("module", "path"), modules(), ids=lambda value: value if isinstance(value, str) else ""
)
def test_imports_point_upwards_in_the_plan_only(module: str, path: Path) -> None:
    assert upward(module, imports(path)) == []


def test_the_check_sees_an_upward_arrow(tmp_path: Path) -> None:
    assert upward("benchmark.nn.losses", {"benchmark.method"}) == ["benchmark.method"]
    assert upward("baselines.vae", {"benchmark.training.trainer", "benchmark.nn.optim"}) == [
        "benchmark.training.trainer"
    ]
    assert upward("baselines.vae", {"benchmark"}) == ["benchmark"]
    planted = tmp_path / "planted.py"
    planted.write_text(
        "def late():\n    from benchmark.reporting import catalogue, render\n"
        "    from benchmark.reporting.papers.printed import Printed\n"
    )
    assert upward("benchmark.reporting.tables.planted", imports(planted)) == [
        "benchmark.reporting.papers.printed",
        "benchmark.reporting.render",
    ]
    assert upward("benchmark.reporting.report.planted", imports(planted)) == []
    planted.write_text("from benchmark.running import job\n")
    assert upward("benchmark.training.planted", imports(planted)) == ["benchmark.running.job"]
    assert upward("benchmark.running.planted", imports(planted)) == []


def test_every_room_is_there() -> None:
    assert set(ROOMS) == {room(module) for module in MODULES if module.startswith("benchmark.")} - {
        "__main__",
        "reporting",
    }


NAMED = ("planning", "training", "evaluation", "running")
"""Rooms of which ARCHITECTURE.md names every file."""


def missing_on(page: str) -> list[str]:
    """The rooms, and the files of the rooms of a run, that a page of architecture does not name."""
    rows = {room: line for room in NAMED for line in page.splitlines() if f"/{room}/` |" in line}
    rooms = [name for name in ROOMS if f"{name.replace('.', '/')}" not in page]
    files = [
        module
        for module, path in MODULES.items()
        if room(module) in NAMED
        and path.stem != "__init__"
        and f"`{path.stem}`" not in rows.get(str(room(module)), "")
    ]
    return rooms + files


@pytest.mark.skipif(not PAGE.is_file(), reason="the page lies in the repository alone")
def test_the_page_names_every_room() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert missing_on(page) == []
    assert missing_on(page.replace("reporting/gate/", "").replace("`stepper`", "")) == [
        "reporting.gate",
        "benchmark.training.stepper",
    ]


def arrows(files: Mapping[str, Path]) -> dict[str, set[str]]:
    """Which of ``files`` imports which, at its top or later."""
    return {name: imports(path, files) & set(files) for name, path in files.items()}


def test_no_two_files_stand_on_each_other() -> None:
    TopologicalSorter(arrows(MODULES)).prepare()  # CycleError names the files of a circle


def test_the_check_sees_a_circle(tmp_path: Path) -> None:
    files = {name: tmp_path / f"{name}.py" for name in ("one", "two", "three")}
    files["one"].write_text("import two\n")
    files["two"].write_text("def late():\n    from three import thing\n")
    files["three"].write_text("thing = 1\n")
    TopologicalSorter(arrows(files)).prepare()
    files["three"].write_text("def late():\n    import one\n")
    with pytest.raises(CycleError, match="nodes are in a cycle"):
        TopologicalSorter(arrows(files)).prepare()


def test_a_method_may_stand_on_another() -> None:
    assert imports(MODULES["baselines.r_dpvae"]) & set(MODULES) & {
        name for name in MODULES if name.startswith("baselines.")
    } == {"baselines.r_vae"}


@pytest.mark.parametrize(
    "name", ["spec", "options", "modules", "syntax", "source", "registry", "names", "identity"]
)
def test_nouns_and_registry_need_the_standard_library_only(name: str) -> None:
    outside = {
        imported.split(".")[0] for imported in imports(PACKAGES["benchmark"] / f"{name}.py")
    } - set(sys.stdlib_module_names)
    assert outside <= {"benchmark"}


def imported_by(statements: Sequence[str], heavy: set[str]) -> list[str]:
    """Which of ``statements`` are the first to import something ``heavy``, carried out one after
    the other in a process of their own."""
    code = """
import json, sys
first, heavy = [], set(json.loads(sys.argv[1]))
for statement in json.loads(sys.argv[2]):
    exec(statement)
    if heavy & set(sys.modules):
        first.append(statement)
        heavy -= set(sys.modules)
print("\\n" + json.dumps(first))
"""
    arguments = (json.dumps(sorted(heavy)), json.dumps(statements))
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    first: list[str] = json.loads(done.stdout.splitlines()[-1])
    return first


def called(*arguments: str) -> str:
    """The statement that calls the command."""
    return f"import benchmark.cli; benchmark.cli.cli({[*arguments]!r}, standalone_mode=False)"


LOOKING = (called("--help"), called("list"), called("show", "vae"), called("show", "circle"))


def test_looking_around_imports_no_numpy() -> None:
    assert imported_by(LOOKING, {"torch", "numpy"}) == []


def test_looking_and_reporting_import_no_torch() -> None:
    statements = (
        called("show", "ren-toy"),
        "import benchmark.reporting.tables.summary, benchmark.reporting.figures.draw",
        "import benchmark.reporting.report.site, benchmark.metrics.frechet",
        "import benchmark.planning.jobs, benchmark.planning.reuse, benchmark.running.processes",
        "from benchmark import registry\n"
        "from benchmark.reporting.catalogue.figures import FIGURES\n"
        "from benchmark.reporting.catalogue.tables import TABLES\n"
        "targets = [entry.target for entry in (*FIGURES.values(), *TABLES.values())]\n"
        "[registry.load(target) for target in targets if target]",
        "from benchmark.planning.jobs import Grid, plan; from pathlib import Path; "
        "plan(Grid(['vae'], ['circle']), Path('.'))",
    )
    assert imported_by(statements, {"torch"}) == []


def test_what_imports_something_heavy_is_named() -> None:
    assert imported_by(("import json", "import decimal", "import json"), {"decimal", "torch"}) == [
        "import decimal"
    ]


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
