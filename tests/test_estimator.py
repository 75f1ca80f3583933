"""LatentDimension keeps scikit-learn's contract, and is a run like any other."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.utils.estimator_checks import check_estimator

from benchmark import LatentDimension, load_records
from benchmark.metrics.reconstruction import MSE
from benchmark.records import Store

RNG = np.random.default_rng(0)
X = RNG.normal(size=(60, 2)) @ RNG.normal(size=(2, 5)) + [1e3, 0, 0, 0, 0]
"""A plane in five dimensions, one column far from 0."""


def plane(**changes: object) -> LatentDimension:
    return LatentDimension("pca", 4, **changes)


@pytest.mark.slow
@pytest.mark.parametrize("method", ["vae", "r-dpvae", "grae"])
def test_check_estimator_passes(method: str) -> None:
    """Every check that scikit-learn has for a transformer, with methods of each kind."""
    check_estimator(LatentDimension(method, 3, steps=3), on_skip=None)


def test_the_checks_that_need_few_fits_pass_by_default() -> None:
    chosen = {
        "check_no_attributes_set_in_init",
        "check_parameters_default_constructible",
        "check_transformer_general",
        "check_n_features_in_after_fitting",
        "check_fit2d_1sample",
        "check_methods_subset_invariance",
    }
    from sklearn.utils.estimator_checks import estimator_checks_generator

    seen = set()
    for estimator, check in estimator_checks_generator(LatentDimension("vae", 3, steps=2)):
        name = check.func.__name__
        if name in chosen:
            seen.add(name)
            check(estimator)
    assert seen == chosen


def test_the_plane_is_found_and_codes_lead_back_to_the_rows() -> None:
    fitted = plane().fit(X)
    assert fitted.n_components_ == 2 == fitted.transform(X).shape[1]
    assert fitted.active_.sum() == 2 and fitted.relevance_.shape == (4,)
    np.testing.assert_allclose(fitted.inverse_transform(fitted.transform(X)), X, atol=1e-2)
    assert fitted.score(X) == pytest.approx(0.0, abs=1e-4)
    assert list(fitted.get_feature_names_out()) == ["latentdimension0", "latentdimension1"]


def test_the_record_is_that_of_the_same_run(tmp_path: Path) -> None:
    """Kept where asked for, found again by an equal fit, and not by one of another seed."""
    first = LatentDimension("vae", 3, steps=4, results=tmp_path).fit(X)
    (stored,) = load_records(tmp_path)
    assert stored.to_json() == first.record_.to_json()
    stamp = Store(tmp_path).stamp(stored.key)
    again = clone(first).fit(X)
    assert Store(tmp_path).stamp(stored.key) == stamp  # nothing was trained
    assert np.array_equal(again.transform(X), first.transform(X))
    other = LatentDimension("vae", 3, steps=4, results=tmp_path, random_state=1).fit(X)
    assert other.record_.spec["seed"] == 1
    assert not np.array_equal(other.transform(X), first.transform(X))


def test_the_score_is_the_mse_of_the_record_in_the_units_of_x() -> None:
    fitted = LatentDimension("vae", 3, steps=4).fit(X)
    held_out = X[::5]
    error = (fitted.inverse_transform(fitted.transform(held_out)) - held_out) / fitted.scale_
    assert float((error**2).mean()) == pytest.approx(
        fitted.record_.measurements[MSE.name]["value"], rel=1e-5
    )
    whole = fitted.inverse_transform(fitted.transform(X))
    assert fitted.score(X) == pytest.approx(-float(((whole - X) ** 2).mean()), rel=1e-12)


def test_it_stands_in_a_pipeline() -> None:
    model = make_pipeline(plane(), LogisticRegression()).fit(X, X[:, 1] > 0)
    assert model.score(X, X[:, 1] > 0) > 0.9
    assert model.named_steps["latentdimension"].n_components_ == 2


def test_a_fit_leaves_the_switches_of_its_process_alone() -> None:
    torch.use_deterministic_algorithms(False)
    torch.set_num_threads(2)
    state = torch.get_rng_state()
    try:
        plane().fit(X)
        assert torch.get_num_threads() == 2
        assert not torch.are_deterministic_algorithms_enabled()
        assert torch.equal(torch.get_rng_state(), state)
    finally:
        torch.set_num_threads(1)
        torch.use_deterministic_algorithms(True)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"method": "vea"}, "unknown method 'vea'; did you mean 'vae'"),
        ({"random_state": None}, "random_state is None; expected a whole number from 0"),
        ({"latent_dim": 9}, "'pca' on 'npz:fit-.*': it finds at most 5 dimensions"),
        ({"budget": "fast"}, "unknown budget 'fast'"),
    ],
)
def test_mistakes_are_value_errors_of_one_line(changes: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        plane().set_params(**changes).fit(X)
    with pytest.raises(ValueError, match=r"codes have shape \(3, 3\); expected \(n_samples, 2\)"):
        plane().fit(X).inverse_transform(np.zeros((3, 3)))
