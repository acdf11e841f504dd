"""Chapter 2: from the distilled pool to the 1,000 examples."""
