"""Grading: is the answer right? Exact where it can be, and model text is never evaluated.

Each kind of question has its grader: it finds the answer in what a model wrote after its
thinking, and compares it with the reference. A text in which no answer is found is wrong, and
counted: s1's GPQA grader takes "A" then, which is right a quarter of the time, and its AIME and
MATH graders show a language model the reference (lm_eval/tasks in the s1 repository).
"""

import re
from collections.abc import Callable
from dataclasses import dataclass

from s1lib.errors import CourseError
from s1lib.grading.choices import final_choice
from s1lib.grading.compare import is_words, same_answer, whole_number
from s1lib.grading.find import final_value, final_words

INTEGER = re.compile(r"-?[0-9]{1,18}")


@dataclass(frozen=True)
class Grade:
    """The result for one answer. `given` is None where none was found."""

    right: bool
    given: str | None
    undecided: bool = False  # math-verify ran out of time or memory: counts as wrong


def first_integer(text: str) -> str | None:
    """Return the whole number in what a model wrote after its thinking; None if there is none.

    It is the first number behind the last "Answer:", or in the whole text without one.
    """
    found = INTEGER.search(text.rsplit("Answer:", 1)[-1])
    return str(int(found.group())) if found else None


def is_right(text: str, reference: str) -> bool:
    """Tell whether the extracted whole number equals the reference; no answer is wrong."""
    return _grade_integer(text, reference).right


def _grade_integer(text: str, reference: str) -> Grade:
    given = first_integer(text)
    return Grade(given is not None and int(given) == int(reference), given)


def _grade_aime(text: str, reference: str) -> Grade:
    """Grade a whole number; what equals one in value counts too, as for `math`."""
    given = final_value(text)
    if given is None:
        return Grade(False, None)
    whole, expected = whole_number(given), whole_number(reference)
    if whole is not None and expected is not None:
        return Grade(whole == expected, given)
    return _grade_value(given, reference)


def _grade_math(text: str, reference: str) -> Grade:
    given = final_words(text) if is_words(reference) else final_value(text)
    return Grade(False, None) if given is None else _grade_value(given, reference)


def _grade_value(given: str, reference: str) -> Grade:
    verdict = same_answer(given, reference)
    return Grade(bool(verdict), given, undecided=verdict is None)


def _grade_choice(text: str, reference: str) -> Grade:
    given = final_choice(text)
    return Grade(given is not None and given == _reference_choice(reference), given)


def _reference_choice(solution: str) -> str | None:
    alone = re.fullmatch(r"[\s(*]*([A-Da-d])[\s).*]*", solution)
    return alone[1].upper() if alone else final_choice(solution)


def _reference_aime(solution: str) -> str | None:
    value = _reference_math(solution)
    return value if value is not None and whole_number(value) is not None else None


def _reference_math(solution: str) -> str | None:
    """Take a short text without a phrase as the answer itself, and look into a longer one."""
    return (
        final_value(solution) or (solution.strip() if len(solution.split()) <= 6 else None) or None
    )


def _find_math(text: str) -> str | None:
    """Find a value, else words: whether the question asks for words, its reference says."""
    return final_value(text) or final_words(text)


FINDERS: dict[str, Callable[[str], str | None]] = {
    "integer": first_integer,
    "aime": final_value,
    "math": _find_math,
    "gpqa": final_choice,
}
REFERENCES: dict[str, Callable[[str], str | None]] = {
    "integer": first_integer,
    "aime": _reference_aime,
    "math": _reference_math,
    "gpqa": _reference_choice,
}
GRADERS: dict[str, Callable[[str, str], Grade]] = {
    "integer": _grade_integer,
    "aime": _grade_aime,
    "math": _grade_math,
    "gpqa": _grade_choice,
}


def can_grade(kind: str) -> bool:
    """Tell whether there is a grader for this kind of question."""
    return kind in GRADERS


def _check(kind: str) -> None:
    if not can_grade(kind):
        raise CourseError(
            f"questions of the kind {kind!r} cannot be graded: choose one of {', '.join(GRADERS)}."
        )


def find_answer(text: str | None, kind: str = "integer") -> str | None:
    """Find the answer in what a model wrote, as the grader of this kind does; None without one.

    Raises CourseError for an unknown kind.
    """
    _check(kind)
    return FINDERS[kind](text or "")


def reference_answer(solution: str | None, kind: str) -> str | None:
    r"""Find the reference in a worked solution, as released data sets have it; None without one.

    A solution may end in `\boxed{...}` or "Answer: C", or be the bare answer itself. For a kind
    whose answer must be a number or a letter, other texts hold none. Raises CourseError for an
    unknown kind.
    """
    _check(kind)
    return REFERENCES[kind](solution or "")


def grade_text(text: str | None, reference: str, kind: str = "integer") -> Grade:
    """Grade what a model wrote after its thinking. Never raises for any `text`.

    `kind` is a key of GRADERS. Raises CourseError for an unknown kind or an empty reference: that
    is a fault of the benchmark, not of the model.
    """
    _check(kind)
    if not reference or not reference.strip():
        raise CourseError("a question has no reference answer: it cannot be graded.")
    return GRADERS[kind](text or "", reference)
