"""What the parts of the report say: docstrings, plan, coverage, environment, the command that makes
a run again, and the colours."""

from __future__ import annotations

import re
from dataclasses import replace
from importlib import resources
from pathlib import Path

import pytest
from click.testing import CliRunner
from reporting.making import record

from benchmark import registry
from benchmark.cli.run import run as run_command
from benchmark.planning.jobs import Grid
from benchmark.planning.jobs import plan as plan_jobs
from benchmark.reporting.report.methods import block, method_notes, sections
from benchmark.reporting.report.overview import coverage, duration, environment, plan, reach
from benchmark.reporting.report.runs import command, log_tail
from benchmark.spec import Record


def test_sections_of_a_docstring() -> None:
    doc = (
        "Summary.\n\nCitation\n    A, 2020.\n\nDiscovery\n    One.\n\n        a = b\n\nNo title\n  "
        "  left out\n\nDeviations\n    Two,\n    three.\n"
    )
    assert sections(doc) == {
        "Citation": "A, 2020.",
        "Discovery": "One.\n\n    a = b",
        "Deviations": "Two,\nthree.",
    }


def test_text_of_a_docstring_as_html() -> None:
    html = block("See ``a<b`` (https://arxiv.org/abs/1), javascript:alert(1).\n    x  =  1\nEnd.")
    assert html == (
        '<p>See <code>a&lt;b</code> (<a href="https://arxiv.org/abs/1" rel="noopener '
        'noreferrer">https://arxiv.org/abs/1</a>), '
        "javascript:alert(1).</p>\n<pre>x  =  1</pre>\n<p>End.</p>"
    )


def test_every_built_in_method_and_study_names_its_deviations() -> None:
    runs = [record(entry.name) for entry in registry.METHODS] + [
        record(entry.name, kind=entry.name) for entry in registry.STUDIES
    ]
    notes = method_notes(runs)
    assert [note.name for note in notes] == [
        entry.name for entry in (*registry.METHODS, *registry.STUDIES)
    ]
    assert all(not note.reason and dict(note.sections)["Deviations"] for note in notes)


def test_a_method_that_is_not_here_is_said_to_be_so() -> None:
    (notes,) = method_notes([record("of-mine")])
    assert not notes.sections and "not installed here" in notes.reason


@pytest.mark.parametrize(
    ("grid", "options"),
    [
        (
            Grid(
                ["vae[sigma=fixed,gamma=0.5]"], ["circle[noise=0.1]"], [3], seeds=2, budget="smoke"
            ),
            (),
        ),
        (Grid(["vae"], ["one-moon"], [2], steps=7, batch_size=64), ()),
        (Grid(["pca"], ["circle"], [2], budget="short"), ()),
        (Grid(["r-vae"], ["circle"], [2], budget="paper"), ()),
    ],
)
def test_the_command_of_a_run_makes_that_run(
    grid: Grid, options: tuple[str, ...], tmp_path: Path
) -> None:
    for job in plan_jobs(grid, tmp_path):
        text = command(
            Record(spec=job.spec.document(), key=job.spec.key, code=job.code, status="done")
        )
        words = [word.strip("'") for word in re.findall(r"'[^']*'|\S+", text)][2:]
        result = CliRunner().invoke(run_command, [*words, "--dry-run", "--results", str(tmp_path)])
        assert result.exit_code == 0, result.exception
        assert f"run     {job.spec.key}  " in result.output


def test_a_taken_option_is_given_as_its_number_and_a_method_of_yours_as_its_file() -> None:
    assert "--methods 'vae[gamma=0.25]'" in command(
        record("vae", config={"gamma": 0.25}, taken={"gamma": "vae: discovery.extra.gamma"})
    )
    assert "--methods './of_mine.py[a=1]'" in command(record("of-mine", config={"a": 1}))


def test_the_plan_counts_runs_and_work() -> None:
    runs = [
        replace(record(seed=seed), timing={"images_seen": 500, "train_seconds": 40.0})
        for seed in (0, 1)
    ]
    facts = {
        fact.term: fact.values
        for fact in plan([*runs, record(seed=2, status="failed", budget="short", steps=900)])
    }
    assert facts["Runs"] == (("2 done", ""), ("1 failed", "")) and facts["Seeds"] == (
        ("0, 1, 2", ""),
    )
    assert facts["Budgets"] == (("quick", "300 outer steps"), ("short", "900 outer steps"))
    assert facts["Work"][0][0].startswith("1,000 images") and facts["Time"][0][0].startswith(
        "1 min 20 s of training"
    )


def test_methods_datasets_and_experiments_are_counted_apart() -> None:
    runs = [record(), record(seed=1), record("pca"), record("pca", "circle", 2)]
    study = record("gamma-slices", "own-data", 8, kind="gamma-slices")
    assert reach(runs) == "2 methods on 2 datasets"
    assert reach([*runs[:1], study]) == "1 method on 1 dataset, and 1 experiment"
    assert reach([study]) == "1 experiment"


def test_coverage_tells_done_of_all() -> None:
    covered = coverage(
        [
            record(),
            record(seed=1, status="failed"),
            record("pca", "circle"),
            record("pca", status="killed"),
        ]
    )
    assert covered.datasets == ("digits", "circle")
    assert [
        (name, [(cell.text, cell.state) for cell in cells]) for name, cells in covered.rows
    ] == [
        ("pca", [("0/1", "none"), ("1/1", "done")]),
        ("vae", [("1/2", "partly"), ("–", "gap")]),
    ]


def test_the_environment_counts_runs_where_they_differ() -> None:
    runs = [
        replace(
            record(seed=seed),
            environment={
                "python": "3.11",
                "commit": "abc",
                "dirty": seed == 1,
                "packages": {"torch": "2.8"},
            },
        )
        for seed in (0, 1)
    ]
    facts = {fact.term: fact.values for fact in environment(runs)}
    assert facts["Python"] == (("3.11", ""),) and facts["torch"] == (("2.8", ""),)
    assert facts["Commit"] == (
        ("abc", "1 run"),
        ("abc, and files that were changed since", "1 run"),
    )


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(4.26, "4.3 s"), (59.6, "1 min 0 s"), (75, "1 min 15 s"), (7322, "2 h 2 min")],
)
def test_lengths_of_time(seconds: float, words: str) -> None:
    assert duration(seconds) == words


def test_a_log_is_shown_from_its_end_without_control_characters(tmp_path: Path) -> None:
    (tmp_path / "log.txt").write_text(
        "\n".join(map(str, range(100))) + "\n\x1b[31mred\x00", encoding="utf-8"
    )
    lines = log_tail(tmp_path).splitlines()
    assert len(lines) == 25 and lines[0] == "76" and lines[-1] == " [31mred "


def luminance(colour: str) -> float:
    """Relative luminance of #rgb or #rrggbb (WCAG 2.2)."""
    digits = colour[1:] if len(colour) == 7 else "".join(2 * digit for digit in colour[1:])
    parts = [int(digits[start : start + 2], 16) / 255 for start in (0, 2, 4)]
    linear = [
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    ]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def test_contrast_is_that_of_wcag_in_light_and_dark() -> None:
    text = (
        resources.files("benchmark")
        .joinpath("data", "report", "style.css")
        .read_text(encoding="utf-8")
    )
    looks = [
        dict(re.findall(r"--([a-z-]+): (#[0-9a-f]+)", block))
        for block in re.findall(r":root \{(.*?)\}", text, re.DOTALL)[:2]
    ]
    assert len(looks) == 2
    for colours in looks:
        for ink in ("ink", "faint", "accent", "bad"):
            for ground in ("ground", "raised", "mark"):
                assert contrast(colours[ink], colours[ground]) >= 4.5, (ink, ground)
        for name in ("good", "bad", "some"):
            assert contrast(colours[name], colours[f"{name}-ground"]) >= 4.5, name
        assert (
            contrast(colours["strong"], colours["ground"]) >= 3
            and contrast(colours["accent"], colours["ground"]) >= 3
        )  # borders, lines
