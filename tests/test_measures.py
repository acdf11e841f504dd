"""Grading, intervals and paired comparisons against known values."""

from dataclasses import asdict

import pytest

from s1lib.evaluation.metrics import (
    compare,
    comparison_of,
    control,
    mcnemar,
    performance,
    questions_needed,
    rate_of,
    scaling,
    wilson,
)
from s1lib.grading.graders import first_integer, is_right


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
    assert first_integer("nothing") is None


def test_wilson_against_published_values():
    # Newcombe (1998), Table I: 81 of 263 gives 0.2553 to 0.3662.
    rate = wilson(81, 263)
    assert (round(rate.ci_low, 4), round(rate.ci_high, 4)) == (0.2553, 0.3662)
    assert wilson(0, 10).ci_low == 0 and wilson(10, 10).ci_high == pytest.approx(1)


@pytest.mark.parametrize("correct,n", [(0, 0), (2, 1), (-1, 5)])
def test_an_accuracy_over_nothing_is_an_error(correct, n):
    with pytest.raises(ValueError):
        wilson(correct, n)


def test_a_line_of_results_gives_its_rate_and_comparison_back():
    rate, found = wilson(3, 7), compare([[True, False, False]], [[True, True, False]])
    assert rate_of({"name": "x", "seed": 0} | asdict(rate)) == rate
    assert comparison_of({"name": "x"} | asdict(found)) == found


def test_paired_comparison():
    before = [[True, False, False, True] * 50]
    after = [[True, True, False, False] * 50]
    result = compare(before, after)
    assert (result.fixed, result.broken, result.n) == (50, 50, 200)
    assert result.difference == 0 and result.ci_low < 0 < result.ci_high
    better = compare([[False] * 100], [[True] * 60 + [False] * 40])
    assert better.difference == pytest.approx(0.6) and 0.4 < better.ci_low < 0.6
    with pytest.raises(ValueError, match="same questions"):
        compare([[True]], [[True, False]])


def test_seeds_are_pooled_and_questions_drawn():
    before = [[False] * 10, [False] * 10]
    after = [[True] * 5 + [False] * 5, [True] * 5 + [False] * 5]
    result = compare(before, after)
    assert result.n == 20 and result.fixed == 10 and result.difference == 0.5


# The paper's measures, from its own points: tokens and AIME24 accuracy of each run.
PUBLISHED = [  # method, tokens, right answers of 30, Scaling in Table 3
    ("token-conditional (Table 12)", [7939, 7158, 8263, 7108, 7500], [8, 9, 10, 10, 12], -24),
    ("the same with budget forcing", [1024, 2048, 4031, 5664, 6330], [1, 9, 10, 10, 12], 13),
    ("step-conditional (Table 13)", [7252, 6277, 5396, 5552, 7551], [10, 7, 10, 11, 10], 3),
    ("the same with budget forcing", [1517, 2963, 4636, 5409, 7551], [7, 7, 10, 11, 10], 6),
    ("class-conditional (Table 14)", [8033, 9651], [9, 11], 25),
    ("rejection sampling (Figure 6, without the leftmost point)", [3703, 4344, 4734, 5193, 5293],
     [11, 10, 9, 8, 7], -35),
]  # fmt: skip


@pytest.mark.parametrize("method,tokens,right,published", PUBLISHED)
def test_scaling_is_points_per_doubling(method, tokens, right, published):
    points = [100 * n / 30 for n in right]
    assert round(scaling(tokens, points)) == published, method
    assert round(scaling(tokens, points, "thousand")) != published  # the unit matters


def test_budget_forcing_scales_as_published():
    # Figure 4: the five runs of Table 3 are not named; without the first it is within a point.
    tokens, points = [1000, 2000, 3933, 5300, 7320], [13.3, 30.0, 43.3, 50.0, 56.7]
    assert scaling(tokens, points) == pytest.approx(15, abs=1)
    assert performance(points) == 56.7


def test_control_counts_the_runs_that_keep_to_what_was_asked():
    # Table 12: asked for up to 1,024 ... 16,384 tokens, two of five runs keep to it.
    asked = [1024, 2048, 4096, 8192, 16384]
    assert control([7939, 7158, 8263, 7108, 7500], [0] * 5, asked) == 0.4
    assert control([1024, 2048, 4031, 5664, 6330], [0] * 5, asked) == 1.0


@pytest.mark.parametrize(
    "call,words",
    [
        (lambda: scaling([100], [50]), "two runs"),
        (lambda: scaling([100, 100], [50, 60]), "two runs"),
        (lambda: scaling([100, 200], [50, 60], "token"), "choose doubling or thousand"),
        (lambda: control([], [], []), "needs a run"),
        (lambda: performance([]), "needs a run"),
        (lambda: mcnemar(-1, 2), "cannot be negative"),
        (lambda: questions_needed(0.1, 0.1), "no number of questions"),
    ],
)
def test_a_measure_of_nothing_is_an_error(call, words):
    with pytest.raises(ValueError, match=words):
        call()


def test_mcnemar_is_the_sign_test_of_what_changed():
    assert mcnemar(0, 0) == 1.0
    assert mcnemar(2, 0) == 0.5  # s1's step from 50.0 to 56.7: two of 30 questions
    assert mcnemar(5, 5) == 1.0
    assert mcnemar(10, 2) == pytest.approx(0.03857, abs=1e-5)  # 2 * 79 / 4096
    assert mcnemar(2, 10) == mcnemar(10, 2)
    assert mcnemar(1500, 300) < 1e-100


def test_how_many_questions_a_difference_needs():
    # Connor (1987): 20% fixed, 10% broken, power 80%
    assert questions_needed(0.2, 0.1) == 234
    assert questions_needed(2 / 30, 0) > 30  # AIME24 is too small for its own headline
    assert questions_needed(0.3, 0.1) < questions_needed(0.3, 0.2)
    assert questions_needed(0.2, 0.1, power=0.9) > questions_needed(0.2, 0.1)


def test_the_needed_number_of_questions_gives_the_power_it_promises():
    import numpy as np

    n, dice = questions_needed(0.2, 0.1), np.random.default_rng(0)
    seen = 0
    for fixed, broken, _ in dice.multinomial(n, [0.2, 0.1, 0.7], size=2000):
        seen += (fixed - broken) ** 2 / max(1, fixed + broken) > 1.96**2
    assert seen / 2000 == pytest.approx(0.8, abs=0.03)
