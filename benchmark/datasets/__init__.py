"""Checksummed sources of images and vectors. A dataset turns its options into a
:class:`~benchmark.datasets.split.Splits`."""
