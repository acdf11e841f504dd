"""The embedded world: questions, teacher, pool and evaluation sets."""
