"""The table of facts: every sentence has a source, is used, and agrees with the paper's numbers."""

import json
import re
from pathlib import Path

import pytest

from s1lib.notebook.display import facts
from s1lib.paper_facts import FACTS, facts_about

ROOT = Path(__file__).parent.parent
SOURCES = "\n".join(
    "".join(cell["source"])
    for path in sorted((ROOT / "notebooks").glob("*.ipynb"))
    for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]
)


@pytest.mark.parametrize("name", FACTS)
def test_each_fact_names_where_it_can_be_looked_up(name):
    fact = FACTS[name]
    place = r"Section|Table|Figure|Appendix|Abstract|Algorithm|\.py|\.sh|\.ipynb|\d{4}|Terms"
    assert re.search(place, fact.source) and fact.text.endswith(".")


@pytest.mark.parametrize("name", FACTS)
def test_each_fact_is_shown_in_a_notebook(name):
    assert f'"{name}"' in SOURCES


@pytest.mark.parametrize(
    "name,published",
    [
        ("headline", "26.7 50.0 56.7"),
        ("one-row-two-settings", "92.2 58.6"),
        ("27-percent", "56.7 44.6"),
        ("cut-training", "4,096 74% 30.0 32,768 50.0"),
        ("table-4", "50.0 53.3"),
        ("table-2", "random 36.7 diverse 26.7 longest 33.3 full 53.3 curated 50.0"),
        ("two-tables", "72.6 58.3"),
        ("figure-6", "40.0 23.3"),
        ("no-code", "56.7 74.4 79.8"),
    ],
)
def test_facts_hold_the_figures_of_the_tables(name, published):
    for word in published.split():
        assert word in FACTS[name].text


def test_table_2_is_told_as_its_caption_says():
    text = FACTS["table-2"].text
    assert "no Waits" in text and "maximum" in text


def test_an_unknown_fact_is_an_error_that_lists_the_known():
    with pytest.raises(KeyError, match="no fact is called nonsense; there are recipe"):
        facts_about("nonsense")


def test_facts_are_shown_with_their_source():
    html = facts("headline").data
    assert "Tables 1 and 5" in html and "26.7" in html
