"""Recorded results: each module makes one file in `data/results/` again, `make results-NAME`."""
