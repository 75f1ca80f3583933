"""The two-stage VAE: the first stage is the VAE, the second one of its codes."""

from __future__ import annotations

import pytest
import torch
from adapters import batch, build, images, tick
from torch import nn

from baselines.two_stage_vae import TwoStageVAE
from baselines.vae import VAE
from benchmark.nn.gaussian import kl_standard, reparameterise
from benchmark.nn.likelihood import gaussian_nll

# two-stage-vae


def test_the_first_stage_is_the_vae_bit_for_bit_and_stages_leave_each_other_alone() -> None:
    method = build(TwoStageVAE, schedule="constant", steps=12)
    plain = build(VAE, steps=4)
    assert method.first_steps == 4 and [method.phase(s) for s in (3, 4)] == ["first", "second"]
    x = images(8)
    second = {n: p.clone() for n, p in method.named_parameters() if "2." in n[:9]}
    for step in range(4):
        for model, phase in ((method, "first"), (plain, "train")):
            torch.manual_seed(step)
            model.train_step(batch(x), tick(step / 12, phase))
    ours = dict(method.named_parameters())
    assert all(torch.equal(p, ours[name]) for name, p in plain.named_parameters())
    assert all(torch.equal(p, ours[name]) for name, p in second.items())
    method.train_step(batch(x), tick(0.5, "second"))
    assert all(torch.equal(p, ours[name]) for name, p in plain.named_parameters())
    assert not any(torch.equal(p, ours[name]) for name, p in second.items())


def test_the_second_stage_is_a_vae_of_codes() -> None:
    method = build(TwoStageVAE)
    z = torch.randn(8, 4, generator=torch.Generator().manual_seed(0))
    torch.manual_seed(2)
    values = method.second_bound(z)
    torch.manual_seed(2)
    mean, log_var = method.encoder2(z).chunk(2, 1)
    decoded = method.decoder2(reparameterise(mean, log_var))
    nll = gaussian_nll(z, decoded, method.noise2.current())
    torch.testing.assert_close(values["loss"], (nll + kl_standard(mean, log_var).sum(1)).mean())


def test_step_sizes_are_halved_in_each_stage() -> None:
    method = build(TwoStageVAE, steps=90)
    first, second = (method.players[n].optimiser.schedule for n in ("first", "second-sigma"))
    at = [torch.tensor(p) for p in (0.1, 0.2, 0.3, 0.5, 0.7, 0.9)]
    assert [float(first(p)) for p in at[:3]] == [1.0, 0.5, 0.25]
    assert [float(second(p)) for p in at[3:]] == [1.0, 0.5, 0.25]


def test_samples_pass_both_decoders() -> None:
    method = build(TwoStageVAE)
    method.decoder2 = nn.Identity()
    with torch.no_grad():
        method.noise2.log_sigma.fill_(-100.0)  # e^-6 in force
        torch.manual_seed(0)
        drawn = method.sample(5)
        torch.manual_seed(0)
        torch.testing.assert_close(drawn, method.decode(torch.randn(5, 4)), rtol=0, atol=0.05)
    with pytest.raises(ValueError, match="first_share is a share"):
        build(TwoStageVAE, first_share=1.0)
