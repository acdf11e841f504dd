"""The recorded results: consistent in themselves, and a slice of each is run again."""

import json

import pytest

from s1lib.engines.common import Trace
from s1lib.engines.transformers import load, rescore, think
from s1lib.evaluate import grade, opened, run_direct
from s1lib.metrics import compare, pooled_rate
from s1lib.profile import load_profile
from s1lib.results.figure6 import rejection
from s1lib.results.figure7 import majority, vote
from s1lib.results.parts import digest
from s1lib.results.table4 import STRINGS, TIMES
from s1lib.store import DATA, read_rows

SLICE = 24  # questions that are run again
HELDOUT = read_rows(DATA / "heldout.jsonl")
NAMES = ["proof", "lora", "table4"]


def recorded(name: str) -> dict:
    return json.loads((DATA / "results" / f"{name}.json").read_text())


def grades(texts: list[str]) -> list[list[bool]]:
    return [[bit == "1" for bit in text] for text in texts]


def every(results: dict) -> dict[str, list[str]]:
    """All systems' grades by name; those of lora.json stand under their method."""
    flat = {}
    for name, value in results["right"].items():
        if isinstance(value, dict):
            flat |= {f"{name}/{system}": texts for system, texts in value.items()}
        else:
            flat[name] = value
    return flat


@pytest.mark.parametrize("name", NAMES)
def test_results_rest_on_the_shipped_data(name, monkeypatch, tmp_path):
    monkeypatch.setenv("S1_BUILD", str(tmp_path))
    about = recorded(name)["about"]
    assert about["data"] == digest("curated.jsonl", "heldout.jsonl", "base/model.safetensors")
    assert about["seeds"] == [0, 1, 2] and about["versions"]["torch"]


@pytest.mark.parametrize("name", NAMES)
def test_each_rate_is_that_of_its_grades(name):
    results = recorded(name)
    right = every(results)
    assert all(len(text) == len(HELDOUT) for texts in right.values() for text in texts)
    checked = 0
    for row in results["rows"]:
        texts = right[f"{row['method']}/{row['name']}" if "method" in row else row["name"]]
        if row["seed"] == "all":
            some = texts[:1] if row["name"] == "base-direct" else texts
        else:
            some = [texts[row["seed"]]]
        rate = pooled_rate(grades(some))
        assert (row["n"], row["correct"]) == (rate.n, rate.correct)
        assert (row["ci_low"], row["ci_high"]) == pytest.approx((rate.ci_low, rate.ci_high))
        checked += 1
    assert checked == len(results["rows"]) > 10


def test_a_comparison_is_that_of_its_grades():
    results = recorded("proof")
    [row] = [
        r for r in results["comparisons"] if r["name"] == "wait-1-vs-sft" and r["seed"] == "all"
    ]
    right = results["right"]
    again = compare(grades(right["sft"]), grades(right["sft-wait-1"]))
    assert (row["mended"], row["broken"]) == (again.mended, again.broken)
    assert row["difference"] == pytest.approx(again.difference)


def agree(texts: list[str], traces, rows) -> None:
    """The slice is graded as recorded; one question may differ, for rounding differs by machine."""
    again = grade(traces, rows)
    told = grades([texts[0][: len(rows)]])[0]
    assert sum(a != b for a, b in zip(again, told, strict=True)) <= 1


@pytest.fixture(scope="module")
def profile():
    return load_profile("laptop")


@pytest.fixture(scope="module")
def longest(profile):
    """The slice thought about by the shipped model, with two Waits."""
    questions = [row["question"] for row in HELDOUT[:SLICE]]
    model, tokenizer = load(DATA / "sft")
    return model, tokenizer, questions, think(model, tokenizer, questions, profile.budget(waits=2))


def test_a_slice_of_the_proof_comes_out_again(profile, longest):
    model, tokenizer, _, traces = longest
    right, rows = recorded("proof")["right"], HELDOUT[:SLICE]
    agree(right["base-direct"], run_direct(opened(profile, DATA / "base"), rows), rows)
    agree(right["sft-wait-2"], traces, rows)
    for name, limit, waits in (("sft", profile.max_thinking, 0), ("sft-wait-1", None, 1),
                               ("sft-limit-64", 64, 0)):  # fmt: skip
        cut = rescore(model, tokenizer, traces, limit, waits, max_answer=profile.max_answer)
        agree(right[name], cut, rows)


@pytest.mark.parametrize("name", [name for name in STRINGS if name != "Wait"])
def test_a_slice_of_table_4_comes_out_again(name, profile, longest):
    model, tokenizer, questions, _ = longest
    budget = profile.budget(waits=TIMES, string=STRINGS[name])
    agree(recorded("table4")["right"][name], think(model, tokenizer, questions, budget),
          HELDOUT[:SLICE])  # fmt: skip


def test_full_fine_tuning_is_the_same_in_both_files():
    assert recorded("lora")["right"]["full"]["sft"] == recorded("proof")["right"]["sft"]


# The experiments' own arithmetic, on traces made by hand


def trace(answer: str, tokens: int, limited: bool = False) -> Trace:
    return Trace("?", "", f"Answer: {answer}", tokens, 0, limited, [], [])


ROWS = [{"question": "?", "answer": "1"}, {"question": "?", "answer": "2"}]
TRIES = [  # three tries of two questions
    [trace("1", 90), trace("3", 40)],
    [trace("5", 30), trace("2", 10)],
    [trace("1", 20), trace("3", 512, limited=True)],
]


def test_rejection_takes_the_first_thought_that_fits():
    row, right = rejection(ROWS, TRIES, 100)
    assert right == [True, False] and row["mean_tries"] == 1 and row["thinking_tokens"] == 65
    row, right = rejection(ROWS, TRIES, 35)
    assert right == [False, True] and row["mean_tries"] == 2 and row["accepted"] == 2
    row, right = rejection(ROWS, TRIES, 15)
    assert right == [False, True] and row["accepted"] == 1 and row["correct"] == 1
    row, right = rejection(ROWS, TRIES, 5)
    assert right == [False, False] and row["thinking_tokens"] is None
    assert rejection([ROWS[1]], [[TRIES[2][1]]], 1000)[0]["accepted"] == 0  # it did not end


def test_the_majority_is_the_most_frequent_answer_and_the_first_of_equals():
    assert majority(["1", "2", "2", None]) == "2"
    assert majority(["3", "2", None, None]) == "3"
    assert majority([None, None]) is None
    voted, covered, tokens = vote(ROWS, TRIES)
    assert voted == [True, False] and covered == [True, True]
    assert tokens == (90 + 30 + 20 + 40 + 10 + 512) / 2
    assert vote(ROWS, TRIES[:1])[0] == [True, False]
