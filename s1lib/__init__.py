"""s1lib: the tested helper package of the s1 course."""
