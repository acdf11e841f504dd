"""The exercises of notebook 5: evaluation."""

from math import sqrt

from s1lib.evaluation import metrics
from s1lib.exercises.model import Case, Exercise


def _wilson_cases() -> list[Case]:
    counts = (15, 30), (27, 30), (0, 12), (500, 1000)
    rates = [metrics.wilson(*pair) for pair in counts]
    return [
        Case(pair, (rate.ci_low, rate.ci_high)) for pair, rate in zip(counts, rates, strict=True)
    ]


def _schoolbook(correct: int, n: int, z: float = 1.959964) -> tuple[float, float]:
    p = correct / n
    half = z * sqrt(p * (1 - p) / n)
    return p - half, p + half


def _in_percent(correct: int, n: int) -> list[float]:
    rate = metrics.wilson(correct, n)
    return [100 * rate.ci_low, 100 * rate.ci_high]


def _wilson_90(correct: int, n: int) -> list[float]:
    z = 1.644854
    p = correct / n
    middle = (p + z**2 / (2 * n)) / (1 + z**2 / n)
    half = z / (1 + z**2 / n) * sqrt(p * (1 - p) / n + z**2 / (4 * n**2))
    return [middle - half, middle + half]


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
        },
    ),
}
