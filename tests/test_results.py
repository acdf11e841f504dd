"""The recorded results: consistent in themselves, and a slice of each is run again."""

import json

import pytest

from s1lib.engines.transformers import load, rescore, think
from s1lib.evaluate import grade, run_direct
from s1lib.metrics import compare, pooled_rate
from s1lib.profile import load_profile
from s1lib.results.parts import digest
from s1lib.results.table4 import STRINGS, TIMES
from s1lib.store import DATA, read_rows

SLICE = 24
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
    agree(right["base-direct"], run_direct(*load(DATA / "base"), rows, profile), rows)
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
