"""MaskAAE: who moves in which step, what each step descends (its baseline too), the schedules, the
verdict."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from baselines.maskaae import MaskAAE
from baselines.wae_gan import WAEGAN
from benchmark.datasets.split import Split
from benchmark.datasets.tensors import TensorSplit
from benchmark.method import Batch, Tick
from benchmark.nn.critics import gradient_penalty
from benchmark.training.checkpoint import method_state
from benchmark.training.host_reads import no_host_reads
from benchmark.training.runtime import construct

B, L = 6, 5
SHAPES = pytest.mark.parametrize("shape", [(7,), (1, 4, 4)], ids=["vectors", "images"])
MASK = (0.0, 0.2, 0.7, 2.0, 5.0)


def build(
    kind: type[Any] = MaskAAE,
    *,
    shape: tuple[int, ...] = (7,),
    steps: int = 300,
    latent_dim: int = L,
    **config: Any,
) -> Any:
    method = construct(
        kind,
        replace(kind.Config(), **config),
        0,
        shape=shape,
        latent_dim=latent_dim,
        steps=steps,
        steps_per_epoch=10,
        batch_size=B,
    )
    if kind is MaskAAE and latent_dim == L:
        set_mask(method, MASK)
    return method


def set_mask(method: MaskAAE, values: tuple[float, ...]) -> None:
    with torch.no_grad():
        method.mask.a.copy_(torch.tensor(values))


def images(shape: tuple[int, ...], count: int = B) -> Tensor:
    return torch.rand(count, *shape, generator=torch.Generator().manual_seed(1))


def batch(method: Any) -> Batch:
    x = images(method.shape, B * method.config.batches_per_step)
    return Batch(x, torch.arange(len(x)))


def tick(step: int, phase: str = "train") -> Tick:
    return Tick(torch.tensor(step), torch.tensor(0.5), phase)


def moved(method: MaskAAE, act: Any) -> set[str]:
    """The top-level modules whose parameters ``act`` changes."""
    before = {name: p.detach().clone() for name, p in method.named_parameters()}
    act()
    return {
        name.split(".")[0]
        for name, p in method.named_parameters()
        if not torch.equal(before[name], p)
    }


@SHAPES
def test_each_step_moves_its_own_parameters_alone(shape: tuple[int, ...]) -> None:
    method, x = build(shape=shape), images(shape)
    assert moved(method, lambda: method.autoencoder_step(x)) == {"encoder", "decoder"}
    assert moved(method, lambda: method.critic_steps(images(shape, 5 * B))) == {"critic"}
    assert moved(method, lambda: method.encoder_step(x)) == {"encoder"}
    assert moved(method, lambda: method.mask_step(x, torch.tensor(1.0))) == {"mask"}


def losses(method: Any, phase: str = "train", step: int = 200) -> list[tuple[str, float]]:
    """Take one outer step at a fixed seed; return player and loss of each descent. Nothing is
    updated."""
    seen: list[tuple[str, float]] = []
    method.descend = lambda loss, player: seen.append((player.name, float(loss.detach())))
    torch.manual_seed(2)
    method.train_step(batch(method), tick(step, phase))
    return seen


def rec(x: Tensor, y: Tensor) -> Tensor:
    return F.mse_loss(y, x) if x.dim() == 2 else F.binary_cross_entropy(y, x)


@SHAPES
@pytest.mark.parametrize("kind", [MaskAAE, WAEGAN])
def test_steps_descend_the_stated_losses_each_on_its_own_batch(
    kind: type[Any], shape: tuple[int, ...]
) -> None:
    method = build(kind, shape=shape)
    named_losses = losses(method)
    mask = 1.0 - torch.exp(-torch.tensor(MASK)) if kind is MaskAAE else torch.ones(L)
    encoder, decoder, critic = method.encoder, method.decoder, lambda z: method.critic(z).squeeze(1)
    parts = batch(method).x.split(B)
    torch.manual_seed(2)
    z = encoder(parts[0])
    penalty = ((z - z.mean(0)).square() * torch.exp(-10.0 * mask**2)).sum() / (B * L)
    expected = [
        (
            "autoencoder",
            rec(parts[0], decoder(mask * z)) + (100.0 * penalty if kind is MaskAAE else 0.0),
        )
    ]
    draws = (mask * torch.randn(5 * B, L)).split(B)
    for x, prior in zip(parts[1:6], draws, strict=True):
        codes = mask * encoder(x)
        slope = gradient_penalty(critic, prior + torch.rand(B, 1) * (codes - prior))
        expected.append(("critic", critic(codes).mean() - critic(prior).mean() + 10.0 * slope))
    expected.append(("encoder", -critic(mask * encoder(parts[6])).mean()))
    if kind is MaskAAE:
        z, prior = encoder(parts[7]), torch.randn(B, L)
        adversarial = (1.0 - (critic(mask * z).mean() - critic(mask * prior).mean())) ** 2
        weight = min(2048.0, 2.0 / L * 2.0 ** ((200 - 100) // (4 * method.period)))
        error = rec(parts[7], decoder(mask * z))
        expected.append(
            (
                "mask",
                (1000.0 if len(shape) == 3 else 100.0) * error
                + adversarial
                + weight * (mask * (1.0 - mask)).sum(),
            )
        )
    assert [name for name, _ in named_losses] == [name for name, _ in expected]
    assert [value for _, value in named_losses] == pytest.approx(
        [float(value.detach()) for _, value in expected], rel=1e-5
    )  # float32


def test_closed_mask_hides_its_dimension_from_decoder_and_critic_bit_for_bit() -> None:
    method = build()
    z, noise = torch.randn(B, L), torch.randn(B, L)
    other = torch.cat((noise[:, :1], z[:, 1:]), 1)
    mask = method.mask()
    for network in (method.decoder, method.critic):
        assert torch.equal(network(mask * z), network(mask * other))
        assert not torch.equal(network(z), network(other))


class Answer(nn.Module):
    """A decoder that knows the images."""

    def __init__(self, x: Tensor) -> None:
        super().__init__()
        self.x = x

    def forward(self, z: Tensor) -> Tensor:
        return self.x + 0.0 * z.sum()


@SHAPES
def test_mask_loss_has_the_floor_one_with_a_constant_critic_and_a_binary_mask(
    shape: tuple[int, ...],
) -> None:
    method, x = build(shape=shape), images(shape)
    set_mask(method, (0.0, 0.0, 100.0, 100.0, 0.0))
    nn.init.zeros_(method.critic[-1].weight)
    method.decoder = Answer(x)
    p = x.double().clamp(1e-7, 1 - 1e-7)
    entropy = (
        -(x * p.log() + (1 - x) * (1 - p).log()).mean() if len(shape) == 3 else torch.zeros(())
    )
    loss = float(method.mask_loss(x, torch.tensor(2048.0)).detach())
    assert loss == (
        1.0 if len(shape) == 1 else pytest.approx(1.0 + 1000.0 * float(entropy), rel=1e-6)
    )  # float32


def test_gradient_reaches_the_mask_through_codes_and_through_prior_draws() -> None:
    """With a linear critic w and decoder answers fixed, d/da of (1 + W)^2 is 2 (1 + W) (1 - mu) w
    (mean n - mean z)."""
    method, x = build(), images((7,))
    method.decoder, method.critic = Answer(x), nn.Linear(L, 1, bias=False)
    torch.manual_seed(3)
    (grad,) = torch.autograd.grad(method.mask_loss(x, torch.tensor(0.0)), method.mask.a)
    torch.manual_seed(3)
    z = method.encoder(x)
    gap = torch.randn_like(z).mean(0) - z.mean(0)
    mask, w = method.mask().detach(), method.critic.weight[0]
    torch.testing.assert_close(
        grad,
        (2.0 * (1.0 + (w * mask * gap).sum()) * (1.0 - mask) * w * gap).detach(),
        rtol=1e-4,
        atol=1e-6,
    )  # float32


def test_no_mask_goes_below_zero() -> None:
    method = build(mask_lr=3.0)
    lowest = []
    for step in range(100, 110):
        method.train_step(batch(method), tick(step))
        lowest.append(float(method.mask.a.detach().min()))
    assert min(lowest) == 0.0


def test_mask_waits_in_the_warm_up_while_the_others_move() -> None:
    method = build()
    assert [method.phase(step) for step in (0, 99, 100, 299)] == [
        "warm-up",
        "warm-up",
        "train",
        "train",
    ]
    state = [tensor.clone() for tensor in method.mask_player.state_dict().values()]
    assert moved(method, lambda: method.train_step(batch(method), tick(99, "warm-up"))) == {
        "encoder",
        "decoder",
        "critic",
    }
    assert all(
        torch.equal(a, b)
        for a, b in zip(state, method.mask_player.state_dict().values(), strict=True)
    )
    names = [name for name, _ in losses(method, "warm-up")]
    assert names == ["autoencoder", *["critic"] * 5, "encoder"]


def test_ramp_begins_after_the_warm_up() -> None:
    method = build(latent_dim=16, steps=4000)
    assert (method.warm_up, method.period) == (100, 14)
    weights = {
        step: float(method.train_step(batch(method), tick(step))["weight"])
        for step in (0, 100, 155, 156, 3999)
    }
    assert weights == {0: 0.125, 100: 0.125, 155: 0.125, 156: 0.25, 3999: 2048.0}


@pytest.mark.parametrize(
    ("config", "steps", "rates", "warm_up", "period"),
    [
        ({}, 300, (5e-4, 1e-4, 1e-4, 40 / 300), 100, 1),
        ({}, 4000, (5e-4, 1e-4, 1e-4, 0.01), 100, 4),
        ({}, 100_000, (5e-4, 1e-4, 1e-4, 5e-4), 100, 112),
        ({"lr": 1e-3, "mask_lr": 0.2, "warm_up": 0}, 12, (1e-3, 2e-4, 2e-4, 0.2), 0, 1),
        ({}, 12, (5e-4, 1e-4, 1e-4, 40 / 12), 4, 1),
        ({"schedule": "reference"}, 10_000, (5e-4, 1e-4, 1e-4, 5e-4), 0, 75),
    ],
)
def test_rates_and_schedule(
    config: dict[str, Any], steps: int, rates: tuple[float, ...], warm_up: int, period: int
) -> None:
    method = build(steps=steps, **config)
    assert list(method.players) == ["autoencoder", "critic", "encoder", "mask"]
    assert [player.optimiser.lr for player in method.players.values()] == pytest.approx(
        rates, rel=1e-12
    )
    assert (method.warm_up, method.period) == (warm_up, period)


@pytest.mark.parametrize(
    ("config", "steps", "scaled"),
    [
        ({"schedule": "reference"}, 9999, True),
        ({"schedule": "reference"}, 10_000, False),
        ({}, 12, False),
    ],
)
def test_the_codes_schedule_is_scaled_and_flagged_in_a_run_too_short_for_it(
    config: dict[str, Any], steps: int, scaled: bool
) -> None:
    method, relative = build(steps=steps, **config), build(steps=steps)
    assert ("schedule_scaled" in method.discover(batch(method).x).flags) == scaled
    if scaled:
        assert (method.warm_up, method.period) == (relative.warm_up, relative.period)


def rates(method: MaskAAE) -> dict[str, set[float]]:
    return {
        name: {float(rate) for rate in player.state["rate"]}
        for name, player in method.players.items()
    }


def test_decay_divides_two_rates_by_five_once_and_on_the_device() -> None:
    method = build(lr_decay=True, warm_up=2)
    before, whole = rates(method), batch(method)
    for step in (5, 6):
        now = tick(step)
        with no_host_reads():
            method.train_step(whole, now)
        assert rates(method) == before
    for step in (7, 8, 9):  # 2 + 5R with R = 1
        now = tick(step)
        with no_host_reads():
            method.train_step(whole, now)
        after = rates(method)
        assert {name: after[name] == before[name] for name in before} == {
            "autoencoder": False,
            "critic": True,
            "encoder": True,
            "mask": False,
        }
        for name in ("autoencoder", "mask"):
            assert (
                max(after[name])
                == min(after[name])
                == pytest.approx(min(before[name]) / 5.0, rel=1e-6)
            )  # float32
    assert "player/mask/rate/mask.a" in method_state(method)


def test_verdict_counts_masks_and_tells_the_start_and_the_undecided() -> None:
    method, x = build(), images((7,))
    method.prepare(TensorSplit(Split(x.numpy(), (7,))))
    discovery = method.discover(x)
    assert discovery.extra == {
        "undecided": 3.0,
        "initial": 3.0,
        "rec_weight": 100.0,
    }  # a > ln 2: 0.7, 2 and 5
    assert discovery.active.tolist() == [False, True, True, True, True]
    torch.testing.assert_close(discovery.relevance, 1.0 - torch.exp(-torch.tensor(MASK)))
    assert discovery.flags == ("undecided", "critic_unsettled")  # no critic was trained
    set_mask(method, (0.0, 0.05, 3.0, 100.0, 5.0))
    discovery = method.discover(x)
    assert (
        discovery.flags,
        discovery.extra["undecided"],
        discovery.extra["initial"],
        int(discovery.active.sum()),
    ) == (("critic_unsettled",), 0.0, 3.0, 3)
    set_mask(method, (0.0,) * L)
    assert int(method.discover(x).active.sum()) == 0  # all masked is a legal verdict, and told
    assert method.discover(x).flags == ("collapsed", "critic_unsettled")


def test_codes_and_samples_pass_the_soft_mask() -> None:
    method, x = build(), images((7,))
    mask = 1.0 - torch.exp(-torch.tensor(MASK))
    torch.testing.assert_close(method.encode(x), mask * method.encoder(x))
    torch.manual_seed(4)
    samples = method.sample(3)
    torch.manual_seed(4)
    torch.testing.assert_close(samples, method.decoder(mask * torch.randn(3, L)))
