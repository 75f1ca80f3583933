"""Shared algebra of the methods: backbones, likelihoods, discovery rules, optimisers. Pure
functions and modules; files import downwards."""
