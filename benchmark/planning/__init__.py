"""What to run: suites, their stages, grids to jobs. No torch."""
