"""The notebook's front end in Chromium, with a kernel that the test plays and a clock it turns."""

import json

import pytest
from browser import needs_chromium, opened

from s1lib.notebook.wait import content
from s1lib.notebook.wait.bundle import bundle
from s1lib.notebook.wait.picture import picture_html

pytestmark = [pytest.mark.browser, needs_chromium]
TEXTS = content.texts()
# What anywidget hands to the front end. `say` is the kernel's: it answers the last request.
MODEL = """
const listeners = {};
const fire = (name, ...values) => (listeners[name] ?? []).forEach((hear) => hear(...values));
const sent = [];
let open = true;
const write = (message) => {
  if (!open) throw new Error("Cannot send");
  sent.push(message);
};
const model = {
  get: (name) => values[name],
  set: (name, value) => { values[name] = value; },
  on: (name, hear) => (listeners[name] ??= []).push(hear),
  off: (name, hear) => { listeners[name] = listeners[name].filter((other) => other !== hear); },
  send: write,
  save_changes: () => write({ type: "save" }),
};
const asked = () => sent.findLast(({ type }) => type === "think");
globalThis.kernel = {
  sent, listeners, fire,
  say: (message) => fire("msg:custom", { run: asked().run, ...message }),
  close: () => { open = false; },
  render: (element) => wait.render({ model, el: element }),
};
"""


@pytest.fixture(scope="module")
def browser():
    with opened("about:blank") as page:
        page.clock.install()
        yield page


@pytest.fixture
def page(browser):
    """A page with a widget whose model is loaded."""
    load(browser)
    browser.evaluate("() => { kernel.remove = kernel.render(document.querySelector('main')); }")
    return browser


def load(page, **changes) -> None:
    """Write the page that a notebook would be: the picture, and the front end, not drawn yet."""
    info = {"name": "x", "context": 1280, "maxThinking": 100, "maxAnswer": 12}
    values = {
        "texts": TEXTS,
        "questions": content.named_questions(["What is 2 + 2?", "What is 3 + 3?"]),
        "recorded": content.recorded() | {"continues": False},
        "rates": content.recorded_rates(),
        "info": info,
        "key": "ab12",
    }
    page.goto("about:blank")
    page.set_content(f"<main></main>{picture_html('ab12', TEXTS)}")
    script = f"const values = {json.dumps(values | changes)};{bundle('kernel.js')}{MODEL}"
    page.add_script_tag(content=f"(() => {{{script}}})();")


def button(page, name):
    return page.get_by_role("button", name=name, exact=True)


def choose(page, index) -> None:
    page.get_by_role("combobox", name=TEXTS["list"]).select_option(str(index))


def think(page) -> None:
    """Press Think, and let the kernel write two tokens."""
    choose(page, 1)
    button(page, "Think").click()
    tokens = [[1, "So ", False, "thinking"], [2, "four.", False, "thinking"]]
    say(page, type="tokens", tokens=tokens)


def say(page, **message) -> None:
    page.evaluate("(message) => kernel.say(message)", message)
    page.clock.run_for(50)  # the next frame


def status(page) -> str:
    return page.get_by_role("status").inner_text()


def alert(page) -> str:
    return page.get_by_role("alert").inner_text()


def sent(page, kind) -> list:
    return page.evaluate("(kind) => kernel.sent.filter(({ type }) => type === kind)", kind)


def test_the_picture_goes_when_the_widget_is_drawn(browser):
    load(browser)
    picture = browser.locator("figure img")
    assert picture.is_visible()
    browser.evaluate("() => kernel.render(document.querySelector('main'))")
    assert not picture.is_visible() and browser.locator(".s1-wait").count() == 1


def test_the_picture_stays_when_the_widget_cannot_be_drawn(browser):
    load(browser, recorded={"attempts": [{"damaged": True}]})
    failed = browser.evaluate(
        "() => { try { kernel.render(document.querySelector('main')); } catch { return true; } }"
    )
    assert failed and browser.locator("figure img").is_visible()


def test_tokens_are_shown_as_they_come_and_the_thought_at_the_end(page):
    think(page)
    [asked] = sent(page, "think")
    assert asked["question"] == "What is 3 + 3?" and asked["on"] and asked["limit"] == 100
    assert page.locator("article.left .own").inner_text() == "So four."
    say(page, type="thought", thought={"ids": [1, 2], "ends": [], "stop": "end", "answer": "6",
                                       "shown": "6", "right": True, "truth": "6"})  # fmt: skip
    assert page.locator("article.left .card .value").inner_text() == "6"


def test_what_comes_for_another_run_is_dropped(page):
    think(page)
    page.evaluate(
        "() => kernel.fire('msg:custom', { run: 'old', type: 'error', message: 'from before' })"
    )
    say(page, type="tokens", tokens=[[3, " No.", False, "thinking"]])
    assert page.locator("article.left .own").inner_text() == "So four. No." and alert(page) == ""


def test_a_kernel_that_is_busy_is_waited_for(page):
    choose(page, 1)
    button(page, "Think").click()
    page.clock.run_for(60_000)
    assert status(page) == TEXTS["kernel silent"] and alert(page) == ""
    assert button(page, "Stop").get_attribute("aria-disabled") == "false"
    say(page, type="tokens", tokens=[[1, "So ", False, "thinking"]])
    assert page.locator("article.left .own").inner_text() == "So"


def test_signs_of_life_are_enough(page):
    think(page)
    before = status(page)
    for _ in range(20):
        page.clock.run_for(1000)
        say(page, type="alive")
    assert status(page) == before


def test_a_kernel_that_falls_silent_while_it_thinks_is_given_up(page):
    think(page)
    page.clock.run_for(5000)
    assert status(page) == TEXTS["kernel silent"]
    page.clock.run_for(10_000)
    assert alert(page) == TEXTS["kernel gone"] and status(page) == ""
    assert page.locator("article.left .own").inner_text() == "So four."
    assert len(sent(page, "stop")) == 1  # should it live, it need not think on
    button(page, "Think on").click()
    assert sent(page, "think")[-1]["kept"] == {"ids": [1, 2], "ends": []}


@pytest.mark.parametrize("how", ["told", "noticed"])
def test_a_lost_kernel_is_told_and_what_was_written_stays(page, how):
    """JupyterLab closes the line to a kernel that died; ipywidgets may say so, or it is noticed."""
    think(page)
    page.evaluate("() => kernel.close()")
    if how == "told":
        page.evaluate("() => kernel.fire('comm_live_update')")
    else:
        page.clock.run_for(5000)
    assert alert(page) == TEXTS["kernel lost"]
    assert page.locator("article.left .own").inner_text() == "So four."
    button(page, "Think on").click()
    assert alert(page) == TEXTS["kernel lost"]
    choose(page, 0)
    assert alert(page) == ""


def test_a_kernel_that_was_lost_unseen_is_told_at_the_next_click(page):
    page.evaluate("() => kernel.close()")
    choose(page, 1)
    button(page, "Think").click()
    assert alert(page) == TEXTS["kernel lost"]
    assert page.locator(".s1-wait").get_attribute("aria-busy") == "false"


def test_the_next_step_is_the_button_that_stands_out(page):
    """The recorded thought is another model's: it can be read, and not gone on with."""
    primary = page.locator("button.primary")
    assert primary.inner_text() == "Think again" and primary.count() == 1
    assert button(page, "Wait!").get_attribute("aria-disabled") == "true"


def test_a_view_that_is_taken_away_hears_nothing_more(page):
    page.evaluate("() => kernel.remove()")
    left = page.evaluate("() => Object.values(kernel.listeners).flat().length")
    assert left == 0 and page.locator(".s1-wait").count() == 0
