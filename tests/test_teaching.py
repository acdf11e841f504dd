"""docs/teaching.md and docs/cards.html say what is so: minutes, numbers, exercises and cards."""

import re
from collections.abc import Iterator
from math import comb

import pytest
from browser import CHROMIUM, FLAGS, needs_chromium

from s1lib.evaluation.metrics import compare
from s1lib.exercises.model import all_texts
from s1lib.io import ROOT
from s1lib.results import claims
from s1lib.results.files import recorded
from s1lib.toyworld.questions import FAMILIES, answer, parse, work
from s1lib.toyworld.teacher import Habits, stops_early

GUIDE = (ROOT / "docs" / "teaching.md").read_text(encoding="utf-8")
CARDS = ROOT / "docs" / "cards.html"


def section(title: str) -> str:
    """The text below a heading, with single spaces."""
    found = re.search(rf"(?ms)^## {re.escape(title)}\n(.*?)(?=^## |\Z)", GUIDE)
    assert found, f"no section {title}"
    return found[1]


def rows(title: str) -> Iterator[list[str]]:
    """The rows of a section's table, without its head."""
    lines = [line for line in section(title).splitlines() if line.startswith("|")]
    for line in lines[2:]:
        yield [cell.strip() for cell in line.strip("|").split("|")]


def minute(text: str) -> int:
    """A time of the day, or a minute, as a number."""
    hours, _, minutes = text.rpartition(":")
    return 60 * int(hours or 0) + int(minutes)


@pytest.mark.parametrize(
    "plan,length", [("90 minutes", 90), ("Three hours", 180), ("A day", 7 * 60 + 30)]
)
def test_a_plan_has_no_gap_and_says_what_to_skip(plan, length):
    parts = list(rows(plan))
    times = [tuple(map(minute, part[0].split("–"))) for part in parts]
    assert all(begin < end for begin, end in times)
    assert [end for _, end in times[:-1]] == [begin for begin, _ in times[1:]]
    assert times[-1][1] - times[0][0] == length
    for _, what, skip in parts:
        assert skip or what in ("Break", "Lunch"), what


def test_the_links_lead_somewhere():
    headings = {
        re.sub(r"[^\w -]", "", line).strip().lower().replace(" ", "-")
        for line in re.findall(r"(?m)^## (.*)$", GUIDE)
    }
    for target, part in re.findall(r"\]\(([^)#:]*)#?([^)]*)\)", GUIDE):
        assert (ROOT / "docs" / target).exists(), target
        assert target or part in headings, part


def test_the_exercises_are_those_of_the_lessons():
    place: dict[str, int] = {}
    expected, mistakes = [], []
    for texts in all_texts().values():
        label = texts.lesson.lstrip("0").upper() or "0"
        place[label] = place.get(label, 0) + 1
        expected.append([f"{label}.{place[label]} {texts.title}", str(texts.minutes)])
        mistakes.append(texts.mistakes)
    table = list(rows("The exercises"))
    assert [row[:2] for row in table] == expected
    for (name, _, mistake, say), known in zip(table, mistakes, strict=True):
        assert mistake in known, f"{name}: {mistake} is none of {list(known)}"
        assert len(say.split()) >= 4


def test_every_exercise_that_a_plan_names_is_there():
    known = {row[0].split()[0] for row in rows("The exercises")}
    named = {n for plan in ("Three hours", "A day") for row in rows(plan)
             for n in re.findall(r"\b\w\d?\.\d\b", " ".join(row[1:]))}  # fmt: skip
    assert named and named <= known


def test_the_wall_begins_with_what_notebook_7_shows():
    shown = (ROOT / "notebooks" / "07_your_own_teacher.ipynb").read_text(encoding="utf-8")
    seed, never, _, published = next(rows("The class makes the sweep"))
    found = re.findall(r"(\d+\.\d)% \[[^\]]*\].{0,99}?([+-]\d+\.\d) points", shown)
    as_on_the_wall = [f"{share}%, {gain.replace('-', '−')}" for share, gain in found]
    assert seed == "0" and as_on_the_wall == [published, never]


def test_what_one_wait_did():
    main = recorded("main_result")
    before, after = (claims.grades_of(main, name) for name in ("sft", "sft-wait-1"))
    change = compare(before, after)
    right = sum(map(sum, before))
    wrong = sum(map(len, before)) - right
    told = section("The vote")
    assert f"({change.fixed:,} of {wrong:,}, and {change.broken:,} of {right:,})" in told
    assert f"{10 * change.fixed / wrong:.0f} of ten wrong answers right" in told
    assert f"{10 * change.broken / right:.0f} of ten right" in told


def test_what_chance_does_to_a_vote():
    def at_least(more: int, n: int = 10) -> float:
        return 2 * sum(comb(n, k) for k in range(more, n + 1)) / 2**n

    assert "one time in nine" in section("The vote") and round(1 / at_least(8)) == 9
    assert "one time in 47" in " ".join(section("The vote").split())
    assert round(1 / at_least(9)) == 47


def test_thirty_people_see_what_the_guide_says(capsys):
    told = " ".join(section("Thirty AIMEs on the wall").split())
    code = re.search(r"(?s)```python\n(.*?)```", GUIDE[GUIDE.index("## Thirty") :])[1]
    load, draw = re.split(r"(?m)(?=^drawn)", code)
    names: dict = {}
    exec(load, names)
    for number in range(1, 31):
        names["mine"] = number
        exec(draw, names)
    gains = [int(line.split(": ")[1]) for line in capsys.readouterr().out.splitlines()]
    more, none = sum(g > 0 for g in gains), gains.count(0)
    assert f"{more} of the thirty gain, {none} stay and {30 - more - none} lose" in told
    assert f"the ends are −{-min(gains)} and +{max(gains)}" in told
    assert f"{sum(g >= 2 for g in gains)} gain two questions or more" in told
    change = sum(names["waited"]) - sum(names["free"])
    n = len(names["free"])
    assert f"{100 * change / n:+.1f} points, {30 * change / n:.1f} questions of thirty" in told


def cards() -> list[tuple[str, bool, str]]:
    """Each question card: its number, whether it has a star, and its words."""
    html = CARDS.read_text(encoding="utf-8")
    found = re.findall(r'<section class="question"><b>(\d+)( ★)?</b>(.*?)</section>', html)
    return [(number, bool(star), text) for number, star, text in found]


def test_the_scorer_has_the_right_answers():
    scored = re.findall(r"<tr><td>(\d+)<td>(\d+)<td><td></tr>", CARDS.read_text(encoding="utf-8"))
    assert len(scored) == 8
    assert scored == [(number, answer(parse(text))) for number, _, text in cards()]


def test_a_star_stands_where_the_teacher_trusts_its_glance():
    assert [star for _, star, _ in cards()] == [
        stops_early(parse(text), Habits()) for _, _, text in cards()
    ]


def test_the_control_breaks_if_it_is_worked_from_the_end():
    problems = {number: parse(text) for number, _, text in cards()}
    control = [n for n, p in problems.items() if not FAMILIES[p.family].second_way]
    assert control == [n for n, p in problems.items() if work(p)[1] != work(p, backwards=True)[1]]
    assert f"({' and '.join(control)}: swaps do not commute" in section("The cards")


@pytest.mark.browser
@needs_chromium
def test_the_cards_are_one_page_and_nothing_is_cut_off():
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        page = browser.new_page()
        page.goto(CARDS.as_uri())
        page.emulate_media(media="print")
        cut = page.evaluate(
            "[...document.querySelectorAll('section')].filter(s => s.scrollHeight >"
            " s.clientHeight || s.scrollWidth > s.clientWidth).map(s => s.innerText)"
        )
        printed = [page.pdf(format=p, display_header_footer=True) for p in ("A4", "Letter")]
        browser.close()
    assert cut == []
    assert [pdf.count(b"/Type /Page\n") for pdf in printed] == [1, 1]
