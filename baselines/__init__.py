"""One file per method; each holds one class built on :class:`benchmark.method.Method` and its
``Config``."""
