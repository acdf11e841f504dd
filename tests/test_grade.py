"""Graders: one long table, and hostile text."""

import threading
import time
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from s1lib import verify
from s1lib.grade import GRADERS, boxed, grade_text, normalise, number, same
from s1lib.store import CourseError

RIGHT, WRONG = True, False
TABLE = [  # kind, what the model wrote, reference, grade, what was found
    ("embedded", "\nAnswer: 12", "12", RIGHT, "12"),
    ("embedded", "Answer: 012", "12", RIGHT, "12"),
    ("embedded", "Answer: 1. Answer: 2", "2", RIGHT, "2"),
    ("embedded", "Answer: -3 coins", "-3", RIGHT, "-3"),
    ("embedded", "Answer: 13", "12", WRONG, "13"),
    ("embedded", "Answer: ١٢", "12", WRONG, None),
    ("embedded", "I do not know", "12", WRONG, None),
    ("aime", r"so \boxed{023}.", "23", RIGHT, "023"),
    ("aime", r"so \boxed{23}.", "023", RIGHT, "23"),
    ("aime", r"first \boxed{7}, no: \boxed{204}", "204", RIGHT, "204"),
    ("aime", r"first \boxed{204}, no: \boxed{7}", "204", WRONG, "7"),
    ("aime", "Final Answer: 204", "204", RIGHT, "204"),
    ("aime", "Answer: $204$", "204", RIGHT, "$204$"),
    ("aime", "Answer: 204.0", "204", RIGHT, "204.0"),
    ("aime", "Answer: 204.5", "204", WRONG, "204.5"),
    ("aime", "the answer is 204", "204", RIGHT, "204"),
    ("aime", "The final answer is 204.", "204", RIGHT, "204."),
    ("aime", "**Answer:** 204", "204", RIGHT, "204"),
    ("aime", "**Answer**: 204", "204", RIGHT, "204"),
    ("aime", "Answer: **204**", "204", RIGHT, "204"),
    ("aime", "Answer: 204 minutes", "204", RIGHT, "204 minutes"),
    ("aime", r"\boxed{204\text{ minutes}}", "204", RIGHT, r"204\text{ minutes}"),
    ("aime", r"\boxed {204}", "204", RIGHT, "204"),
    ("aime", r"\boxed{204^\circ}", r"204^\circ", RIGHT, r"204^\circ"),
    ("aime", r"\boxed{204/5}", "204", WRONG, "204/5"),
    ("aime", r"\boxed{204x}", "205", WRONG, "204x"),
    ("aime", "204", "204", WRONG, None),
    ("aime", r"\boxed{204", "204", WRONG, None),
    ("aime", r"\boxed{203} and then \boxed{20", "203", RIGHT, "203"),
    ("aime", r"\boxed{}", "204", WRONG, None),
    ("aime", "Answer: ２０４", "204", WRONG, "２０４"),
    ("aime", "Answer: 1,024", "1024", RIGHT, "1,024"),
    ("math", r"\boxed{\frac{1}{2}}", "0.5", RIGHT, r"\frac{1}{2}"),
    ("math", r"\boxed{\dfrac12}", r"\frac{1}{2}", RIGHT, r"\dfrac12"),
    ("math", r"\boxed{.5}", r"\frac{1}{2}", RIGHT, ".5"),
    ("math", r"\boxed{-\frac{1}{2}}", "-0.5", RIGHT, r"-\frac{1}{2}"),
    ("math", r"\boxed{0.333}", r"\frac{1}{3}", WRONG, "0.333"),
    ("math", r"\boxed{2\sqrt{3}}", r"\sqrt{12}", RIGHT, r"2\sqrt{3}"),
    ("math", r"\boxed{(x+1)^2}", "x^2+2x+1", RIGHT, "(x+1)^2"),
    ("math", r"\boxed{x = 3}", "3", RIGHT, "x = 3"),
    ("math", r"\boxed{(1, 2)}", "(1,2)", RIGHT, "(1, 2)"),
    ("math", r"\boxed{(2, 1)}", "(1,2)", WRONG, "(2, 1)"),
    ("math", r"\boxed{\{2, 1\}}", r"\{1,2\}", RIGHT, r"\{2, 1\}"),
    ("math", r"\boxed{90^\circ}", "90", RIGHT, r"90^\circ"),
    ("math", r"\boxed{\text{Tuesday}}", r"\text{Tuesday}", RIGHT, r"\text{Tuesday}"),
    ("math", r"\boxed{\text{Monday}}", r"\text{Tuesday}", WRONG, r"\text{Monday}"),
    ("math", r"\boxed{1,000}", "1000", RIGHT, "1,000"),
    ("math", r"\boxed{\$32{,}000}", "32000", RIGHT, r"\$32{,}000"),
    ("math", "Answer: 3", "3", RIGHT, "3"),
    ("math", "Answer:\n\n3", "3", RIGHT, "3"),
    ("math", "Answer: ", "3", WRONG, None),
    ("math", "3", "3", WRONG, None),
    ("math", r"\boxed{__import__('os').system('touch hacked')}", "0", WRONG, ...),
    ("gpqa", "Answer: C", "C", RIGHT, "C"),
    ("gpqa", "**Answer**: B", "B", RIGHT, "B"),
    ("gpqa", "The answer is: B", "B", RIGHT, "B"),
    ("gpqa", "The correct answer is (B).", "B", RIGHT, "B"),
    ("gpqa", "answer: B. Because it is", "B", RIGHT, "B"),
    ("gpqa", r"\boxed{\text{B}}", "B", RIGHT, "B"),
    ("gpqa", r"\boxed{C_{3h}}", "C", WRONG, None),
    ("gpqa", "Answer: A nucleophile attacks, so C", "A", WRONG, None),
    ("gpqa", "Answer: (C) 3 eV", "C", RIGHT, "C"),
    ("gpqa", r"\boxed{C}", "C", RIGHT, "C"),
    ("gpqa", r"\boxed{\text{C}}", "(C)", RIGHT, "C"),
    ("gpqa", "Answer: CD", "C", WRONG, None),
    ("gpqa", "Answer: Carbon", "C", WRONG, None),
    ("gpqa", "Answer: С", "C", WRONG, None),  # a Cyrillic letter
    ("gpqa", "I cannot say", "A", WRONG, None),
    ("gpqa", "", "A", WRONG, None),
    ("gpqa", "A", "A", WRONG, None),
]  # fmt: skip


@pytest.mark.parametrize("kind,text,reference,right,found", TABLE)
def test_grading(kind, text, reference, right, found):
    grade = grade_text(text, reference, kind)
    assert grade.right is right and not grade.undecided
    assert found is ... or grade.given == found


@pytest.mark.parametrize("kind", GRADERS)
def test_no_answer_is_wrong_and_not_an_error(kind):
    for text in (None, "", "   \n"):
        grade = grade_text(text, "1" if kind != "gpqa" else "A", kind)
        assert grade.right is False and grade.given is None


def test_a_benchmark_without_a_reference_is_an_error():
    with pytest.raises(CourseError, match="no reference answer"):
        grade_text("Answer: 1", " ", "math")
    with pytest.raises(CourseError, match="choose one of embedded, aime, math, gpqa"):
        grade_text("Answer: 1", "1", "chess")


TOWER = "9^{9^{9^{9^9}}}"
HOSTILE = [
    TOWER,
    "((10!)!)!",
    "(10^9)!",
    r"\binom{10^9}{5\cdot10^8}",
    r"\sum_{k=1}^{10^8} \frac{1}{k}",
    "(x+y+z+1)^{500}",
    "(" * 1900,
    "{" * 1900,
    "[" * 100_000,
    "(" * 100_000 + ")" * 100_000,
    "9" * 100_000,
    "1" * 1_000_000,
    "\x00",
    "\ud800",
    "٣٤٥",
    "1e999999999",
    "0x" + "f" * 1000,
    "\\frac" * 500,
    "\\boxed{" * 10_000,
    "1/0",
    "__import__('os').system('touch hacked')",
    "lambda: 1",
    "﷽" * 500,
]


@pytest.mark.parametrize("kind", GRADERS)
@pytest.mark.parametrize("text", HOSTILE, ids=[repr(text)[:20] for text in HOSTILE])
def test_hostile_text_gets_an_answer_in_bounded_time(kind, text, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(verify, "SECONDS", 0.2)
    reference = "C" if kind == "gpqa" else "7"
    for wrapped in (text, f"\\boxed{{{text}}}"):
        began = time.monotonic()
        assert grade_text(wrapped, reference, kind).right is False
        assert time.monotonic() - began < 60  # a new worker and all, on a busy machine
    assert list(tmp_path.iterdir()) == []  # nothing was executed


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=300), st.sampled_from(["embedded", "aime", "gpqa"]))
def test_any_text_gets_an_answer(text, kind):
    for wrapped in (text, f"\\boxed{{{text}}}", f"Answer: {text}"):
        assert grade_text(wrapped, "D" if kind == "gpqa" else "7", kind).right in (True, False)


@settings(max_examples=60, deadline=None)
@given(st.text("0123456789{}()^\\frac+-!,. xπ$%", max_size=40))
def test_math_gets_an_answer_too(text):
    grade = grade_text(f"\\boxed{{{text}}}", "\\sqrt{7}", "math")
    assert grade.right in (True, False)


@given(st.fractions(), st.sampled_from(["\\frac{%d}{%d}", "%d/%d", "\\dfrac{%d}{%d}"]))
def test_fractions_are_compared_exactly(value, form):
    text = form % (abs(value.numerator), value.denominator)
    text = "-" + text if value < 0 else text
    assert number(normalise(text)) == value
    assert same(text, form % (abs(value.numerator) * 3 + 1, value.denominator)) is (
        value == Fraction(abs(value.numerator) * 3 + 1, value.denominator)
    )


@pytest.mark.parametrize(
    "text,expected",
    [
        (r"\boxed{a{b}{c{d}}}", "a{b}{c{d}}"),
        (r"\boxed{1} \boxed{2", "1"),
        (r"\fbox{3}", "3"),
        ("none", None),
        (r"\boxed", None),
    ],
)
def test_braces_may_be_nested(text, expected):
    assert boxed(text) == expected


# The worker


def test_a_tower_is_undecided_and_the_next_question_is_answered():
    assert verify.equivalent(TOWER, "1", seconds=0.5) is None
    assert verify.equivalent("\\sqrt{12}", "2\\sqrt{3}", seconds=10) is True
    grade = grade_text(f"\\boxed{{{TOWER}}}", "2", "math")
    assert grade.undecided and not grade.right


def test_it_works_from_any_thread():
    answers = []
    threads = [
        threading.Thread(target=lambda: answers.append(verify.equivalent("x=3", "3", 30)))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == [True] * 4


def test_a_worker_that_was_killed_is_replaced():
    assert verify.equivalent("1/3", "2/6", 30) is True
    verify._worker.kill()
    verify._worker.wait()
    assert verify.equivalent("1/3", "2/6", 30) is True
    verify.stop()
    assert verify._worker is None


def test_memory_is_bounded():
    import resource

    verify.equivalent("1", "1.0", 30)
    limit, _ = resource.prlimit(verify._worker.pid, resource.RLIMIT_AS)
    assert limit == verify.MEMORY
