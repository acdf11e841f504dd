"""The exercises of notebook 7: your own teacher."""

import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cache
from typing import Any

from s1lib.evaluation.metrics import mcnemar
from s1lib.exercises.model import Case, Exercise
from s1lib.io import DATA, read_rows
from s1lib.results.files import decode_grades
from s1lib.toyworld.questions import FAMILIES, Problem, parse
from s1lib.toyworld.teacher import Habits, ToyResponse, respond, stops_early

# 7.1

OPENER = "Actually"
MINE = replace(Habits(), openers={OPENER: 1.0})
# Rows of the pool: three openers; one after a glance that was wrong; a glance alone; no second way;
# no answer at all.
ROWS = (1, 4, 8, 5, 245)


@cache
def _problems() -> list[tuple[str, Problem]]:
    """Return the questions of the pool, each with what it asks."""
    questions = [row["question"] for row in read_rows(DATA / "pool.jsonl")]
    return [(question, problem) for question in questions if (problem := parse(question))]


def _thinking(said: ToyResponse | None) -> str | None:
    return said.thinking if said else None


def _opener_cases() -> list[Case]:
    problems = _problems()
    return [
        Case((problem,), _thinking(respond(problem, MINE, seed=0)), f"“{question}”")
        for question, problem in (problems[i] for i in ROWS)
    ]


def _teacher(habits: Habits, seed: int = 0) -> Callable[[Problem], str | None]:
    return lambda problem: _thinking(respond(problem, habits, seed))


def _words_replaced(problem: Problem) -> str | None:
    text = _thinking(respond(problem, Habits(), seed=0))
    return text and text.replace("Wait", OPENER)


def _silence_forgotten(problem: Problem) -> str:
    said: Any = respond(problem, MINE, seed=0)
    return said.thinking


# 7.2

TARGET = 0.3  # of the pool's thoughts are to end at a glance


def glance_share(early_stop: float) -> float:
    """Compute the share of the pool's questions at which such a teacher stops at its glance."""
    habits = replace(Habits(), early_stop=early_stop)
    stops = [
        stops_early(problem, habits) and FAMILIES[problem.family].second_way
        for _, problem in _problems()
    ]
    return sum(stops) / len(stops)


def _habit_cases() -> list[Case]:
    told = "a teacher with your early_stop, asked all questions of the pool"
    return [Case((), TARGET, told, f"a share of glances within 0.02 of {TARGET}")]


# 7.3


def _words_cases() -> list[Case]:
    checked = "Looks like 3.\nWait, in order: 6, Ann 7: 1. So 1.\nHmm, from the end: 7, 6: 1. So 1."
    twice = "Looks like 3.\nWait, in order: 7.\nActually, from the end: 7.\nWait, in order: 7."
    return [
        Case(([checked],), {"Wait": 1, "Hmm": 1}),
        Case(([checked, checked, "Looks like 7."],), {"Wait": 2, "Hmm": 2}),
        Case(([twice],), {"Wait": 2, "Actually": 1}),
        Case((["Looks like 3.\nHmm, in order: 7. Wait, so 7."],), {"Hmm": 1}),
        Case((["Looks like 3.\n\nWait, in order: 7. So 7.\n", "In order: 1. So 1."],), {"Wait": 1}),
        Case(([],), {}),
    ]


def _count_by(find: Callable[[str], Sequence[str]]) -> Callable[[list[str]], dict[str, int]]:
    def count(thoughts: list[str]) -> dict[str, int]:
        return dict(Counter(word for text in thoughts for word in find(text)))

    return count


def _later_lines(text: str) -> list[str]:
    return [line for line in text.split("\n")[1:] if line.strip()]


def _first_word(line: str) -> str:
    return line.split()[0].rstrip(",")


# 7.4

# The student of a teacher with early_stop = 0, made by notebook 7, on 120 development questions:
# by itself, and after one Wait.
RECORDED = (
    "101111110111111111111111110111111101111111111111111110101111"
    "111011111111111110111111110111110111111111111111111111111111",
    "101110110111110111111111110111111101111111110111111110100110"
    "111011110101111010111111110110110111011111111111111111011111",
)
SIGNS = ("helps", "harms")
KEYS = ("predicted", "fixed", "broken", "found")
SOUND = "all four fit together"


def recorded_grades() -> list[list[bool]]:
    """Return the recorded grades of such a student: by itself, and after one Wait."""
    return decode_grades(RECORDED)


def verdict(fixed: int, broken: int) -> str:
    """Say what these counts show of a Wait, at the 5% level."""
    if mcnemar(fixed, broken) >= 0.05:
        return "not decided"
    return "helps" if fixed > broken else "harms"


def _judge(answer: dict[str, Any]) -> str:
    """Say whether a prediction, counts and the verdict fit together, and else what does not."""
    if missing := [key for key in KEYS if key not in answer]:
        return f"there is no {' and no '.join(map(repr, missing))}"
    if answer["predicted"] not in SIGNS:
        return "'predicted' is no sign"
    counts = answer["fixed"], answer["broken"]
    if any(isinstance(n, bool) or not isinstance(n, int) or n < 0 for n in counts):
        return "'fixed' and 'broken' are no counts of answers"
    shown, found = verdict(*counts), answer["found"]
    if shown == "helps":
        return "a clear gain, of a teacher that never stops early"
    if found not in (*SIGNS, "not decided"):
        return "'found' is none of the three"
    if found == shown:
        return SOUND
    return "'found' says too little" if found == "not decided" else "'found' says too much"


def _sign_cases() -> list[Case]:
    wanted = f"{', '.join(KEYS)}: a sign, two counts, and what they show"
    return [Case((), SOUND, put_in="", wanted=wanted)]


def _answer(predicted: object, fixed: object, broken: object, found: str) -> dict[str, object]:
    return dict(zip(KEYS, (predicted, fixed, broken, found), strict=True))


EXERCISES = {
    "opener": Exercise(
        _opener_cases,
        mistakes={
            "added": _teacher(replace(Habits(), openers=Habits().openers | {OPENER: 1.0})),
            "words replaced": _words_replaced,
            "another seed": _teacher(MINE, seed=1),
            "other habits too": _teacher(replace(MINE, early_stop=0.0)),
            "silence forgotten": _silence_forgotten,
        },
    ),
    "early_stop": Exercise(
        _habit_cases,
        mistakes={"the share itself": TARGET, "no rate": 36, "as published": 0.4},
        outcome=glance_share,
        agrees=lambda outcome, expected: abs(outcome - expected) <= 0.02,
        kind="a number",
    ),
    "openers": Exercise(
        _words_cases,
        mistakes={
            "with the glance": _count_by(lambda text: list(map(_first_word, text.split("\n")))),
            "with the comma": _count_by(
                lambda text: [line.split()[0] for line in _later_lines(text)]
            ),
            "once a thought": _count_by(
                lambda text: list(set(map(_first_word, _later_lines(text))))
            ),
            "anywhere": _count_by(lambda text: re.findall(r"\b([A-Z][a-z]+),", text)),
            "empty lines": _count_by(lambda text: list(map(_first_word, text.split("\n")[1:]))),
        },
    ),
    "sign_of_wait": Exercise(
        _sign_cases,
        mistakes={
            "no prediction": _answer(None, 0, 11, "harms"),
            "shares": _answer("harms", 0.0, 0.09, "harms"),
            "a gain": _answer("harms", 39, 10, "helps"),
            "too sure": _answer("harms", 1, 4, "harms"),
            "too careful": _answer("harms", 0, 11, "not decided"),
        },
        outcome=_judge,
        kind="a dictionary",
    ),
}
