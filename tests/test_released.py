"""Released sets: read through `datasets`, here from a folder in place of the hub."""

import asyncio
import json
from dataclasses import replace

import pytest

from s1lib.config import TeacherConfig, load_profile
from s1lib.curation.filters import is_correct, usable_rows
from s1lib.distillation import hub_datasets as released
from s1lib.distillation.answer_store import AnswerStore
from s1lib.distillation.hub_datasets import load_released, parse_metadata
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
    with pytest.raises(CourseError, match="has no column thinking_trajectories: it has solution"):
        load_released(str(folder))


def test_a_set_that_cannot_be_loaded_is_named(tmp_path):
    with pytest.raises(CourseError, match="cannot load simplescaling/s1K: check the name"):
        load_released("simplescaling/s1K")  # the tests are offline


def test_the_trainer_reads_the_same_rows(folder, monkeypatch):
    profile = replace(load_profile("gpu"), dataset=str(folder))
    monkeypatch.setattr(sft, "load_released", lambda name: load_released(name, R1))
    assert sft.curated_rows(profile) == load_released(str(folder), R1)


def test_a_released_set_can_be_replayed(folder, monkeypatch):
    monkeypatch.setitem(released.TRACE_COLUMNS, str(folder), R1)
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
    assert join(pool, records) == load_released(str(folder))


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
