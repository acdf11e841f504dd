"""The page that needs no kernel, in Chromium: what a reader does, hostile text, small screens."""

import json
import re
import zlib
from base64 import b64decode
from pathlib import Path

import pytest
from browser import HOSTILE, keep_picture, needs_chromium, opened, serious

from s1lib.errors import CourseError
from s1lib.notebook.wait import content
from s1lib.notebook.wait import page as wait_page
from s1lib.notebook.wait.bundle import FOLDER, bundle
from s1lib.notebook.wait.export import MAX_BYTES, model_file

pytestmark = [pytest.mark.browser, needs_chromium]


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    """A page built from the sources, opened from the disk."""
    folder = tmp_path_factory.mktemp("try")
    wait_page.build(folder)
    return (folder / "index.html").as_uri()


@pytest.fixture(scope="module")
def shared(address):
    """One opened page for the tests that begin anew with `begin`."""
    with opened(address) as page:
        yield page


@pytest.fixture
def page(shared, address):
    shared.goto(address)
    ready(shared)
    return shared


def button(page, name):
    return page.get_by_role("button", name=name, exact=True)


def ready(page):
    """Wait until the model is there."""
    page.locator("button.main[aria-disabled=false]").first.wait_for()


def choose(page, index):
    page.get_by_role("combobox", name="From the list").select_option(str(index))


def think(page):
    button(page, "Think").click()
    answer_of(page, "left").wait_for()


def wait(page, name="Wait!"):
    count = page.locator("article.right .chip, article.right .ignored").count()
    button(page, name).click()
    page.locator("article.right .card .value").wait_for()
    assert page.locator("article.right .chip, article.right .ignored").count() == count + 1


def answer_of(page, side):
    return page.locator(f"article.{side} .card .value")


def verdict_of(page, side):
    return page.locator(f"article.{side} .card .verdict").inner_text()


def fits(page):
    """Whether nothing is wider than the screen."""
    return page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


# What anyone can read in the files


def test_the_shipped_page_is_built_from_the_sources():
    assert (wait_page.PAGE / "wait.js").read_text(encoding="utf-8") == wait_page.front_end()


def test_the_shipped_model_is_that_of_data():
    text = (wait_page.PAGE / "model.js").read_text(encoding="utf-8")
    assert len(text) < MAX_BYTES
    shipped = json.loads(text[text.index("{") : text.rindex(";")])
    assert zlib.decompress(b64decode(shipped["weights"])) == model_file()


@pytest.mark.slow
def test_the_recorded_try_follows_its_rule(tuned_engine):
    found = content.record(tuned_engine, 1024)
    assert json.loads(json.dumps(found)) == content.recorded()
    first, second = (attempt["thought"] for attempt in found["attempts"])
    assert first["shown"] != second["shown"]


@pytest.fixture
def tuned_engine():
    from s1lib.inference.hf import HFEngine
    from s1lib.io import DATA

    return HFEngine.load(DATA / "sft", max_answer=12)


def test_all_texts_are_used_and_none_is_missing():
    source = "".join(path.read_text(encoding="utf-8") for path in FOLDER.glob("*.js"))
    texts = content.texts()
    named = set(re.findall(r'texts\["([^"]+)"\]|texts\.([a-z]+)', source))
    assert {a or b for a, b in named} <= set(texts)
    python = "".join(path.read_text(encoding="utf-8") for path in FOLDER.glob("*.py"))
    source += python.replace("'", '"')
    unused = [name for name in texts if f'"{name}"' not in source and f"texts.{name}" not in source]
    assert unused == []


def test_a_language_without_texts_is_named():
    with pytest.raises(CourseError, match=r"texts\.xx\.json"):
        content.texts("xx")


def test_no_html_is_made_from_text():
    for path in FOLDER.rglob("*.js"):
        source = path.read_text(encoding="utf-8")
        assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write", source), (
            path
        )


def test_only_known_imports_are_bundled(tmp_path, monkeypatch):
    (tmp_path / "odd.js").write_text('import everything from "./x.js";\n')
    monkeypatch.setattr("s1lib.notebook.wait.bundle.FOLDER", tmp_path)
    with pytest.raises(ValueError, match="cannot bundle"):
        bundle("odd.js")


# What a reader does


def test_it_opens_with_a_recorded_try_on_one_screen(page):
    assert page.evaluate("document.documentElement.scrollHeight") <= 800
    recorded = content.recorded()
    shown = [attempt["thought"]["shown"] for attempt in recorded["attempts"]]
    assert [answer_of(page, side).inner_text() for side in ("left", "right")] == shown
    assert content.texts()["rule"] in page.get_by_role("status").inner_text()
    assert page.get_by_role("textbox", name="Question").input_value() == recorded["question"]
    keep_picture(page, "page")


def test_think_predict_wait(page):
    choose(page, 3)
    assert not answer_of(page, "left").is_visible()
    think(page)
    assert "Wait and see" in verdict_of(page, "left")  # hidden until both have answered
    assert page.locator(".truth").inner_text() == ""
    page.get_by_role("radio", name="break it").check()
    wait(page)
    verdicts = [verdict_of(page, side) for side in ("left", "right")]
    assert set(verdicts) <= {"✓ right", "✗ wrong"}
    truth = page.locator(".truth").inner_text()
    assert "The right answer is" in truth
    broken = verdicts == ["✓ right", "✗ wrong"]
    assert ("You predicted it" in truth) == broken
    score = page.locator(".score").inner_text()
    assert f"{int(broken)} of 1 predictions right" in score and "34%" in score
    # The beginning that both share is grey, and the word stands where the end was.
    right = page.locator("article.right .thought")
    assert right.locator(".common").first.is_visible() and right.locator(".chip").count() == 1
    wait(page)
    assert page.locator("section ol li").count() == 3
    keep_picture(page, "page-waited")


def test_the_limit_cuts_the_thought_and_asks_for_the_answer(page):
    choose(page, 1)
    think(page)
    page.locator("summary").click()
    slider = page.get_by_role("slider")
    slider.focus()
    for _ in range(5):
        page.keyboard.press("ArrowLeft")
    page.get_by_text("Answer if cut here", exact=True).wait_for()
    everything = int(slider.get_attribute("max"))
    assert f"{everything - 5} of {everything} tokens" in page.locator("output").inner_text()
    assert page.locator("article.left .rest").inner_text()
    slider.press("End")
    assert page.get_by_text("Answer if cut here", exact=True).count() == 0
    keep_picture(page, "page-cut", full_page=True)


def test_stop_in_the_middle_and_think_on(page):
    choose(page, 1)
    think(page)
    whole = page.locator("article.left .thought").inner_text()
    page.evaluate("window.slow = true")
    button(page, "Think again").click()
    assert button(page, "Thinking …").count() == 1
    assert button(page, "Stop").get_attribute("aria-disabled") == "false"
    button(page, "Stop").click()
    go_on = button(page, "Think on").or_(button(page, "Think"))
    go_on.click()
    answer_of(page, "left").wait_for()
    assert page.locator("article.left .thought").inner_text() == whole


@pytest.mark.slow
def test_own_question_own_word_and_nothing(page):
    page.get_by_role("textbox", name="Question").fill("What is the meaning of life?")
    think(page)
    page.locator("summary").click()
    page.get_by_role("radio", name="my own words").check()
    page.get_by_role("textbox", name="My own words").fill("Hold on")
    wait(page, "Hold on!")
    assert page.locator("article.right .chip").inner_text() == "Hold on"
    assert verdict_of(page, "left") == verdict_of(page, "right") == "? cannot be checked"
    assert "nobody here knows" in page.locator(".truth").inner_text()
    button(page, "Take it back").click()
    page.get_by_role("radio", name="nothing", exact=True).check()
    wait(page, "Go on!")
    assert page.locator("article.right .ignored").count() == 1
    assert page.locator("section ol li").count() == 3
    page.get_by_role("checkbox").check()
    assert "<|im_start|>think" in page.locator("article.left .thought").inner_text()


@pytest.mark.slow
def test_errors_are_one_sentence_and_the_widget_stays_usable(page):
    question = page.get_by_role("textbox", name="Question")
    alert = page.get_by_role("alert")
    for text, told in (("", "no question yet"), ("x" * 5000, "too long")):
        question.fill(text)
        button(page, "Think").click()
        page.locator(".error:not(:empty)").wait_for()
        assert told in alert.inner_text()
    choose(page, 2)
    assert alert.inner_text() == ""
    think(page)


@pytest.mark.slow
def test_a_score_of_ten_has_intervals(page):
    for i in range(1, 12):
        choose(page, i)
        think(page)
        page.get_by_role("radio", name="change nothing").check()
        wait(page)
    score = page.locator(".score").inner_text()
    assert "of 11 predictions right (95% interval" in score
    choose(page, 1)  # the same question is not counted twice
    think(page)
    wait(page)
    assert page.locator(".score").inner_text() == score


def test_surprise_me_draws_from_the_chosen_family(page):
    page.get_by_role("combobox", name="Kind").select_option("letters")
    asked = set()
    for _ in range(4):
        button(page, "Surprise me").click()
        asked.add(page.get_by_role("textbox", name="Question").input_value())
    letters = {q["question"] for q in content.page_questions() if q["family"] == "letters"}
    assert asked <= letters and len(asked) > 1


def test_keyboard_only(page):
    choose(page, 1)
    page.get_by_role("combobox", name="Kind").focus()
    for _ in range(2):
        page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    answer_of(page, "left").wait_for()
    assert page.evaluate("document.activeElement.textContent") == "Think again"
    page.keyboard.press("Tab")
    page.keyboard.press("Space")
    answer_of(page, "right").wait_for()
    assert page.evaluate("document.activeElement.textContent") == "Wait!"


@pytest.mark.slow
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_serious_fault_of_accessibility(page, scheme):
    page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
    assert serious(page, ".s1-wait") == []
    choose(page, 1)
    think(page)
    page.locator("summary").click()
    assert serious(page, ".s1-wait") == []
    page.get_by_role("slider").press("ArrowLeft")
    page.get_by_text("Answer if cut here", exact=True).wait_for()
    assert serious(page, ".s1-wait") == []
    keep_picture(page, f"page-{scheme}", full_page=True)
    page.emulate_media(color_scheme="light", reduced_motion="no-preference")


@pytest.mark.slow
def test_a_phone(page):
    page.set_viewport_size({"width": 390, "height": 844})
    choose(page, 1)
    think(page)
    wait(page)
    page.locator("summary").click()
    assert fits(page)
    keep_picture(page, "page-phone", full_page=True)
    page.set_viewport_size({"width": 1280, "height": 800})


# Hostile texts


@pytest.mark.slow
@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_is_text(page, text):
    title = page.title()
    page.set_viewport_size({"width": 390, "height": 844})
    page.get_by_role("textbox", name="Question").fill(text)
    think(page)
    unharmed(page, title)
    choose(page, 2)
    think(page)
    page.locator("summary").click()
    page.get_by_role("radio", name="my own words").check()
    page.get_by_role("textbox", name="My own words").fill(text)
    page.locator("button.main").nth(1).click()
    answer_of(page, "right").wait_for()
    unharmed(page, title)
    page.set_viewport_size({"width": 1280, "height": 800})


def unharmed(page, title):
    """Check that nothing ran, nothing was made of the text, and nothing is hidden or too wide."""
    assert page.title() == title
    assert page.locator("section :is(img, script, iframe, svg, style, h1)").count() == 0
    assert page.locator("article").count() == 2 and fits(page)
    shown = page.locator(".columns").inner_text()
    assert not re.search(r"[\x00-\x08\x0e-\x1f\x7f-\x9f\u200b\u202e\u2066]", shown)


def test_a_page_without_its_model_says_so(shared, address, tmp_path):
    for name in ("index.html", "wait.js"):
        source = Path(address.removeprefix("file://")).parent / name
        (tmp_path / name).write_bytes(source.read_bytes())
    page = shared.context.new_page()
    page.goto((tmp_path / "index.html").as_uri())
    page.locator(".error:not(:empty)").wait_for()
    assert "model.js is missing" in page.get_by_role("alert").inner_text()
    assert answer_of(page, "right").is_visible()  # the recorded try is there
    page.close()
