"""The exercises of notebook 0: predictions, fixed and broken answers, and a broken one to find."""

from math import sqrt
from statistics import fmean
from typing import Any

from s1lib.evaluation.metrics import compare
from s1lib.exercises import toy_model
from s1lib.exercises.model import Below, Case, Exercise, Remark
from s1lib.toyworld.questions import parse

# Chosen so that one Wait fixes some of the answers, breaks one, and leaves the others
TO_PREDICT = (
    "dev-0012",
    "dev-0084",
    "dev-0034",
    "dev-0010",
    "dev-0081",
    "dev-0001",
    "dev-0002",
    "dev-0000",
)
COIN = 0.25  # the Brier score of who always says one half


def brier(chances: list[float], right: list[bool]) -> float:
    """Score predictions by the mean squared distance to what happened (Brier 1950)."""
    return fmean((p - happened) ** 2 for p, happened in zip(chances, right, strict=True))


def _brier_cases() -> list[Case]:
    return [  # worked by hand
        Case(([0.9, 0.6], [True, False]), 0.185),
        Case(([0.5, 0.5, 0.5], [True, False, False]), 0.25),
        Case(([0.0, 1.0], [False, True]), 0.0),
        Case(([1.0, 1.0, 0.8, 0.4], [True, False, True, False]), 0.3),
    ]


def _hit_rate(chances: list[float], right: list[bool]) -> float:
    return fmean((p >= 0.5) == happened for p, happened in zip(chances, right, strict=True))


def _distance(chances: list[float], right: list[bool]) -> float:
    return fmean(abs(p - happened) for p, happened in zip(chances, right, strict=True))


def _prediction_cases() -> list[Case]:
    rows = toy_model.dev_rows()
    questions = tuple(rows[name]["question"] for name in TO_PREDICT)
    after = toy_model.answered(questions, toy_model.ONE_WAIT)
    wanted = f"a Brier score below {COIN}, a coin's"
    return [Case((after,), Below(COIN), "your chances, in the order of the questions", wanted)]


def _score(chances: list[Any], after: list[bool]) -> float | Remark:
    """Score the reader's chances, or say in words why they are none."""
    if len(chances) != len(after):
        return Remark(f"{len(chances)} chances for {len(after)} questions")
    if not all(isinstance(chance, int | float) and 0 <= chance <= 1 for chance in chances):
        return Remark("a chance that is no number from 0 to 1")
    return brier(chances, after)


def _changed_cases() -> list[Case]:
    runs = (
        ([False, False, True, False], [True, True, False, False]),
        ([True, True, False], [False, True, True]),
        ([True, False], [True, False]),
        ([True, True, True], [False, False, True]),
    )
    cases = []
    for before, after in runs:
        change = compare([before], [after], resamples=1)
        cases.append(Case((before, after), [change.fixed, change.broken]))
    return cases


NOT_BROKEN = {
    "not of this world": "What is 2 + 2?",
    "wrong already": "How often is there d in rhubarb, saddle, tunnel, umbrella?",
    "fixed": "Shells found by 3 people: Ann 5, Bob 2, Cid 2. How many shells are there?",
    "still right": "The coin is in box 1; 3 swaps, by name: Ann 1-4, Cid 2-3, Bob 1-3. "
    "Which box has it?",
}


def _broken_cases() -> list[Case]:
    toy_model.shipped_model()  # to open it takes none of the reader's time
    return [Case((), {"by itself": "right", "after one Wait": "wrong"}, "your question")]


def _tried(question: str) -> dict[str, str] | Remark:
    """Ask the model the reader's question, without and with a Wait."""
    if parse(question) is None:
        return Remark("the toy world cannot read this question")
    known = tuple(text for text in NOT_BROKEN.values() if parse(text))
    batch = known if question in known else (question,)
    said = {}
    for name, budget in (
        ("by itself", toy_model.BY_ITSELF),
        ("after one Wait", toy_model.ONE_WAIT),
    ):
        right = toy_model.answered(batch, budget)[batch.index(question)]
        said[name] = "right" if right else "wrong"
    return said


EXERCISES = {
    "brier": Exercise(
        _brier_cases,
        mistakes={
            "no square": _distance,
            "sum": lambda chances, right: len(right) * brier(chances, right),
            "root": lambda chances, right: sqrt(brier(chances, right)),
            "hit rate": _hit_rate,
        },
    ),
    "predictions": Exercise(
        _prediction_cases,
        mistakes={
            "a coin": [0.5] * len(TO_PREDICT),
            "always certain": [1.0] * len(TO_PREDICT),
            "as it was": [0, 1, 0, 0, 1, 0, 0, 1],
            "in percent": [90] * len(TO_PREDICT),
            "too few": [0.9] * (len(TO_PREDICT) - 1),
        },
        outcome=_score,
        kind="a list",
    ),
    "fixed_and_broken": Exercise(
        _changed_cases,
        mistakes={
            "the other way round": lambda before, after: [
                sum(b and not a for b, a in zip(before, after, strict=True)),
                sum(a and not b for b, a in zip(before, after, strict=True)),
            ],
            "all right and wrong": lambda before, after: [
                sum(after),
                len(after) - sum(after),
            ],
            "only the difference": lambda before, after: [
                max(0, sum(after) - sum(before)),
                max(0, sum(before) - sum(after)),
            ],
        },
    ),
    "breaks": Exercise(
        _broken_cases,
        mistakes=NOT_BROKEN,
        outcome=_tried,
        kind="a text",
        seconds=10,
    ),
}
