"""The seeds of a cell: which runs are replicates, what they are called, what may stand for what."""
