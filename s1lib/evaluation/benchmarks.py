"""The paper's benchmarks, through `datasets`: MATH500, AIME 2024 and 2025, GPQA Diamond.

Needs the network the first time. The toy world's evaluation sets are files in `data/`.
"""

import random
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from s1lib.errors import CourseError
from s1lib.grading.graders import whole_number
from s1lib.io import is_course_file, locate, read_rows


@dataclass(frozen=True)
class Benchmark:
    """Where a benchmark is on the hub, how many rows it has, and how it is graded.

    `differs` says in what it differs from the set that the paper's harness reads.
    """

    path: str
    split: str
    rows: int
    kind: str  # a key of s1lib.grading.graders.GRADERS
    columns: tuple[str, ...]  # question, right answer, and wrong answers of a choice
    differs: str
    config: str | None = None


WRONG = tuple(f"Incorrect Answer {i}" for i in (1, 2, 3))
BENCHMARKS = {
    "math500": Benchmark(
        "HuggingFaceH4/MATH-500",
        "test",
        500,
        "math",
        ("problem", "answer"),
        "the harness reads the test split of its own copy, simplescaling/openaimath",
    ),
    "aime24": Benchmark(
        "HuggingFaceH4/aime_2024",
        "train",
        30,
        "aime",
        ("problem", "answer"),
        "the harness reads its own copy without needless figures, simplescaling/aime24_nofigures",
    ),
    "aime25": Benchmark(
        "math-ai/aime25",
        "test",
        30,
        "aime",
        ("problem", "answer"),
        "the harness reads its own copy without needless figures, simplescaling/aime25_nofigures",
    ),
    "gpqa": Benchmark(
        "Idavidrein/gpqa",
        "train",
        198,
        "gpqa",
        ("Question", "Correct Answer", *WRONG),
        "the same set; the order of the choices is ours (see `with_choices`)",
        config="gpqa_diamond",
    ),
}


def with_choices(question: str, right: str, wrong: list[str]) -> tuple[str, str]:
    """Write a question with its four lettered choices; also return the letter of the right one.

    The layout is the harness's: a blank line, then "A) ..." to "D) ...", a line each. The order
    is drawn from the question's own text, so that it is the same in every run; the harness draws
    another, so a question's letters differ from those in its logs.
    """
    choices = [right, *wrong]
    random.Random(question).shuffle(choices)
    lines = [f"{letter}) {choice}" for letter, choice in zip("ABCD", choices, strict=True)]
    return f"{question}\n\n" + "\n".join(lines), "ABCD"[choices.index(right)]


def eval_kind(row: dict) -> str:
    """Tell which grader checks an evaluation row: its `kind`; the toy world's rows have a `key`.

    Raises CourseError for a row that says neither: nothing is graded by a guess.
    """
    if row.get("kind"):
        return row["kind"]
    if "key" in row:
        return "integer"
    raise CourseError(
        f"the evaluation question {row.get('question', '')[:60]!r} has no column `kind`, which "
        "names its grader: add one (aime, math, gpqa or integer)."
    )


def load_questions(name: str) -> list[dict]:
    """Load all rows of an evaluation set: a benchmark, a file of the course as `heldout`, or the
    path of a file of JSON lines with a column `question`.

    Raises CourseError if it cannot be loaded or a row has no question.
    """
    if name in BENCHMARKS:
        return load_benchmark(name)
    if is_course_file(name) and not name.endswith(".jsonl"):
        return read_rows(locate(f"{name}.jsonl"))
    rows = read_rows(Path(name))
    for number, row in enumerate(rows):
        if not isinstance(row.get("question"), str) or not row["question"].strip():
            raise CourseError(f"{name}, row {number}, has no question.")
    return rows


def load_benchmark(name: str, load: Callable[..., Any] | None = None) -> list[dict]:
    """Load the rows of a benchmark: question, answer, and `kind`, the grader. Nothing is added to
    the questions, as in the paper.

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
