"""Rates with intervals, and paired comparisons."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt

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


def wilson(correct: int, n: int) -> Rate:
    """Wilson's score interval (Wilson 1927). Raises ValueError for no questions."""
    if n < 1 or not 0 <= correct <= n:
        raise ValueError(f"an accuracy needs questions: {correct} right of {n}")
    p, z2 = correct / n, Z95**2
    middle = (p + z2 / (2 * n)) / (1 + z2 / n)
    half = Z95 / (1 + z2 / n) * sqrt(p * (1 - p) / n + z2 / (4 * n * n))
    return Rate(n, correct, p, min(p, max(0.0, middle - half)), max(p, min(1.0, middle + half)))


def pooled_rate(right: Sequence[Sequence[bool]]) -> Rate:
    """The rate of the runs of several fine-tuning seeds, pooled: `right` is [seeds, questions].

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
    """Paired: answers mended (wrong before, right after) and broken, with the 95% bootstrap
    interval of the difference in accuracy, in fractions."""

    n: int
    mended: int
    broken: int
    difference: float
    ci_low: float
    ci_high: float

    def __str__(self) -> str:
        return (
            f"{100 * self.difference:+.1f} points [{100 * self.ci_low:+.1f}, "
            f"{100 * self.ci_high:+.1f}], "
            f"{self.mended} mended, {self.broken} broken"
        )


def compare(
    before: Sequence[Sequence[bool]],
    after: Sequence[Sequence[bool]],
    resamples: int = 10_000,
    seed: int = 0,
) -> Comparison:
    """Paired bootstrap over questions (paper, Table 2: 10,000 resamples).

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
        mended=int((~a & b).sum()),
        broken=int((a & ~b).sum()),
        difference=float(per_question.mean()),
        ci_low=low,
        ci_high=high,
    )


def _bootstrap(values: np.ndarray, resamples: int, seed: int) -> tuple[float, float]:
    """The 95% percentile interval of the mean of `values` [questions], questions redrawn."""
    rng = np.random.default_rng(seed)
    n = len(values)
    means = np.empty(resamples)
    for first in range(0, resamples, 500):
        draws = rng.integers(0, n, (min(500, resamples - first), n))
        means[first : first + len(draws)] = values[draws].mean(axis=1)
    low, high = np.quantile(means, (0.025, 0.975))
    return float(low), float(high)
