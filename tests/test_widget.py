"""The widget without a front end: its runs, its HTML, and the form."""

import json
import random
import re
import threading

import pytest

from s1lib.errors import CourseError
from s1lib.inference import hf as engine
from s1lib.inference import live
from s1lib.inference.budget import Budget, delimiters
from s1lib.inference.hf import HFEngine, load, think
from s1lib.inference.live import (
    LiveAnswer,
    Piece,
    advance,
    pieces_of,
    run_to_end,
    start,
    wait_again,
)
from s1lib.io import DATA
from s1lib.notebook.display import safe_html
from s1lib.notebook.widget import OWN, BudgetWidget, pieces_html, render, summary, verdict
from s1lib.toyworld.questions import answer, draw_problem, question

PROBLEM = draw_problem(random.Random(0), "sum", 3)
QUESTION = question(PROBLEM)
HOSTILE = [
    "<img src=x onerror=alert(1)>",
    "</script><script>alert(1)</script>",
    "</pre><b>x",
    "'\" onmouseover=alert(1) x='",
    "&lt;b&gt;",
    "$\\href{javascript:alert(1)}{x}$",
    "a\x00b\x1b[31mc\x07\x9d",
    "abc\u202edcba\u2066x\u200b",
    "W" * 3000,
]


@pytest.fixture(scope="module")
def tuned():
    return load(DATA / "sft")


@pytest.fixture
def form(tuned):
    form = BudgetWidget(
        HFEngine(*tuned), [QUESTION, "Which cup has the ball?"], Budget(64, 1, max_answer=12)
    )
    yield form
    form.close()


def budget(limit=256, waits=0, string="Wait"):
    return Budget(limit, waits, string, max_answer=12)


def tags(html):
    """The names of the elements that a browser would make."""
    return set(re.findall(r"<([a-zA-Z]+)", html))


def press(form, button):
    button.click()
    form.join()


# Runs


def test_a_run_holds_every_answer_on_the_way(tuned):
    run = run_to_end(*tuned, QUESTION, budget(256, 2), answer(PROBLEM))
    assert run.status == "done"
    assert [a.waits for a in run.answers] == [0, 1, 2]
    assert run.answers[-1].thinking_tokens == run.thinking_tokens <= 256
    assert all(a.right in (True, False) for a in run.answers)
    forced = [p.text for p in run.pieces if p.forced and p.phase == "thinking"]
    assert forced == ["Wait", "Wait"]


@pytest.mark.parametrize("string", ["Wait", None])
def test_the_answers_on_the_way_are_those_of_fewer_waits(tuned, string):
    run = run_to_end(*tuned, QUESTION, budget(256, 2, string))
    for step in run.answers:
        alone = run_to_end(*tuned, QUESTION, budget(256, step.waits, string))
        assert alone.answers[-1] == step


def test_the_pieces_are_the_text_that_the_model_saw(tuned):
    run = run_to_end(*tuned, QUESTION, budget(256, 2))
    [trace] = think(*tuned, [QUESTION], budget(256, 2))
    text = "".join(p.text for p in run.pieces)
    assert text == f"<|im_start|>think{trace.thinking}<|im_start|>answer{trace.answer}"
    for mine, stored in zip(run.pieces, pieces_of(tuned[1], trace), strict=True):
        assert (mine.phase, mine.forced, mine.text) == (stored.phase, stored.forced, stored.text)


def test_a_run_stops_at_any_token_and_can_be_told_to_wait(tuned):
    run = start(*tuned, QUESTION, budget(256))
    steps = advance(*tuned, run)
    for _ in range(12):
        next(steps)
    steps.close()
    assert run.status == "stopped" and run.answers == [] and run.thinking_tokens == 10
    more = wait_again(*tuned, run, budget(256))
    for _ in advance(*tuned, more):
        pass
    assert more.status == "done" and more.waits == 1
    assert [a.waits for a in more.answers] == [0, 1] and more.answers[0].thinking_tokens == 10
    assert run.thinking_tokens == 10  # the first run is as it was


def test_waiting_by_hand_is_the_same_as_waiting_by_budget(tuned):
    by_hand = run_to_end(*tuned, QUESTION, budget(256))
    for _ in range(2):
        by_hand = wait_again(*tuned, by_hand, budget(256))
        for _ in advance(*tuned, by_hand):
            pass
    at_once = run_to_end(*tuned, QUESTION, budget(256, 2))
    assert by_hand.answers == at_once.answers
    assert by_hand.thinker.thinking == at_once.thinker.thinking
    assert by_hand.pieces == at_once.pieces


@pytest.mark.parametrize(
    "limit,waits,string", [(64, 1, "Alternatively"), (40, 1, None), (0, 0, "Wait")]
)
@pytest.mark.slow
def test_what_is_shown_is_what_the_model_saw_wherever_it_was_stopped(tuned, limit, waits, string):
    """Stopped at any token, then told to wait: the page holds the text the model goes on from."""
    model, tokenizer = tuned
    marks = delimiters(tokenizer)
    whole = start(model, tokenizer, QUESTION, budget(limit, waits, string))
    for tokens in range(1, sum(1 for _ in advance(model, tokenizer, whole)), 3):
        run = start(model, tokenizer, QUESTION, budget(limit, waits, string))
        steps = advance(model, tokenizer, run)
        for _ in range(tokens):
            next(steps)
        steps.close()
        more = wait_again(model, tokenizer, run, budget(120))
        shown = [token for piece in more.pieces for token in piece.ids]
        assert shown == [*marks.think, *more.thinker.thinking[: more.thinker.ends[0]]]
        for _ in advance(model, tokenizer, more):
            pass
        assert [a.waits for a in more.answers] == list(range(more.waits + 1))
        lengths = [a.thinking_tokens for a in more.answers]
        assert lengths == sorted(lengths) and lengths[-1] == more.thinking_tokens


def test_a_wait_by_hand_needs_room(tuned):
    run = run_to_end(*tuned, QUESTION, budget(8))
    with pytest.raises(CourseError, match="8 of 8 thinking tokens are spent.*Raise the limit"):
        wait_again(*tuned, run, budget(8))
    assert wait_again(*tuned, run, budget(64)).thinker.ends == [8]


@pytest.mark.parametrize("limit", [0, 1, 8])
def test_a_small_limit_forces_the_final_answer(tuned, limit):
    run = run_to_end(*tuned, QUESTION, budget(limit, 1))
    assert run.thinking_tokens == limit
    assert "&lt;|im_start|&gt;answer\nFinal Answer:⟧</mark>" in render(run)


def test_a_question_of_another_world_cannot_be_checked(tuned):
    run = run_to_end(*tuned, "Who was Ada Lovelace?", budget(32))
    assert run.reference is None and run.answers[-1].right is None
    assert "cannot be checked" in render(run)


@pytest.mark.parametrize(
    "text,wanted,message",
    [
        ("", budget(32), "empty"),
        (" \n", budget(32), "empty"),
        ("x" * 5000, budget(32), "too long"),
        (QUESTION, budget(100_000), "too high"),
        (QUESTION, budget(32, 1, "<|im_end|>"), "control tokens"),
    ],
)
def test_bad_input_is_named(tuned, text, wanted, message):
    with pytest.raises((CourseError, ValueError), match=message):
        start(*tuned, text, wanted)


# HTML


def example(text="Looks like 21.\n", **changes):
    """A finished run without a model."""
    run = live.LiveRun(QUESTION, budget(32, 1), [], None, "20")
    run.thinker = type("Thinker", (), {"thinking": [0] * 30, "ends": [5], "budget": None})()
    run.pieces = [Piece("thinking", False, [], text), Piece("thinking", True, [], "Wait")]
    run.answers = [LiveAnswer(0, 5, "Answer: 21", False), LiveAnswer(1, 30, "Answer: 20", True)]
    run.status = "done"
    for name, value in changes.items():
        setattr(run, name, value)
    return run


@pytest.mark.parametrize("text", HOSTILE)
def test_whatever_a_model_or_reader_writes_is_shown_as_text(text):
    pieces = [Piece("thinking", False, [], text), Piece("thinking", True, [], text)]
    answers = [LiveAnswer(0, 1, text, None)]
    page = render(example(question=text, pieces=pieces, answers=answers, reference=text))
    assert tags(page) == tags(render(example()))
    assert not re.search(r"[\x00-\x08\x0e-\x1f\x7f-\x9f\u200b\u202e\u2066]", page)
    assert "<img" not in page and "<script" not in page and "<b>x" not in page


def test_hidden_characters_are_made_visible():
    assert safe_html("a\u202eb\x00\tc\n<") == "a⟨U+202E⟩b⟨U+0000⟩\tc\n&lt;"


@pytest.mark.parametrize("text", HOSTILE[:-1])
def test_hostile_questions_are_thought_about(tuned, text):
    page = render(run_to_end(*tuned, text, budget(16, 1)))
    assert tags(page) <= tags(render(example()))


def test_forced_words_have_a_colour_and_a_mark():
    assert re.search(r"<mark style='background[^>]*>⟦Wait⟧</mark>", render(example()))
    assert "⟦end ignored⟧" in pieces_html([Piece("thinking", True)])


def test_the_answer_after_each_wait_is_in_the_summary():
    assert summary(example())["answers"] == "21 → 20"
    assert summary(example())["verdict"] == verdict(True)


# The form


def test_think_then_wait(form):
    form.waits.value = 0
    press(form, form.think_button)
    assert safe_html(QUESTION) in form.result.value and "done" in form.message.value
    assert len(form.runs) == 1 and form.runs[0].waits == 0
    form.limit.value = 64
    press(form, form.wait_button)
    assert len(form.runs) == 2 and form.runs[1].waits == 1
    assert form.past.value.count("<tr>") == 3
    assert form.runs[1].reference == answer(PROBLEM) and form.runs[1].answers[-1].right is not None
    form.choice.value = "Which cup has the ball?"
    assert form.question.value == "Which cup has the ball?"


def test_stop_ends_at_the_next_token(form, monkeypatch):
    seen, let_go = threading.Event(), threading.Event()
    real = engine.stream

    def slow(*args, **settings):
        for n, step in enumerate(real(*args, **settings)):
            if n == 10:
                seen.set()
                assert let_go.wait(20)
            yield step

    monkeypatch.setattr(live, "stream", slow)
    form.think_button.click()
    assert seen.wait(20)
    assert form.think_button.disabled and not form.stop_button.disabled
    form.stop_button.click()
    let_go.set()
    form.join()
    assert form.runs[0].status == "stopped" and form.runs[0].thinking_tokens <= 9
    assert not form.think_button.disabled and not form.wait_button.disabled
    assert "stopped" in form.past.value


def test_closing_the_form_ends_its_thread(tuned, monkeypatch):
    real = engine.stream

    def endless(*args, **settings):
        steps = list(real(*args, **settings))
        while True:
            yield steps[3]

    monkeypatch.setattr(live, "stream", endless)
    form = BudgetWidget(HFEngine(*tuned), [QUESTION], budget(64))
    form.think_button.click()
    assert form._thread.is_alive()
    form.close()
    assert not form._thread.is_alive()


def test_two_clicks_start_one_run(form):
    form.think_button.click()
    form.think_button.click()
    form.join()
    assert len(form.runs) == 1


def test_the_form_stays_usable_after_bad_input(form):
    form.question.value = "   "
    press(form, form.think_button)
    assert "role='alert'" in form.message.value and "empty" in form.message.value
    assert not form.think_button.disabled and form.wait_button.disabled and not form.runs
    form.string.value = OWN
    assert not form.own.disabled
    form.question.value = QUESTION
    press(form, form.think_button)
    assert "string must not be empty" in form.message.value
    form.own.value = "Hold on"
    form.limit.value = -5  # a slider clips it to its range
    press(form, form.think_button)
    assert "done" in form.message.value and form.limit.value == 0


def test_an_unforeseen_error_is_told_escaped(form, monkeypatch):
    def broken(*args, **settings):
        raise RuntimeError("<b>out of luck")
        yield

    monkeypatch.setattr(live, "stream", broken)
    press(form, form.think_button)
    assert "RuntimeError: &lt;b&gt;out of luck" in form.message.value
    assert not form.think_button.disabled


def test_a_model_is_loaded_in_the_background():
    form = BudgetWidget(DATA / "sft", [QUESTION], budget(32, 1))
    form.join(60)
    assert form._loaded and form.message.value == ""
    press(form, form.think_button)
    assert len(form.runs) == 1
    form.close()


def test_a_model_that_cannot_be_loaded_is_told(tmp_path):
    form = BudgetWidget(tmp_path / "nothing", [QUESTION], budget(32, 1))
    form.join(60)
    assert "cannot load a model" in form.message.value and not form.think_button.disabled
    form.close()


def test_a_model_that_is_too_large_is_told(monkeypatch):
    few = type("Memory", (), {"available": 1e6})()
    monkeypatch.setattr(engine.psutil, "virtual_memory", lambda: few)
    monkeypatch.setattr(engine.torch.cuda, "is_available", lambda: False)
    form = BudgetWidget(DATA / "sft", [QUESTION], budget(32, 1))
    form.join(60)
    assert "is too large for this machine: its weights take 0.0 GB" in form.message.value
    form.close()


def test_the_plot_shows_the_run(tuned):
    main = json.loads((DATA / "results" / "main_result.json").read_text())
    rows = [row for row in main["rows"] if row["seed"] == 0]
    form = BudgetWidget(HFEngine(*tuned), [QUESTION], budget(64, 1), rows)
    press(form, form.think_button)
    run = form.runs[0]
    expected = f"This run: {verdict(run.answers[-1].right)} after {run.thinking_tokens}"
    assert expected in form.plot.value and "data:image/png" in form.plot.value
    form.close()


def test_the_form_begins_with_the_budget_it_was_given(tuned):
    form = BudgetWidget(HFEngine(*tuned), [QUESTION], Budget(40, 10, "Hold on", 12))
    assert (form.limit.value, form.waits.value, form.own.value) == (40, 10, "Hold on")
    assert form._asked() == Budget(40, 10, "Hold on", 12)
    assert (
        BudgetWidget(HFEngine(*tuned), [QUESTION], Budget(40, 1, None, 12))._asked().string is None
    )
    with pytest.raises(ValueError, match="needs a thinking limit"):
        BudgetWidget(HFEngine(*tuned), [QUESTION], Budget(None))


def test_every_control_is_labelled(form):
    controls = [form.choice, form.question, form.limit, form.waits, form.string, form.own]
    controls += [form.think_button, form.wait_button, form.stop_button]
    assert all(control.description for control in controls)
