"""Kinds: which grader checks a row. Nothing is graded by a guess."""

from functools import lru_cache

from s1lib.distillation.hub_datasets import parse_metadata
from s1lib.distillation.sources import kind_from_source
from s1lib.errors import CourseError
from s1lib.grading.graders import can_grade, grade_text, reference_answer
from s1lib.toyworld.questions import key_of

TOY = "integer"  # the grader of the toy world's questions, whose rows name no kind


@lru_cache(maxsize=200_000)
def is_toy(question: str) -> bool:
    """Tell whether a question is one of the toy world's."""
    return key_of(question) is not None


def known_kind(row: dict) -> str | None:
    """Tell which grader checks a row; None if that is not known.

    A row says it in its column `kind`. Without one, a question that the toy world can read is of
    its kind, and any other is of the kind of its source.
    """
    if row.get("kind"):
        return row["kind"]
    if is_toy(row["question"]):
        return TOY
    return kind_from_source(row.get("source_type") or "", row["question"], row.get("solution"))


def kind_of(row: dict) -> str:
    """Tell which grader checks a row. Raises CourseError if that is not known."""
    kind = known_kind(row)
    if kind is None:
        raise CourseError(
            f"the source {row.get('source_type')!r} is not known, and the row has no column "
            "`kind`: add one (aime, math, gpqa or integer), or name the source in "
            "s1lib/distillation/sources.py."
        )
    return kind


def reference_of(row: dict) -> str | None:
    """Find the reference that a row's answers are graded against; None if there is none.

    It is the bare answer that MATH, Omni-MATH and OlympiadBench keep in `metadata`, else what the
    solution ends with. There is none where no grader checks answers of this kind.
    Raises CourseError if the kind is not known.
    """
    return _reference(kind_of(row), row["solution"], _answer_in_metadata(row))


@lru_cache(maxsize=200_000)  # each stage asks for the references of all rows
def _reference(kind: str, solution: str | None, bare: str | None) -> str | None:
    if not can_grade(kind) or not solution:
        return None
    found = reference_answer(bare, kind) if bare and kind in ("aime", "math") else None
    return found or reference_answer(solution, kind)


def _answer_in_metadata(row: dict) -> str | None:
    metadata = parse_metadata(row.get("metadata"))
    for name in ("answer", "final_answer"):
        answer = metadata.get(name)
        if isinstance(answer, list) and len(answer) == 1:
            answer = answer[0]
        if isinstance(answer, str) and answer.strip():
            return answer
    return None


def agrees(answer: str | None, row: dict) -> bool:
    """Tell whether an answer agrees with the row's reference; without a reference it does not."""
    reference = reference_of(row)
    return reference is not None and grade_text(answer, reference, kind_of(row)).right
