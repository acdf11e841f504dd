"""Decontamination as s1 does it: lower-cased word 8-grams, one shared n-gram removes a question.

(data/decontaminate_util.py in the s1 repository; paper, appendix C.5.) The repository indexes both
sides, and again for each source. Here only the evaluation side is indexed, once, and the pool
streams past: the same flags, in memory that grows with the evaluation side alone.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from s1lib.errors import CourseError

WORDS = 8


@dataclass(frozen=True)
class Hit:
    """A pool row that shares words with an evaluation question."""

    row: int  # its number in the pool
    evaluation: int  # the number of the first such evaluation question
    words: str  # the first n-gram they share


def ngrams(text: str, n: int = WORDS) -> list[str]:
    """List the lower-cased word n-grams of a text, in order; none if it has fewer words."""
    words = text.lower().split()
    return [" ".join(words[i : i + n]) for i in range(len(words) - n + 1)]


def index(evaluations: Iterable[str], n: int = WORDS) -> dict[str, int]:
    """Map each n-gram of the evaluation questions to the number of the first that holds it.

    Raises CourseError if there are no evaluation questions: nothing would be checked.
    """
    found: dict[str, int] = {}
    number = -1
    for number, question in enumerate(evaluations):
        for gram in ngrams(question, n):
            found.setdefault(gram, number)
    if number < 0:
        raise CourseError("there are no evaluation questions: the check would find nothing.")
    return found


def hits(questions: Iterable[str], known: dict[str, int], n: int = WORDS) -> Iterator[Hit]:
    """Yield the questions that share an n-gram with an evaluation question, as they stream past."""
    for row, question in enumerate(questions):
        for gram in ngrams(question, n):
            if gram in known:
                yield Hit(row, known[gram], gram)
                break


def flagged(questions: list[str], evaluations: Iterable[str], n: int = WORDS) -> list[bool]:
    """Tell which questions the paper's rule removes. Raises what `index` raises."""
    rows = {hit.row for hit in hits(questions, index(evaluations, n), n)}
    return [row in rows for row in range(len(questions))]


def leak_finder(
    evaluations: list[dict], exact_key: Callable[[str], str | None] | None = None
) -> Callable[[str], bool]:
    """Return a test that tells whether a question is one of the evaluation questions.

    `exact_key` gives what a question is, whatever its wording, where that can be known; then
    equal keys (the evaluation rows' `key`) decide. Other questions go by the paper's rule.
    Raises what `index` raises.
    """
    known = index(row["question"] for row in evaluations)
    keys = {row.get("key") for row in evaluations} - {None}

    def leaks(question: str) -> bool:
        key = exact_key(question) if exact_key else None
        return any(hits([question], known)) if key is None else key in keys

    return leaks
