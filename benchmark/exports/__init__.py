"""What leaves the benchmark: codes of a dataset, networks in other formats, records in other
people's trackers."""
