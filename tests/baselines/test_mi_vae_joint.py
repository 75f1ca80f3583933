"""MI-VAE with a category: without its reward it is the joint VAE, and what the reward reaches."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from harness import CPU
from joint_runs import BATCH, DATA, STEPS, K, L, batch, build
from torch import Tensor

from baselines.mi_vae_joint import JointMIVAE
from benchmark.datasets.tensors import TensorSplit
from benchmark.method import Batch, Method, Player, Tick
from benchmark.nn import backbones
from benchmark.nn.categorical import gumbel_softmax, temperature
from benchmark.nn.gaussian import reparameterise
from benchmark.nn.information import categorical_bound
from benchmark.nn.likelihood import gaussian_nll
from benchmark.nn.noise import DecoderNoise
from benchmark.training.checkpoint import method_state
from benchmark.training.trainer import Trainer


class JointVAE(JointMIVAE):
    """The objective without a critic, written out."""

    def build(self) -> None:
        self.encoder = backbones.encoder(self.shape, 2 * L + K)
        self.decoder = backbones.decoder(L + K, self.shape)
        self.noise = DecoderNoise("learned")
        self.build_players()

    def train_step(self, batch: Batch, tick: Tick) -> dict[str, Tensor]:
        for part in batch.chunk(4):
            out = self.encoder(part.x)
            mean, log_var, log_pi = (
                out[:, :L],
                out[:, L : 2 * L],
                torch.log_softmax(out[:, 2 * L :], 1),
            )
            z = reparameterise(mean, log_var)
            image = self.decoder(
                torch.cat((z, gumbel_softmax(log_pi, temperature(tick.progress, 0.5))), 1)
            )
            nll = gaussian_nll(part.x, image, self.noise(part.x, image)).mean()
            kl_z = (0.5 * (mean.square() + log_var.exp() - 1.0 - log_var)).sum(1).mean()
            kl_c = (log_pi.exp() * (log_pi + math.log(K))).sum(1).mean()
            loss = nll + kl_z + kl_c
            self.descend(loss, *self.small)
        return {"loss": loss, "nll": nll, "kl": kl_z, "kl_c": kl_c}


def tick(progress: float = 0.0) -> Tick:
    return Tick(torch.tensor(0), torch.tensor(progress), "train")


def train(method: Method, path: Path) -> Trainer:
    run = Trainer(
        method,
        TensorSplit(DATA),
        seed=0,
        steps=STEPS,
        batch_size=BATCH,
        device=CPU,
        path=path,
        identity={},
    )
    run.fit()
    return run


def states(method: Method) -> dict[str, Tensor]:
    return {name: tensor.detach().clone() for name, tensor in method_state(method).items()}


def test_it_logs_how_sure_its_categories_are(tmp_path: Path) -> None:
    """Every probability lies in one tenth, and their mean is 1/K."""
    curves = train(build(), tmp_path / "a").curves()
    shares = np.stack([curves[f"pi_{tenth}"] for tenth in range(10)])
    np.testing.assert_allclose(shares.sum(0), 1.0, rtol=1e-5)
    centres = (np.arange(10) + 0.5) / 10.0
    assert (np.abs(centres @ shares - 1.0 / K) <= 0.05 + 1e-6).all()


def test_without_the_reward_it_is_the_joint_vae_bit_for_bit(tmp_path: Path) -> None:
    ours, theirs = (
        train(build(mi_weight=0.0), tmp_path / "a"),
        train(build(JointVAE), tmp_path / "b"),
    )
    one, other = states(ours.method), states(theirs.method)
    assert other.keys() < one.keys()
    assert all(torch.equal(one[name], tensor) for name, tensor in other.items())
    assert all(
        np.array_equal(ours.curves()[name], values) for name, values in theirs.curves().items()
    )
    assert all(
        not torch.equal(tensor, one[name])
        for name, tensor in states(build()).items()
        if name.startswith("method/critic")
    )
    rewarded = states(train(build(), tmp_path / "c").method)
    assert not torch.equal(rewarded["method/encoder.1.weight"], one["method/encoder.1.weight"])


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
    method.train_step(batch(), tick())
    assert order == [{"critic"}, {"model"}] * 4


def gradients(loss: Tensor, method: JointMIVAE) -> list[Tensor]:
    parts = [*method.encoder.parameters(), *method.decoder.parameters()]
    grads = torch.autograd.grad(loss, parts, retain_graph=True, allow_unused=True)
    return [
        torch.zeros_like(p) if grad is None else grad for p, grad in zip(parts, grads, strict=True)
    ]


def model_gradients(weight: float, progress: float) -> tuple[list[Tensor], JointMIVAE]:
    """The gradients of the model's loss in one step on a whole batch, and the method after it."""
    method, by_step = build(mi_weight=weight, chunks=1).double(), []
    original = method.descend
    method.descend = lambda loss, *players: (
        by_step.append(gradients(loss, method)),
        original(loss, *players),
    )
    torch.manual_seed(7)
    method.train_step(Batch(batch().x.double(), torch.arange(BATCH)), tick(progress))
    return by_step[1], method


@pytest.mark.parametrize("progress", [0.0, 0.3])
def test_reward_reaches_the_model_through_draw_image_and_mean_posterior_with_the_updated_critic(
    progress: float,
) -> None:
    (plain, _), (rewarded, after) = model_gradients(0.0, progress), model_gradients(8.0, progress)
    fresh = build().double()
    fresh.critic.load_state_dict(after.critic.state_dict())
    torch.manual_seed(7)
    mean, log_var, log_pi = fresh.joint_posterior(batch().x.double())
    z, y = reparameterise(mean, log_var), gumbel_softmax(log_pi, 0.5 ** min(1.0, 2.0 * progress))
    image, pi = fresh.decode(torch.cat((z, y), 1)), log_pi.exp()
    ways = [
        (y, image.detach(), pi.detach()),
        (y.detach(), image, pi.detach()),
        (y.detach(), image.detach(), pi),
    ]
    parts = [
        gradients(categorical_bound(draw, fresh.critic(image), p), fresh) for draw, image, p in ways
    ]
    assert all(bool(part[0].any()) for part in parts) and bool(
        parts[1][-1].any()
    )  # first layer of the encoder, last bias of the decoder
    for with_reward, without, *three in zip(rewarded, plain, *parts, strict=True):
        # The schedule's progress is float32, so the temperature, and with it all gradients, agree
        # to that precision.
        torch.testing.assert_close(with_reward - without, -8.0 * sum(three), rtol=1e-5, atol=1e-6)


def test_a_constant_category_earns_nothing() -> None:
    method = build(chunks=1, lr=1e-12)
    for network, first in ((method.encoder, 2 * L), (method.critic, 0)):
        torch.nn.init.zeros_(network[-1].weight)
        with torch.no_grad():
            network[-1].bias[first + 2] = 40.0
    values = method.train_step(batch(), tick())
    assert float(values["mi"].detach()) == pytest.approx(0.0, abs=1e-5)  # float32
    assert float(values["kl_c"].detach()) == pytest.approx(math.log(K), abs=1e-5)


@pytest.mark.parametrize("wrong", [{"categories": 1}, {"temperature": 0.0}])
def test_impossible_options_are_named(wrong: dict[str, Any]) -> None:
    with pytest.raises(
        ValueError, match="expected at least 2 categories and a temperature above 0"
    ):
        build(**wrong)
