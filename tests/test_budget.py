"""Budget forcing on scripted tokens: no model."""

import itertools
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from s1lib.chat import build_tokenizer
from s1lib.inference.budget import (
    Budget,
    Delimiters,
    Thinker,
    delimiters,
    force_answer,
    resume_thinking,
)
from s1lib.inference.engine import prepare, trace_from
from s1lib.inference.stop_and_continue import think

MARKS = Delimiters(
    think=(90, 91), end=90, turn=frozenset({99}), answer=(90, 92), final=(90, 92, 93),
    newline=10, newlines=frozenset({10, 11}), control=frozenset({80}),
)  # fmt: skip
WAIT = (50, 51)


def drive(thinker: Thinker, script: list[int]) -> list[int]:
    """Feed scripted tokens, as a model would sample them; returns the text after the prompt."""
    text, tokens = list(thinker.opening), iter(script)
    while thinker.phase != "done":
        token = next(tokens, 99)
        text += thinker.push(1 if token in thinker.disallowed else token)
    return [token.id for token in text]


@pytest.mark.parametrize(
    "budget,script,expected,stops",
    [
        # the model's own end: its stop token is replaced by the answer delimiter
        (Budget(None), [1, 2, 90, 7, 99], [90, 91, 1, 2, 90, 92, 7], ["end"]),
        # one Wait, then its own end
        (Budget(None, 1), [1, 90, 2, 90, 7], [90, 91, 1, 50, 51, 2, 90, 92, 7], ["end", "end"]),
        # the limit cuts and asks for the final answer, on a new line
        (Budget(2), [1, 2, 3], [90, 91, 1, 2, 10, 90, 92, 93, 3], ["limit"]),
        (Budget(2), [1, 11, 3], [90, 91, 1, 11, 90, 92, 93, 3], ["limit"]),
        # without a string the end is ignored and nothing is appended
        (Budget(None, 1, None), [1, 90, 2, 90, 7], [90, 91, 1, 2, 90, 92, 7], ["end", "end"]),
        # a Wait that does not fit is not begun; one that just fits is
        (Budget(2, 1), [1, 90, 7], [90, 91, 1, 90, 92, 7], ["end"]),
        (Budget(3, 1), [1, 90, 7], [90, 91, 1, 50, 51, 10, 90, 92, 93, 7], ["end", "limit"]),
        # at least one token after a Wait: the end that the script wants there is barred
        (Budget(None, 1), [1, 90, 90, 90, 7], [90, 91, 1, 50, 51, 1, 90, 92, 7], ["end", "end"]),
        # weak points of the harness, and what happens here:
        # - its limit starts again after each Wait; ours is one total over all rounds
        (Budget(5, 2), [1, 90, 2, 90, 7], [90, 91, 1, 50, 51, 2, 90, 92, 7], ["end", "end"]),
        # - it indexes into an empty text when nothing was sampled before the cut
        (Budget(0), [3, 99], [90, 91, 10, 90, 92, 93, 3], ["limit"]),
        # - an end of turn inside the thinking passes for an end of thinking: it is recorded
        (Budget(None), [1, 99, 7, 99], [90, 91, 1, 90, 92, 7], ["turn"]),
        # - control tokens without text could be sampled
        (Budget(None), [80, 90, 80], [90, 91, 1, 90, 92, 1], ["end"]),
        # - a cut gave no answer part: every run ends with one, be it empty
        (Budget(1), [5, 99], [90, 91, 5, 10, 90, 92, 93], ["limit"]),
    ],
)
def test_table(budget, script, expected, stops):
    thinker = Thinker(budget, MARKS, () if budget.string is None else WAIT)
    assert drive(thinker, [*script, 99]) == expected
    assert thinker.stops == stops
    assert thinker.hit_limit == (stops[-1] == "limit")


def test_each_token_says_its_phase_and_whether_it_was_forced():
    thinker = Thinker(Budget(None, waits=1), MARKS, WAIT)
    text = [*thinker.opening, *thinker.push(1), *thinker.push(90)]
    assert thinker.disallowed == MARKS.control | MARKS.stop
    text += [*thinker.push(2), *thinker.push(99), *thinker.push(7)]
    assert thinker.disallowed == MARKS.control
    assert thinker.push(99) == [] and thinker.phase == "done"
    expected = [
        ("delimiter", True), ("delimiter", True), ("thinking", False), ("thinking", True),
        ("thinking", True), ("thinking", False), ("delimiter", True), ("delimiter", True),
        ("answer", False),
    ]  # fmt: skip
    assert [(t.phase, t.forced) for t in text] == expected
    with pytest.raises(ValueError, match="complete"):
        thinker.push(1)


def test_a_thought_can_be_closed_and_reopened_by_hand():
    assert drive(force_answer(Budget(8), MARKS, [1, 2], "end"), [7]) == [90, 92, 7]
    cut = force_answer(Budget(8), MARKS, [1, 2], "limit")
    assert drive(cut, [7]) == [10, 90, 92, 93, 7] and cut.stops == ["limit"]
    thinker = resume_thinking(Budget(8), MARKS, WAIT, [1, 2])
    assert thinker.disallowed >= MARKS.stop
    assert drive(thinker, [3, 90, 7]) == [50, 51, 3, 90, 92, 7]
    assert thinker.thinking == [1, 2, 50, 51, 3] and thinker.ends == [2]
    with pytest.raises(ValueError, match="room for 1 more"):
        resume_thinking(Budget(3), MARKS, WAIT, [1, 2])


GRID = list(
    itertools.product(
        (0, 1, 8, 32, 128, None), (0, 1, 2, 4), ("Wait", "Hmm", "Alternatively", None)
    )
)


@given(
    setting=st.sampled_from(GRID),
    script=st.lists(st.sampled_from([1, 2, 10, 80, 90, 99]), max_size=200),
)
def test_invariants(setting, script):
    limit, waits, string = setting
    ids = tuple(range(50, 50 + len(string or "")))
    budget = Budget(limit, waits, string, max_answer=4)
    thinker = Thinker(budget, MARKS, ids)
    text = drive(thinker, script)
    n = len(thinker.thinking)
    assert limit is None or n <= limit
    assert thinker.hit_limit == (n == limit)
    # exactly as many Waits as asked for, unless the limit bound
    assert len(thinker.ends) <= waits
    if len(thinker.ends) < waits:
        assert limit is not None and (thinker.hit_limit or n + len(ids) > limit)
    # each ignored end is followed by the whole string, and by a token that the model wrote
    for at, end in enumerate(thinker.ends):
        assert tuple(thinker.thinking[end : end + len(ids)]) == ids
        later = thinker.ends[at + 1] if at + 1 < len(thinker.ends) else n
        assert later > end + len(ids) or thinker.hit_limit
    assert len(thinker.stops) == len(thinker.ends) + 1
    # the text is the opening, the thinking, one closing and the answer: nothing else
    closing = list(MARKS.final if thinker.hit_limit else MARKS.answer)
    if thinker.hit_limit and not (n and thinker.thinking[-1] == 10):
        closing = [10, *closing]
    assert text == [90, 91, *thinker.thinking, *closing, *thinker.answer]
    assert not {80, 90, 99} & {*thinker.thinking, *thinker.answer}
    assert len(thinker.answer) <= 4


class ScriptedModel:
    """Samples from a distribution that depends on the whole text so far, always alike."""

    def __init__(self, tokenizer, marks):
        self.stops = sorted(marks.stop)
        self.words = tokenizer.encode("ab\n", add_special_tokens=False)

    def sample(self, text, barred):
        dice = random.Random(str(text))
        token = dice.choice(self.words * 3 + self.stops[: dice.randint(0, 2)])
        return self.words[0] if token in barred else token

    def generate(self, requests):
        return [self.one(request) for request in requests]

    def one(self, request):
        new = []
        while len(new) < request.most and (not new or new[-1] not in self.stops):
            barred = self.stops if request.after_wait and not new else ()
            new.append(self.sample(request.text + new, barred))
        return new


@pytest.mark.parametrize("limit,waits,string", GRID)
def test_the_machine_writes_what_stop_and_continue_writes(limit, waits, string):
    tokenizer = build_tokenizer()
    questions = [f"question {i}?" for i in range(20)]
    budget = Budget(limit, waits, string, max_answer=5)
    jobs, marks, ids = prepare(tokenizer, questions, budget, context=300)
    model = ScriptedModel(tokenizer, marks)
    reference = think(model.generate, tokenizer, questions, budget, context=300)
    for job, expected in zip(jobs, reference, strict=True):
        thinker = Thinker(job.budget, marks, ids)
        text = job.prompt + [t.id for t in thinker.opening]
        while thinker.phase != "done":
            text += [t.id for t in thinker.push(model.sample(text, thinker.disallowed))]
        assert trace_from(tokenizer, job.question, thinker) == expected


@pytest.mark.parametrize(
    "settings",
    [
        {"max_thinking": -1},
        {"max_thinking": 1.5},
        {"max_thinking": "8"},
        {"waits": -1},
        {"waits": True},
        {"waits": None},
        {"string": ""},
        {"string": 5},
        {"max_answer": "3"},
        {"max_answer": 0},
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
    stops = {"<|im_start|>", "<|im_end|>", "<|endoftext|>"}
    assert {tokenizer.decode([i]) for i in marks.stop} == stops
    assert tokenizer.decode([marks.end]) == "<|im_start|>"
    assert [tokenizer.decode([i]) for i in marks.newlines] == ["\n"]
    assert [tokenizer.decode([i]) for i in marks.control] == ["<|fim_pad|>"]
