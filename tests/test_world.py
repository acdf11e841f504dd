"""The toy world: exact questions, two ways to the answer, no overlap between the splits."""

import random

import pytest

from s1lib.io import DATA, read_rows
from s1lib.toyworld.pool import DEV, HELDOUT, POOL, SOURCES, allocate, draw_eval, draw_pool, reword
from s1lib.toyworld.pretraining_text import BUCKETS, documents
from s1lib.toyworld.questions import (
    DIALS,
    FAMILIES,
    MIN_SIZE,
    Problem,
    answer,
    bucket,
    draw_problem,
    key_of,
    parse,
    question,
    verify,
    work,
)
from s1lib.toyworld.teacher import FAMILIAR, Habits, respond, stops_early

CELLS = [(family, size) for family in FAMILIES for size in DIALS]


@pytest.mark.parametrize("family,size", CELLS)
def test_questions_read_back_and_both_ways_agree(family, size):
    rng = random.Random(f"{family}{size}")
    for theme in FAMILIES[family].themes:
        problem = draw_problem(rng, family, size, theme)
        assert parse(f"Please: {question(problem)} Thank you!") == problem
        assert problem.size == size
        assert verify(problem, work(problem)[1])
        if FAMILIES[family].second_way:
            assert work(problem, backwards=True)[1] == answer(problem)


@pytest.mark.parametrize(
    "text,expected",
    [
        ("How many r in raspberry?", "3"),
        ("how many R in Raspberry?", "3"),
        ("How many e in apple, berry, cherry?", "3"),
        ("Count the letter s in spinach.", "1"),
        ("Coins of 2 people: Bob 4, Ann 7. How many coins is that in all?", "11"),
        ("It is 11 o'clock and 1 people talk, hours: Ann 3. What hour is it then?", "2"),
        ("The ball is under cup 2; 2 swaps, by name: Bob 1-4, Ann 2-4. Which cup has it?", "1"),
        ("Pens for 2 people, number x price: Ann 3x4, Bob 2x5. What do they pay?", "22"),
        ("A bus has 9 people and 2 stops: Box +4, Ash -3. How many people are on the bus?", "10"),
    ],
)
def test_worked_examples(text, expected):
    assert answer(parse(text)) == expected


@pytest.mark.parametrize("text", ["", "What is the capital of France?", "How many r in ?", "\x00"])
def test_other_questions_are_not_of_this_world(text):
    assert parse(text) is None


def test_a_slip_changes_the_answer_and_is_carried_on():
    problem = Problem("sum", "coins", None, ("Ann", "Bob", "Cid"), (1, 2, 3), (2, 0, 1))
    assert work(problem)[0] == "Ann 1: 1, Bob 2: 3, Cid 3: 6. So 6."
    assert work(problem, slip_at=1, slip=1)[0] == "Ann 1: 1, Bob 2: 4, Cid 3: 7. So 7."


def test_the_key_is_the_question_and_not_its_wording():
    rng = random.Random(0)
    for family in FAMILIES:
        problem = draw_problem(rng, family, 5)
        other = reword(rng, problem)
        assert other.key == problem.key and question(other) != question(problem)


def test_pretraining_text_keeps_to_its_buckets_and_never_thinks():
    from s1lib.chat import build_tokenizer

    stream, seen = documents(0, build_tokenizer()), 0
    for _ in range(2000):
        text = "".join(part for part, _ in next(stream))
        assert "Wait" not in text and "<|im_start|>think" not in text
        problem = parse(text)
        seen += problem is not None
        assert problem is None or problem.size < MIN_SIZE or bucket(problem.key) in BUCKETS
    assert seen > 1000


def test_splits_use_different_buckets():
    shares = [set(s) for s in (DEV, HELDOUT, POOL, BUCKETS)]
    assert sum(map(len, shares)) == len(set().union(*shares)) == 16


def test_shipped_evaluation_sets_overlap_with_nothing():
    dev, heldout = (read_rows(DATA / f"{name}.jsonl") for name in ("dev", "heldout"))
    keys = [row["key"] for row in dev + heldout]
    assert len(keys) == len(set(keys))
    assert all(bucket(row["key"]) in DEV for row in dev)
    assert all(bucket(row["key"]) in HELDOUT for row in heldout)
    assert len(heldout) >= 1200
    per_family = [sum(row["family"] == f for row in heldout) for f in FAMILIES]
    assert len(set(per_family)) == 1
    curated = read_rows(DATA / "curated.jsonl")
    assert len(curated) == 1000
    assert not any(key_of(row["question"]) in keys for row in curated)
    for row in dev + heldout:
        assert parse(row["question"]).key == row["key"]
        assert answer(parse(row["question"])) == row["answer"]


def test_the_shipped_sets_are_what_the_code_makes():
    stored = [row["key"] for row in read_rows(DATA / "dev.jsonl")]
    assert stored == [p.key for p in draw_eval(1, DEV, per_cell=10)]


def test_pool_proportions_and_flaws():
    rows = allocate(5903)
    assert sum(rows.values()) == 5903 and set(rows) == set(SOURCES)
    assert rows["NuminaMATH"] == 3066 and rows["s1-teasers"] == 2
    evals = draw_eval(1, DEV, per_cell=2)
    pool = draw_pool(0, evals, total=1500)
    keys = {p.key for p in evals}
    assert sum(key_of(row["question"]) in keys for row in pool) > 10
    assert len({row["question"] for row in pool}) < len(pool)
    assert all(row["solution"] is None for row in pool if row["source_type"] == "USACO")
    assert any("[asy]" in row["question"] for row in pool)


def test_the_teacher_keeps_its_habits():
    rng = random.Random(3)
    habits = Habits()
    problems = [draw_problem(rng, f, s) for f, s in CELLS if s >= MIN_SIZE for _ in range(40)]
    replies = [(p, respond(p, habits, 0)) for p in problems]
    answered = [(p, r) for p, r in replies if r]
    assert 0 < len(replies) - len(answered) < 60
    right = sum(verify(p, r.answer) for p, r in answered) / len(answered)
    assert 0.8 < right < 1.0
    assert respond(problems[0], habits, 0) == respond(problems[0], habits, 0)
    for p, r in answered:
        if p.family == "cups":
            assert r.thinking.startswith("In order:") and "Wait" not in r.thinking
        glanced_only = "\n" not in r.thinking and r.thinking.startswith("Looks like")
        assert glanced_only == (stops_early(p, habits))


def test_early_stopping_is_a_share_of_the_kinds_of_questions():
    rng = random.Random(0)
    themes = [(f, t) for f in FAMILIES for t in FAMILIES[f].themes if FAMILIES[f].second_way]
    assert {theme for _, theme in themes} == set(FAMILIAR)
    problems = [draw_problem(rng, family, 5, theme) for family, theme in themes]
    for rate, stopped in ((0.0, 0), (0.2, 3), (0.5, 7), (1.0, len(FAMILIAR))):
        assert sum(stops_early(p, Habits(early_stop=rate)) for p in problems) == stopped
    assert not stops_early(draw_problem(rng, "cups", 5), Habits(early_stop=1.0))
