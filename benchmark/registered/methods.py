"""The built-in methods, in the order of lists."""

from __future__ import annotations

from benchmark.source import Entry

__all__ = ["METHODS"]

METHODS: tuple[Entry, ...] = (
    Entry("pca", "baselines.pca:PCA", "principal component analysis, closed form"),
    Entry("vae", "baselines.vae:VAE", "variational autoencoder with a sigma-VAE decoder"),
    Entry("dpvae", "baselines.dpvae:DPVAE", "VAE with a decoupled prior behind a flow"),
    Entry("r-vae", "baselines.r_vae:RVAE", "relevance encoding network on a VAE"),
    Entry("r-dpvae", "baselines.r_dpvae:RDPVAE", "relevance encoding network on a dpVAE"),
    Entry("rf-vae", "baselines.rf_vae:RFVAE", "relevance factor VAE, the authors' objective"),
    Entry(
        "rf-vae-port",
        "baselines.rf_vae_port:RFVAEPort",
        "relevance factor VAE as in the port that RENs used",
        headline=False,
    ),
    Entry(
        "maskaae",
        "baselines.maskaae:MaskAAE",
        "adversarial autoencoder that learns a mask of its latent dimensions",
    ),
    Entry(
        "wae-gan",
        "baselines.wae_gan:WAEGAN",
        "MaskAAE without a mask: a Wasserstein adversarial autoencoder",
        headline=False,
    ),
    Entry("flexae", "baselines.flexae:FlexAE", "Wasserstein autoencoder with a learned prior"),
    Entry(
        "flexae-sr",
        "baselines.flexae:FlexAE",
        "FlexAE with smoothed interpolations",
        headline=False,
        preset={"image_critic": True},
    ),
    Entry(
        "geco-l0",
        "baselines.geco_l0:GecoL0",
        "VAE with hard gates on its latents, as few as a reconstruction error allows",
    ),
    Entry(
        "grae",
        "baselines.grae:GRAE",
        "deterministic autoencoder that pays for its decoder's volume",
    ),
    Entry(
        "beta-vae",
        "baselines.beta_vae:BetaVAE",
        "VAE with a weighted divergence, the twin of grae",
        headline=False,
    ),
    Entry(
        "mi-vae",
        "baselines.mi_vae:MIVAE",
        "VAE rewarded for what two latent components tell of the decoded image",
    ),
    Entry(
        "mi-vae-joint",
        "baselines.mi_vae_joint:JointMIVAE",
        "mi-vae with a categorical variable, which the reward is for",
        headline=False,
    ),
    Entry(
        "irmae",
        "baselines.irmae:IRMAE",
        "autoencoder whose extra linear layers make codes of low rank; IRMAE-WD, LoRAE by options",
        headline=False,
    ),
    Entry(
        "ard-vae",
        "baselines.ard_vae:ARDVAE",
        "VAE whose prior takes its variances from the codes",
        headline=False,
    ),
    Entry(
        "least-volume",
        "baselines.least_volume:LeastVolume",
        "1-Lipschitz autoencoder that pays for the volume of its codes",
        headline=False,
    ),
    Entry(
        "vaease",
        "baselines.vaease:VAEase",
        "VAE whose decoder sees each coordinate less, the less certain it is; counts per image",
        headline=False,
    ),
    Entry(
        "vae-cross-entropy",
        "baselines.vae_cross_entropy:VAECrossEntropy",
        "VAE with Bernoulli pixels",
        headline=False,
    ),
    Entry(
        "wae-mmd",
        "baselines.wae_mmd:WAEMMD",
        "Wasserstein autoencoder whose codes match the prior by kernels",
        headline=False,
    ),
    Entry(
        "aae",
        "baselines.aae:AAE",
        "autoencoder whose codes a classifier cannot tell from prior draws",
        headline=False,
    ),
    Entry(
        "two-stage-vae",
        "baselines.two_stage_vae:TwoStageVAE",
        "VAE, and then a VAE of its codes",
        headline=False,
    ),
    Entry(
        "rae-gmm",
        "baselines.rae_gmm:RAEGMM",
        "regularised autoencoder with a mixture of Gaussians fitted to its codes",
        headline=False,
    ),
    Entry(
        "ae-gmm",
        "baselines.rae_gmm:RAEGMM",
        "rae-gmm without a price on codes",
        headline=False,
        preset={"beta": 0.0},
    ),
    Entry(
        "vae-vampprior",
        "baselines.vae_vampprior:VampPrior",
        "VAE whose prior mixes the posteriors of trained pseudo-inputs",
        headline=False,
    ),
    Entry(
        "vae-flow",
        "baselines.vae_flow:VAEFlow",
        "VAE with an inverse autoregressive flow as its posterior",
        headline=False,
    ),
    Entry(
        "vae-iop",
        "baselines.vae_iop:VAEIOP",
        "VAE whose prior is its own averaged posterior, by a classifier",
        headline=False,
    ),
    Entry(
        "injflow",
        "baselines.injflow:InjFlow",
        "autoencoder that pays for its decoder's volume along a random direction",
        headline=False,
    ),
    Entry(
        "injflow-gmm",
        "baselines.injflow:InjFlow",
        "injflow with a mixture of Gaussians fitted to its codes",
        headline=False,
        preset={"prior": "gmm"},
    ),
)
