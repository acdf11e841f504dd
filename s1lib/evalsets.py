"""The paper's benchmarks, through `datasets`: MATH500, AIME 2024 and 2025, GPQA Diamond.

Needs the network the first time. The embedded evaluation sets are files in `data/`.
"""

import random
from collections.abc import Callable
from dataclasses import dataclass

from s1lib.grade import WHOLE, normalise
from s1lib.store import CourseError


@dataclass(frozen=True)
class EvalSet:
    """Where a benchmark lies on the hub, how many rows it has, and how it is graded."""

    path: str
    split: str
    rows: int
    kind: str  # a key of s1lib.grade.GRADERS
    columns: tuple[str, ...]  # question, right answer, and wrong answers of a choice
    config: str | None = None


WRONG = tuple(f"Incorrect Answer {i}" for i in (1, 2, 3))
EVAL_SETS = {
    "math500": EvalSet("HuggingFaceH4/MATH-500", "test", 500, "math", ("problem", "answer")),
    "aime24": EvalSet("HuggingFaceH4/aime_2024", "train", 30, "aime", ("problem", "answer")),
    "aime25": EvalSet("math-ai/aime25", "test", 30, "aime", ("problem", "answer")),
    "gpqa": EvalSet(
        "Idavidrein/gpqa",
        "train",
        198,
        "gpqa",
        ("Question", "Correct Answer", *WRONG),
        config="gpqa_diamond",
    ),
}


def with_choices(question: str, right: str, wrong: list[str]) -> tuple[str, str]:
    """A question with its four lettered choices, and the letter of the right one.

    The order is drawn from the question itself: the same in every run.
    """
    choices = [right, *wrong]
    random.Random(question).shuffle(choices)
    lines = [f"({letter}) {choice}" for letter, choice in zip("ABCD", choices, strict=True)]
    return "\n".join([question, *lines]), "ABCD"[choices.index(right)]


def load_evalset(name: str, load: Callable | None = None) -> list[dict]:
    """The rows of a benchmark: question, answer, and `kind`, the grader. Questions stand bare, as
    in the paper.

    Raises CourseError for an unknown name, if it cannot be loaded, lacks a column, has an empty
    answer, or another number of rows than it had: its figures could not be compared.
    """
    if name not in EVAL_SETS:
        raise CourseError(f"there is no benchmark {name!r}: choose one of {', '.join(EVAL_SETS)}.")
    chosen = EVAL_SETS[name]
    if load is None:
        from datasets import load_dataset as load
    try:
        data = load(chosen.path, chosen.config, split=chosen.split)
    except Exception as error:  # the hub is away, the set is gated, the name is wrong ...
        raise CourseError(
            f"cannot load {chosen.path}: check the network; for a gated set (GPQA is one) accept "
            "its terms on the hub and run `hf auth login`; or load it once where there is a "
            f"network, with the same HF_HOME. ({type(error).__name__})"
        ) from None
    missing = [column for column in chosen.columns if column not in data.column_names]
    if missing:
        raise CourseError(
            f"{chosen.path} has no column {missing[0]}: it has {', '.join(data.column_names)}."
        )
    if len(data) != chosen.rows:
        raise CourseError(
            f"{chosen.path} has {len(data)} rows and had {chosen.rows}: it was changed, and "
            "accuracies on it cannot be compared with published ones."
        )

    def row(number: int, raw: dict) -> dict:
        question, answer, *wrong = (str(raw[column]).strip() for column in chosen.columns)
        if wrong:
            question, answer = with_choices(question, answer, wrong)
        if not question or not answer:
            raise CourseError(f"{chosen.path}, row {number}, has no question or no answer.")
        if chosen.kind == "aime" and not WHOLE.fullmatch(normalise(answer)):
            raise CourseError(f"{chosen.path}, row {number}: {answer!r} is no whole number.")
        return {"question": question, "answer": answer, "kind": chosen.kind}

    return [row(number, raw) for number, raw in enumerate(data)]
