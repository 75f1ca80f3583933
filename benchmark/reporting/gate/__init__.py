"""Whether a metric got worse: baselines, the checks against them, and their formats."""
