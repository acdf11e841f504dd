"""Grading, intervals and paired comparisons against known values."""

import pytest

from s1lib.grade import extract, is_right
from s1lib.metrics import compare, wilson


@pytest.mark.parametrize(
    "text,reference,right",
    [
        ("\nAnswer: 12", "12", True),
        ("Final Answer: 12", "12", True),
        (" 12", "12", True),
        ("Answer: 012", "12", True),
        ("Answer: 1. Answer: 2", "2", True),
        ("Answer: 12 apples", "12", True),
        ("Answer: -3", "-3", True),
        ("Answer: 13", "12", False),
        ("Answer:", "12", False),
        ("", "12", False),
        ("I do not know", "12", False),
        ("__import__('os').system('true')", "0", False),
        ("Answer: ١٢", "12", False),
        ("9" * 100_000, "12", False),
    ],
)
def test_grading(text, reference, right):
    assert is_right(text, reference) is right


def test_no_answer_is_none():
    assert extract("nothing") is None


def test_wilson_against_published_values():
    # Newcombe (1998), Table I: 81 of 263 gives 0.2553 to 0.3662.
    rate = wilson(81, 263)
    assert (round(rate.ci_low, 4), round(rate.ci_high, 4)) == (0.2553, 0.3662)
    assert wilson(0, 10).ci_low == 0 and wilson(10, 10).ci_high == pytest.approx(1)


@pytest.mark.parametrize("correct,n", [(0, 0), (2, 1), (-1, 5)])
def test_an_accuracy_over_nothing_is_an_error(correct, n):
    with pytest.raises(ValueError):
        wilson(correct, n)


def test_paired_comparison():
    before = [[True, False, False, True] * 50]
    after = [[True, True, False, False] * 50]
    result = compare(before, after)
    assert (result.mended, result.broken, result.n) == (50, 50, 200)
    assert result.difference == 0 and result.ci_low < 0 < result.ci_high
    better = compare([[False] * 100], [[True] * 60 + [False] * 40])
    assert better.difference == pytest.approx(0.6) and 0.4 < better.ci_low < 0.6
    with pytest.raises(ValueError, match="same questions"):
        compare([[True]], [[True, False]])


def test_seeds_are_pooled_and_questions_drawn():
    before = [[False] * 10, [False] * 10]
    after = [[True] * 5 + [False] * 5, [True] * 5 + [False] * 5]
    result = compare(before, after)
    assert result.n == 20 and result.mended == 10 and result.difference == 0.5
