"""Rates with intervals, paired comparisons, and the paper's measures of test-time scaling."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from itertools import combinations
from math import ceil, comb, log2, sqrt
from statistics import NormalDist

import numpy as np

Z95 = 1.959963984540054  # the normal quantile of a two-sided 95% interval


@dataclass(frozen=True)
class Rate:
    """A share of right answers with its Wilson 95% interval; all from 0 to 1."""

    n: int
    correct: int
    accuracy: float
    ci_low: float
    ci_high: float

    def __str__(self) -> str:
        return f"{self.accuracy:.1%} [{self.ci_low:.1%}, {self.ci_high:.1%}]"


def rate_of(row: dict) -> Rate:
    """Read the rate that a row of recorded results holds."""
    return Rate(**{field.name: row[field.name] for field in fields(Rate)})


def wilson(correct: int, n: int) -> Rate:
    """Compute Wilson's score interval (Wilson 1927). Raises ValueError for no questions."""
    if n < 1 or not 0 <= correct <= n:
        raise ValueError(f"an accuracy needs questions: {correct} right of {n}")
    p, z2 = correct / n, Z95**2
    middle = (p + z2 / (2 * n)) / (1 + z2 / n)
    half = Z95 / (1 + z2 / n) * sqrt(p * (1 - p) / n + z2 / (4 * n * n))
    return Rate(n, correct, p, min(p, max(0.0, middle - half)), max(p, min(1.0, middle + half)))


def pooled_rate(right: Sequence[Sequence[bool]]) -> Rate:
    """Pool the runs of several fine-tuning seeds into one rate: `right` is [seeds, questions].

    Wilson's interval for one run. With more, the same question stands in it several times, and
    the interval is that of a bootstrap over questions, as in `compare`.
    Raises ValueError for no questions.
    """
    grades = np.atleast_2d(np.asarray(right, bool))
    if len(grades) == 1 or grades.size == 0:
        return wilson(int(grades.sum()), grades.size)
    low, high = _bootstrap(grades.mean(axis=0), 10_000, 0)
    return Rate(grades.size, int(grades.sum()), float(grades.mean()), low, high)


@dataclass(frozen=True)
class Comparison:
    """Paired: answers fixed (wrong before, right after) and broken, with the 95% bootstrap
    interval of the difference in accuracy, in fractions."""

    n: int
    fixed: int
    broken: int
    difference: float
    ci_low: float
    ci_high: float

    def __str__(self) -> str:
        return (
            f"{100 * self.difference:+.1f} points [{100 * self.ci_low:+.1f}, "
            f"{100 * self.ci_high:+.1f}], "
            f"{self.fixed} fixed, {self.broken} broken"
        )


def comparison_of(row: dict) -> Comparison:
    """Read the comparison that a row of recorded results holds."""
    return Comparison(**{field.name: row[field.name] for field in fields(Comparison)})


def compare(
    before: Sequence[Sequence[bool]],
    after: Sequence[Sequence[bool]],
    resamples: int = 10_000,
    seed: int = 0,
) -> Comparison:
    """Compare two systems by a paired bootstrap over questions (paper, Table 2: 10,000 resamples).

    `before` and `after` are [fine-tuning seeds, questions]: the runs of several seeds are
    pooled, and a question is drawn together with all its runs.
    Raises ValueError if the shapes differ or are empty.
    """
    a, b = np.atleast_2d(np.asarray(before, bool)), np.atleast_2d(np.asarray(after, bool))
    if a.shape != b.shape or a.size == 0:
        raise ValueError(f"a paired comparison needs the same questions: {a.shape} and {b.shape}")
    per_question = (b.astype(float) - a).mean(axis=0)
    low, high = _bootstrap(per_question, resamples, seed)
    return Comparison(
        n=a.size,
        fixed=int((~a & b).sum()),
        broken=int((a & ~b).sum()),
        difference=float(per_question.mean()),
        ci_low=low,
        ci_high=high,
    )


def _bootstrap(values: np.ndarray, resamples: int, seed: int) -> tuple[float, float]:
    """Compute the 95% percentile interval of the mean of `values` [questions] by redrawing them."""
    rng = np.random.default_rng(seed)
    n = len(values)
    means = np.empty(resamples)
    for first in range(0, resamples, 500):
        draws = rng.integers(0, n, (min(500, resamples - first), n))
        means[first : first + len(draws)] = values[draws].mean(axis=1)
    low, high = np.quantile(means, (0.025, 0.975))
    return float(low), float(high)


def mcnemar(fixed: int, broken: int) -> float:
    """Compute the exact two-sided p-value of McNemar's test (1947): could so uneven a split of the
    changed answers be chance? 1.0 if none changed.

    Raises ValueError for negative counts.
    """
    if fixed < 0 or broken < 0:
        raise ValueError(f"counts of answers cannot be negative: {fixed} and {broken}")
    changed = fixed + broken
    tail = sum(comb(changed, k) for k in range(min(fixed, broken) + 1))
    return min(1.0, tail / 2 ** (changed - 1)) if changed else 1.0


def questions_needed(fixed: float, broken: float, power: float = 0.8) -> int:
    """Compute how many questions a paired comparison needs to see a difference at the 5% level.

    `fixed` and `broken` are the shares of answers expected to change, from 0 to 1; `power` is
    the chance of seeing it (Connor 1987, for McNemar's test).
    Raises ValueError if they are equal: no number of questions shows no difference.
    """
    difference, changed = abs(fixed - broken), fixed + broken
    if not 0 < difference <= changed <= 1:
        raise ValueError(f"no number of questions shows {fixed:.1%} against {broken:.1%}")
    z_power = NormalDist().inv_cdf(power)
    spread = Z95 * sqrt(changed) + z_power * sqrt(changed - difference**2)
    return ceil((spread / difference) ** 2)


def control(tokens: Sequence[float], low: Sequence[float], high: Sequence[float]) -> float:
    """Compute the share of runs whose thinking stays within what was asked (paper, Equation 1).

    All three hold a value per run, in tokens. Raises ValueError for no runs.
    """
    if not tokens:
        raise ValueError("control needs a run")
    inside = [a <= t <= b for t, a, b in zip(tokens, low, high, strict=True)]
    return sum(inside) / len(inside)


def scaling(tokens: Sequence[float], points: Sequence[float], unit: str = "doubling") -> float:
    """Compute the mean slope between all pairs of runs (paper, Equation 2), in points of accuracy.

    `unit` is "doubling", per doubling of the thinking tokens, or "thousand", per 1,000 of them.
    The paper's Table 3 does not name its unit; its values are those per doubling.
    Raises ValueError for fewer than two runs with different tokens, or an unknown unit.
    """
    if unit not in ("doubling", "thousand"):
        raise ValueError(f"the unit is {unit!r}: choose doubling or thousand")
    runs = [
        (log2(t) if unit == "doubling" else t / 1000, p)
        for t, p in zip(tokens, points, strict=True)
        if t > 0 or unit == "thousand"
    ]
    slopes = [
        (p2 - p1) / (t2 - t1) for (t1, p1), (t2, p2) in combinations(sorted(runs), 2) if t1 != t2
    ]
    if not slopes:
        raise ValueError("scaling needs two runs with different thinking tokens")
    return sum(slopes) / len(slopes)


def performance(points: Sequence[float]) -> float:
    """Return the best accuracy of all runs (paper, Equation 3). Raises ValueError for no runs."""
    if not points:
        raise ValueError("performance needs a run")
    return max(points)
