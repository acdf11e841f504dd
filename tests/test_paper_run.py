"""docs/paper_run.md says what the paper's profiles hold."""

import json
import re
from dataclasses import fields

import pytest

from s1lib.chat import IM_END, completion_text
from s1lib.config import Profile, load_profile
from s1lib.evaluation.benchmarks import BENCHMARKS
from s1lib.io import ROOT

PAGE = (ROOT / "docs" / "paper_run.md").read_text(encoding="utf-8")
PROFILES = [load_profile(name) for name in ("h100x16", "h100x8")]
# chapters before the fine-tuning, the engine of laptops, and what the run itself does not depend on
ELSEWHERE = {
    *("name", "description", "teacher", "difficulty_models", "pool", "pool_questions"),
    *("long_trace", "batch_size", "choices", "lora", "sft", "vllm"),
}


def rows() -> list[list[str]]:
    """The cells of the table of settings."""
    section = PAGE.split("## Settings")[1].split("\n## ")[0]
    lines = [line for line in section.splitlines() if line.startswith("| `")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def value(profile: Profile, setting: str) -> object:
    table, _, key = setting.rpartition(".")
    held = getattr(profile, table).get(key) if table else getattr(profile, setting)
    return list(held) if isinstance(held, tuple) else held


@pytest.mark.parametrize("cells", rows(), ids=lambda cells: cells[0].strip("`"))
def test_each_setting_is_what_the_page_says(cells):
    setting, _, *told = cells[:4]
    for profile, text in zip(PROFILES, told, strict=True):
        held = value(profile, setting.strip("`"))
        if text == "-":
            assert held is None
        else:
            text = text.strip("`")
            assert text == (held if isinstance(held, str) else json.dumps(held))
    assert cells[1] and cells[4]


def test_no_setting_is_left_out():
    """A setting that a profile gets later has to be told, too."""
    told = [cells[0].strip("`") for cells in rows()]
    assert len(told) == len(set(told))
    for profile in PROFILES:
        held = {f.name for f in fields(Profile)} - ELSEWHERE
        held |= {f"sft.{key}" for key in profile.sft} | {f"vllm.{key}" for key in profile.vllm}
        assert held <= set(told)


def test_a_row_that_says_same_says_the_paper_s_own_number():
    """`same` is told of equal numbers only."""
    compared = 0
    for setting, paper, here, _, effect in rows():
        number = re.fullmatch(r"[\d.e-]+", paper)
        if number and effect == "same":
            assert float(here.strip("`")) == float(paper), setting
            compared += 1
        elif number:
            assert effect != "same", setting
    assert compared >= 9


def test_what_is_no_setting_is_as_told():
    assert completion_text("thought", "1").endswith(IM_END)  # without the newline
    copies = [name for name, benchmark in BENCHMARKS.items() if benchmark.differs]
    assert set(PROFILES[0].benchmarks) <= set(copies)
    assert "scripts/fsdp2.yaml" in PAGE and (ROOT / "scripts/fsdp2.yaml").exists()
