"""The promises of DESIGN: addressed randomness, bitwise resume, divergence; each with a planted
violation that the check catches."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from harness import Honest, OwnGenerator, PythonCounter, identical, in_one_go, outcome, trainer

from benchmark.evaluation.artifacts import npz_bytes
from benchmark.method import Batch, Method, Tick
from benchmark.training.trainer import Diverged, Stopped


def in_two(kind: type[Method], path: Path, at: int) -> dict[str, np.ndarray]:
    """Stop before step ``at``, then go on with a new method object, as a new process would."""
    first = trainer(kind, path / f"{at}.safetensors")
    first.stop = lambda: "kill" if first.step == at else None
    with pytest.raises(Stopped):
        first.fit()
    second = trainer(kind, path / f"{at}.safetensors")
    second.fit()
    assert second.resumed_at == at
    return outcome(second)


@pytest.mark.parametrize("at", [1, 3, 4, 5, 6, 11, 19])  # 3 steps are one epoch; phases change at 5
def test_resumed_run_equals_uninterrupted_run_bitwise(tmp_path: Path, at: int) -> None:
    assert identical(in_one_go(Honest, tmp_path), in_two(Honest, tmp_path, at))


@pytest.mark.parametrize("kind", [PythonCounter, OwnGenerator])
def test_resume_check_catches_state_outside_tensors(tmp_path: Path, kind: type[Method]) -> None:
    assert not identical(in_one_go(kind, tmp_path), in_two(kind, tmp_path, 11))


def test_same_seed_same_run_and_other_seed_another(tmp_path: Path) -> None:
    runs = [
        trainer(Honest, tmp_path / f"{number}.safetensors", seed=seed)
        for number, seed in enumerate((0, 0, 1))
    ]
    for run in runs:
        run.fit()
    first, again, other = map(outcome, runs)
    assert identical(first, again)
    assert not identical(first, other)


def test_noise_of_a_step_does_not_depend_on_what_was_drawn_before(tmp_path: Path) -> None:
    whole = in_one_go(Honest, tmp_path)
    run = trainer(Honest, tmp_path / "disturbed.safetensors")
    run.progress = lambda step, values: torch.randn(step)  # somebody draws between steps
    run.fit()
    assert identical(whole, outcome(run))


def test_checkpoints_on_the_way_change_nothing(tmp_path: Path) -> None:
    run = trainer(Honest, tmp_path / "often.safetensors", checkpoint_seconds=0.0)
    run.fit()
    assert identical(in_one_go(Honest, tmp_path), outcome(run))


def test_checkpoint_of_other_code_is_not_resumed(tmp_path: Path) -> None:
    in_two(Honest, tmp_path, 11)
    run = trainer(Honest, tmp_path / "11.safetensors")
    run.identity = {"key": "toy", "code": "1"}
    run.fit()
    assert run.resumed_at is None


def test_a_damaged_checkpoint_starts_the_run_anew(tmp_path: Path) -> None:
    """One flipped bit of the step, 10 for 11: resumed, it would end with other numbers."""
    path = tmp_path / "damaged.safetensors"
    first = trainer(Honest, path)
    first.stop = lambda: "kill" if first.step == 11 else None
    with pytest.raises(Stopped):
        first.fit()
    assert path.read_bytes().count(b'"step":"11"') == 1
    path.write_bytes(path.read_bytes().replace(b'"step":"11"', b'"step":"10"'))
    run = trainer(Honest, path)
    run.fit()
    assert run.resumed_at is None
    assert identical(in_one_go(Honest, tmp_path), outcome(run))


def test_curves_of_a_resumed_run_have_the_same_bytes(tmp_path: Path) -> None:
    whole = trainer(Honest, tmp_path / "whole.safetensors")
    whole.fit()
    in_two(Honest, tmp_path, 11)
    resumed = trainer(Honest, tmp_path / "11.safetensors")
    resumed.fit()
    assert resumed.resumed_at == 20
    assert npz_bytes(resumed.curves()) == npz_bytes(whole.curves())


def test_finished_run_resumes_as_finished(tmp_path: Path) -> None:
    whole = in_one_go(Honest, tmp_path)
    run = trainer(Honest, tmp_path / "whole.safetensors")
    run.fit()
    assert run.resumed_at == 20
    assert identical(whole, outcome(run))


class Exploding(Honest):
    def train_step(self, batch: Batch, tick: Tick) -> dict[str, torch.Tensor]:
        values = super().train_step(batch, tick)
        return {**values, "loss": torch.where(tick.step == 7, torch.nan, values["loss"])}


def test_nan_in_a_logged_value_ends_the_run_as_diverged(tmp_path: Path) -> None:
    with pytest.raises(Diverged, match="loss not finite in the steps up to 8 of 20"):
        trainer(Exploding, tmp_path / "x.safetensors").fit()


class Fickle(Honest):
    def train_step(self, batch: Batch, tick: Tick) -> dict[str, torch.Tensor]:
        values = super().train_step(batch, tick)
        return values if tick.phase == "early" else {"loss": values["loss"]}


def test_logged_names_must_not_change(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match="return the same names all run long"):
        trainer(Fickle, tmp_path / "x.safetensors").fit()


@pytest.mark.parametrize("returned", [{}, {"loss": torch.zeros(4)}])
def test_logged_values_have_shape_nothing_or_latent_dim(
    tmp_path: Path, returned: dict[str, torch.Tensor]
) -> None:
    class Wrong(Honest):
        def train_step(self, batch: Batch, tick: Tick) -> dict[str, torch.Tensor]:
            return returned

    with pytest.raises(RuntimeError, match=r"expected named tensors of shape \(\) or \(3,\)"):
        trainer(Wrong, tmp_path / "x.safetensors").fit()


def test_curves_are_window_means(tmp_path: Path) -> None:
    seen: list[float] = []

    class Telling(Honest):
        def train_step(self, batch: Batch, tick: Tick) -> dict[str, torch.Tensor]:
            values = super().train_step(batch, tick)
            seen.append(float(values["loss"].detach()))
            return values

    run = trainer(Telling, tmp_path / "x.safetensors")
    run.log_every = 8
    run.fit()
    curves = run.curves()
    assert curves["step"].tolist() == [8, 16, 20]
    assert curves["scale"].shape == (3, 3)
    expected = [np.mean(seen[a:b]) for a, b in ((0, 8), (8, 16), (16, 20))]
    np.testing.assert_allclose(curves["loss"], expected, rtol=1e-5)  # float32 sums


def test_phase_conclude_and_prepare_see_training_images_only(tmp_path: Path) -> None:
    seen: list[int] = []

    class Nosy(Honest):
        def prepare(self, train: object) -> None:
            seen.append(len(train))

        def conclude(self, train: object) -> None:
            seen.append(len(train))

    trainer(Nosy, tmp_path / "x.safetensors").fit()
    assert seen == [60, 60]


def test_work_is_counted_in_outer_steps_images_and_updates(tmp_path: Path) -> None:
    run = trainer(Honest, tmp_path / "x.safetensors")
    run.fit()
    assert run.images_seen == 20 * 2 * 10
    # gate steps only in the late phase (from step 5) and where progress > 0.3 (from step 7)
    assert {name: player.updates for name, player in run.method.players.items()} == {
        "model": 20,
        "gate": 13,
    }
