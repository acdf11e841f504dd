"""Grading: is the answer right? Exact where it can be, and model text is never evaluated.

Each benchmark finds the answer in the text by its own rule and compares it. A text in which no
answer is found is wrong, and counted: s1's GPQA grader takes "A" then, which is right a quarter
of the time, and its AIME and MATH graders show a language model the reference (lm_eval/tasks in
the s1 repository).
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction

from s1lib.store import CourseError
from s1lib.verify import LONGEST, equivalent

NUMBER = re.compile(r"-?[0-9]{1,18}")
# "Answer: x", "**Answer**: x", "the answer is x"
ANSWER = re.compile(r"\banswer\b[ *]{0,4}(?:is\b[ *]{0,4}:?|:)[ *]{0,4}", re.IGNORECASE)
# A choice alone, or marked as one before its text: "C", "(C) 3 eV", "C. 3 eV"
CHOICE = re.compile(r"\(([A-D])\).*|([A-D])(?:[).:,].*)?", re.DOTALL)
# A whole number, and at most a unit in words or degrees behind it
WHOLE = re.compile(r"([+-]?[0-9]{1,18})(?:\^?\{?\\circ\}?|[A-Za-z]{1,20})?")
DECIMAL = re.compile(r"([+-]?)([0-9]{0,50})(?:\.([0-9]{0,50}))?")
FRACTION = re.compile(r"([+-]?)\\frac\{?([0-9]{1,50})\}?\{?([0-9]{1,50})\}?")


def extract(text: str) -> str | None:
    """The whole number in what a model wrote after its thinking; None if there is none.

    It stands behind the last "Answer:" if there is one, and is the first number there.
    """
    found = NUMBER.search(text.rsplit("Answer:", 1)[-1])
    return str(int(found.group())) if found else None


def is_right(text: str, reference: str) -> bool:
    """Whether the extracted whole number equals the reference; no answer is wrong."""
    return _whole(text, reference).right


def boxed(text: str) -> str | None:
    r"""What stands in the last whole `\boxed{...}`, its own braces kept; None if there is none."""
    text = re.sub(r"\\(f?box(?:ed)?) {1,4}\{", r"\\\1{", text)
    for mark in ("\\boxed{", "\\fbox{"):
        start = text.rfind(mark)
        while start >= 0:
            depth, first = 1, start + len(mark)
            for place in range(first, min(len(text), first + LONGEST)):
                depth += (text[place] == "{") - (text[place] == "}")
                if depth == 0:
                    return text[first:place]
            start = text.rfind(mark, 0, start)  # its end was cut off: the one before it
            if len(text) - start > 10 * LONGEST:
                break
    return None


def final(text: str) -> str | None:
    """The answer to a mathematical question: boxed, else the line behind the last "Answer:" or
    "answer is"."""
    found = boxed(text)
    if found is None and (marks := list(ANSWER.finditer(text))):
        lines = text[marks[-1].end() :].strip().splitlines()
        found = lines[0].strip("* ") if lines else None
    found = found and found.strip()
    return found or None


def letter(text: str) -> str | None:
    """The choice A, B, C or D, boxed or behind the last "Answer:"; None if there is none.

    It stands alone, or is marked as a choice before its text: "A nucleophile ..." is none.
    """
    found = CHOICE.fullmatch(normalise((final(text) or "")[:LONGEST]))
    return found and (found.group(1) or found.group(2))


def normalise(text: str) -> str:
    """An answer without what does not change its meaning: spacing, dollar signs, text wrappers."""
    for old, new in (
        ("\\dfrac", "\\frac"), ("\\tfrac", "\\frac"), ("\\left", ""), ("\\right", ""),
        ("\\!", ""), ("\\,", ""), ("\\;", ""), ("\\$", ""), ("$", ""), ("\\%", "%"),
        ("^\\circ", ""), ("^{\\circ}", ""), ("{,}", ","),
    ):  # fmt: skip
        text = text.replace(old, new)
    text = re.sub(r"\\(?:text|mathrm|mbox)\{([^{}]*)\}", r"\1", text)
    return re.sub(r"\s+", "", text).rstrip(".")


def number(text: str) -> Fraction | None:
    """The exact value of a whole number, a decimal, or a fraction of two; None if it is neither."""
    text = re.sub(r"(?<=[0-9]),(?=[0-9]{3}(?:[^0-9]|$))", "", text)
    if found := FRACTION.fullmatch(text):
        sign, top, bottom = found.groups()
    elif "/" in text and re.fullmatch(r"[+-]?[0-9]{1,50}/[0-9]{1,50}", text):
        top, bottom = text.lstrip("+-").split("/")
        sign = text[0]
    elif (found := DECIMAL.fullmatch(text)) and re.search("[0-9]", text):
        sign, whole, part = found.groups()
        top, bottom = (whole + (part or "")), "1" + "0" * len(part or "")
    else:
        return None
    return None if int(bottom) == 0 else Fraction(int(top), int(bottom)) * (1 - 2 * (sign == "-"))


def same(given: str, reference: str) -> bool | None:
    """Whether two answers mean the same: as texts, as numbers, else as math-verify reads them.

    None if math-verify ran out of time or memory.
    """
    a, b = normalise(given[: LONGEST + 1]), normalise(reference)
    if a == b:
        return True
    x, y = number(a), number(b)
    if x is not None and y is not None:
        return x == y
    return equivalent(given, reference)


FINDERS: dict[str, Callable[[str], str | None]] = {
    "embedded": extract,
    "aime": final,
    "math": final,
    "gpqa": letter,
}


def found(text: str | None, kind: str = "embedded") -> str | None:
    """The answer that the grader of this kind finds in a text; None if there is none."""
    return FINDERS[kind](text or "")


@dataclass(frozen=True)
class Grade:
    """What became of one answer. `given` is None where none was found."""

    right: bool
    given: str | None
    undecided: bool = False  # math-verify ran out of time or memory: counts as wrong


def _whole(text: str, reference: str) -> Grade:
    given = extract(text)
    return Grade(given is not None and int(given) == int(reference), given)


def _aime(text: str, reference: str) -> Grade:
    """AIME: a whole number from 0 to 999, and 023 is 23. A unit behind it changes nothing."""
    given = final(text)
    told = normalise((given or "")[:LONGEST])
    whole = WHOLE.fullmatch(told)
    value = number(whole.group(1) if whole else told)
    return Grade(value is not None and value == number(normalise(reference)), given)


def _math(text: str, reference: str) -> Grade:
    given = final(text)
    verdict = same(given, reference) if given is not None else False
    return Grade(bool(verdict), given, undecided=verdict is None)


def _choice(text: str, reference: str) -> Grade:
    given = letter(text)
    return Grade(given == reference.strip().strip("()"), given)


GRADERS: dict[str, Callable[[str, str], Grade]] = {
    "embedded": _whole,
    "aime": _aime,
    "math": _math,
    "gpqa": _choice,
}


def grade_text(text: str | None, reference: str, kind: str = "embedded") -> Grade:
    """The grade of what a model wrote after its thinking. Never raises for any `text`.

    `kind` is a key of GRADERS. Raises CourseError for an unknown kind or an empty reference: that
    is a fault of the benchmark, not of the model.
    """
    if kind not in GRADERS:
        raise CourseError(f"the benchmark is {kind!r}: choose one of {', '.join(GRADERS)}.")
    if not reference or not reference.strip():
        raise CourseError("a question has no reference answer: it cannot be graded.")
    return GRADERS[kind](text or "", reference)
