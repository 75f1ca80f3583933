"""The template of a method, and defects planted in it: for each the names of the checks that see
it, words of their message, and what is replaced by what."""

from __future__ import annotations

from importlib import resources
from string import Template

SOUND = Template(
    resources.files("benchmark").joinpath("data/templates/method.txt").read_text(encoding="utf-8")
).substitute(title="mine", name="Mine")

IMPORT, BUILD = "import torch\n", "    def build(self) -> None:\n"
STEP = "        mean, log_var = self.posterior(batch.x)\n"
DESCEND = "        self.descend(nll + kl, self.model)\n"
ENCODE = "        return self.posterior(x)[0]\n"
SAMPLE = (
    "        return self.decode(torch.randn(n, self.latent_dim, "
    "device=next(self.parameters()).device))\n"
)
DISCOVER = "        relevance = kl_standard(*self.posterior(x)).mean(0).clamp_min(0.0)\n"
CRITIC = (
    "        self.critic = backbones.encoder(self.shape, 1)\n"
    "        self.opponent = self.add_player('critic', self.critic)\n"
)

DEFECTS = {
    "numpy randomness": (
        "imports torch-randomness",
        "draw with torch",
        [
            (IMPORT, "import numpy as np\n" + IMPORT),
            (STEP, STEP + "        mean = mean + float(np.random.normal())\n"),
        ],
    ),
    "host read": (
        "host-reads",
        "stay on the device",
        [
            (
                DESCEND,
                "        if kl.item() > -1.0:\n            self.descend(nll + kl, self.model)\n",
            )
        ],
    ),
    "forgotten parameter": (
        "every-parameter",
        "no player owns it",
        [
            (
                'self.add_player("model", self, ',
                'self.add_player("model", self.encoder, self.decoder, ',
            ),
            (BUILD, BUILD + "        self.scale = torch.nn.Parameter(torch.ones(()))\n"),
            ("        return self.decoder(z)\n", "        return self.decoder(z * self.scale)\n"),
        ],
    ),
    "gradient leaking to the opponent": (
        "ownership",
        "the opponent's too",
        [
            (BUILD, BUILD + CRITIC),
            (
                'self.add_player("model", self, ',
                'self.add_player("model", self.encoder, self.decoder, ',
            ),
            (
                DESCEND,
                "        fake = self.decode(reparameterise(mean, log_var))\n"
                "        self.descend(self.critic(fake.detach()).mean() - "
                "self.critic(batch.x).square().mean(), self.opponent)\n"
                "        loss = nll + kl - self.critic(fake).mean()\n"
                "        loss.backward()\n"
                "        self.model.apply([p.grad for p in self.model.tensors])\n",
            ),
        ],
    ),
    "opponent moved by hand": (
        "ownership",
        "no player that owns it stepped",
        [
            (
                DESCEND,
                DESCEND + "        with torch.no_grad():\n            self.extra.mul_(0.5)\n",
            ),
            (BUILD, BUILD + "        self.extra = torch.nn.Parameter(torch.ones(3))\n"),
            (
                'self.add_player("model", self, ',
                'self.add_player("model", self.encoder, self.decoder, ',
            ),
        ],
    ),
    "python counter as state": (
        "resume-inside resume-edge captured",
        "no Python counters",
        [
            (BUILD, "    count = 0\n\n" + BUILD),
            (
                STEP,
                "        self.count += 1\n        nudge = 0.01 * self.count\n"
                + STEP.replace("batch.x", "batch.x + nudge"),
            ),
        ],
    ),
    "unaddressed sampling": (
        "torch-randomness addressed-samples",
        "without a generator",
        [
            (BUILD, BUILD + "        self.generator = torch.Generator().manual_seed(0)\n"),
            (
                SAMPLE,
                "        return self.decode(torch.randn(n, self.latent_dim, "
                "generator=self.generator))\n",
            ),
        ],
    ),
    "sample drawn once": (
        "addressed-samples",
        "draw inside sample",
        [
            (
                SAMPLE,
                "        return self.decode(torch.linspace(-1, 1, n)[:, None].expand(n, "
                "self.latent_dim))\n",
            )
        ],
    ),
    "batch-size-dependent encode": (
        "batch-size",
        "statistics kept from training",
        [(ENCODE, "        mean = self.posterior(x)[0]\n        return mean - mean.mean(0)\n")],
    ),
    "test data": (
        "given-images",
        "least of all test data",
        [
            (IMPORT, IMPORT + "from sklearn.datasets import load_digits\n"),
            (STEP, STEP + "        load_digits()\n"),
        ],
    ),
    "the harness's data": (
        "imports",
        "sees images only as",
        [(IMPORT, IMPORT + "from benchmark.datasets.digits import Digits\n")],
    ),
    "state changed by discover": (
        "pure",
        "leave the method as it is",
        [
            (BUILD, BUILD + "        self.register_buffer('seen', torch.zeros(()))\n"),
            (DISCOVER, "        self.seen += 1\n" + DISCOVER),
        ],
    ),
    "state changed by counting": (
        "pure",
        "lstar_so_far changed",
        [
            (
                BUILD,
                "    def lstar_so_far(self, x: Tensor) -> Tensor:\n"
                "        self.seen += 1\n"
                "        return self.seen\n\n"
                + BUILD
                + "        self.register_buffer('seen', torch.zeros(()))\n",
            )
        ],
    ),
    "non-deterministic operation": (
        "deterministic",
        "use an operation that has one",
        [(STEP, "        torch.zeros(4).put_(torch.arange(2), torch.ones(2))\n" + STEP)],
    ),
    "depends on the process": (
        "processes",
        "hash()",
        [(STEP, STEP.replace("batch.x", "batch.x * (1.0 + 1e-3 * (hash('mine') % 97))"))],
    ),
    "phase from state": (
        "phases",
        "from the step number",
        [
            (
                BUILD,
                "    late = False\n\n"
                "    def phase(self, step: int) -> str:\n"
                "        return 'late' if self.late else 'early'\n\n" + BUILD,
            ),
            (STEP, STEP + "        self.late = True\n"),
        ],
    ),
    "noise in encode": (
        "deterministic-codes",
        "draw in train_step",
        [(ENCODE, "        return reparameterise(*self.posterior(x))\n")],
    ),
    "false claim to prune": (
        "prunes",
        "set it to False",
        [(BUILD, "    prunes = True\n\n" + BUILD), ("relevance > 0.1", "relevance > 1e9")],
    ),
    "values of one phase": (
        "step-values",
        "expected tensors of shape",
        [('"kl": kl}', '"kl": kl[None].expand(7)}')],
    ),
    "an option without meaning": (
        "documented",
        "says nothing",
        [('        """standard deviation of the decoder"""\n', "")],
    ),
    "a null of unknown words": (
        "null",
        "'sometimes'; expected 'equal'",
        [
            (
                "    @dataclass(frozen=True)",
                "    null = ({'relevances': 'sometimes'},)\n\n    @dataclass(frozen=True)",
            )
        ],
    ),
    "a null that is computed": (
        "null",
        "write it out as a literal",
        [
            (
                "    @dataclass(frozen=True)",
                "    null = tuple([{'relevances': 'equal'}])\n\n    @dataclass(frozen=True)",
            )
        ],
    ),
    "a thawed config": ("options", "frozen", [("@dataclass(frozen=True)", "@dataclass")]),
    "a weight drawn while building": (
        "initial-weights",
        "reset_parameters() of the module that holds it",
        [
            (BUILD, BUILD + "        self.scale = torch.nn.Parameter(torch.rand(3))\n"),
            ("        return self.decoder(z)\n", "        return self.decoder(z * self.scale)\n"),
        ],
    ),
    "the old spectral norm, whose weights no stream reaches": (
        "initial-weights",
        "torch.nn.utils.parametrizations",
        [
            (
                "        self.model = self.add_player(",
                "        torch.nn.utils.spectral_norm(self.encoder[1])\n"
                "        self.model = self.add_player(",
            ),
        ],
    ),
    "relevance per image": (
        "discovery",
        "one per provisioned dimension",
        [("kl_standard(*self.posterior(x)).mean(0)", "kl_standard(*self.posterior(x)).mean(1)")],
    ),
    "a list as a flag": (
        "discovery",
        "expected a tuple of words",
        [
            (
                "Discovery(relevance, ",
                "Discovery(flags=(['collapsed'],), relevance=relevance, active=",
            )
        ],
    ),
    "codes of the wrong shape": (
        "shapes",
        "code_dim >=",
        [(ENCODE, "        return self.posterior(x)[0][:, :1]\n")],
    ),
}
