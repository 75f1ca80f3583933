"""MI-VAE: without its reward it is the VAE, each player moves its own, the reward's gradient takes
both paths, and its count."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from harness import CPU
from torch import Tensor

from baselines.mi_vae import MIVAE, positions
from baselines.vae import VAE
from benchmark.datasets.digits import Digits
from benchmark.datasets.split import Split
from benchmark.datasets.tensors import TensorSplit
from benchmark.evaluation.evaluator import Evaluator
from benchmark.method import Batch, Method, Player, Tick
from benchmark.nn.gaussian import reparameterise
from benchmark.nn.information import gaussian_bound
from benchmark.training.checkpoint import method_state
from benchmark.training.runtime import construct
from benchmark.training.trainer import Trainer

STEPS, PER_EPOCH, BATCH = 10, 5, 16
DATA = Split(
    np.random.default_rng(0).random((PER_EPOCH * BATCH, 1, 8, 8), dtype=np.float32), (1, 8, 8)
)
TICK = Tick(torch.tensor(0), torch.tensor(0.0), "train")


def build(kind: type[Method] = MIVAE, latent_dim: int = 5, **config: Any) -> Any:
    size = {
        "shape": (1, 8, 8),
        "latent_dim": latent_dim,
        "steps": STEPS,
        "steps_per_epoch": PER_EPOCH,
        "batch_size": BATCH,
    }
    return construct(kind, replace(kind.Config(), **config), 0, **size)


def train(
    method: Method, path: Path, data: Split = DATA, steps: int = STEPS, batch_size: int = BATCH
) -> Trainer:
    run = Trainer(
        method,
        TensorSplit(data),
        seed=0,
        steps=steps,
        batch_size=batch_size,
        device=CPU,
        path=path,
        identity={},
    )
    run.fit()
    return run


def batch() -> Batch:
    return Batch(TensorSplit(DATA).head(BATCH), torch.arange(BATCH))


def states(method: Method) -> dict[str, Tensor]:
    return {name: tensor.detach().clone() for name, tensor in method_state(method).items()}


@pytest.mark.parametrize("sigma", ["learned", "optimal", "fixed"])
def test_without_the_reward_it_is_the_vae_bit_for_bit(tmp_path: Path, sigma: str) -> None:
    ours, theirs = (
        train(build(mi_weight=0.0, sigma=sigma), tmp_path / "a"),
        train(build(VAE, sigma=sigma), tmp_path / "b"),
    )
    one, other = states(ours.method), states(theirs.method)
    assert other.keys() < one.keys()
    assert all(torch.equal(one[name], tensor) for name, tensor in other.items())
    assert all(
        np.array_equal(ours.curves()[name], values) for name, values in theirs.curves().items()
    )
    first, second = (
        Evaluator(run.method, TensorSplit(DATA), seed=0, device=CPU) for run in (ours, theirs)
    )
    assert np.array_equal(first.squared_error, second.squared_error)
    assert np.array_equal(first.sampled_squared_error, second.sampled_squared_error)
    assert np.array_equal(first.sample_vectors(600), second.sample_vectors(600))


def test_without_the_reward_the_critic_still_learns_and_with_it_the_model_changes(
    tmp_path: Path,
) -> None:
    fresh = states(build())
    without, usual = (
        states(train(build(mi_weight=weight), tmp_path / str(weight)).method)
        for weight in (0.0, 1.0)
    )
    assert all(
        not torch.equal(fresh[name], without[name])
        for name in fresh
        if name.startswith("method/critic")
    )
    assert not torch.equal(without["method/encoder.1.weight"], usual["method/encoder.1.weight"])
    assert not torch.equal(without["method/decoder.0.weight"], usual["method/decoder.0.weight"])


def test_each_player_leaves_the_other_bitwise(monkeypatch: pytest.MonkeyPatch) -> None:
    method, order = build(), []
    original = method.descend

    def watched(loss: Tensor, *players: Player) -> None:
        before = states(method)
        original(loss, *players)
        after = states(method)
        order.append(
            {
                "critic" if "critic" in name else "model"
                for name, tensor in before.items()
                if not torch.equal(tensor, after[name])
            }
        )

    monkeypatch.setattr(method, "descend", watched)
    method.train_step(batch(), TICK)
    assert order == [{"critic"}, {"model"}] * 4


def gradients(loss: Tensor, method: MIVAE) -> list[Tensor]:
    parts = [*method.encoder.parameters(), *method.decoder.parameters()]
    grads = torch.autograd.grad(loss, parts, retain_graph=True, allow_unused=True)
    return [
        torch.zeros_like(p) if grad is None else grad for p, grad in zip(parts, grads, strict=True)
    ]


def model_gradients(weight: float, subset: str) -> tuple[list[Tensor], MIVAE]:
    """The gradients of the model's loss in one step on a whole batch, and the method after it."""
    method, by_step = build(mi_weight=weight, subset=subset, chunks=1).double(), []
    original = method.descend
    method.descend = lambda loss, *players: (
        by_step.append(gradients(loss, method)),
        original(loss, *players),
    )
    torch.manual_seed(7)
    method.train_step(Batch(batch().x.double(), torch.arange(BATCH)), TICK)
    return by_step[1], method


@pytest.mark.parametrize(("subset", "chosen"), [("first2", [0, 1]), ("3+1", [3, 1])])
def test_reward_reaches_the_model_through_the_code_and_through_the_image_with_the_updated_critic(
    subset: str, chosen: list[int]
) -> None:
    (plain, _), (rewarded, after) = model_gradients(0.0, subset), model_gradients(0.7, subset)
    fresh = build(subset=subset).double()
    fresh.critic.load_state_dict(after.critic.state_dict())
    torch.manual_seed(7)
    z = reparameterise(*fresh.posterior(batch().x.double()))
    s, image = z[:, chosen], fresh.decode(z)
    by_code = gradients(gaussian_bound(s, *fresh.read(image.detach())), fresh)
    by_image = gradients(gaussian_bound(s.detach(), *fresh.read(image)), fresh)
    assert all(
        bool(grad.any()) for grad in (by_code[0], by_image[0], by_image[-1])
    )  # first layer of the encoder, last bias of the decoder
    for with_reward, without, one, other in zip(rewarded, plain, by_code, by_image, strict=True):
        # float64 gradients of a loss of about 100, the reward's of about 1
        torch.testing.assert_close(
            with_reward - without, -0.7 * (one + other), rtol=1e-8, atol=1e-10
        )


def test_positions_of_the_subset() -> None:
    assert (
        positions("first2", 5),
        positions("first2", 1),
        positions("4+0+2", 5),
        positions("3", 5),
    ) == ([0, 1], [0], [4, 0, 2], [3])
    for wrong in ("0+5", "1+1", "-1", "least2", ""):
        with pytest.raises(ValueError, match="joined by '\\+'"):
            positions(wrong, 5)
    assert build(latent_dim=1).read(batch().x)[0].shape == (BATCH, 1)


def test_discovery_counts_the_dimensions_that_tell_images_apart(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    method, n = build(), 2000
    spread = torch.randn(n, 5, generator=torch.Generator().manual_seed(0))
    ratio = torch.tensor([9.0, 0.0, 0.2, 0.02, 0.0])  # signal to noise; 0.1 is the threshold
    variance = 1.0 / (1.0 + ratio)
    monkeypatch.setattr(
        method,
        "posterior",
        lambda x: (spread * (ratio * variance).sqrt(), variance.log().expand(n, 5)),
    )
    torch.manual_seed(1)  # other noise than the means'
    discovery = method.discover(torch.zeros(n, 1, 8, 8))
    assert discovery.active.tolist() == [True, False, True, False, False] and discovery.flags == ()
    torch.testing.assert_close(
        discovery.relevance, 0.5 * torch.log1p(ratio), rtol=0, atol=0.06
    )  # five standard errors of at most 1/45, and bias
    assert float(discovery.relevance.min()) >= 0.0
    assert discovery.extra["kl"] == pytest.approx(
        float(discovery.relevance.sum()), abs=0.1
    )  # the aggregate is the prior here


def test_discovery_of_a_collapsed_posterior_says_so() -> None:
    method = build()
    torch.nn.init.zeros_(method.encoder[-1].weight)
    discovery = method.discover(batch().x)
    assert not discovery.active.any() and discovery.flags == ("collapsed",)
    assert float(discovery.relevance.abs().max()) < 1e-6  # equal posteriors, float32


def test_the_bound_is_higher_with_the_reward(tmp_path: Path) -> None:
    """What the thesis shows in figure 4.8, on real digits after 40 steps."""
    bounds = []
    for weight in (0.0, 1.0):
        run = train(
            build(mi_weight=weight, latent_dim=16),
            tmp_path / str(weight),
            Digits().load().train,
            40,
            128,
        )
        bounds.append(float(run.curves()["mi"][-10:].mean()))
    assert bounds[1] > bounds[0] + 0.5  # 1.42 and -0.06 were measured
