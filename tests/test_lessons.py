"""The form of the lessons: how they begin and end, how long they are, what their pictures say."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT / "scripts"))
from count_lessons import Counts, count  # noqa: E402

NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
IDS = [path.stem for path in NOTEBOOKS]


def prose(path: Path) -> list[str]:
    """The Markdown cells."""
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    return ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "markdown"]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=IDS)
def test_a_lesson_is_short(path):
    assert count(path).faults == []


@pytest.mark.parametrize("path", NOTEBOOKS, ids=IDS)
def test_a_lesson_says_at_the_top_what_it_is_for(path):
    top = next(text for text in prose(path) if text.startswith("# "))
    title = path.stem.split("_")[0].lstrip("0") or "0"
    assert top.startswith(f"# {title} · ")
    for part in ("**You will be able to**", "**You need**", "**Time:**", "**Paper:**"):
        assert part in top, f"{path.name}: {part} is missing"
    goals = re.search(r"able to\*\*\n\n((?:- .*\n(?:  .*\n)*)+)", top)
    assert goals and 1 <= len(re.findall(r"(?m)^- ", goals[1])) <= 3


@pytest.mark.parametrize("path", NOTEBOOKS, ids=IDS)
def test_a_lesson_ends_with_questions_whose_answers_are_folded(path):
    end = prose(path)[-1]
    assert "## What you can do now" in end and "**Ask yourself" in end
    assert end.count("<details>") == end.count("</details>") == 3
    assert re.search(r"\*\*(Next:|Back to)\*\*", end)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=IDS)
def test_every_picture_has_words(path):
    text = path.read_text(encoding="utf-8")
    pictures = re.findall(r"<img[^>]*>", text)
    assert all(re.search(r"alt=.{12,}", picture) for picture in pictures)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=IDS)
def test_links_between_lessons_lead_somewhere(path):
    for text in prose(path):
        for target in re.findall(r"\]\(([^)#:]+\.(?:ipynb|md))\)", text):
            assert (path.parent / target).exists(), target


def test_counts_name_what_is_too_long():
    counts = Counts("x", words=1201, code_cells=31, longest=16, pictures=0)
    assert counts.faults == [
        "1201 words, at most 1200",
        "31 code cells, at most 30",
        "16 lines in a cell, at most 15",
    ]
    assert Counts("05_evaluation", 1, 40, 1, 0).faults == []


def test_only_prose_is_counted(tmp_path):
    cells = [
        {
            "cell_type": "markdown",
            "metadata": {},
            "source": ["two words [a link](http://x/y/z)\n", "| a | b |\n"],
        },
        {
            "cell_type": "markdown",
            "metadata": {},
            "source": ["```bash\n", "not counted at all\n", "```\n"],
        },
        {"cell_type": "code", "metadata": {}, "source": ["x = 1\n", "y = 2"], "outputs": []},
    ]
    path = tmp_path / "00_x.ipynb"
    path.write_text(json.dumps({"cells": cells}))
    assert count(path) == Counts("00_x", words=4, code_cells=1, longest=2, pictures=0)


def test_the_command_prints_a_line_for_each_lesson():
    run = subprocess.run(
        [sys.executable, str(ROOT / "scripts" / "count_lessons.py")],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert run.returncode == 0
    assert [line.split()[0] for line in run.stdout.splitlines()[1:]] == IDS
