"""The widget in a real JupyterLab in Chromium: what a reader does, and two widgets at once.

Needs any Chromium; with S1_REQUIRE_BROWSER set it fails without one. A picture is kept in the
folder that S1_ARTIFACTS names.
"""

import pytest
from browser import keep_picture, needs_chromium, opened, serious
from jupyter import jupyterlab, ready, run_cell

pytestmark = [pytest.mark.browser, pytest.mark.slow, needs_chromium]
CELL = """
from s1lib.io import DATA, read_rows
from s1lib.notebook.wait.kernel import WaitWidget

widget = WaitWidget(DATA / "sft", read_rows(DATA / "heldout.jsonl")[:8], max_answer=12)
widget
"""
AGAIN = "WaitWidget(widget._engine, ['How many r in raspberry?'], unfolded=True)"
TRAITS = "print('told', widget.question[:9], len(widget.answers), widget.score['tries'])"


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    """A notebook, opened in a JupyterLab of its own."""
    with (
        jupyterlab(tmp_path_factory.mktemp("lab"), [CELL, AGAIN, TRAITS]) as address,
        opened(address, viewport={"width": 1280, "height": 1400}) as page,
    ):
        ready(page)
        yield page


def test_a_reader_thinks_predicts_waits_and_stops(page):
    run_cell(page, 0)
    area = page.locator(".jp-Cell .s1-wait").first
    think = area.locator("button.main[aria-disabled=false]").first
    think.wait_for()
    # The live widget hides the recorded picture, and opens with the recorded try.
    assert not page.locator(".jp-OutputArea figure img").first.is_visible()
    assert area.locator("article.right .chip").inner_text() == "Wait"
    area.get_by_role("combobox", name="From the list").select_option("3")
    area.get_by_role("button", name="Think", exact=True).click()
    area.locator("article.left .card .value").wait_for()
    area.get_by_role("radio", name="fix it").check()
    area.get_by_role("button", name="Wait!", exact=True).click()
    area.locator("article.right .card .value").wait_for()
    assert "The right answer is" in area.locator(".truth").inner_text()
    keep_picture(page, "lab")
    assert serious(page, ".s1-wait") == []
    area.locator("summary").click()
    area.get_by_role("slider").fill("20")
    area.get_by_text("Answer if cut here", exact=True).wait_for()
    area.get_by_role("textbox", name="Question").fill("")
    area.get_by_role("button", name="Think", exact=True).click()
    assert "no question yet" in area.get_by_role("alert").inner_text()
    area.get_by_role("combobox", name="From the list").select_option("2")
    area.get_by_role("button", name="Think", exact=True).click()
    stop = area.get_by_role("button", name="Stop", exact=True)
    assert stop.get_attribute("aria-disabled") == "false"
    stop.click()
    area.get_by_text("Stopped.").wait_for()


def test_every_key_belongs_to_the_control_that_has_the_focus(page):
    area = page.locator(".jp-Cell .s1-wait").first
    area.get_by_role("button", name="Think").first.click()
    area.locator("article.left .card .value").wait_for()
    slider = area.get_by_role("slider")
    slider.focus()
    everything = int(slider.get_attribute("max"))
    for _ in range(3):
        page.keyboard.press("ArrowLeft")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowRight")
    assert slider.input_value() == str(everything - 3)
    area.get_by_text("Answer if cut here", exact=True).wait_for()
    page.keyboard.press("End")
    # Choices and buttons, too; JupyterLab would cut a cell, add one, or open its editor.
    word = area.locator("input[value=Wait]")
    word.focus()
    page.keyboard.press("ArrowRight")
    assert area.get_by_role("radio", name="Hmm").is_checked()
    word.check()
    listed = area.get_by_role("combobox", name="From the list")
    listed.select_option("4")
    listed.focus()
    page.keyboard.press("ArrowDown")
    assert listed.input_value() == "5"
    think = area.get_by_role("button", name="Think", exact=True)
    think.focus()
    for key in "xab":
        page.keyboard.press(key)
    page.keyboard.press("Enter")
    area.locator("article.left .card .value").wait_for()
    assert page.evaluate("document.activeElement.textContent") == "Think again"
    assert page.locator(".jp-Notebook .jp-CodeCell").count() == 3


def test_two_widgets_do_not_share_their_choices(page):
    run_cell(page, 1)
    page.locator(".s1-wait").nth(1).wait_for()
    first, second = (page.locator(".s1-wait").nth(i) for i in (0, 1))
    second.get_by_role("radio", name="Hmm").check()
    assert first.locator("input[value=Wait]").is_checked()
    assert second.get_by_role("button", name="Hmm!", exact=True).count() == 1


def test_other_cells_read_what_the_reader_did(page):
    run_cell(page, 2)
    told = page.locator(".jp-OutputArea-output", has_text="told").last
    told.wait_for()
    assert told.inner_text().split()[-1] == "1"  # one try was counted


def test_the_dark_theme(page):
    """JupyterLab's theme is followed while the widget is shown."""
    page.locator(".lm-MenuBar-itemLabel", has_text="Settings").click()
    page.locator(".lm-Menu-itemLabel", has_text="Theme").first.hover()
    page.locator(".lm-Menu-itemLabel", has_text="JupyterLab Dark").first.click()
    page.locator(".s1-wait[data-theme=dark]").nth(1).wait_for()
    wait_for_colours(page)
    assert serious(page, ".s1-wait") == []
    keep_picture(page, "lab-dark")


def wait_for_colours(page) -> None:
    """Wait until JupyterLab has the theme's style sheet, too."""
    page.wait_for_function(
        "getComputedStyle(document.body).getPropertyValue('--jp-layout-color0').includes('#11')"
    )


def test_a_narrow_window(page):
    page.set_viewport_size({"width": 390, "height": 844})
    page.locator(".jp-SideBar.jp-mod-left .lm-mod-current").click()  # fold the list of files
    area = page.locator(".jp-Cell .s1-wait").first
    page.wait_for_function("document.querySelector('.jp-Cell .s1-wait').clientWidth > 200")
    wide = area.evaluate(
        "root => [...root.querySelectorAll('*')].filter(e => e.getBoundingClientRect().right >"
        " root.getBoundingClientRect().right + 1).map(e => e.outerHTML.slice(0, 80))"
    )
    assert wide == []
    assert serious(page, ".s1-wait") == []
    for name, place in (("lab-narrow", ".ask"), ("lab-narrow-below", "details")):
        area.locator(place).evaluate("element => element.scrollIntoView()")
        keep_picture(page, name)
