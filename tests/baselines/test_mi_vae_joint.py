"""MI-VAE with a category: without its reward it is the joint VAE, its divergence, its codes, and
the trap it must not fall into."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from harness import CPU
from torch import Tensor

from baselines.mi_vae_joint import JointMIVAE
from benchmark.datasets.mnist import MNIST
from benchmark.datasets.split import Split, Splits
from benchmark.datasets.tensors import TensorSplit
from benchmark.evaluation.evaluator import Evaluator
from benchmark.method import Batch, Method, Player, Tick
from benchmark.metrics.categorical import ACCURACY
from benchmark.nn import backbones
from benchmark.nn.categorical import gumbel_softmax, temperature
from benchmark.nn.gaussian import reparameterise
from benchmark.nn.information import categorical_bound
from benchmark.nn.likelihood import gaussian_nll
from benchmark.nn.noise import DecoderNoise
from benchmark.training.checkpoint import method_state
from benchmark.training.runtime import construct
from benchmark.training.trainer import Trainer

STEPS, PER_EPOCH, BATCH, L, K = 10, 5, 16, 3, 4
DATA = Split(
    np.random.default_rng(0).random((PER_EPOCH * BATCH, 1, 8, 8), dtype=np.float32), (1, 8, 8)
)


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


def build(kind: type[Method] = JointMIVAE, **config: Any) -> Any:
    size = {
        "shape": (1, 8, 8),
        "latent_dim": L,
        "steps": STEPS,
        "steps_per_epoch": PER_EPOCH,
        "batch_size": BATCH,
    }
    return construct(kind, replace(kind.Config(), **{"categories": K, **config}), 0, **size)


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


def batch() -> Batch:
    return Batch(TensorSplit(DATA).head(BATCH), torch.arange(BATCH))


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


def test_divergence_of_the_joint_posterior_equals_monte_carlo() -> None:
    method, draws = build().double(), 100_000
    torch.manual_seed(0)
    with torch.no_grad():
        x = batch().x[:1].double()
        terms = method.terms(x)
        mean, log_var, log_pi = method.joint_posterior(x)
        # the encoder of many copies of one image, without running it
        method.joint_posterior = lambda _: (
            mean.expand(draws, L),
            log_var.expand(draws, L),
            log_pi.expand(draws, K),
        )
        code = method.sampled_code(x)
    z, c = code[:, :L], code[:, L:]
    assert set(c.unique().tolist()) == {0.0, 1.0} and bool((c.sum(1) == 1).all())
    q, p = (
        torch.distributions.Normal(mean, torch.exp(0.5 * log_var)),
        torch.distributions.Normal(torch.zeros_like(mean), 1.0),
    )
    ratio = (q.log_prob(z) - p.log_prob(z)).sum(1) + (c * log_pi).sum(1) + math.log(K)
    error = 5.0 * float(ratio.std()) / math.sqrt(draws)
    assert float(terms["kl"].sum() + terms["kl_c"]) == pytest.approx(float(ratio.mean()), abs=error)
    assert float(terms["kl_c"]) > 2.0 * error  # so that a missing part would show


def test_code_is_the_means_and_then_the_probabilities() -> None:
    method, x = build(), batch().x
    code = method.encode(x)
    assert code.shape == (BATCH, L + K)
    assert torch.equal(code[:, :L], method.posterior(x)[0]) and torch.equal(
        code[:, L:], method.categories(x)
    )
    torch.testing.assert_close(code[:, L:].sum(1), torch.ones(BATCH))


def test_samples_take_the_category_uniformly_and_hard(monkeypatch: pytest.MonkeyPatch) -> None:
    method, codes = build(), []
    monkeypatch.setattr(method, "decode", lambda z: codes.append(z) or z)
    torch.manual_seed(0)
    method.sample(20_000)
    z, c = codes[0][:, :L], codes[0][:, L:]
    assert bool((c.sum(1) == 1).all()) and set(c.unique().tolist()) == {0.0, 1.0}
    assert float((c.mean(0) - 1.0 / K).abs().max()) < 5.0 * math.sqrt(
        0.25 * 0.75 / 20_000
    )  # five standard errors
    assert (
        float(z.mean(0).abs().max()) < 0.04 and float((z.std(0) - 1.0).abs().max()) < 0.03
    )  # over five standard errors


def test_discovery_reports_the_category_beside_the_count(monkeypatch: pytest.MonkeyPatch) -> None:
    method, n = build(), 2000
    spread = 3.0 * torch.randn(n, 1, generator=torch.Generator().manual_seed(0))
    mean = torch.cat((spread, torch.zeros(n, 2)), 1)
    certain = (40.0 * torch.nn.functional.one_hot(torch.arange(n) % K, K)).log_softmax(1)
    monkeypatch.setattr(method, "joint_posterior", lambda x: (mean, torch.zeros(n, L), certain))
    torch.manual_seed(1)  # other noise than the means'
    discovery = method.discover(torch.zeros(n, 1, 8, 8))
    assert discovery.active.tolist() == [True, False, False] and discovery.flags == ()
    assert (
        discovery.extra["i_c"] == pytest.approx(math.log(K), abs=1e-5)
        and discovery.extra["c_active"] == 1.0
    )
    assert discovery.extra["kl_c"] == pytest.approx(math.log(K), abs=1e-5)
    monkeypatch.setattr(
        method,
        "joint_posterior",
        lambda x: (torch.zeros(n, L), torch.zeros(n, L), certain[:1].expand(n, K)),
    )
    discovery = method.discover(torch.zeros(n, 1, 8, 8))
    assert discovery.flags == ("collapsed",) and discovery.extra["c_active"] == 0.0
    assert discovery.extra["kl_c"] == pytest.approx(
        math.log(K), abs=1e-5
    )  # a constant category: all divergence, no information


@pytest.mark.parametrize("wrong", [{"categories": 1}, {"temperature": 0.0}])
def test_impossible_options_are_named(wrong: dict[str, Any]) -> None:
    with pytest.raises(
        ValueError, match="expected at least 2 categories and a temperature above 0"
    ):
        build(**wrong)


@pytest.mark.slow
def test_reward_makes_the_category_a_classifier_of_mnist(tmp_path: Path, data_dir: Path) -> None:
    """The order that the thesis prints (82 % against 21 %), one seed, two epochs; about six minutes
    on one core."""
    splits: Splits = MNIST(data_dir=data_dir).load()
    by_weight = []
    for weight in (8.0, 0.0):
        size = {
            "shape": (1, 28, 28),
            "latent_dim": 16,
            "steps": 1200,
            "steps_per_epoch": 600,
            "batch_size": 100,
        }
        method = construct(JointMIVAE, JointMIVAE.Config(mi_weight=weight), 0, **size)
        run = Trainer(
            method,
            TensorSplit(splits.train),
            seed=0,
            steps=1200,
            batch_size=100,
            device=CPU,
            path=tmp_path / str(weight),
            identity={},
        )
        run.fit()
        assert splits.train.labels is not None and splits.test.labels is not None
        labels = (splits.train.labels, splits.test.labels)
        evidence = Evaluator(
            method, TensorSplit(splits.test), seed=0, device=CPU, train=run.train, labels=labels
        )
        by_weight.append((ACCURACY.measure(evidence)[1].value, evidence.discovery.extra["kl_c"]))
    (accuracy, divergence), (plain, _) = by_weight
    assert accuracy > plain + 0.2
    assert math.log(10) - 0.5 < divergence < math.log(10)
