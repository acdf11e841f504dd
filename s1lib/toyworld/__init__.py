"""The toy world: questions, teacher, pool, evaluation sets and base model."""

WORLD = 8  # this version; docs/world.md tells how the earlier ones differed
