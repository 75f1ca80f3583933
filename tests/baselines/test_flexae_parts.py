"""The parts of FlexAE: its critics' terms, mixtures of codes, the learned prior, the spread of
codes; and learning on real digits."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch
from torch import nn

from baselines.flexae import FlexAE, last_with_gradient, mix, spread
from benchmark.datasets.digits import Digits
from benchmark.datasets.tensors import TensorSplit
from benchmark.method import Batch, Tick
from benchmark.nn import slopes
from benchmark.training.runtime import construct

TICK = Tick(torch.tensor(0), torch.tensor(0.0), "train")
L, B, SHAPE = 3, 4, (1, 8, 8)
both = pytest.mark.parametrize("sr", [False, True], ids=["flexae", "flexae-sr"])


def build(shape: tuple[int, ...] = SHAPE, latent_dim: int = L, **config: Any) -> Any:
    return construct(
        FlexAE,
        FlexAE.Config(**config),
        0,
        shape=shape,
        latent_dim=latent_dim,
        steps=10,
        batch_size=B,
    )


def test_critic_learns_that_codes_score_high_and_generated_ones_low() -> None:
    """One hundred steps on two fixed sets: its distance is mean C(codes) - mean C(generated)."""
    method = build()
    real, fake = torch.randn(2, 1, 50, L) + torch.tensor([[[[2.0]]], [[[-2.0]]]])
    for _ in range(100):
        values = method.judge(method.critic, method.judging, real, fake)
    on_real, on_fake = method.critic(real[0]).mean(), method.critic(fake[0]).mean()
    assert float(values["wasserstein"].detach()) > 0.1
    assert float(on_real.detach()) > float(on_fake.detach()) + 0.1


def test_penalty_is_taken_between_generated_and_real(monkeypatch: pytest.MonkeyPatch) -> None:
    method, (real, fake), seen = build(), torch.randn(2, 50, L), []
    between = slopes.interpolate
    monkeypatch.setattr(slopes, "interpolate", lambda a, b: seen.append(between(a, b)) or seen[-1])
    method.judge(method.critic, method.judging, [real], [fake])
    share = (seen[0] - fake) / (real - fake)
    torch.testing.assert_close(
        share, share[:, :1].expand(-1, L), rtol=0, atol=1e-3
    )  # quotients of small differences
    medians = share.median(1).values
    assert 0.0 <= float(medians.min()) < 0.2 < 0.8 < float(medians.max()) <= 1.0


def test_only_the_last_batch_has_a_gradient_and_all_are_what_the_network_says() -> None:
    """What is reused equals what would be made anew, bit for bit: the same rows at the same
    size."""
    network, rows = build().generator, torch.randn(20, L)
    *before, last = last_with_gradient(network, rows)
    assert [part.requires_grad for part in before] == [False] * 4
    assert torch.equal(torch.cat(before), network(rows[:16]))
    assert torch.equal(last, network(rows[16:])) and last.requires_grad


def test_mixtures_end_at_either_code_and_are_of_codes_not_images(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    method = build(image_critic=True)
    x, partner = torch.rand(2, B, *SHAPE)
    z, other = method.encode(x), method.encode(partner)
    assert torch.equal(mix(z, other, torch.ones(B, 1)), z)
    assert torch.equal(mix(z, other, torch.zeros(B, 1)), other)
    for share, expected in ((1.0, z), (0.0, other), (0.25, 0.25 * z + 0.75 * other)):
        monkeypatch.setattr(
            torch, "rand_like", lambda like, share=share: torch.full_like(like, share)
        )
        torch.testing.assert_close(
            method.between(x, partner), method.decode(expected), rtol=0, atol=1e-6
        )  # codes of 8 rows at once
    images = 0.25 * method.decode(z) + 0.75 * method.decode(other)
    assert not torch.allclose(method.between(x, partner), images, rtol=0, atol=1e-4)


def test_mixtures_draw_one_uniform_share_per_row() -> None:
    torch.manual_seed(0)
    share = mix(torch.ones(1000, L), torch.zeros(1000, L))
    assert torch.equal(share, share[:, :1].expand_as(share))
    assert float(share.mean()) == pytest.approx(0.5, abs=5 * math.sqrt(1 / 12 / 1000))


def test_samples_come_from_the_generator_and_never_from_the_encoder() -> None:
    method = build()
    method.encoder.register_forward_hook(lambda *_: pytest.fail("sampling encoded something"))
    torch.manual_seed(0)
    samples = method.sample(6)
    torch.manual_seed(0)
    assert torch.equal(samples, method.decoder(method.generator(torch.randn(6, L))))


@pytest.mark.parametrize(
    ("size", "widths"),
    [
        ("affine", []),
        ("1x32", [32]),
        ("1x128", [128]),
        ("2x256", [256] * 2),
        ("4x512", [512] * 4),
        ("4x1024", [1024] * 4),
        ("auto", [256] * 3),
    ],
)
def test_generator_has_the_size_that_is_asked_for(size: str, widths: list[int]) -> None:
    layers = [layer for layer in build(generator=size).generator if isinstance(layer, nn.Linear)]
    assert [layer.out_features for layer in layers] == [*widths, L]
    assert layers[0].in_features == L


def test_generator_on_images_is_the_codes() -> None:
    layers = [layer for layer in build(shape=(1, 28, 28)).generator if isinstance(layer, nn.Linear)]
    assert [layer.out_features for layer in layers] == [1024] * 4 + [L]


def test_spread_counts_directions_not_coordinates() -> None:
    """Two directions of equal variance in five coordinates, turned; and variances 90, 6, 4, of
    which the first two hold 95 %."""
    generator = torch.Generator().manual_seed(0)
    rows, _ = torch.linalg.qr(torch.randn(200, 6, generator=generator, dtype=torch.float64))
    rows, _ = torch.linalg.qr(torch.cat((torch.ones(200, 1, dtype=torch.float64), rows), 1))
    turn, _ = torch.linalg.qr(torch.randn(5, 5, generator=generator, dtype=torch.float64))
    for variances, count, ratio in (
        ((1.0, 1.0), 2, 2.0),
        ((90.0, 6.0, 4.0), 2, 1e4 / (8100 + 36 + 16)),
    ):
        k = len(variances)
        z = (
            rows[:, 1 : k + 1] * torch.tensor(variances, dtype=torch.float64).sqrt() @ turn[:k]
            + 7.0
        )
        counts = spread("code", z)
        assert counts["code_pca_95"] == count
        assert counts["code_participation_ratio"] == pytest.approx(ratio, rel=1e-9)
    assert spread("x", torch.ones(9, 3)) == {"x_pca_95": 0.0, "x_participation_ratio": 0.0}
    assert spread("x", torch.arange(9.0)[:, None]) == {
        "x_pca_95": 1.0,
        "x_participation_ratio": 1.0,
    }


def test_discovery_selects_nothing_and_says_so() -> None:
    discovery = build().discover(torch.rand(50, *SHAPE))
    assert bool(discovery.active.all()) and discovery.flags[0] == "no_selection"
    assert set(discovery.extra) == {
        f"{of}_{what}" for of in ("code", "generated") for what in ("pca_95", "participation_ratio")
    }
    assert all(1.0 <= value <= L for value in discovery.extra.values())


@pytest.mark.slow
@both
def test_learns_digits(sr: bool) -> None:
    """Three hundred outer steps, the quick budget; the mean image is the predictor to beat."""
    x = TensorSplit(Digits().load().train).head(1437)
    method = build(latent_dim=16, image_critic=sr)
    torch.manual_seed(0)
    count = 64 * method.config.batches_per_step
    for _ in range(300):
        index = torch.randint(len(x), (count,))
        method.train_step(Batch(x[index], index), TICK)
    with torch.no_grad():
        error = (method.decode(method.encode(x)) - x).square().mean()
    assert float(error) < 0.5 * float((x - x.mean(0)).square().mean())
