"""The exercises of notebook 2: leaks, difficulty, and the draw that prefers long thinking."""

import random
import re
from collections import Counter
from collections.abc import Callable
from math import isclose
from typing import Any

from s1lib.curation.decontamination import flagged, ngrams
from s1lib.curation.difficulty import solved_by_any
from s1lib.curation.selection import draw_place
from s1lib.exercises.leak_pairs import CHECKED, Pair, count_errors, leak_pairs
from s1lib.exercises.model import Below, Case, Exercise, Remark

Flags = Callable[[list[str], list[str], int], list[bool]]


def _ngram_cases() -> list[Case]:
    given: list[tuple[list[str], list[str], int]] = [
        (["what is the sum of 2 and 3?", "Count the sheep."], ["what is the sum of 4?"], 4),
        (["What Is The Sum of 2 and 3?"], ["Find out what is the sum of 4"], 4),
        (["red green blue"], ["not red green blue"], 3),
        (["red blue green"], ["green blue red"], 3),
        (["blue red green"], ["red green, then blue", "he says blue", "red green"], 3),
        (["he art is"], ["the art is"], 3),
        (["Why?"], ["Why?"], 3),
        (["one\ntwo  three"], ["one two three"], 3),
        (["Count to ten."], ["count to ten"], 3),
        (["a b c d e f g h", "a b c d e f g"], ["x a b c d e f g h"], 8),
    ]
    return [Case(inputs, flagged(*inputs)) for inputs in given]


def _flags_by(runs: Callable[[str, int], Any]) -> Flags:
    """Make a check that compares other runs than the library's."""

    def flags(questions: list[str], tests: list[str], n: int = 8) -> list[bool]:
        known = {run for test in tests for run in runs(test, n)}
        return [not known.isdisjoint(runs(question, n)) for question in questions]

    return flags


def _windows(words: list[str], n: int) -> list[tuple[str, ...]]:
    return [tuple(words[i : i + n]) for i in range(len(words) - n + 1)]


def _shared_words(questions: list[str], tests: list[str], n: int = 8) -> list[bool]:
    """Count words in common, wherever they stand."""
    words = [set(test.lower().split()) for test in tests]
    return [any(len(set(q.lower().split()) & test) >= n for test in words) for q in questions]


def _one_text(questions: list[str], tests: list[str], n: int = 8) -> list[bool]:
    """Look for runs in all test questions joined to one text."""
    known = set(ngrams(" ".join(tests), n))
    return [not known.isdisjoint(ngrams(question, n)) for question in questions]


def _in_text(questions: list[str], tests: list[str], n: int = 8) -> list[bool]:
    """Look for runs as characters, so that "he" is found in "the"."""
    texts = [" ".join(test.lower().split()) for test in tests]
    return [any(run in test for run in ngrams(q, n) for test in texts) for q in questions]


def _pair_cases() -> list[Case]:
    pairs = leak_pairs(CHECKED, seed=2)
    limits = count_errors(_eight_words, pairs)
    wanted = f"fewer of both than the run of eight words, which has {limits}"
    put_in = f"{len(pairs)} pairs of other stories, half of them copies"
    return [Case((pairs,), {name: Below(n) for name, n in limits.items()}, put_in, wanted)]


def _errors(leak: Callable[[str, str], Any], pairs: list[Pair]) -> Any:
    """Count the errors of the reader's rule; what it says itself while it is unwritten."""
    first = leak(pairs[0].question, pairs[0].test)
    return first if first is None or first is ... else count_errors(leak, pairs)


def _eight_words(question: str, test: str) -> bool:
    return flagged([question], [test])[0]


def _words(text: str) -> set[str]:
    return set(re.findall(r"[a-z]{4,}", text.lower()))


def _difficulty_cases() -> list[Case]:
    questions = ["A?", "B?", "C?", "D?"]
    runs: list[dict[str, list[bool]]] = [
        {"base": [True, True, False, False], "small": [True, False, True, False]},
        {"base": [False, False, True, True]},
        {"base": [True] * 4, "small": [False] * 4},
        {"a": [False] * 4, "b": [False, True, False, False], "c": [False] * 4},
    ]
    cases = []
    for grades in runs:
        solved = solved_by_any([{"question": q} for q in questions], grades)
        cases.append(Case((questions, grades), [q for q in questions if not solved[q]]))
    return cases


def _kept_unless(rule: Callable[[list[bool]], bool]) -> Any:
    """Make a filter that drops a question if the rule holds of the models' grades."""

    def hard(questions: list[str], grades: dict[str, list[bool]]) -> list[str]:
        right = zip(*grades.values(), strict=True)
        return [q for q, seen in zip(questions, right, strict=True) if not rule(list(seen))]

    return hard


DRAWS = 4_000  # a share of one half is then measured to about 0.016, twice its standard error
TOLERANCE = 0.04


def _draw_cases() -> list[Case]:
    cases = []
    for lengths in ([120, 480, 300], [50], [700, 20, 90, 340, 560, 210]):
        ranked = sorted(range(len(lengths)), key=lambda row: -lengths[row])
        rng = random.Random(1)
        drawn = Counter(ranked[draw_place(rng, len(ranked))] for _ in range(5 * DRAWS))
        shares = [round(drawn[row] / (5 * DRAWS), 2) for row in range(len(lengths))]
        put_in = f"lengths {lengths}, {DRAWS:,} draws: how often each row was drawn"
        cases.append(Case((lengths,), shares, put_in))
    return cases


def _drawn(draw: Callable[[random.Random, list[int]], Any], lengths: list[int]) -> Any:
    """Draw many times with the reader's function; the share of each row."""
    rng = random.Random(0)
    first = draw(rng, list(lengths))
    if first is None or first is ...:
        return first
    if isinstance(first, list):
        return Remark("a list in the place of a row's number")
    drawn = Counter(draw(rng, list(lengths)) for _ in range(DRAWS))
    return [round(drawn[row] / DRAWS, 3) for row in range(len(lengths))]


def _near(outcome: Any, expected: Any) -> bool:
    if not isinstance(outcome, list) or not isinstance(expected, list):
        return bool(outcome == expected)
    return all(
        isclose(share, other, abs_tol=TOLERANCE)
        for share, other in zip(outcome, expected, strict=True)
    )


def _by_weights(weights: Callable[[list[int]], list[float]]) -> Any:
    """Make a draw with other weights for the rows."""

    def draw(rng: random.Random, lengths: list[int]) -> int:
        return rng.choices(range(len(lengths)), weights(lengths))[0]

    return draw


def _ranks(lengths: list[int]) -> list[int]:
    ordered = sorted(lengths)
    return [ordered.index(length) for length in lengths]


EXERCISES = {
    "ngrams": Exercise(
        _ngram_cases,
        mistakes={
            "capitals": _flags_by(lambda text, n: _windows(text.split(), n)),
            "last run": _flags_by(lambda text, n: ngrams(text, n)[:-1]),
            "any order": _shared_words,
            "one text": _one_text,
            "characters": _in_text,
            "short texts": _flags_by(lambda text, n: ngrams(text, n) or [text.lower()]),
            "split at a space": _flags_by(lambda text, n: _windows(text.lower().split(" "), n)),
            "punctuation": _flags_by(lambda text, n: ngrams(re.sub(r"[^\w\s]", "", text), n)),
        },
    ),
    "leak_rule": Exercise(
        _pair_cases,
        mistakes={
            "eight words": _eight_words,
            "contained": lambda question, test: test.lower() in question.lower(),
            "the same text": lambda question, test: question == test,
            "numbers alone": lambda question, test: (
                sorted(re.findall(r"\d+", question)) == sorted(re.findall(r"\d+", test))
            ),
            "words alone": lambda question, test: len(_words(question) & _words(test)) >= 4,
            "everything": lambda question, test: True,
        },
        outcome=_errors,
    ),
    "difficulty": Exercise(
        _difficulty_cases,
        mistakes={
            "all": _kept_unless(all),
            "the easy ones": _kept_unless(lambda right: not any(right)),
            "the first model": _kept_unless(lambda right: right[0]),
            "two models": lambda questions, grades: [
                q
                for q, base, small in zip(questions, grades["base"], grades["small"], strict=True)
                if not base and not small
            ],
        },
    ),
    "length_draw": Exercise(
        _draw_cases,
        mistakes={
            "evenly": _by_weights(lambda lengths: [1.0] * len(lengths)),
            "by length": _by_weights(lambda lengths: [float(length) for length in lengths]),
            "the shortest": _by_weights(lambda lengths: [2.0**-rank for rank in _ranks(lengths)]),
            "the place": lambda rng, lengths: draw_place(rng, len(lengths)),
            "the length": lambda rng, lengths: sorted(lengths)[-1 - draw_place(rng, len(lengths))],
            "a list": lambda rng, lengths: [draw_place(rng, len(lengths))],
            "always the longest": lambda rng, lengths: lengths.index(max(lengths)),
        },
        outcome=_drawn,
        agrees=_near,
    ),
}
