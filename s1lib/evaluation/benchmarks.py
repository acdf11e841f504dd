"""The paper's benchmarks, through `datasets`: MATH500, AIME 2024 and 2025, GPQA Diamond.

Needs the network the first time. The toy world's evaluation sets are files in `data/`.
"""

import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from s1lib.errors import CourseError
from s1lib.grading.graders import whole_number
from s1lib.io import locate, read_rows


@dataclass(frozen=True)
class Benchmark:
    """Where a benchmark lies on the hub, how many rows it has, and how it is graded."""

    path: str
    split: str
    rows: int
    kind: str  # a key of s1lib.grading.graders.GRADERS
    columns: tuple[str, ...]  # question, right answer, and wrong answers of a choice
    config: str | None = None


WRONG = tuple(f"Incorrect Answer {i}" for i in (1, 2, 3))
BENCHMARKS = {
    "math500": Benchmark("HuggingFaceH4/MATH-500", "test", 500, "math", ("problem", "answer")),
    "aime24": Benchmark("HuggingFaceH4/aime_2024", "train", 30, "aime", ("problem", "answer")),
    "aime25": Benchmark("math-ai/aime25", "test", 30, "aime", ("problem", "answer")),
    "gpqa": Benchmark(
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


def load_questions(name: str) -> list[dict]:
    """Load all rows of an evaluation set: a benchmark, or a file of the course as `heldout`.

    Raises CourseError if it cannot be loaded.
    """
    return load_benchmark(name) if name in BENCHMARKS else read_rows(locate(f"{name}.jsonl"))


def load_benchmark(name: str, load: Callable[..., Any] | None = None) -> list[dict]:
    """The rows of a benchmark: question, answer, and `kind`, the grader. Questions stand bare, as
    in the paper.

    Raises CourseError for an unknown name, if it cannot be loaded, lacks a column, has an empty
    answer, or another number of rows than it had: its figures could not be compared.
    """
    if name not in BENCHMARKS:
        raise CourseError(f"there is no benchmark {name!r}: choose one of {', '.join(BENCHMARKS)}.")
    chosen = BENCHMARKS[name]
    if load is None:
        from datasets import load_dataset

        load = load_dataset
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
        if chosen.kind == "aime" and whole_number(answer) is None:
            raise CourseError(f"{chosen.path}, row {number}: {answer!r} is no whole number.")
        return {"question": question, "answer": answer, "kind": chosen.kind}

    return [row(number, raw) for number, raw in enumerate(data)]
