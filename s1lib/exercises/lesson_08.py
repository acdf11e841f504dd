"""The exercises of notebook 8: the story, and what followed."""

import random
from collections.abc import Callable
from functools import cache
from math import ceil, comb, sqrt
from typing import Any

from s1lib.evaluation.metrics import Z95, mcnemar, wilson
from s1lib.exercises.model import Case, Exercise
from s1lib.paper_numbers import TABLE_1

AIME = {name: score for name, _, score, *_ in TABLE_1}


def close(tolerance: float) -> Callable[[Any, Any], bool]:
    """Make a comparison of numbers that need not be exact."""

    def agrees(outcome: Any, expected: Any) -> bool:
        return isinstance(outcome, int | float) and abs(outcome - expected) <= tolerance

    return agrees


# 8.1


def _cost_cases() -> list[Case]:
    return [
        Case((26, 16, 2.0), 13.8667),
        Case((26, 16, 4.0), 27.7333),
        Case((19 * 60, 8, 2.5), 380.0),  # Sky-T1
        Case((0, 16, 2.0), 0.0),
    ]


# 8.2


def _inside_cases() -> list[Case]:
    trials = [
        (15, 30, AIME["o1-preview"]),
        (15, 30, AIME["Qwen2.5-32B-Instruct"]),
        (17, 30, AIME["o1"]),
        (17, 30, AIME["o1-preview"]),
        (30, 30, 90.6),
        (465, 500, 85.5),
        (0, 12, 0.0),
    ]
    return [
        Case((correct, n, published), _holds(*_ends(wilson(correct, n)), published))
        for correct, n, published in trials
    ]


def _ends(rate: Any) -> tuple[float, float]:
    return 100 * rate.ci_low, 100 * rate.ci_high


def _holds(low: float, high: float, published: float) -> bool:
    return low <= published <= high


def _schoolbook(correct: int, n: int, published: float) -> bool:
    p = correct / n
    half = Z95 * sqrt(p * (1 - p) / n)
    return _holds(100 * (p - half), 100 * (p + half), published)


# 8.3

VERDICTS = HOLDS, FAILS, UNKNOWN = "holds", "does not hold", "not shown"
HOUR = 4  # dollars for an hour of an H100
# Claim: its verdict, and the fact that decides it (`s1lib.paper_facts`)
CLAIMS = {
    "run": (HOLDS if 16 * 26 / 60 * HOUR < 50 else FAILS, "recipe"),
    "everything": (HOLDS if 394 * HOUR < 50 else FAILS, "full-set"),
    "half-hour": (HOLDS, "recipe"),
    "rival": (HOLDS if wilson(17, 30).ci_high > AIME["o1"] / 100 else FAILS, "no-code"),
    "coding": (UNKNOWN, "no-code"),
    "points": (FAILS, "27-percent"),
    "alone": (HOLDS, "question-only"),
    "right": (FAILS, "right-traces"),
    "copied": (UNKNOWN, "openai-deepseek"),
    "wait": (UNKNOWN if mcnemar(2, 0) > 0.05 else HOLDS, "headline"),
}


def _sound() -> dict[str, str]:
    return {claim: verdict for claim, (verdict, _) in CLAIMS.items()}


def _first_doubt(answer: dict[str, Any]) -> str:
    """Name the first claim whose verdict its source does not bear out, and where to read."""
    for claim, (verdict, fact) in CLAIMS.items():
        if claim not in answer:
            return f"there is no verdict on {claim!r}"
        if answer[claim] not in VERDICTS:
            return f"{claim!r} has none of the three verdicts"
        if answer[claim] != verdict:
            return f"{claim!r}: {answer[claim]!r}. Read facts({fact!r}) again"
    return "as the sources say"


def _verdict_cases() -> list[Case]:
    wanted = f"for each of the {len(CLAIMS)} claims, what its source says"
    return [Case((), _first_doubt(_sound()), put_in="", wanted=wanted)]


# 8.4


@cache
def _seen(fixed: int, broken: int) -> bool:
    return mcnemar(fixed, broken) < 0.05


def chance(fixed: float, broken: float, n: int) -> float:
    """Compute exactly how often `n` questions show a difference, at the 5% level."""
    changed, total = fixed + broken, 0.0
    for c in range(n + 1):
        weight = comb(n, c) * changed**c * (1 - changed) ** (n - c)
        if weight > 1e-9:
            some = [_binomial(c, f, fixed / changed) for f in range(c + 1) if _seen(f, c - f)]
            total += weight * sum(some)
    return total


def _binomial(n: int, k: int, p: float) -> float:
    return comb(n, k) * p**k * (1 - p) ** (n - k)


def _chance_cases() -> list[Case]:
    trials = [(2 / 30, 0.0, 120), (2 / 30, 0.0, 30), (4 / 30, 2 / 30, 150), (0.1, 0.1, 100)]
    wanted = "{:.2f}, or at most 0.06 beside it"
    return [Case(trial, exact := chance(*trial), wanted=wanted.format(exact)) for trial in trials]


def _simulated(
    seen: Callable[[int, int], bool], questions: int | None = None
) -> Callable[[float, float, int], float]:
    """Make a wrong answer: what counts as a difference seen, and of how many questions."""

    def share(fixed: float, broken: float, n: int) -> float:
        rng, hits = random.Random(0), 0
        for _ in range(1000):
            draws = [rng.random() for _ in range(questions or n)]
            f = sum(draw < fixed for draw in draws)
            b = sum(draw < fixed + broken for draw in draws) - f
            hits += seen(f, b)
        return hits / 1000

    return share


def _unpaired(fixed: float, broken: float, n: int) -> float:
    """Imagine that the second run has other questions; half of the answers are right before."""
    rng, hits = random.Random(0), 0
    for _ in range(1000):
        before, after = (
            sum(rng.random() < p for _ in range(n)) / n for p in (0.5, 0.5 + fixed - broken)
        )
        middle = (before + after) / 2
        hits += abs(after - before) > Z95 * sqrt(2 * middle * (1 - middle) / n)
    return hits / 1000


EXERCISES = {
    "run_cost": Exercise(
        _cost_cases,
        mistakes={
            "minutes as hours": lambda minutes, gpus, price: minutes * gpus * price,
            "one GPU": lambda minutes, gpus, price: minutes / 60 * price,
            "whole hours": lambda minutes, gpus, price: round(minutes * gpus / 60) * price,
            "hours begun": lambda minutes, gpus, price: ceil(minutes / 60) * gpus * price,
        },
        agrees=close(0.006),
    ),
    "inside": Exercise(
        _inside_cases,
        mistakes={
            "percent and shares": lambda correct, n, published: _holds(
                wilson(correct, n).ci_low, wilson(correct, n).ci_high, published
            ),
            "only from above": lambda correct, n, published: (
                published <= _ends(wilson(correct, n))[1]
            ),
            "only from below": lambda correct, n, published: (
                published >= _ends(wilson(correct, n))[0]
            ),
            "schoolbook": _schoolbook,
        },
    ),
    "verdicts": Exercise(
        _verdict_cases,
        mistakes={
            "one run is all": _sound() | {"everything": HOLDS},
            "silence is a no": _sound() | {"coding": FAILS},
            "ratio as points": _sound() | {"points": HOLDS},
            "an accusation is a proof": _sound() | {"copied": HOLDS},
            "two questions": _sound() | {"wait": HOLDS},
        },
        outcome=_first_doubt,
        kind="a dictionary",
    ),
    "chance_to_see": Exercise(
        _chance_cases,
        mistakes={
            "any gain": _simulated(lambda f, b: f > b),
            "other questions": _unpaired,
            "one-sided": _simulated(lambda f, b: mcnemar(f, b) < 0.10),
            "always thirty": _simulated(_seen, questions=30),
            "the broken forgotten": _simulated(lambda f, b: _seen(f, 0)),
        },
        agrees=close(0.06),
    ),
}
