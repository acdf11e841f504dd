"""The shipped model of the toy world, for exercises that ask it a question.

It is the same for every reader, whatever they have trained since, so that what a check says of
a question holds for all.
"""

from functools import cache
from typing import Any

from s1lib.config import load_profile
from s1lib.errors import CourseError
from s1lib.grading.graders import grade_text
from s1lib.inference import open_engine
from s1lib.inference.budget import Budget
from s1lib.inference.engine import Engine
from s1lib.io import DATA, read_rows
from s1lib.toyworld.questions import reference_answer

# One limit for both, and a low one: a model that runs in circles must not use up a check's time
BY_ITSELF = Budget(512, waits=0, max_answer=12)
ONE_WAIT = Budget(512, waits=1, max_answer=12)


@cache
def shipped_model() -> Engine:
    """Open the shipped fine-tuned model, once."""
    return open_engine(DATA / "sft", **load_profile("laptop").engine)


@cache
def dev_rows() -> dict[str, dict[str, Any]]:
    """Return the development questions by their names."""
    return {row["id"]: row for row in read_rows(DATA / "dev.jsonl")}


@cache
def answered(questions: tuple[str, ...], budget: Budget) -> list[bool]:
    """Tell which of these questions the shipped model answers rightly under a budget.

    Raises CourseError for a question that is not of the toy world.
    """
    references = [reference_answer(question) for question in questions]
    if None in references:
        raise CourseError("a question is not of the toy world: its answer is not known.")
    traces = shipped_model().think(questions, budget)
    return [
        grade_text(trace.gradable_text, str(reference)).right
        for trace, reference in zip(traces, references, strict=True)
    ]
