"""The widget in a real JupyterLab in Chromium: what a reader does, and two widgets at once.

Needs any Chromium; with S1_REQUIRE_BROWSER set it fails without one. A picture is kept in the
folder that S1_ARTIFACTS names.
"""

import json
import os
import sys

import nbformat
import pytest
from browser import keep_picture, needs_chromium, opened, serious
from processes import free_port, running

from s1lib.io import ROOT

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
def lab(tmp_path_factory):
    """The address of a notebook in a JupyterLab of its own."""
    folder = tmp_path_factory.mktemp("lab")
    cells = [nbformat.v4.new_code_cell(c.strip()) for c in (CELL, AGAIN, TRAITS)]
    nb = nbformat.v4.new_notebook(cells=cells)
    nb.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3"}
    nbformat.write(nb, folder / "widget.ipynb")
    news = folder / "settings" / "@jupyterlab" / "apputils-extension"
    news.mkdir(parents=True)
    quiet = {"fetchNews": "false", "checkForUpdates": False}
    (news / "notification.jupyterlab-settings").write_text(json.dumps(quiet))
    port = free_port()
    env = os.environ | {"JUPYTERLAB_SETTINGS_DIR": str(folder / "settings")}
    for name in ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR", "IPYTHONDIR"):
        env[name] = str(folder / name.lower())
    command = [sys.executable, "-m", "jupyterlab", "--no-browser", "--ip=127.0.0.1",
               f"--port={port}", "--ServerApp.port_retries=0", "--IdentityProvider.token=t",
               f"--ServerApp.root_dir={folder}", "--allow-root",
               "--LabApp.extension_manager=readonly"]  # fmt: skip
    url = f"http://127.0.0.1:{port}"
    with running(command, f"{url}/api?token=t", folder / "lab.log", 60, env=env, cwd=ROOT):
        yield f"{url}/lab/tree/widget.ipynb?token=t&reset"


@pytest.fixture(scope="module")
def page(lab):
    """The opened notebook."""
    with opened(lab, viewport={"width": 1280, "height": 1400}) as page:
        page.locator(".jp-Notebook .jp-CodeCell").first.wait_for()
        page.locator(".jp-Notebook-ExecutionIndicator[data-status='idle']").wait_for()
        yield page


def run_cell(page, number: int) -> None:
    """Run a cell; again if JupyterLab let it go because its kernel was still connecting."""
    prompt = page.locator(".jp-Notebook .jp-CodeCell .jp-InputPrompt").nth(number)
    for _ in range(10):
        page.locator(".jp-Notebook .jp-CodeCell .cm-content").nth(number).click()
        page.keyboard.press("Shift+Enter")
        page.wait_for_timeout(1000)
        if prompt.inner_text() != "[ ]:":
            return
    raise AssertionError("the kernel does not run the cell")


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
