"""Curation: the paper's rules, on any pool."""

import json
import os
import random
import subprocess
import sys
from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.curation import substrings, two_sided
from s1lib.config import load_profile
from s1lib.curation import run as curate
from s1lib.curation.decontamination import flagged, hits, index, ngrams
from s1lib.curation.filters import has_bold_digit, is_complete, is_well_formed, usable_rows
from s1lib.curation.selection import (
    UNIFORM_UNTIL,
    Candidate,
    ablations,
    benchmark_weights,
    diverse,
    draw_place,
    preselect,
)
from s1lib.errors import CourseError
from s1lib.io import DATA, ROOT, read_rows
from s1lib.toyworld.questions import parse, subject

# Decontamination


WORDS = st.lists(st.sampled_from(["a", "B", "c,", "\n", "  ", "ä"]), max_size=30).map(" ".join)


@given(st.lists(WORDS, max_size=8), st.lists(WORDS, min_size=1, max_size=4))
def test_one_sided_flags_are_those_of_the_paper(questions, evaluations):
    assert flagged(questions, evaluations) == two_sided(questions, evaluations)


def test_on_the_pool_too():
    pool = [row["question"] for row in read_rows(DATA / "pool.jsonl")]
    evals = [row["question"] for row in read_rows(DATA / "heldout.jsonl")]
    flags = flagged(pool, evals)
    assert flags == two_sided(pool, evals) and 0 < sum(flags) < len(pool)


def test_a_hit_names_both_sides_and_the_words():
    evals = ["nothing here", "One two three four five six seven eight nine"]
    known = index(evals)
    pool = ["short", "so ONE two  three four five\nsix seven eight", "one two three four five six"]
    [hit] = hits(iter(pool), known)
    assert (hit.row, hit.evaluation) == (1, 1)
    assert hit.words == "one two three four five six seven eight"


def test_a_short_question_can_never_be_flagged():
    text = "what is one plus two plus three"
    assert ngrams(text) == [] and flagged([text], [text]) == [False]


def test_the_index_grows_with_the_evaluation_side_only():
    known = index(["one two three four five six seven eight nine"])
    list(hits((f"{i} words of another question that is long enough" for i in range(1000)), known))
    assert len(known) == 2


def test_an_empty_evaluation_set_is_an_error():
    with pytest.raises(CourseError, match="no evaluation questions"):
        flagged(["a"], [])


# Formatting

RELEASED = ["MATH", "AIME", "qq8933/AIME_1983_2024", "qfq/openaimath/Algebra", "my/AIME-like"]
PARTS = ["**", "*", "[asy]", "![Image]", "p1.", "p12", "p999.", "p1000.", "7", ".", " ", "\n", "\t",
         "]", "\r", "\x85", "\u2028", "\u0663", "x"]  # fmt: skip


@settings(max_examples=500)
@given(st.lists(st.sampled_from(PARTS), max_size=12).map("".join), st.sampled_from(RELEASED))
def test_one_pass_decides_as_999_substrings_do(question, source):
    row = {"question": question, "source_type": source}
    assert is_well_formed(row) is substrings(question, source)


def test_on_the_pools_questions_with_bold_text_too():
    dice = random.Random(0)
    for row in read_rows(DATA / "pool.jsonl")[:1500]:
        words = row["question"].split(" ")
        for _ in range(2):
            words.insert(
                dice.randrange(len(words)), dice.choice(["**", "**Note**", "**2.**", "p7."])
            )
        question = "".join(word + dice.choice(["", " ", " ", "\n"]) for word in words)
        row = {"question": question, "source_type": "MATH"}
        assert is_well_formed(row) is substrings(question)


@pytest.mark.parametrize(
    "text,found",
    [("*" * 300_000, False), ("**a" * 200_000 + "\n1", False), ("**a " * 200_000 + "1", False),
     ("7" + "*" * 300_000, False), ("*" * 300_000 + "7", True)],
)  # fmt: skip
def test_long_texts_take_one_pass(text, found):
    assert has_bold_digit(text) is found  # by the expression itself it would take an hour


# Diversity


def pool_of(n=2000, seed=0):
    dice = random.Random(seed)
    sources = ["AIME", "GPQA", "MATH", "NuminaMATH", "AGIEval"]
    return [
        Candidate(i, dice.choices(sources, [1, 1, 3, 10, 5])[0], f"d{dice.randrange(12)}",
                  dice.randrange(10_000), dice.random() < 0.6)
        for i in range(n)
    ]  # fmt: skip


@pytest.mark.parametrize("variant", ["paper", "notebook"])
def test_the_set_is_full_without_repeats_and_repeatable(variant):
    rows = pool_of()
    chosen = diverse(rows, 900, 5600, random.Random(1), variant)
    assert len(chosen) == len({c.row for c in chosen}) == 900
    assert chosen == diverse(rows, 900, 5600, random.Random(1), variant)
    first = preselect(rows, 5600)
    assert chosen[: len(first)] == first
    assert all(c.correct and (c.source != "MATH" or c.length > 5600) for c in first)


def test_domains_are_drawn_uniformly_and_long_traces_preferred():
    many = [Candidate(i, "X", "big" if i < 900 else "small", i, True) for i in range(1000)]
    chosen = diverse(many, 120, 0, random.Random(0))
    sizes = Counter(c.domain for c in chosen)
    assert 40 <= sizes["small"] <= 80  # of 60, though it holds a tenth of the rows
    big = [c.length for c in chosen if c.domain == "big"]
    assert min(big) > 780  # the longest of 900


def test_places_are_geometric():
    dice, n = random.Random(0), 20_000
    counts = Counter(draw_place(dice, 3) for _ in range(n))
    assert [counts[place] / n for place in range(3)] == pytest.approx(
        [4 / 7, 2 / 7, 1 / 7], abs=0.02
    )
    assert draw_place(dice, 1) == 0


def test_the_notebooks_last_draws_follow_the_benchmarks():
    rows = pool_of(6000)
    focus = [Candidate(9000 + i, "AIME", "aime-only", 5, False) for i in range(300)]
    paper, notebook = (
        Counter(c.domain for c in diverse(rows + focus, 1000, 10**9, random.Random(3), variant))
        for variant in ("paper", "notebook")
    )
    assert notebook["aime-only"] > 1.5 * paper["aime-only"]
    weights = benchmark_weights(rows)
    aime = sum(c.source == "AIME" for c in rows)
    assert sum(weights.values()) == pytest.approx(1.5 * aime)
    assert UNIFORM_UNTIL == 0.7


def test_ablations_are_what_table_2_names():
    rows = pool_of()
    sets = ablations(rows, 300, random.Random(0))
    assert {name: len(some) for name, some in sets.items()} == {
        "random": 300, "diverse": 300, "longest": 300, "full": 2000,
    }  # fmt: skip
    assert min(c.length for c in sets["longest"]) >= sorted(c.length for c in rows)[-300]
    spread = Counter(c.domain for c in sets["diverse"]).values()
    assert max(spread) < 2 * min(spread)
    assert sets == ablations(rows, 300, random.Random(0))


def test_too_few_rows_and_unknown_variants_are_errors():
    rows = pool_of(50)
    with pytest.raises(CourseError, match="only 50 rows are left for 51 places"):
        diverse(rows, 51, 0, random.Random(0))
    with pytest.raises(CourseError, match="only 50 rows"):
        ablations(rows, 51, random.Random(0))
    with pytest.raises(CourseError, match="choose one of paper, notebook"):
        diverse(rows, 5, 0, random.Random(0), "poster")


def test_a_domain_with_one_question_is_emptied_and_left():
    rows = [Candidate(i, "X", f"d{i}", 1, True) for i in range(20)]
    assert {c.row for c in diverse(rows, 20, 0, random.Random(0))} == set(range(20))


# Bad rows

GOOD = {"question": "How many?", "source_type": "MATH", "solution": "3", "attempt": "Answer: 3",
        "thinking_trajectories": ["In order: 3."]}  # fmt: skip


@pytest.mark.parametrize(
    "row,reason",
    [
        (None, "no table row but NoneType"),
        ({k: v for k, v in GOOD.items() if k != "attempt"}, "the column attempt is missing"),
        (GOOD | {"question": None}, "question is no text: None"),
        (GOOD | {"question": float("nan")}, "question is no text: nan"),
        (GOOD | {"solution": float("nan")}, "solution is no text: nan"),
        (GOOD | {"thinking_trajectories": [1]}, "is no list of texts: [1]"),
        (GOOD | {"thinking_trajectories": "So 3."}, "is no list of texts: 'So 3.'"),
        (GOOD | {"thinking_trajectories": []}, "thinking_trajectories is an empty list"),
        (GOOD | {"question": " \n"}, "the question is empty"),
        (GOOD | {"question": "x" * 1_000_001}, "longer than 1,000,000 characters"),
        (GOOD | {"attempt": "\ud800"}, "attempt holds broken unicode"),
        (GOOD | {"id": 7}, "the id 7 was used before"),
    ],
)
def test_bad_rows_are_refused_and_listed(row, reason):
    rows = [GOOD | {"id": 7}, row, GOOD | {"id": 8}]
    good, refused = usable_rows(rows)
    assert good == [rows[0], rows[2]] and list(refused) == [1] and reason in refused[1]


def test_refused_rows_are_counted_in_the_funnel():
    rows = read_rows(DATA / "traces.jsonl")
    evals = read_rows(DATA / "dev.jsonl")
    solved = {row["question"]: False for row in rows}
    profile = replace(load_profile("smoke"), curated=900, long_trace=10**9)
    domains = {row["question"]: subject(row["question"]) for row in rows}
    chosen, funnel = curate.curate([*rows, None, {}], evals, solved, domains, profile)
    assert funnel.counts["pool"] == len(rows) + 2 and funnel.counts["usable"] == len(rows)
    assert list(funnel.refused) == [len(rows), len(rows) + 1]
    assert chosen == curate.curate(rows, evals, solved, domains, profile)[0]
    labels = {row["question"]: "one" for row in rows}
    other, _ = curate.curate(rows, evals, solved, labels, profile)
    assert len(other) == len(chosen) and other != chosen
    assert len({parse(row["question"]).theme for row in chosen}) > 3


@pytest.mark.slow
def test_the_shipped_traces_give_the_shipped_set_to_the_byte(tmp_path):
    build = tmp_path / "build"
    environment = os.environ | {"S1_BUILD": str(build)}
    command = [sys.executable, "-m", "s1lib.curation", "--profile", "laptop"]
    done = subprocess.run(command, env=environment, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    for name in ("curated.jsonl", "funnel.json"):
        assert (build / name).read_bytes() == (DATA / name).read_bytes(), name
    assert json.loads((build / "curated.json").read_text())["rows"] == 1000


def test_ablation_sets_have_data_cards():
    rows = [row for row in read_rows(DATA / "traces.jsonl") if is_complete(row)]
    domains = {row["question"]: subject(row["question"]) for row in rows}
    sets = curate.ablation_sets(rows, domains, 200)
    cards = {name: card for name, (_, card) in sets.items()}
    assert {name: card["rows"] for name, card in cards.items()} == {
        "random": 200, "diverse": 200, "longest": 200, "full": len(rows),
    }  # fmt: skip
    assert all(sum(card["sources"].values()) == card["rows"] for card in cards.values())
    mean = "mean thinking, characters"
    assert cards["longest"][mean] > cards["full"][mean]
    assert cards["diverse"]["domains"] >= cards["random"]["domains"] >= 10


def test_no_evaluation_questions_is_an_error():
    with pytest.raises(CourseError, match="no evaluation questions"):
        curate.curate([GOOD], [], {}, {}, load_profile("smoke"))


def test_too_few_rows_are_told_before_a_model_is_asked(tmp_path, monkeypatch):
    """s1K, the pool of the GPU profiles, has fewer rows to spare than the set has places."""
    monkeypatch.setenv("S1_BUILD", str(tmp_path))
    (tmp_path / "traces.jsonl").write_text(
        "".join(json.dumps(row) + "\n" for row in read_rows(DATA / "traces.jsonl")[:40])
    )
    monkeypatch.setattr(curate, "probe", lambda *args: pytest.fail("a model was asked"))
    for arguments in ([], ["--size", "47"]):
        monkeypatch.setattr("sys.argv", ["s1 curate", "--profile", "smoke", *arguments])
        places = arguments[1] if arguments else "48"
        with pytest.raises(CourseError, match=f"rows are left for {places} places: .* with --size"):
            curate.main()


@pytest.mark.parametrize("size", [0, -1, 49])
def test_a_size_that_would_not_be_trained_on_is_refused(size):
    profile = load_profile("smoke")
    assert curate.chosen_size(None, profile) == 48 and curate.chosen_size(20, profile) == 20
    with pytest.raises(CourseError, match=f"--size {size}: the profile smoke trains on 1 to 48"):
        curate.chosen_size(size, profile)
