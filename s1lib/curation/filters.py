"""Quality: which rows can be used at all (paper, section 2.2, first stage)."""

import re

from s1lib.chat import thinking_text
from s1lib.control_tokens import why_refused
from s1lib.curation.kinds import agrees, known_kind, reference_of
from s1lib.distillation.sources import group_of
from s1lib.io import is_broken

# data/filter.ipynb in the s1 repository: images, "p1." to "p999.", and bold text with a digit
UNWANTED = re.compile(r"!\[Image\]|p[1-9][0-9]{0,2}\.")
UNBROKEN = re.compile(r"[^\s\]]+")  # what the notebook lets stand between the signs of bold text
MAX_TEXT_CHARS = 1_000_000  # characters of a text
REQUIRED_COLUMNS = {  # of a distilled row; whether it may be None
    "question": False,
    "source_type": False,
    "solution": True,
    "thinking_trajectories": True,
    "attempt": True,
}


def is_complete(row: dict) -> bool:
    """Tell whether a row has everything: a trace, an answer, and a reference to grade against.

    s1 drops a row without any of them (data/filter.ipynb); where its model could not grade, the
    grade was missing. So rows of a kind that has no grader leave here.
    Raises CourseError if the row's kind is not known.
    """
    traced = bool(thinking_text(row["thinking_trajectories"]).strip() and row["attempt"])
    return bool(traced and row["solution"] and reference_of(row) is not None)


def is_well_formed(row: dict) -> bool:
    """Tell whether a question keeps s1's formatting rules (data/filter.ipynb).

    An AIME question with a figure in [asy] is kept whatever else it holds, as in the notebook.
    """
    question = row["question"]
    if "[asy]" in question:
        return "AIME" in group_of(row["source_type"])
    return not UNWANTED.search(question) and not has_bold_digit(question)


def has_bold_digit(text: str) -> bool:
    r"""Tell whether the notebook's rule for bold text, `\*\*(?=.*\d)[^\s\]]*\*\*`, finds anything.

    It finds "**3.**", and not "**Problem 3**" with its space. The digit may also stand behind the
    bold text on the same line. The expression itself takes time that grows with the square of the
    length, or worse; this takes time in proportion to it.
    """
    for line in text.split("\n"):
        digit = max((found.start() for found in re.finditer(r"\d", line)), default=-1)
        for part in UNBROKEN.finditer(line) if digit >= 0 else ():
            first = line.find("**", *part.span())
            last = line.rfind("**", *part.span())
            if 0 <= first <= min(last, digit) - 2:
                return True
    return False


def is_correct(row: dict) -> bool:
    """Tell whether the teacher's attempt agrees with the reference."""
    return agrees(row["attempt"], row)


def why_unusable(row: object) -> str | None:
    """Say why a row cannot be used at all; None if it can."""
    if not isinstance(row, dict):
        return f"the row is no table row but {type(row).__name__}"
    missing = [name for name in REQUIRED_COLUMNS if name not in row]
    if missing:
        return f"the column {missing[0]} is missing"
    for name, optional in REQUIRED_COLUMNS.items():
        value = row[name]
        if value is None and optional:
            continue
        listed = name == "thinking_trajectories"
        texts = value if listed and isinstance(value, list) else [value]
        if listed != isinstance(value, list) or not all(isinstance(t, str) for t in texts):
            return f"{name} is no {'list of texts' if listed else 'text'}: {value!r:.40}"
        if listed and not value:
            return f"{name} is an empty list"
        if sum(map(len, texts)) > MAX_TEXT_CHARS:
            return f"{name} is longer than {MAX_TEXT_CHARS:,} characters"
        if any(map(is_broken, texts)):
            return f"{name} holds broken unicode"
        if reason := next(filter(None, map(why_refused, texts)), None):
            return f"{name} {reason}"
    if not row["question"].strip():
        return "the question is empty"
    if known_kind(row) is None:
        return f"its source {row['source_type']!r} is not known and it names no kind"
    return None


def usable_rows(rows: list) -> tuple[list[dict], dict[int, str]]:
    """Return the rows that can be used, and why each other one cannot, by its number.

    A row that repeats an `id` is refused too.
    """
    good, refused, ids = [], {}, set()
    for number, row in enumerate(rows):
        reason = why_unusable(row)
        if reason is None and "id" in row:
            reason = f"the id {row['id']!r} was used before" if row["id"] in ids else None
            ids.add(row["id"])
        if reason:
            refused[number] = reason
        else:
            good.append(row)
    return good, refused


def thinking_length(row: dict) -> int:
    """Return the characters of thinking; s1 counts tokens."""
    return len(thinking_text(row["thinking_trajectories"]))
