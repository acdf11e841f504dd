"""The widget: its logic, its HTML, and the form. The fine-tuned model is the shipped one."""

import random
import re

import pytest

from s1lib.budget import Budget
from s1lib.engines.transformers import Trace, load
from s1lib.store import CourseError, locate
from s1lib.widget import BudgetWidget, render, summary, trace_parts, try_once, verdict
from s1lib.world.families import answer, draw_problem, question

PROBLEM = draw_problem(random.Random(0), "sum", 3)
QUESTION = question(PROBLEM)
HOSTILE = ["<img src=x onerror=alert(1)>", "</script><script>alert(1)</script>", "</pre><b>x",
           "'\" onmouseover=alert(1) x='", "&lt;b&gt;"]  # fmt: skip


@pytest.fixture(scope="module")
def tuned():
    return load(locate("sft"))


def tried(**changes):
    """A try as `try_once` returns it, without a model."""
    step = {"waits": 0, "thinking_tokens": 5, "answer": "Answer: 21", "right": False}
    return {
        "question": QUESTION, "limit": 32, "waits": 1, "string": "Wait",
        "parts": [{"text": "Looks like 21.\n", "forced": False}, {"text": "Wait", "forced": True},
                  {"text": ", in order: 20.", "forced": False}],
        "hit_limit": False, "answer": "Answer: 20", "thinking_tokens": 30, "reference": "20",
        "steps": [step, step | {"waits": 1, "answer": "Answer: 20", "right": True}],
    } | changes  # fmt: skip


def tags(html):
    """The names of the elements that a browser would make."""
    return set(re.findall(r"<([a-zA-Z]+)", html))


def test_a_try_holds_every_answer_on_the_way(tuned):
    result = try_once(*tuned, QUESTION, Budget(256, waits=2))
    assert result["reference"] == answer(PROBLEM)
    steps = result["steps"]
    assert [s["waits"] for s in steps] == list(range(len(steps)))
    assert steps[-1]["thinking_tokens"] == result["thinking_tokens"] <= 256
    assert steps[-1]["answer"] == result["answer"]
    assert [p["text"] for p in result["parts"] if p["forced"]] == ["Wait"] * steps[-1]["waits"]
    assert all(s["right"] in (True, False) for s in steps)


def test_fewer_waits_give_the_answers_that_the_steps_tell(tuned):
    result = try_once(*tuned, QUESTION, Budget(256, waits=2))
    for step in result["steps"][:-1]:
        alone = try_once(*tuned, QUESTION, Budget(256, waits=step["waits"]))
        assert alone["answer"] == step["answer"]
        assert alone["thinking_tokens"] == step["thinking_tokens"]


@pytest.mark.parametrize("limit", [0, 1, 8])
def test_a_small_limit_forces_the_final_answer(tuned, limit):
    result = try_once(*tuned, QUESTION, Budget(limit, waits=1))
    assert result["thinking_tokens"] == limit and result["hit_limit"]
    assert "⟦cut: Final Answer:⟧" in render(result)


def test_a_question_of_another_world_cannot_be_checked(tuned):
    result = try_once(*tuned, "Who was Ada Lovelace?", Budget(32))
    assert result["reference"] is None and result["steps"][-1]["right"] is None
    assert "cannot be checked" in render(result)


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_questions_are_run_and_escaped(tuned, text):
    page = render(try_once(*tuned, text, Budget(16, waits=1)))
    assert tags(page) <= tags(render(tried()))


@pytest.mark.parametrize("text", HOSTILE)
def test_whatever_a_model_writes_is_escaped(text):
    parts = [{"text": text, "forced": False}, {"text": text, "forced": True}]
    result = tried(question=text, answer=text, parts=parts, string=text, reference=text)
    result["steps"][-1]["answer"] = text
    assert tags(render(result)) <= tags(render(tried()))
    assert text not in render(result)


def test_forced_words_have_a_colour_and_a_mark():
    assert re.search(r"<mark style='background[^>]*>⟦Wait⟧</mark>", render(tried()))
    nothing = tried(parts=[{"text": "", "forced": True}], string=None)
    assert "⟦end ignored⟧" in render(nothing)


def test_the_answer_after_each_wait_is_in_the_summary():
    assert summary(tried())["answers"] == "21 → 20"
    assert summary(tried())["verdict"] == verdict(True)


def test_parts_are_the_whole_thinking(tuned):
    _, tokenizer = tuned
    text = "Looks like 3.\nWaitWait, 4.\n"
    ids = tokenizer.encode(text)
    trace = Trace("q", text, "", len(ids), 2, False, [14, 18], ids)
    parts = trace_parts(tokenizer, trace, "Wait")
    assert "".join(p["text"] for p in parts) == text
    assert [p["forced"] for p in parts] == [False, True, False, True, False]


@pytest.mark.parametrize(
    "question,budget,message",
    [
        ("", Budget(32), "empty"),
        (" \n", Budget(32), "empty"),
        ("x" * 5000, Budget(32), "too long"),
        (QUESTION, Budget(None), "limit"),
        (QUESTION, Budget(100_000), "too high"),
    ],
)
def test_bad_input_is_named(tuned, question, budget, message):
    with pytest.raises(CourseError, match=message):
        try_once(*tuned, question, budget)


def test_the_form(tuned):
    form = BudgetWidget(*tuned, [QUESTION, "Which cup has the ball?"], max_limit=64)
    form.button.click()
    assert QUESTION in form.result.value and form.message.value == "" and len(form.tries) == 1
    form.choice.value = "Which cup has the ball?"
    assert form.question.value == "Which cup has the ball?"


def test_the_form_stays_usable_after_bad_input(tuned):
    form = BudgetWidget(*tuned, [QUESTION], max_limit=64)
    form.question.value = "   "
    form.button.click()
    assert "empty" in form.message.value and not form.button.disabled and not form.tries
    form.question.value = QUESTION
    form.limit.value = -5  # a slider clips it to its range
    form.button.click()
    assert form.message.value == "" and len(form.tries) == 1 and form.limit.value == 0


def test_the_form_tells_an_unforeseen_error_escaped(tuned):
    _, tokenizer = tuned
    form = BudgetWidget(None, tokenizer, [QUESTION])
    form.button.click()
    assert "Not run" in form.message.value and not form.button.disabled
    form.waits.max = form.waits.value = 3
    form.string.options = {"bad": "", **form.string.options}
    form.string.value = ""
    form.button.click()
    assert "string must not be empty" in form.message.value


def test_every_control_is_labelled(tuned):
    form = BudgetWidget(*tuned, [QUESTION])
    controls = (form.choice, form.question, form.limit, form.waits, form.string, form.button)
    assert all(control.description for control in controls)
