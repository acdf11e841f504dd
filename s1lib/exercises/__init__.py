"""Exercises that check themselves: `check("wilson", my_wilson)` and `progress()`."""

from s1lib.exercises.checking import check
from s1lib.exercises.memory import progress

__all__ = ["check", "progress"]
