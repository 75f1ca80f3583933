"""The suite known-dimension: one factor at a time from its centre, five seeds on n, slow critics
there alone, and within 20 core-hours."""

from __future__ import annotations

import pytest
from suite_plans import jobs_of

from benchmark import registry
from benchmark.budgets import quick_steps
from benchmark.planning.expected import expected_seconds
from benchmark.planning.jobs import Job
from benchmark.planning.suites import read_suite

ON_N_ALONE = {"maskaae", "rf-vae-port"}
CENTRE_SIZE = 16


@pytest.fixture
def jobs(no_data: None) -> list[Job]:
    return jobs_of(read_suite("known-dimension"))


def changes(job: Job) -> set[str]:
    """What of a run on ``manifold`` differs from the centre."""
    usual = {field.name: field.default for field in job.dataset.entry.source.fields("Options")}
    moved = {name for name, value in job.spec.options.items() if value != usual[name]}
    return moved | ({"L"} if job.spec.latent_dim != CENTRE_SIZE else set())


def test_one_factor_moves_at_a_time(jobs: list[Job]) -> None:
    moved = {frozenset(changes(job)) for job in jobs if job.spec.dataset == "manifold"}
    one = {"intrinsic_dim", "L", "noise", "curvature", "points", "scale_ratio", "ambient", "parts"}
    # beyond n = 8 the latent size grows with n, so that an answer has room
    assert moved == {
        frozenset(),
        *(frozenset({name}) for name in one),
        frozenset({"intrinsic_dim", "L"}),
    }
    dims = {job.spec.options["intrinsic_dim"] for job in jobs if job.spec.dataset == "manifold"}
    noises = {job.spec.options["noise"] for job in jobs if job.spec.dataset == "manifold"}
    assert dims == {1, 2, 4, 8, 16, 32} and (min(noises), max(noises)) == (0.0, 0.2)
    pictures = {
        (job.spec.dataset, job.spec.options["intrinsic_dim"])
        for job in jobs
        if job.spec.dataset != "manifold"
    }
    assert pictures == {
        *(("bars", n) for n in (1, 2, 4, 6)),
        *(("sprites-freed", n) for n in (2, 3, 4)),
    }


def test_five_seeds_on_n_and_three_elsewhere_and_slow_critics_on_n_alone(jobs: list[Job]) -> None:
    on_n = [
        job
        for job in jobs
        if job.spec.dataset == "manifold"
        and changes(job) <= {"intrinsic_dim", "L"}
        and job.spec.latent_dim == max(CENTRE_SIZE, 2 * job.spec.options["intrinsic_dim"])
    ]
    elsewhere = [job for job in jobs if job not in on_n]
    assert {job.spec.seed for job in on_n} == set(range(5))
    assert {job.spec.seed for job in elsewhere} == set(range(3))
    assert {job.spec.method for job in on_n} >= ON_N_ALONE
    assert not ON_N_ALONE & {job.spec.method for job in elsewhere}


def test_every_method_that_selects_is_in_it(jobs: list[Job]) -> None:
    selecting = {
        entry.name
        for entry in registry.METHODS
        if "no_selection" not in entry.path.read_text(encoding="utf-8")
    } | {"r-vae"}  # which names the flag of a run without its network
    assert {job.spec.method for job in jobs} == selecting


def test_it_is_planned_within_twenty_core_hours(jobs: list[Job]) -> None:
    assert {job.spec.budget for job in jobs} == {"quick"}
    assert all(
        job.spec.steps == (quick_steps(job.spec.dataset) if job.spec.batch_size else 0)
        for job in jobs
    )
    hours = sum(map(expected_seconds, jobs)) / 3600
    assert (
        10 < hours < 18.5
    )  # 16.7 by the table of planning/expected.py; the rest is for errors of it
    assert len({job.spec.key for job in jobs}) == len(jobs)
