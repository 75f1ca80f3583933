"""Metrics: pure functions of evidence. NumPy only, so that tables know units and directions without
torch."""
