"""Budget forcing on scripted tokens: no model."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from s1lib.budget import Budget, Delimiters, Thinker, delimiters
from s1lib.chat import build_tokenizer

MARKS = Delimiters(
    think=(90, 91), stop=frozenset({90, 99}), answer=(90, 92), final=(90, 92, 93), newline=10
)
WAIT = (50, 51)


def drive(budget: Budget, script: list[int], string=WAIT) -> tuple[Thinker, list[int]]:
    """Feed scripted tokens whenever the queue is empty; returns the text after `think`."""
    thinker, text, tokens = Thinker(budget, MARKS, string), [], iter(script)
    while thinker.phase != "done" or thinker.queue:
        if thinker.queue:
            text.append(thinker.queue.pop(0))
            continue
        token = next(tokens, 99)
        if token in thinker.barred:
            token = 1
        thinker.push(token)
    return thinker, text


@pytest.mark.parametrize(
    "budget,script,expected",
    [
        # the model's own end: its stop token is replaced by the answer delimiter
        (Budget(None), [1, 2, 90, 7, 99], [1, 2, 90, 92, 7]),
        # an end of turn inside the thinking is an end of thinking too
        (Budget(None), [1, 99, 7, 99], [1, 90, 92, 7]),
        # one Wait, then its own end
        (Budget(None, waits=1), [1, 90, 2, 90, 7, 99], [1, 50, 51, 2, 90, 92, 7]),
        # the limit cuts and asks for the final answer, on a new line
        (Budget(2), [1, 2, 3], [1, 2, 10, 90, 92, 93, 3]),
        (Budget(2), [1, 10, 3], [1, 10, 90, 92, 93, 3]),
        # nothing sampled before a forced end is no error
        (Budget(0), [3, 99], [10, 90, 92, 93, 3]),
        # a Wait that would leave no room is not begun
        (Budget(3, waits=1), [1, 90, 7, 99], [1, 90, 92, 7]),
        (Budget(4, waits=1), [1, 90, 2, 7], [1, 50, 51, 2, 10, 90, 92, 93, 7]),
        # without a string the end is ignored and nothing is appended
        (Budget(None, waits=1, string=None), [1, 90, 2, 90, 7], [1, 2, 90, 92, 7]),
    ],
)
def test_table(budget, script, expected):
    string = () if budget.string is None else WAIT
    assert drive(budget, [*script, 99], string)[1] == expected


def test_after_a_wait_the_end_is_barred_once():
    thinker = Thinker(Budget(None, waits=2), MARKS, WAIT)
    thinker.push(90)
    assert thinker.barred == MARKS.stop and thinker.queue == [50, 51]
    thinker.push(1)
    assert not thinker.barred


GRID = itertools.product((0, 1, 8, 32, None), (0, 1, 2, 4), (WAIT, ()))


@pytest.mark.parametrize("limit,waits,string", list(GRID))
@given(script=st.lists(st.sampled_from([1, 2, 10, 90, 99]), max_size=60))
def test_invariants(limit, waits, string, script):
    budget = Budget(limit, waits, "Wait" if string else None, max_answer=4)
    thinker, text = drive(budget, script, string)
    assert limit is None or len(thinker.thinking) <= limit
    assert len(thinker.ends) <= waits
    if not thinker.hit_limit and limit is None:
        assert len(thinker.ends) == waits
    assert not MARKS.stop & set(thinker.thinking)
    closing = list(MARKS.final if thinker.hit_limit else MARKS.answer)
    assert any(text[i : i + len(closing)] == closing for i in range(len(text)))
    assert text[: len(thinker.thinking)] == thinker.thinking
    assert len(thinker.answer) <= 4


@pytest.mark.parametrize(
    "settings",
    [
        {"max_thinking": -1},
        {"max_thinking": 1.5},
        {"waits": -1},
        {"waits": True},
        {"string": ""},
        {"max_answer": "3"},
    ],
)
def test_bad_budgets_are_refused(settings):
    with pytest.raises(ValueError, match=next(iter(settings))):
        Budget(**settings)


def test_delimiters_are_those_of_s1():
    tokenizer = build_tokenizer()
    marks = delimiters(tokenizer)
    assert tokenizer.decode(marks.think) == "<|im_start|>think"
    assert tokenizer.decode(marks.answer) == "<|im_start|>answer"
    assert tokenizer.decode(marks.final) == "<|im_start|>answer\nFinal Answer:"
    assert {tokenizer.decode([i]) for i in marks.stop} == {
        "<|im_start|>",
        "<|im_end|>",
        "<|endoftext|>",
    }
