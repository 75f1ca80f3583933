"""Experiments that are no method x dataset grid, with the same records, keys and resume."""
