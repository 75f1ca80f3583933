"""One protocol for every method: plan, train, evaluate, record."""
