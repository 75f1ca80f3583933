"""Jobs to records: one run, processes of runs, evaluation later, replay."""
