"""Difficulty: what a probing model solves without thinking is dropped (paper, section 2.2)."""

from collections.abc import Callable
from contextlib import closing
from functools import partial

from s1lib.config import Profile
from s1lib.curation.filters import is_complete
from s1lib.curation.kinds import agrees
from s1lib.inference import open_engine
from s1lib.io import resolve_model


def questions_to_probe(rows: list[dict]) -> list[dict]:
    """Return the rows worth probing: complete and with a reference."""
    return [row for row in rows if is_complete(row)]


def probe(
    rows: list[dict], profile: Profile, progress: Callable[[str, int, int], None] | None = None
) -> dict[str, list[bool]]:
    """Let each of the profile's probing models attempt all rows without thinking.

    Returns model -> which rows it solves. `progress` is told the model, the questions it has
    tried, and all.
    """
    questions = [row["question"] for row in rows]
    grades = {}
    for name in profile.difficulty_models:
        with closing(open_engine(resolve_model(name), **profile.engine, share=True)) as engine:
            traces = engine.answer_directly(questions, progress and partial(progress, name))
        grades[name] = [agrees(t.answer, row) for t, row in zip(traces, rows, strict=True)]
    return grades


def solved_by_any(rows: list[dict], grades: dict[str, list[bool]]) -> dict[str, bool]:
    """Tell of each question whether any of the probing models solves it."""
    either = map(any, zip(*grades.values(), strict=True))
    return {row["question"]: right for row, right in zip(rows, either, strict=True)}
