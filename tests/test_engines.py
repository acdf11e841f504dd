"""The transformers driver: equal to stop and continue, token for token, with the real model."""

import random
from collections import Counter

import pytest
import torch

from s1lib.budget import Budget, Thinker, delimiters
from s1lib.engines.common import Sampling, prepare
from s1lib.engines.rounds import generate_with, think_in_rounds
from s1lib.engines.transformers import choose, load, rescore, stream, think
from s1lib.store import DATA, CourseError, read_rows

LIMITS, WAITS, STRINGS = (8, 32, 128, None), (0, 1, 2, 4), ("Wait", "Hmm", "Alternatively", None)
# A Latin square: every pair of values stands in one of the 16 settings. The limits 0 and 1 and
# all other combinations are in test_budget.py.
SETTINGS = [
    Budget(limit, waits, STRINGS[(i + j) % 4], max_answer=12)
    for i, limit in enumerate(LIMITS)
    for j, waits in enumerate(WAITS)
]
CONTEXT = 400  # tokens, so that a budget without a limit ends soon


@pytest.fixture(scope="module")
def exact():
    """The fine-tuned model in float64: batches of different shapes round alike."""
    model, tokenizer = load(DATA / "sft")
    model.config.max_position_embeddings = CONTEXT
    return model.double(), tokenizer


@pytest.fixture(scope="module")
def questions():
    return [row["question"] for row in read_rows(DATA / "dev.jsonl")[:300]]


@pytest.fixture(scope="module")
def reference(exact):
    """Stop and continue with transformers' `generate`; each continuation is generated once.

    Greedy continuations of one text under two lengths are a prefix of each other, so the longest
    so far serves the shorter ones: the first rounds of all settings are the same.
    """
    model, tokenizer = exact
    marks = delimiters(tokenizer)
    generate, known = generate_with(model, tokenizer, marks), {}

    def remembered(texts, most, at_least_one):
        keys = [(tuple(text), at_least_one) for text in texts]

        def enough(key, n):
            new = known.get(key, [])
            return len(new) >= n or (new and new[-1] in marks.stop)

        todo = [i for i, key in enumerate(keys) if not enough(key, most[i])]
        todo.sort(key=lambda i: len(texts[i]))
        for first in range(0, len(todo), 100):
            some = todo[first : first + 100]
            news = generate([texts[i] for i in some], [most[i] for i in some], at_least_one)
            known.update({keys[i]: new for i, new in zip(some, news, strict=True)})
        return [known[key][:n] for key, n in zip(keys, most, strict=True)]

    return lambda questions, budget: think_in_rounds(
        remembered, tokenizer, questions, budget, CONTEXT
    )


@pytest.mark.parametrize("budget", SETTINGS[::-1], ids=str)  # the longest first: see `reference`
def test_the_driver_equals_stop_and_continue(exact, reference, questions, budget):
    expected = reference(questions, budget)
    assert think(*exact, questions, budget, batch_size=64) == expected
    for size in (1, 16):
        assert think(*exact, questions[:30], budget, batch_size=size) == expected[:30]
