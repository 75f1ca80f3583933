"""One outer step of FlexAE and FlexAE-SR: who moves what by how much, in which order, on which
batches, and the exact value of each loss."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor, nn

from baselines.flexae import FlexAE
from benchmark.method import Batch, Player, Tick
from benchmark.nn.optim import Adam
from benchmark.training.host_reads import no_host_reads
from benchmark.training.runtime import construct

TICK = Tick(torch.tensor(0), torch.tensor(0.0), "train")
L, B, SHAPE = 3, 4, (1, 8, 8)
both = pytest.mark.parametrize("sr", [False, True], ids=["flexae", "flexae-sr"])

ORDER = ["reconstruction", *["critic"] * 5, "generator+encoder"]
ORDER_SR = [
    "reconstruction",
    *["critic"] * 5,
    *["image_critic"] * 5,
    "smoothing",
    "generator+encoder",
]

MOVED = {
    "reconstruction": {"encoder", "decoder"},
    "critic": {"critic"},
    "image_critic": {"image_critic"},
    "smoothing": {"encoder", "decoder"},
    "generator+encoder": {"generator", "encoder"},
}
REACHED = {
    **MOVED,
    "smoothing": {"encoder", "decoder", "image_critic"},
    "generator+encoder": {"generator", "encoder", "critic"},
}


class Watched(FlexAE):
    """Writes down every update: its player, its loss, which modules the loss depends on, which ones
    changed; and every encoding."""

    def build(self) -> None:
        super().build()
        self.log: list[tuple[str, float, set[str], set[str]]] = []
        self.encoded: list[list[int]] = []

    def encode(self, x: Tensor) -> Tensor:
        self.encoded.append((x.flatten(1).mean(1)[::B] * 100).round().int().tolist())
        return super().encode(x)

    def modules_with(self, test: dict[str, bool]) -> set[str]:
        return {name.split(".")[0] for name, present in test.items() if present}

    def descend(self, loss: Tensor, *players: Player) -> None:
        parameters = dict(self.named_parameters())
        old = {name: p.detach().clone() for name, p in parameters.items()}
        grads = torch.autograd.grad(
            loss, list(parameters.values()), allow_unused=True, retain_graph=True
        )
        reached = self.modules_with(
            {name: grad is not None for name, grad in zip(parameters, grads, strict=True)}
        )
        super().descend(loss, *players)
        changed = self.modules_with(
            {name: not torch.equal(p, old[name]) for name, p in parameters.items()}
        )
        names = "+".join(player.name for player in players)
        self.log.append((names, float(loss.detach()), reached, changed))


def build(
    kind: type[FlexAE] = FlexAE, shape: tuple[int, ...] = SHAPE, latent_dim: int = L, **config: Any
) -> Any:
    return construct(
        kind, FlexAE.Config(**config), 0, shape=shape, latent_dim=latent_dim, steps=10, batch_size=B
    )


def batch(method: FlexAE) -> Batch:
    """Random images; the mean of every image of the k-th batch is (k + 1) / 100."""
    count = B * method.config.batches_per_step
    x = torch.rand(count, *method.shape, generator=torch.Generator().manual_seed(0)) * 0.01
    level = (torch.arange(count) // B + 1) / 100
    return Batch(
        x
        - x.flatten(1).mean(1).view(-1, *(1,) * len(method.shape))
        + level.view(-1, *(1,) * len(method.shape)),
        torch.arange(count),
    )


class Constant(nn.Module):
    """A critic that says ``value`` of everything."""

    def __init__(self, value: float) -> None:
        super().__init__()
        self.value = value

    def forward(self, x: Tensor) -> Tensor:
        return 0.0 * x.flatten(1).sum(1, keepdim=True) + self.value


@both
def test_each_update_moves_and_reaches_its_own_modules_in_the_papers_order(sr: bool) -> None:
    """So the generator has no gradient of reconstruction or image critic, the decoder none of the
    critic, and critics move nobody else."""
    method = build(Watched, image_critic=sr)
    method.train_step(batch(method), TICK)
    assert [name for name, *_ in method.log] == (ORDER_SR if sr else ORDER)
    for name, _, reached, changed in method.log:
        assert (changed, reached) == (MOVED[name], REACHED[name]), name


@both
def test_batches_are_used_in_the_documented_order_and_the_last_ones_again(sr: bool) -> None:
    """Codes and draws of the critic's last step serve encoder and generator; smoothing moves the
    encoder, so after it the last batch is encoded anew."""
    method = build(Watched, image_critic=sr)
    drawn: list[Tensor] = []
    method.generator.register_forward_pre_hook(
        lambda module, arguments: drawn.append(arguments[0].clone())
    )
    method.train_step(batch(method), TICK)
    critics = [[2, 3, 4, 5], [6]]
    smoothing = [[7, 8, 9, 10, 11], [6, 11], [6]]
    assert method.encoded == ([[1], *critics, *smoothing] if sr else [[1], *critics])
    assert [x.shape for x in drawn] == [(4 * B, L), (B, L)]


@both
def test_losses_at_constant_critics_are_exact(sr: bool) -> None:
    """10 for a critic (a slope of 0), -c for whoever raises it, +c for the encoder: -c + c."""
    method = build(Watched, image_critic=sr)
    method.critic, method.image_critic = Constant(2.5), Constant(-1.5)
    method.descend = lambda loss, *players: method.log.append(
        ("+".join(player.name for player in players), float(loss.detach()))
    )
    method.train_step(batch(method), TICK)
    losses = {name: value for name, value in method.log if name != "reconstruction"}
    expected = {"critic": 10.0, "generator+encoder": 0.0}
    assert losses == ({**expected, "image_critic": 10.0, "smoothing": 1.5} if sr else expected)


def test_reconstruction_loss_is_the_mean_sum_of_squares() -> None:
    method = build()
    images = batch(method)
    x = images.x[:B]
    with torch.no_grad():
        residual = (x - method.decode(method.encode(x))).flatten(1)
    loss = method.train_step(images, TICK)["loss"].detach()
    torch.testing.assert_close(loss, residual.norm(dim=1).square().mean())
    torch.testing.assert_close(loss, 64 * residual.square().mean())


@both
def test_players_are_the_table(sr: bool) -> None:
    method = build(image_critic=sr)
    table = {
        "reconstruction": Adam(2e-4, (0.9, 0.999), 1e-8),
        "critic": Adam(1e-4, (0.0, 0.9), 1e-8),
        "generator": Adam(2e-4, (0.0, 0.9), 1e-8),
        "encoder": Adam(1e-5, (0.0, 0.9), 1e-8),
    }
    table |= (
        {"image_critic": Adam(2e-4, (0.5, 0.9), 1e-8), "smoothing": Adam(2e-4, (0.5, 0.9), 1e-8)}
        if sr
        else {}
    )
    optimisers = {name: player.optimiser for name, player in method.players.items()}
    assert optimisers.keys() == table.keys()
    for name, wanted in table.items():
        assert (optimisers[name].betas, optimisers[name].eps) == (wanted.betas, wanted.eps)
        assert optimisers[name].lr == pytest.approx(
            wanted.lr, rel=1e-12
        )  # 0.1 * 1e-4 is not 1e-5 in floating point
    method.train_step(batch(method), TICK)
    assert {name: player.updates for name, player in method.players.items()} == {
        name: 5 if "critic" in name else 1 for name in table
    }
    assert len(
        {id(tensor) for player in method.players.values() for tensor in player.state["exp_avg"]}
    ) == sum(len(player.tensors) for player in method.players.values())


@both
def test_encoder_and_generator_move_by_the_critic_of_the_last_batch_as_they_stand(sr: bool) -> None:
    """Each by its own loss: mean C(E(x)) after smoothing, - mean C(G(n)); large steps, so that what
    came before smoothing would differ."""
    method = build(Watched, image_critic=sr, lr=0.05)
    images, seen = batch(method), {}
    last = images.x[5 * B : 6 * B]
    drawn: list[Tensor] = []
    method.generator.register_forward_pre_hook(lambda module, inputs: drawn.append(inputs[0]))
    own = method.descend

    def descend(loss: Tensor, *players: Player) -> None:
        if players[-1].name in ("smoothing", "encoder"):
            e, g = list(method.encoder.parameters()), list(method.generator.parameters())
            of_codes = method.critic(method.encoder(last)).mean()
            seen[players[-1].name] = torch.autograd.grad(of_codes, e)
            if players[-1].name == "encoder":
                of_draws = -method.critic(method.generator(drawn[1])).mean()
                seen["generator"] = torch.autograd.grad(of_draws, g)
                grads = torch.autograd.grad(loss, [*e, *g], retain_graph=True)
                seen["both"] = grads
        own(loss, *players)

    method.descend = descend
    method.train_step(images, TICK)
    expected = (*seen["encoder"], *seen["generator"])
    torch.testing.assert_close(seen["both"], expected, rtol=1e-4, atol=1e-6)  # float32
    if sr:
        assert not torch.allclose(seen["smoothing"][0], seen["encoder"][0], rtol=1e-2)


def test_variant_without_image_critic_has_none_and_six_batches() -> None:
    plain, full = build(), build(image_critic=True)
    assert (plain.config.batches_per_step, full.config.batches_per_step) == (6, 11)
    assert {name.split(".")[0] for name, _ in plain.named_parameters()} == {
        "encoder",
        "decoder",
        "generator",
        "critic",
    }
    assert {name.split(".")[0] for name, _ in full.named_parameters()} == {
        "encoder",
        "decoder",
        "generator",
        "critic",
        "image_critic",
    }


@both
@pytest.mark.parametrize("shape", [(2,), (64,), (100,), (1, 28, 28)])
def test_step_on_every_kind_of_data_without_a_host_read(shape: tuple[int, ...], sr: bool) -> None:
    method = build(shape=shape, image_critic=sr, generator="1x32")
    count = 2 * method.config.batches_per_step
    with no_host_reads():
        values = method.train_step(Batch(torch.rand(count, *shape), torch.arange(count)), TICK)
    names = {
        "loss",
        "wasserstein",
        "penalty",
        *(("image_wasserstein", "image_penalty") if sr else ()),
    }
    assert {name: tuple(value.shape) for name, value in values.items()} == dict.fromkeys(names, ())
