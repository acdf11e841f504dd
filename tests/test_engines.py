"""The transformers driver: equal to stop and continue, token for token, with the real model."""

import os
import random
from collections import Counter
from dataclasses import replace

import pytest
import torch
from conftest import CONTEXT
from tokenizers import Tokenizer
from tokenizers.decoders import ByteLevel as ByteLevelDecoder
from tokenizers.models import BPE
from tokenizers.pre_tokenizers import ByteLevel
from transformers import PreTrainedTokenizerFast

from s1lib.errors import CourseError
from s1lib.inference import stop_and_continue
from s1lib.inference.budget import Budget, Thinker, delimiters
from s1lib.inference.engine import Sampling, prepare, suppressed_ids
from s1lib.inference.hf import answer_from_prefix, choose, load, stream, think
from s1lib.inference.stop_and_continue import generate_with
from s1lib.io import DATA

LIMITS, WAITS, STRINGS = (8, 32, 128, None), (0, 1, 2, 4), ("Wait", "Hmm", "Alternatively", None)
# A Latin square: every pair of values stands in one of the 16 settings. The limits 0 and 1 and
# all other combinations are in test_budget.py.
SETTINGS = [
    Budget(limit, waits, STRINGS[(i + j) % 4], max_answer=12)
    for i, limit in enumerate(LIMITS)
    for j, waits in enumerate(WAITS)
]


@pytest.fixture(scope="module")
def reference(exact):
    """Stop and continue with transformers' `generate`; each continuation is generated once.

    Greedy continuations of one text under two lengths are a prefix of each other, so the longest
    so far serves the shorter ones: the first rounds of all settings are the same.
    """
    model, tokenizer = exact
    marks = delimiters(tokenizer)
    generate, known = generate_with(model, tokenizer, marks), {}

    def key(request):
        return tuple(request.text), request.after_wait

    def remembered(requests):
        def enough(request):
            new = known.get(key(request), [])
            return len(new) >= request.most or (new and new[-1] in marks.stop)

        todo = sorted((r for r in requests if not enough(r)), key=lambda r: len(r.text))
        for first in range(0, len(todo), 100):
            some = todo[first : first + 100]
            known.update(zip(map(key, some), generate(some), strict=True))
        return [known[key(r)][: r.most] for r in requests]

    return lambda questions, budget: stop_and_continue.think(
        remembered, tokenizer, questions, budget, CONTEXT
    )


@pytest.mark.parametrize("budget", [SETTINGS[i] for i in (12, 7, 1)], ids=str)
def test_the_engine_equals_stop_and_continue(exact, reference, questions, budget):
    expected = reference(questions[:6], budget)
    assert think(*exact, questions[:6], budget, batch_size=4) == expected


@pytest.mark.slow
@pytest.mark.parametrize("budget", SETTINGS[::-1], ids=str)  # the longest first: see `reference`
def test_the_engine_equals_stop_and_continue_on_the_whole_grid(exact, reference, questions, budget):
    questions = questions if "S1_ALL_QUESTIONS" in os.environ else questions[:80]
    expected = reference(questions, budget)
    assert think(*exact, questions, budget, batch_size=64) == expected
    for size in (1, 16):
        assert think(*exact, questions[:30], budget, batch_size=size) == expected[:30]


@pytest.fixture(scope="module")
def natural(exact, questions):
    """Thoughts that end where the model ends them."""
    return think(*exact, questions[:12], Budget(120, max_answer=12))


@pytest.mark.parametrize("limit", [0, 1, 32, 100])
def test_any_limit_can_be_scored_afterwards(exact, questions, natural, limit):
    fresh = think(*exact, questions[:12], Budget(limit, max_answer=12))
    assert answer_from_prefix(*exact, natural, limit=limit, max_answer=12) == fresh


@pytest.mark.slow
@pytest.mark.parametrize("string", ["Wait", None])
@pytest.mark.parametrize("limit,waits", [(40, None), (None, 0), (None, 1), (64, 1), (99, 2)])
def test_any_smaller_budget_follows_from_one_trace(exact, questions, limit, waits, string):
    longest = think(*exact, questions[:40], Budget(120, 2, string, max_answer=12))
    smaller = Budget(limit or 120, 2 if waits is None else waits, string, max_answer=12)
    fresh = think(*exact, questions[:40], smaller)
    assert answer_from_prefix(*exact, longest, limit, waits, max_answer=12) == fresh


def test_every_token_is_streamed_with_its_row_phase_and_origin(exact, questions):
    model, tokenizer = exact
    budget = Budget(100, 1, max_answer=12)
    jobs, marks, string = prepare(tokenizer, questions[:5], budget, CONTEXT)
    thinkers = [Thinker(job.budget, marks, string) for job in jobs]
    steps = list(stream(model, tokenizer, [job.prompt for job in jobs], thinkers))
    for row, thinker in enumerate(thinkers):
        mine = [step for step in steps if step.row == row]
        assert [s.id for s in mine if s.phase == "thinking"] == thinker.thinking
        assert [s.id for s in mine if s.phase == "answer"] == thinker.answer
        forced = [s.id for s in mine if s.forced]
        closing = marks.final if thinker.hit_limit else marks.answer
        written = [i for i in forced if i != marks.newline]
        assert written == [*marks.think, *string * len(thinker.ends),
                           *[i for i in closing if i != marks.newline]]  # fmt: skip


def test_what_is_streamed_is_what_the_model_saw(exact, questions):
    model, tokenizer = exact
    jobs, marks, string = prepare(tokenizer, questions[:8], Budget(60, 2, max_answer=12), CONTEXT)
    seen: list[int] = []
    hook = model.register_forward_pre_hook(
        lambda module, args, kwargs: seen.extend(kwargs["input_ids"][0].tolist()), with_kwargs=True
    )
    ends = 0
    try:
        for job in jobs:
            seen.clear()
            thinker = Thinker(job.budget, marks, string)
            written = [step.id for step in stream(model, tokenizer, [job.prompt], [thinker])]
            assert seen == (job.prompt + written)[: len(seen)]
            assert len(seen) >= len(job.prompt) + len(written) - 1  # the last token is not fed
            ends += len(thinker.ends)
    finally:
        hook.remove()
    assert ends > 0  # some thoughts were forced to go on


def test_a_stream_stops_at_any_token(exact, questions):
    model, tokenizer = exact
    [job], marks, string = prepare(tokenizer, questions[:1], Budget(100), 2048)
    whole = Thinker(job.budget, marks, string)
    expected = list(stream(model, tokenizer, [job.prompt], [whole]))
    thinker = Thinker(job.budget, marks, string)
    steps = stream(model, tokenizer, [job.prompt], [thinker])
    assert [next(steps) for _ in range(7)] == expected[:7]
    steps.close()
    assert thinker.phase == "thinking" and thinker.thinking == whole.thinking[:5]
    assert list(stream(model, tokenizer, [], [])) == []


def test_sampling_depends_on_the_seed_and_on_no_neighbour(exact, questions):
    warm = Sampling(temperature=1.0, top_p=0.95, seeds=range(8))
    budget = Budget(60, 1, max_answer=12)
    together = think(*exact, questions[:8], budget, batch_size=8, sampling=warm)
    for i in (0, 7):
        alone = Sampling(1.0, 0.95, [i])
        assert think(*exact, [questions[i]], budget, sampling=alone) == [together[i]]
    again = Sampling(1.0, 0.95, seeds=range(100, 108))
    others = think(*exact, questions[:8], budget, sampling=again)
    assert others != together
    several = think(*exact, [questions[0]] * 6, budget, sampling=Sampling(1.0, 1.0, range(6)))
    assert len({t.thinking for t in several}) > 1


@pytest.mark.parametrize("waits", [0, pytest.param(1, marks=pytest.mark.slow)])
def test_a_suppressed_word_is_never_begun_while_thinking(exact, questions, waits):
    model, tokenizer = exact
    budget = Budget(128, waits, "Hmm", max_answer=12)
    mute = Sampling(suppress=("Wait",))
    traces = think(*exact, questions[:12], budget, sampling=mute)
    assert any("Wait" in t.thinking for t in think(*exact, questions[:12], budget))
    assert not any("W" in t.thinking for t in traces)
    bar = tuple(tokenizer.encode("W"))
    generate = generate_with(model, tokenizer, delimiters(tokenizer), bar)
    again = stop_and_continue.think(generate, tokenizer, questions[:12], budget, CONTEXT)
    assert again == traces


def test_all_forms_of_a_suppressed_word_are_barred():
    """A tokenizer with a token for each form, as Qwen2.5's, and the embedded one, of characters."""
    words = BPE(
        {c: i for i, c in enumerate(["W", "w", "a", "i", "t", "Ġ", "ai", "ait", "Wait", "wait",
                                     "ĠWait", "Ġwait", "<|im_start|>"])},
        [("a", "i"), ("ai", "t"), ("W", "ait"), ("w", "ait"), ("Ġ", "Wait"), ("Ġ", "wait")],
    )  # fmt: skip
    tokenizer = Tokenizer(words)
    tokenizer.pre_tokenizer = ByteLevel(add_prefix_space=False)
    tokenizer.decoder = ByteLevelDecoder()
    fast = PreTrainedTokenizerFast(tokenizer_object=tokenizer)
    _, embedded = load(DATA / "sft")
    mute, marks = Sampling(suppress=("Wait",)), delimiters(embedded)
    none = replace(marks, turn=frozenset(), control=frozenset(), end=-1)
    barred = suppressed_ids(fast, mute, none)
    assert {fast.decode([i]) for i in barred} == {"Wait", "wait", " Wait", " wait"}
    assert suppressed_ids(embedded, mute, marks) == tuple(embedded.encode("W"))


def test_a_suppressed_word_may_stand_in_the_answer(questions):
    """A model that wants to write nothing but W."""
    model, tokenizer = load(DATA / "sft")
    w = tokenizer.encode("W")[0]

    def wish(module, args, logits):
        logits[..., w] += 1e6
        return logits

    model.lm_head.register_forward_hook(wish)
    mute = Sampling(suppress=("Wait",))
    traces = think(model, tokenizer, questions[:4], Budget(20, max_answer=12), sampling=mute)
    assert {t.answer for t in traces} == {"W" * 12} and not any("W" in t.thinking for t in traces)


def test_tokens_are_drawn_as_often_as_their_chances_say():
    logits = torch.log(torch.tensor([[0.05, 0.5, 0.15, 0.3]]))
    dice, n = random.Random(0), 4000
    draws = [dice.random() for _ in range(n)]

    def shares(sampling):
        counts = Counter(choose(logits.repeat(n, 1), sampling, draws))
        return [round(counts[i] / n, 2) for i in range(4)]

    assert shares(Sampling(1.0, 1.0)) == pytest.approx([0.05, 0.5, 0.15, 0.3], abs=0.03)
    # the smallest set that reaches 0.7 is {1, 3}; at temperature 1/2 the chances are squared
    assert shares(Sampling(1.0, 0.7)) == pytest.approx([0, 0.625, 0, 0.375], abs=0.03)
    squares = [0.0025, 0.25, 0.0225, 0.09]
    expected = [s / sum(squares) for s in squares]
    assert shares(Sampling(0.5, 1.0)) == pytest.approx(expected, abs=0.03)
    assert shares(Sampling(0.0)) == [0, 1, 0, 0]
    assert choose(logits, Sampling(1.0, 1.0), [1 - 1e-16]) == [0]  # the least likely, never none


def test_control_tokens_and_unused_embeddings_are_never_sampled(questions):
    """A model that wants nothing else: the pad token, and embeddings beyond the tokenizer."""
    model, tokenizer = load(DATA / "sft")
    marks = delimiters(tokenizer)
    model.resize_token_embeddings(len(tokenizer) + 8)
    unwanted = [*marks.control, *range(len(tokenizer), len(tokenizer) + 8)]

    def wish(module, args, logits):
        logits[..., unwanted] += 1e6
        return logits

    model.lm_head.register_forward_hook(wish)
    for sampling in (Sampling(), Sampling(1.0, 1.0, range(4))):
        traces = think(
            model, tokenizer, questions[:4], Budget(20, 1, max_answer=12), sampling=sampling
        )
        assert not {token for trace in traces for token in trace.ids} & set(unwanted)
        assert all(trace.thinking_tokens for trace in traces)


@pytest.mark.parametrize(
    "questions,budget,sampling,message",
    [
        (["a", " \n"], Budget(8, max_answer=12), Sampling(), "a question is empty"),
        (["x" * 400], Budget(8, max_answer=12), Sampling(), "the question is too long"),
        (["x"], Budget(8, max_answer=400), Sampling(), "lower max_answer"),
        (["x"], Budget(5000, max_answer=12), Sampling(), "room for .* Lower max_thinking"),
        (["x"], Budget(8, 1, "<|im_end|>", 12), Sampling(), "holds control tokens"),
        (["x"], Budget(8, max_answer=12), Sampling(suppress=("<|im_end|>",)), "plain words"),
        (["x"], Budget(8, max_answer=12), Sampling(0.7), "one seed per question: 0 for 1"),
        (["x"], Budget(8, max_answer=12), Sampling(0.7, seeds=[1, 2]), "2 for 1"),
    ],
)
def test_bad_input_is_refused_before_any_work(exact, questions, budget, sampling, message):
    model, tokenizer = exact
    hook = model.register_forward_pre_hook(lambda *_: pytest.fail("the model was run"))
    try:
        with pytest.raises((CourseError, ValueError), match=message):
            think(model, tokenizer, questions, budget, sampling=sampling)
    finally:
        hook.remove()


@pytest.mark.parametrize(
    "settings",
    [{"temperature": -1}, {"top_p": 0}, {"top_p": 1.1}, {"suppress": "Wait"}, {"suppress": ("",)}],
)
def test_bad_sampling_is_refused(settings):
    with pytest.raises(ValueError, match=next(iter(settings))):
        Sampling(**settings)


def test_a_string_that_tokenizes_to_nothing_is_refused(exact):
    class Deaf:  # a tokenizer that drops the string
        def __init__(self, real):
            self.real = real

        def __getattr__(self, name):
            return getattr(self.real, name)

        def __len__(self):
            return len(self.real)

        def encode(self, text, **settings):
            return self.real.encode(text.replace("Wait", ""), **settings)

    model, tokenizer = exact
    with pytest.raises(ValueError, match="cannot write 'Wait' as it stands"):
        think(model, Deaf(tokenizer), ["x"], Budget(8, 1, max_answer=12))
