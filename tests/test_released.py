"""Released sets: read through `datasets`, here from a folder in place of the hub."""

import asyncio
import json
from dataclasses import replace

import pytest
from datasets import DatasetDict

from s1lib.config import TeacherConfig, load_profile
from s1lib.curation.filters import is_correct, usable_rows
from s1lib.distillation.answer_store import AnswerStore
from s1lib.distillation.hub_datasets import load_released, parse_metadata, read_dataset
from s1lib.distillation.run import distill, join, load_pool
from s1lib.errors import CourseError
from s1lib.finetuning import run as sft

ROW = {
    "solution": "3", "question": "How many r in raspberry?", "cot_type": "math",
    "source_type": "MATH", "metadata": "{'level': 5, 'names': ['a', None]}", "cot": None,
    "gemini_thinking_trajectory": "g", "gemini_attempt": "2",
    "deepseek_thinking_trajectory": "Let me count.", "deepseek_attempt": "Answer: 3",
}  # fmt: skip
R1 = ("deepseek_thinking_trajectory", "deepseek_attempt")


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("HF_DATASETS_CACHE", str(tmp_path / "cache"))
    (tmp_path / "set").mkdir()
    path = tmp_path / "set" / "train.jsonl"
    path.write_text("".join(json.dumps(ROW | {"question": f"{q}?"}) + "\n" for q in "abc"))
    return tmp_path / "set"


def test_rows_have_the_schema_of_the_curation(folder):
    rows = load_released(str(folder), R1)
    assert [row["question"] for row in rows] == ["a?", "b?", "c?"]
    assert rows[0]["thinking_trajectories"] == ["Let me count."]
    assert rows[0]["metadata"] == {"level": 5, "names": ["a", None]}
    good, refused = usable_rows(rows)
    assert good == rows and not refused and all(map(is_correct, rows))


def test_a_column_can_be_chosen_and_a_wrong_one_is_named(folder):
    other = load_released(str(folder), ("gemini_thinking_trajectory", "gemini_attempt"))
    assert other[0]["attempt"] == "2"
    assert load_released(str(folder)) == load_released(str(folder), R1)  # found by what it has
    with pytest.raises(CourseError, match="has no column claude_attempt: it has solution"):
        load_released(str(folder), ("gemini_thinking_trajectory", "claude_attempt"))


def test_a_set_without_traces_says_what_it_has(tmp_path, monkeypatch):
    monkeypatch.setenv("HF_DATASETS_CACHE", str(tmp_path / "cache"))
    bare = {"question": "a?", "solution": "3"}
    (tmp_path / "bare.jsonl").write_text(json.dumps(bare) + "\n")
    with pytest.raises(CourseError, match="bare.jsonl has no traces.* it has question, solution"):
        load_released(str(tmp_path / "bare.jsonl"))


def test_local_copies_of_every_form_are_read_alike(folder):
    expected = load_released(str(folder))
    copy = read_dataset(str(folder))
    places = [folder / "train.jsonl", folder.parent / "saved", folder.parent / "splits"]
    copy.save_to_disk(str(places[1]))
    DatasetDict({"train": copy}).save_to_disk(str(places[2]))
    copy.to_parquet(folder.parent / "one.parquet")
    for place in [*places, folder.parent / "one.parquet"]:
        assert load_released(str(place)) == expected


def test_a_set_that_cannot_be_loaded_is_named(tmp_path):
    with pytest.raises(CourseError, match="cannot load simplescaling/s1K: check the name"):
        load_released("simplescaling/s1K")  # the tests are offline


def test_the_trainer_reads_the_same_rows(folder, monkeypatch):
    profile = replace(load_profile("gpu"), dataset=str(folder))
    monkeypatch.setenv("S1_BUILD", str(folder.parent / "build"))
    told: list[str] = []
    expected = load_released(str(folder))
    assert sft.curated_rows(profile, report=told.append) == (expected, str(folder))
    assert told == [f"training on {folder}; `s1 curate` makes a set of your own"]


def test_a_released_set_can_be_replayed(folder):
    teacher = TeacherConfig(kind="replay", url="", model=str(folder))
    profile = replace(load_profile("laptop"), pool=str(folder), teacher=teacher)
    pool = load_pool(profile)
    assert [row["attempt"] for row in pool] == [None] * 3
    asked = [row["question"] for row in pool] + ["d?"]
    with AnswerStore(folder.parent / "answers.db") as store:
        records, state = asyncio.run(distill(teacher, asked, store))
    assert (state.done, state.failed) == (4, 1)
    assert records["d?"].failure.endswith("has no such question")
    assert {records[q].thinking for q in asked[:3]} == {"Let me count."}
    rows = [{k: v for k, v in row.items() if k != "provenance"} for row in join(pool, records)]
    assert rows == load_released(str(folder))


@pytest.mark.parametrize(
    "text,expected",
    [
        ("{'a': 1}", {"a": 1}),
        ({"a": 1}, {"a": 1}),
        (None, {}),
        ("", {}),
        ("[1]", {"unparsed": "[1]"}),
        ("not a dict", {"unparsed": "not a dict"}),
        ("__import__('os').system('true')", {"unparsed": "__import__('os').system('true')"}),
        ("(" * 10_000, {"unparsed": "(" * 10_000}),
    ],
)
def test_metadata_is_parsed_and_never_evaluated(text, expected):
    assert parse_metadata(text) == expected
