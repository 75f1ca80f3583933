"""MI-VAE with a category: its divergence, codes and samples, and what it discovers."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
import torch
from harness import CPU
from joint_runs import BATCH, K, L, batch, build

from baselines.mi_vae_joint import JointMIVAE
from benchmark.datasets.mnist import MNIST
from benchmark.datasets.split import Splits
from benchmark.datasets.tensors import TensorSplit
from benchmark.evaluation.evaluator import Evaluator
from benchmark.metrics.categorical import ACCURACY
from benchmark.training.runtime import construct
from benchmark.training.trainer import Trainer


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
