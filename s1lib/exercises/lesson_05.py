"""The exercises of notebook 5: evaluation."""

import random
import re
import statistics
from collections import Counter
from collections.abc import Callable, Sequence
from math import isclose, sqrt
from typing import Any

import numpy as np

from s1lib.evaluation import metrics
from s1lib.exercises.model import Case, Exercise, plain
from s1lib.results.claims import grades_of
from s1lib.results.files import decode_grades, recorded

Grades = Sequence[Sequence[bool]]  # [fine-tuning seeds, questions]


# Wilson's interval


def _wilson_cases() -> list[Case]:
    counts = (15, 30), (27, 30), (0, 12), (500, 1000)
    rates = [metrics.wilson(*pair) for pair in counts]
    return [
        Case(
            pair,
            (rate.ci_low, rate.ci_high),
            f"correct={pair[0]}, n={pair[1]}",
            f"({rate.ci_low:.4f}, {rate.ci_high:.4f})",
        )
        for pair, rate in zip(counts, rates, strict=True)
    ]


def _schoolbook(correct: int, n: int, z: float = 1.959964) -> tuple[float, float]:
    p = correct / n
    half = z * sqrt(p * (1 - p) / n)
    return p - half, p + half


def _in_percent(correct: int, n: int) -> list[float]:
    rate = metrics.wilson(correct, n)
    return [100 * rate.ci_low, 100 * rate.ci_high]


def _middle_and_half(correct: int, n: int, z: float) -> tuple[float, float]:
    p = correct / n
    middle = (p + z**2 / (2 * n)) / (1 + z**2 / n)
    return middle, z / (1 + z**2 / n) * sqrt(p * (1 - p) / n + z**2 / (4 * n**2))


def _wilson_90(correct: int, n: int) -> list[float]:
    middle, half = _middle_and_half(correct, n, 1.644854)
    return [middle - half, middle + half]


def _middle_not_moved(correct: int, n: int) -> list[float]:
    _, half = _middle_and_half(correct, n, metrics.Z95)
    return [correct / n - half, correct / n + half]


# The paired bootstrap


def _bootstrap_cases() -> list[Case]:
    results = recorded("main_result")
    two, four = ([grades[:200] for grades in grades_of(results, f"sft-wait-{n}")] for n in (2, 4))
    trials = [
        (two[:1], four[:1], "one seed, 200 questions: two Waits, then four"),
        (two, four, "three seeds, 200 questions: two Waits, then four"),
        (two[:1], two[:1], "one seed, 200 questions: two Waits, and the same again"),
    ]
    cases = []
    for before, after, told in trials:
        found = metrics.compare(before, after)
        ends = f"{found.ci_low:.3f}, {found.ci_high:.3f}"
        wanted = f"about ({ends}); other dice give slightly other ends"
        inputs = _as_numbers(before), _as_numbers(after)
        cases.append(Case(inputs, [found.ci_low, found.ci_high], told, wanted))
    return cases


def _as_numbers(grades: Grades) -> list[list[int]]:
    return [list(map(int, run)) for run in grades]


def _near_interval(outcome: Any, expected: Any) -> bool:
    """Compare two intervals; each end may differ by 6% of the width."""
    found, true = plain(outcome), plain(expected)
    if not (_is_pair(found) and _is_pair(true)):
        return False
    margin = 0.06 * abs(true[1] - true[0]) + 1e-9
    return all(abs(a - b) <= margin for a, b in zip(found, true, strict=True))


def _is_pair(value: Any) -> bool:
    return (
        isinstance(value, list)
        and len(value) == 2
        and all(isinstance(end, int | float) for end in value)
    )


def _means(values: np.ndarray, seed: int = 0) -> np.ndarray:
    """Draw as many values again, 10,000 times; returns the mean of each draw."""
    draws = np.random.default_rng(seed).integers(0, len(values), (10_000, len(values)))
    return values[draws].mean(axis=1)


def _interval(means: np.ndarray, level: float = 0.95) -> list[float]:
    return np.quantile(means, [(1 - level) / 2, (1 + level) / 2]).tolist()


def _per_question(grades: Grades) -> np.ndarray:
    return np.mean(np.asarray(grades, float), axis=0)


def _unpaired(before: Grades, after: Grades) -> list[float]:
    return _interval(_means(_per_question(after), 1) - _means(_per_question(before), 2))


def _runs_apart(before: Grades, after: Grades) -> list[float]:
    change = np.asarray(after, float) - np.asarray(before, float)
    return _interval(_means(change.ravel()))


def _one_by_one(before: Grades, after: Grades) -> list[float]:
    change = np.asarray(after, float) - np.asarray(before, float)
    return _interval(np.concatenate([_means(run) for run in change]))


def _without_means(before: Grades, after: Grades) -> list[float]:
    return _interval(_per_question(after) - _per_question(before))


def _changed(change: Callable[[metrics.Comparison], list[float]]) -> Callable[..., list[float]]:
    return lambda before, after: change(metrics.compare(before, after))


# Thirty questions, a thousand times


def _thirty_cases() -> list[Case]:
    grades = grades_of(recorded("main_result"), "sft-wait-1")[0]
    share, n = sum(grades) / len(grades), len(grades)
    spread = sqrt(share * (1 - share) / 30 * (n - 30) / (n - 1))  # of draws without replacement
    small = [True] * 24 + [False] * 6
    return [
        Case(
            (grades,),
            _told(1000, share, spread),
            f"{n} grades of one Wait, {share:.1%} right",
            f"1,000 shares with mean {share:.3f} and standard deviation {spread:.3f}, or near it",
        ),
        Case(
            (small,),
            _told(1000, 0.8, 0.0),
            "30 grades, 24 of them right",
            "1,000 times 0.8, for an exam has each question once",
        ),
    ]


def _told(draws: int, mean: float, spread: float) -> dict[str, float]:
    return {"exams": draws, "mean": round(mean, 3), "standard deviation": round(spread, 3)}


def _summary(answer: Any, grades: list[bool]) -> Any:
    shares = answer(grades)
    if shares is None or shares is ...:
        return shares
    shares = plain(shares)
    if not isinstance(shares, list) or not shares:
        raise TypeError("thirties must return a list of shares")
    return _told(len(shares), statistics.fmean(shares), statistics.pstdev(shares))


def _alike(outcome: Any, expected: Any) -> bool:
    """Compare two summaries as chance allows."""
    if not isinstance(outcome, dict) or outcome["exams"] != expected["exams"]:
        return False
    name = "standard deviation"
    if outcome[name] == expected[name] == 0:
        return expected["mean"] != 0.8 or isclose(outcome["mean"], 0.8)
    near = 0.25 * expected[name]
    return isclose(outcome[name], expected[name], rel_tol=0.15) and isclose(
        outcome["mean"], expected["mean"], abs_tol=near
    )


def _exams(
    draw: Callable[[random.Random, list[bool]], Sequence[bool]], times: int = 1000
) -> Callable[[list[bool]], list[float]]:
    """Make an answer that draws with these dice, as often as said."""

    def thirties(grades: list[bool]) -> list[float]:
        dice = random.Random(0)
        exams = [draw(dice, grades) for _ in range(times)]
        return [sum(exam) / len(exam) for exam in exams]

    return thirties


# Votes


def _vote_cases() -> list[Case]:
    from s1lib.results.figure7 import majority

    trials: list[list[str | None]] = [
        ["41", "37", "41"],
        ["7", None, None, None],
        ["7", "3", "3", "7"],
        ["3", "7"],
        ["5", "8", "8", "9", "5", "1"],
        ["1", "2", "3", "2"],
        [None, None],
        [],
    ]
    return [Case((answers,), majority(answers)) for answers in trials]


def _most_common(answers: list[Any], least: int = 1, last: bool = False) -> Any:
    counts = Counter(answers)
    order = list(counts)[::-1] if last else list(counts)
    best = max(order, key=counts.__getitem__, default=None)
    return best if counts[best] >= least else None


def _given(answers: list[str | None]) -> list[str]:
    return [answer for answer in answers if answer is not None]


# Votes against Waits


def _duel_cases() -> list[Case]:
    results = recorded("figure7")
    cases = []
    first, *others = results["comparisons"]  # of 0 Waits: its interval ends just at zero
    for row in (*others, first):
        votes, waits = map(int, re.findall(r"majority of (\d+) .* against (\d+)", row["name"])[0])
        verdict = _verdict(row["ci_low"], row["ci_high"])
        cases.append(Case((results, waits), (votes, verdict), f"Figure 7 as recorded, {waits=}"))
    return cases


def _verdict(low: float, high: float) -> str:
    """Judge the change from Waits to votes."""
    if low <= 0 <= high:
        return "not decided"
    return "votes" if low > 0 else "Waits"


def _duel(
    kind: str = "majority",
    choose: Callable[[list[dict], dict], dict] | None = None,
    judge: Callable[[metrics.Comparison], str] = lambda c: _verdict(c.ci_low, c.ci_high),
) -> Callable[[dict, int], tuple[int, str]]:
    """Make a wrong answer: of another kind of rows, another choice, or another verdict."""

    def nearest(rows: list[dict], one: dict) -> dict:
        return min(rows, key=lambda r: abs(r["thinking_tokens"] - one["thinking_tokens"]))

    def duel(results: dict, waits: int) -> tuple[int, str]:
        rows = {(row["kind"], row["n_thoughts_or_waits"]): row for row in results["rows"]}
        some = [row for (other, _), row in rows.items() if other == kind]
        votes = (choose or nearest)(some, rows["sequential", waits])["n_thoughts_or_waits"]
        before, after = (
            decode_grades(results["right"][name])
            for name in (f"sequential-{waits}", f"{kind}-{votes}")
        )
        return votes, judge(metrics.compare(before, after))

    return duel


EXERCISES = {
    "wilson": Exercise(
        _wilson_cases,
        mistakes={
            "schoolbook": _schoolbook,
            "in percent": _in_percent,
            "90 percent": _wilson_90,
            "high first": lambda correct, n: [
                metrics.wilson(correct, n).ci_high,
                metrics.wilson(correct, n).ci_low,
            ],
            "middle not moved": _middle_not_moved,
        },
    ),
    "bootstrap": Exercise(
        _bootstrap_cases,
        mistakes={
            "unpaired": _unpaired,
            "runs apart": _runs_apart,
            "seed by seed": _one_by_one,
            "without means": _without_means,
            "90 percent": lambda before, after: _interval(
                _means(_per_question(after) - _per_question(before)), 0.9
            ),
            "in points": _changed(lambda found: [100 * found.ci_low, 100 * found.ci_high]),
            "the other way round": _changed(lambda found: [-found.ci_high, -found.ci_low]),
        },
        agrees=_near_interval,
    ),
    "thirty": Exercise(
        _thirty_cases,
        mistakes={
            "always the same": _exams(lambda dice, grades: grades[:30]),
            "with replacement": _exams(lambda dice, grades: dice.choices(grades, k=30)),
            "counts": lambda grades: [
                30 * share for share in _exams(lambda dice, all_: dice.sample(all_, 30))(grades)
            ],
            "thirty exams": _exams(lambda dice, grades: dice.choices(grades, k=1000), times=30),
        },
        outcome=_summary,
        agrees=_alike,
    ),
    "vote": Exercise(
        _vote_cases,
        mistakes={
            "no answer votes": _most_common,
            "the last of equals": lambda answers: _most_common(_given(answers), last=True),
            "more than half": lambda answers: _most_common(
                _given(answers), len(_given(answers)) // 2 + 1
            ),
            "nobody answered": lambda answers: max(_given(answers), key=answers.count),
            "the largest of equals": lambda answers: _most_common(
                sorted(_given(answers), reverse=True)
            ),
        },
    ),
    "equal_tokens": Exercise(
        _duel_cases,
        mistakes={
            "any answer": _duel("any"),
            "as many as Waits": _duel(choose=lambda rows, one: rows[0]),
            "the most votes": _duel(choose=lambda rows, one: rows[-1]),
            "the other way round": _duel(judge=lambda c: _verdict(-c.ci_high, -c.ci_low)),
            "without an interval": _duel(judge=lambda c: _verdict(c.difference, c.difference)),
            "touching zero": _duel(judge=lambda c: _verdict(c.ci_low + 1e-9, c.ci_high - 1e-9)),
        },
    ),
}
