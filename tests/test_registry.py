"""Every registered name leads to what it promises, and every wrong name to a suggestion."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from benchmark import registry
from benchmark.cli import cli
from benchmark.datasets.split import Dataset
from benchmark.method import Method
from benchmark.metrics.base import Metric
from benchmark.names import label
from benchmark.spec import BenchError


@pytest.mark.parametrize("entry", registry.METHODS, ids=lambda entry: entry.name)
def test_method_entries_load_and_are_documented(entry: registry.Entry) -> None:
    kind = registry.load(entry.target)
    assert issubclass(kind, Method)
    for section in ("Citation", "Objective", "Discovery", "Deviations"):
        assert section in entry.source.doc
    read = {field.name: field.default for field in entry.source.fields("Config")}
    assert read == {name: field.default for name, field in kind.Config.__dataclass_fields__.items()}
    assert all(field.doc for field in entry.source.fields("Config"))


@pytest.mark.parametrize("entry", registry.DATASETS, ids=lambda entry: entry.name)
def test_dataset_entries_load(entry: registry.Entry) -> None:
    kind = registry.load(entry.target)
    assert issubclass(kind, Dataset)
    read = {field.name: field.default for field in entry.source.fields("Options")}
    assert read == {
        name: field.default for name, field in kind.Options.__dataclass_fields__.items()
    }


@pytest.mark.parametrize("entry", registry.METRICS, ids=lambda entry: entry.name)
def test_metric_entries_load_under_their_name(entry: registry.Entry) -> None:
    metric = registry.load(entry.target)
    assert isinstance(metric, Metric)
    assert metric.name == entry.name
    assert entry.headline == (metric.tier == "core")  # what `bench list metrics` says of it
    assert (
        metric.unit
        and metric.protocol
        and metric.reference
        and metric.direction in ("min", "max", "none")
    )


@pytest.mark.parametrize(
    ("room", "text", "message"),
    [
        ("methods", "vea", "unknown method 'vea'; did you mean 'vae'? (see `bench list methods`)"),
        ("datasets", "minst", "unknown dataset 'minst'; did you mean 'mnist'?"),
        ("methods", "vae[sigm=fixed]", "'vae' has no option 'sigm'; did you mean 'sigma'?"),
        ("datasets", "circle[noise=loud]", "expected a finite float"),
        ("datasets", "npz", "expected npz:FILE"),
        ("datasets", "digits:x.npz", "expected digits"),
        ("methods", "./nowhere.py", "there is no method file 'nowhere.py'"),
        (
            "methods",
            "flexae-sr[image_critic=false]",
            "option 'image_critic' is fixed in 'flexae-sr'; choose the method it is a variant of",
        ),
        (
            "methods",
            "flexae[image_critic=true]",
            "'flexae' with image_critic=True is called 'flexae-sr'; choose that method",
        ),
    ],
)
def test_wrong_names_are_answered_with_the_next_step(
    room: registry.Room, text: str, message: str
) -> None:
    with pytest.raises(BenchError) as error:
        registry.choose(room, text)
    assert message in str(error.value)


def test_variant_has_its_preset_and_every_other_option() -> None:
    choice = registry.choose("methods", "flexae-sr[generator=affine]")
    assert (choice.name, choice.options["image_critic"], choice.options["generator"]) == (
        "flexae-sr",
        True,
        "affine",
    )
    assert choice.entry.target == registry.find("methods", "flexae").target
    assert label("methods", choice.name, choice.options) == "flexae-sr[generator=affine]"


def test_images_per_batch_of_a_method_are_shown_where_it_states_its_own() -> None:
    for method, line in (("maskaae", True), ("vae", False)):
        page = CliRunner().invoke(cli, ["show", method]).output
        assert ("Images per batch: 64 (--batch-size overrides it)" in page) is line


def test_variant_shows_the_value_it_fixes() -> None:
    page = CliRunner().invoke(cli, ["show", "flexae-sr"]).output
    assert "image_critic = True    fixed in flexae-sr" in page
    assert (
        "image_critic = False    true or false"
        in CliRunner().invoke(cli, ["show", "flexae"]).output
    )


def test_file_of_ones_own_is_a_method(tmp_path: Path) -> None:
    path = tmp_path / "my_vae.py"
    path.write_text(
        registry.find("methods", "vae").path.read_text(encoding="utf-8"), encoding="utf-8"
    )
    choice = registry.choose("methods", f"{path}[sigma=fixed]")
    assert (choice.name, choice.options["sigma"]) == ("my-vae", "fixed")
    assert issubclass(registry.load(choice.entry.target), Method)


def test_file_named_like_a_built_in_is_refused(tmp_path: Path) -> None:
    (tmp_path / "vae.py").write_text(
        registry.find("methods", "vae").path.read_text(encoding="utf-8"), encoding="utf-8"
    )
    with pytest.raises(BenchError, match="rename the file"):
        registry.find("methods", str(tmp_path / "vae.py"))


def test_packages_add_methods_through_entry_points(tmp_path: Path) -> None:
    (tmp_path / "guest.py").write_text(
        registry.find("methods", "vae").path.read_text(encoding="utf-8"), encoding="utf-8"
    )
    meta = tmp_path / "guest-1.0.dist-info"
    meta.mkdir()
    (meta / "METADATA").write_text(
        "Metadata-Version: 2.1\nName: guest\nVersion: 1.0\n", encoding="utf-8"
    )
    (meta / "entry_points.txt").write_text(
        "[bench.methods]\nguest-vae = guest:VAE\n", encoding="utf-8"
    )
    lines = (
        "from benchmark import registry as r",
        "c = r.choose('methods', 'guest-vae[gamma=2]')",
        "print(c.options['gamma'], r.load(c.entry.target).__name__)",
    )
    script = "\n".join(lines)
    path = os.pathsep.join([str(tmp_path), *sys.path])
    done = subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": path},
        check=True,
    )
    assert done.stdout.split() == ["2.0", "VAE"]


def test_a_choice_is_called_by_what_differs_from_its_defaults(tmp_path: Path) -> None:
    path = tmp_path / "my_vae.py"
    path.write_text(
        (Path(registry.__file__).parents[1] / "baselines" / "vae.py").read_text(encoding="utf-8"),
        encoding="utf-8",
    )
    expected = {
        "vae": "vae",
        "vae[sigma=fixed,gamma=1.0]": "vae[sigma=fixed]",
        "flexae-sr": "flexae-sr",
        f"{path}[gamma=2]": "my-vae[gamma=2.0]",
    }
    for text, called in expected.items():
        choice = registry.choose("methods", text)
        assert choice.label(choice.options) == called
    data = registry.choose("datasets", "circle[noise=0.05]")
    assert data.label(data.options) == "circle[noise=0.05]"
