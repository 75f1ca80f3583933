"""Numbers in, numbers out: intervals, tests, and how much worse is seen."""
