"""Recorded results: each module measures one file in `data/results/` (see `s1lib.results.run`)."""
