"""The steps of one run: batches, weights, the loop, its checkpoints."""
