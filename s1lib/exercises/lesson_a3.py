"""The exercises of appendix A3: the paper's tables, run again."""

from collections.abc import Callable, Iterable, Sequence
from itertools import combinations, pairwise
from math import log, log2
from statistics import linear_regression
from typing import Any

from s1lib.evaluation.metrics import Comparison, compare, comparison_of, scaling
from s1lib.exercises.model import Case, Exercise
from s1lib.paper_numbers import FIGURE_4
from s1lib.results import claims
from s1lib.results.files import decode_grades, recorded

Grades = Sequence[Sequence[bool]]  # [fine-tuning seeds, questions]
MORE, LESS, OPEN = "more", "less", "not decided"
SETS = ("random", "diverse", "longest", "full")
WORDS = ("nothing", "Alternatively", "Hmm")


def differences(before: Grades, after: Grades) -> list[int]:
    """Count for each seed how many more answers are right after than before."""
    return [sum(b) - sum(a) for a, b in zip(before, after, strict=True)]


def judged(before: Grades, after: Grades, found: Comparison | None = None) -> str:
    """Judge a difference by the rule of the course's table of claims."""
    claim = claims.Claim("", "", "", "", "before", "after", expected="more")
    by_seed = [d / len(before[0]) for d in differences(before, after)]
    said = claims.verdict(claim, found or compare(before, after), by_seed)
    return {"✓ holds here": MORE, "✗ reversed here": LESS}.get(said, OPEN)


def _grades(*right: int) -> list[list[bool]]:
    """Make grades of 40 questions: of each seed so many right."""
    return [[i < number for i in range(40)] for number in right]


def _told(before: Grades, after: Grades) -> str:
    counts = [", ".join(str(sum(some)) for some in grades) for grades in (before, after)]
    return f"right of 40, by seed: {counts[0]} before; {counts[1]} after"


def _table_2() -> list[tuple[str, tuple[Grades, Grades], Comparison]]:
    """Return the other training sets, without Waits: what is shown, grades, pooled comparison."""
    table = recorded("table2")
    curated = decode_grades(table["right"]["curated/sft"])
    pooled = {c["set"]: c for c in table["comparisons"] if (c["name"], c["seed"]) == ("sft", "all")}
    return [
        (
            f"Table 2 without Waits: the curated set before, {name} after",
            (curated, decode_grades(table["right"][f"{name}/sft"])),
            comparison_of(pooled[name]),
        )
        for name in SETS
    ]


# A3.1


def _sign_cases() -> list[Case]:
    start = _grades(20, 20, 20)
    trials = [
        ((start, _grades(23, 21, 30)), True),
        ((start, _grades(17, 19, 12)), True),
        ((start, _grades(30, 30, 19)), False),
        ((start, _grades(20, 25, 25)), False),
        ((start, start), False),
        ((_grades(20), _grades(21)), True),
    ]
    return [Case(grades, agree, _told(*grades)) for grades, agree in trials] + [
        Case(grades, abs(sum(_signs(*grades))) == len(grades[0]), told)
        for told, grades, _ in _table_2()
    ]


def _signs(before: Grades, after: Grades) -> list[int]:
    return [(d > 0) - (d < 0) for d in differences(before, after)]


# A3.2


def _verdict_cases() -> list[Case]:
    start = _grades(20, 20, 20)
    others = [
        _grades(36, 33, 35),
        start,
        _grades(21, 22, 19),
        _grades(40, 40, 17),
        _grades(21, 21, 21),
        _grades(5, 4, 8),
    ]
    return [Case((start, other), judged(start, other), _told(start, other)) for other in others] + [
        Case(grades, judged(*grades, found), told) for told, grades, found in _table_2()
    ]


def _by(low: float, high: float) -> str:
    return MORE if low > 0 else LESS if high < 0 else OPEN


def _interval_alone(before: Grades, after: Grades) -> str:
    found = compare(before, after)
    return _by(found.ci_low, found.ci_high)


def _signs_alone(before: Grades, after: Grades) -> str:
    signs = _signs(before, after)
    return _by(min(signs), max(signs))


def _mean_alone(before: Grades, after: Grades) -> str:
    total = sum(differences(before, after))
    return _by(total, total)


# A3.3


def word_verdicts() -> dict[str, str]:
    """Judge each word of Table 4 against "Wait"."""
    table = recorded("table4")
    right = {name: decode_grades(texts) for name, texts in table["right"].items()}
    pooled = {c["name"]: comparison_of(c) for c in table["comparisons"]}
    return {
        word: judged(right["Wait"], right[word], pooled[f"{word} against Wait"]) for word in WORDS
    }


def _word_cases() -> list[Case]:
    wanted = f"{', '.join(WORDS)}: for each the verdict of its own recorded grades"
    return [Case((), word_verdicts(), "", wanted)]


# A3.4


def _slope_cases() -> list[Case]:
    forced = [(tokens, 100 * right / 30) for _, limit, _, tokens, right in FIGURE_4 if limit]
    runs: list[tuple[list[float], list[float]]] = [
        ([1000, 4000], [20, 40]),
        ([1000, 2000, 8000], [10, 30, 40]),
        ([4000, 1000, 2000], [50, 20, 20]),
        ([1000, 1000, 2000], [10, 30, 40]),
        ([tokens for tokens, _ in forced], [points for _, points in forced]),
    ]
    return [Case(run, scaling(*run)) for run in runs]


Runs = list[tuple[float, float]]


def _mean_slope(
    pairs: Callable[[Runs], Iterable[tuple[tuple[float, float], tuple[float, float]]]],
    measure: Callable[[float], float] = log2,
    sort: bool = True,
) -> Callable[[list[float], list[float]], float]:
    """Make an answer: which pairs of runs count, and in what their tokens are measured."""

    def slope(tokens: list[float], points: list[float]) -> float:
        runs = [(measure(t), p) for t, p in zip(tokens, points, strict=True)]
        found = pairs(sorted(runs) if sort else runs)
        slopes = [(q - p) / (u - t) for (t, p), (u, q) in found if t != u]
        return sum(slopes) / len(slopes)

    return slope


def _all_pairs(runs: Runs) -> Any:
    return combinations(runs, 2)


def _equal_tokens_too(tokens: list[float], points: list[float]) -> float:
    runs = sorted(zip(map(log2, tokens), points, strict=True))
    slopes = [(q - p) / (u - t) for (t, p), (u, q) in combinations(runs, 2)]
    return sum(slopes) / len(slopes)


EXERCISES = {
    "signs_agree": Exercise(
        _sign_cases,
        mistakes={
            "only gains": lambda before, after: min(_signs(before, after)) > 0,
            "pooled": lambda before, after: sum(differences(before, after)) != 0,
            "zero agrees": lambda before, after: (
                not {1, -1} <= set(_signs(before, after)) and any(_signs(before, after))
            ),
        },
    ),
    "verdict": Exercise(
        _verdict_cases,
        mistakes={
            "the other way round": lambda before, after: judged(after, before),
            "mean alone": _mean_alone,
            "interval alone": _interval_alone,
            "signs alone": _signs_alone,
        },
    ),
    "word_verdicts": Exercise(
        _word_cases,
        mistakes={
            "the other way round": dict(zip(WORDS, (MORE, MORE, OPEN), strict=True)),
            "against no Wait": dict.fromkeys(WORDS, MORE),
            "mean alone": dict.fromkeys(WORDS, LESS),
        },
        kind="a dictionary",
    ),
    "slope": Exercise(
        _slope_cases,
        mistakes={
            "per thousand": _mean_slope(_all_pairs, lambda tokens: tokens / 1000),
            "natural logarithm": _mean_slope(_all_pairs, log),
            "first to last": _mean_slope(lambda runs: [(runs[0], runs[-1])]),
            "neighbours": _mean_slope(pairwise),
            "straight line": lambda tokens, points: (
                linear_regression([log2(t) for t in tokens], points).slope
            ),
            "equal tokens": _equal_tokens_too,
        },
    ),
}
