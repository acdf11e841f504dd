"""The widget in JupyterLab when something is gone: the kernel, or the front end itself."""

import json
import os
import signal

import pytest
from browser import keep_picture, needs_chromium, opened, serious
from jupyter import jupyterlab, ready, run_cell

from s1lib.notebook.wait import content

pytestmark = [pytest.mark.browser, pytest.mark.slow, needs_chromium]
CELL = """
import os
import time

from s1lib.inference.live import LiveToken
from s1lib.io import DATA, read_rows
from s1lib.notebook.wait import kernel

widget = kernel.WaitWidget(DATA / "sft", read_rows(DATA / "heldout.jsonl")[:8], max_answer=12)
widget
"""
ENDLESS = """
def endless(*args, **settings):
    while True:
        time.sleep(0.02)
        yield LiveToken(100, "on and on ", False, "thinking")

kernel.think_on = endless
print("process", os.getpid())
"""
LOST = content.texts()["kernel lost"]


@pytest.fixture
def page(tmp_path):
    """A notebook, opened in a JupyterLab of its own."""
    with jupyterlab(tmp_path, [CELL, ENDLESS]) as address, opened(address) as page:
        yield page


@pytest.mark.parametrize("end", ["killed", "restarted"])
def test_a_kernel_that_goes_while_it_thinks(page, end):
    ready(page)
    run_cell(page, 0)
    area = page.locator(".jp-Cell .s1-wait").first
    area.locator("button.main[aria-disabled=false]").first.wait_for()
    run_cell(page, 1)
    told = page.locator(".jp-OutputArea-output", has_text="process").last.inner_text()
    area.get_by_role("combobox", name="From the list").select_option("3")
    area.get_by_role("button", name="Think", exact=True).click()
    area.locator("article.left .own", has_text="on and on").wait_for()
    if end == "killed":
        os.kill(int(told.split()[1]), signal.SIGKILL)
        page.locator(".jp-Dialog button", has_text="Ok").click()
    else:
        page.locator("[title^='Restart the kernel']").first.click()
        page.locator(".jp-Dialog button", has_text="Restart").last.click()
    alert = area.get_by_role("alert")
    alert.filter(has_text=LOST).wait_for()
    keep_picture(page, f"lab-{end}")
    # What was written stays; every button still does something, and says the same.
    assert "on and on" in area.locator("article.left .thought").inner_text()
    assert area.get_attribute("aria-busy") == "false"
    assert serious(page, ".s1-wait") == []
    area.get_by_role("button", name="Think on").click()
    alert.filter(has_text=LOST).wait_for()
    area.get_by_role("combobox", name="From the list").select_option("2")
    assert alert.inner_text() == ""
    area.get_by_role("button", name="Think", exact=True).click()
    alert.filter(has_text=LOST).wait_for()
    # The sentence is true: the same cell, run again, shows a widget that is ready to think.
    run_cell(page, 0)
    again = area.get_by_role("button", name="Think again")
    again.and_(area.locator("[aria-disabled=false]")).wait_for()
    assert alert.inner_text() == ""


@pytest.mark.parametrize("missing", ["anywidget", "@jupyter-widgets/jupyterlab-manager"])
def test_without_the_front_end_there_is_the_picture(tmp_path, missing):
    """As `jupyter labextension disable` does, in this JupyterLab's own configuration."""
    settings = tmp_path / "jupyter_config_dir" / "labconfig"
    settings.mkdir(parents=True)
    disabled = {"disabledExtensions": {missing: True}}
    (settings / "page_config.json").write_text(json.dumps(disabled))
    errors = ("anywidget", "Exception opening new comm")  # JupyterLab's own words for it
    with jupyterlab(tmp_path, [CELL]) as address, opened(address, known=errors) as page:
        ready(page)
        run_cell(page, 0)
        picture = page.locator("figure img")
        picture.wait_for()
        texts = content.texts()
        assert picture.get_attribute("alt") == texts["picture"]
        assert texts["picture hint"] in page.locator("figcaption").inner_text()
        assert page.locator(".s1-wait").count() == 0
        assert "object at 0x" not in page.locator(".jp-OutputArea").first.inner_text()
        keep_picture(page, f"lab-without-{missing.split('/')[-1]}")
