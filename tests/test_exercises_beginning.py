"""The exercises of notebooks 0 to 2: what their hints and limits rest on is so."""

import re

import pytest

from s1lib.curation.decontamination import flagged
from s1lib.errors import CourseError
from s1lib.exercises import check, lesson_00, lesson_01, toy_model
from s1lib.exercises.leak_pairs import CHECKED, PRACTICE, count_errors, leak_pairs
from s1lib.exercises.model import Below, same

PAIRS = leak_pairs(CHECKED, seed=2)


@pytest.fixture(autouse=True)
def own_folder(tmp_path, monkeypatch):
    """Each test begins with no exercise tried."""
    monkeypatch.setenv("S1_BUILD", str(tmp_path))


@pytest.mark.parametrize("outcome,agrees", [(0.24, True), (0, True), (0.25, False), ("0", False)])
def test_an_expectation_may_be_a_limit(outcome, agrees):
    assert same(outcome, Below(0.25)) is agrees
    assert same({"errors": outcome}, {"errors": Below(0.25)}) is agrees


def test_predictions_as_it_was_are_the_grades_before():
    questions = tuple(toy_model.dev_rows()[name]["question"] for name in lesson_00.TO_PREDICT)
    before = toy_model.answered(questions, toy_model.BY_ITSELF)
    assert before == lesson_00.EXERCISES["predictions"].mistakes["as it was"]


def test_a_question_of_another_world_has_no_known_answer():
    with pytest.raises(CourseError, match="toy world"):
        toy_model.answered(("What is 2 + 2?",), toy_model.BY_ITSELF)


def test_the_ten_answers_have_a_right_and_a_wrong_one_of_each_sort():
    verdicts: dict[str, set[bool]] = {}
    for answer, right in zip(lesson_01.TEN_ANSWERS, lesson_01._verdicts(), strict=True):
        verdicts.setdefault(answer.about, set()).add(right)
    assert set(map(frozenset, verdicts.values())) == {frozenset((True, False))}


def numbers(text):
    return re.findall(r"\d+", text)


def words(text):
    return set(re.findall(r"\w+", text.lower()))


# Rules with one idea, at every strictness: none may be enough to beat both counts
ONE_IDEA = {
    "numbers in their order": lambda q, t: numbers(q) == numbers(t),
    "numbers in any order": lambda q, t: sorted(numbers(q)) == sorted(numbers(t)),
    "numbers among others": lambda q, t: set(numbers(t)) <= set(numbers(q)),
    **{f"a run of {n}": lambda q, t, n=n: flagged([q], [t], n)[0] for n in (3, 5, 8, 13)},
    **{
        f"{share:.0%} of the words": lambda q, t, s=share: (
            len(words(q) & words(t)) > s * len(words(q) | words(t))
        )
        for share in (0.1, 0.2, 0.3, 0.5, 0.7)
    },
}


@pytest.mark.parametrize("rule", ONE_IDEA.values(), ids=ONE_IDEA)
def test_a_rule_with_one_idea_does_not_beat_the_run_of_eight_words(rule):
    report = check("leak_rule", rule)
    assert report.status == "failed", report


def test_pairs_to_practise_on_and_to_be_measured_on_share_no_question():
    practice = {text for pair in leak_pairs(PRACTICE, 0) for text in (pair.question, pair.test)}
    assert practice.isdisjoint({text for pair in PAIRS for text in (pair.question, pair.test)})
    assert {pair.copy for pair in PAIRS} == {True, False}


def test_errors_of_both_kinds_are_counted():
    copies = sum(pair.copy for pair in PAIRS)
    assert count_errors(lambda q, t: False, PAIRS) == {"misses": copies, "false alarms": 0}
    innocent = len(PAIRS) - copies
    assert count_errors(lambda q, t: True, PAIRS) == {"misses": 0, "false alarms": innocent}
