"""L* bench: the reproducibility benchmark for autoencoders that find their own latent dimension."""

__version__ = "0.1.0"
