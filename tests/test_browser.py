"""The widget in a real JupyterLab in Chromium: what a reader does, and hostile text.

Needs any Chromium; with S1_REQUIRE_BROWSER set it fails without one. A picture is kept in the
folder that S1_ARTIFACTS names.
"""

import json
import os
import shutil
import sys
from pathlib import Path

import nbformat
import pytest
from processes import free_port, running

from s1lib.io import ROOT

CHROMIUM = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome", "chrome"))),
    os.environ.get("CHROMIUM"),
)
pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(
        CHROMIUM is None and "S1_REQUIRE_BROWSER" not in os.environ,
        reason="no Chromium here: install one (Debian and Ubuntu: sudo apt install chromium; "
        "else any Chrome, its path in the environment variable CHROMIUM)",
    ),
]
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
         "--disable-background-networking", "--disable-component-update", "--disable-sync",
         "--disable-dev-shm-usage"]  # fmt: skip
CELL = """
import json
from s1lib.inference.budget import Budget
from s1lib.io import DATA, read_rows
from s1lib.notebook.widget import BudgetWidget

rows = json.loads((DATA / "results/main_result.json").read_text())["rows"]
questions = [row["question"] for row in read_rows(DATA / "heldout.jsonl")[:5]]
form = BudgetWidget(DATA / "sft", questions, Budget(512, 0, max_answer=12),
                    [r for r in rows if r["seed"] == 0])
form
"""
# As a question, as what the model wrote, and as its answer.
HOSTILE = (
    "<img src=x onerror=\"document.title='broken in'\"></script>"
    "<script>document.title='broken in'</script>$x^2$ \u202e"
)
HOSTILE_CELL = f"""
from s1lib.inference.live import LiveAnswer, LiveRun, Piece
from s1lib.notebook.widget import render
bad = {HOSTILE!r}
thinker = type("T", (), {{"thinking": [0], "ends": []}})()
run = LiveRun(bad, Budget(8), [], thinker, bad, pieces=[Piece("thinking", False, [], bad)],
              answers=[LiveAnswer(0, 1, bad, None)], status="done")
from IPython.display import HTML, display
import ipywidgets
display(HTML(render(run)), ipywidgets.HTML(render(run)))
"""


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    """The address of a notebook in a JupyterLab of its own."""
    folder = tmp_path_factory.mktemp("lab")
    cells = [nbformat.v4.new_code_cell(c.strip()) for c in (CELL, HOSTILE_CELL)]
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
    """The opened notebook; no error in its console and no request that leaves the machine."""
    from playwright.sync_api import sync_playwright

    errors, away = [], []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        page = browser.new_page(viewport={"width": 1100, "height": 1500})
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.on("console", lambda m: errors.append(m.text) if m.type == "error" else None)
        local = ("http://127.0.0.1", "ws://127.0.0.1", "data:", "blob:")
        page.on("request", lambda r: None if r.url.startswith(local) else away.append(r.url))
        page.set_default_timeout(60_000)
        page.goto(lab)
        page.wait_for_selector(".jp-Notebook .jp-CodeCell")
        page.wait_for_selector(".jp-Notebook-ExecutionIndicator[data-status='idle']")
        yield page
        if folder := os.environ.get("S1_ARTIFACTS"):
            Path(folder).mkdir(parents=True, exist_ok=True)
            page.screenshot(path=Path(folder) / "widget.png")
        browser.close()
    assert errors == []
    assert away == []


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


def button(page, name: str):
    return page.locator(".jp-OutputArea").get_by_role("button", name=name, exact=True)


def status(page):
    return page.locator(".jp-OutputArea [role='status'], .jp-OutputArea [role='alert']").first


def test_a_reader_thinks_waits_and_stops(page):
    from playwright.sync_api import expect

    run_cell(page, 0)
    think, wait, stop = (button(page, name) for name in ("Think", "Wait!", "Stop"))
    think.wait_for()
    output = page.locator(".jp-OutputArea").first
    page.wait_for_function("() => [...document.querySelectorAll('.jp-OutputArea button')]"
                           ".some(b => b.innerText == 'Think' && !b.disabled)")  # fmt: skip
    assert wait.is_disabled()  # there is nothing to continue yet

    think.click()
    output.get_by_text("done.").wait_for()
    first = output.locator("table").first.inner_text()
    assert "⟦" not in first and output.locator("mark").count() >= 2

    wait.click()  # the second run: one more row in the table of answers
    output.get_by_text("⟦Wait⟧").wait_for()
    output.get_by_text("done.").wait_for()
    second = output.locator("table").first.inner_text()
    assert second.startswith(first) and len(second.splitlines()) == len(first.splitlines()) + 1
    assert output.locator("img[alt^='Accuracy'], img[alt^='This run']").count() == 1

    # Many Waits take long; Stop, by keyboard, ends them.
    slider = output.locator(".noUi-handle").nth(1)
    slider.focus()
    for _ in range(8):
        page.keyboard.press("ArrowRight")
    think.focus()
    page.keyboard.press("Enter")
    page.wait_for_function("() => [...document.querySelectorAll('.jp-OutputArea button')]"
                           ".some(b => b.innerText == 'Stop' && !b.disabled)")  # fmt: skip
    stop.focus()
    page.keyboard.press("Enter")
    output.get_by_text("stopped.").wait_for()
    expect(think).to_be_enabled()
    expect(wait).to_be_enabled()
    assert output.locator("table").last.locator("tr").count() == 4  # a head and three tries

    output.locator("textarea").fill("")
    think.click()
    output.get_by_text("Not run: a question is empty").wait_for()
    expect(think).to_be_enabled()


def test_hostile_text_is_shown_as_text(page):
    title = page.title()
    run_cell(page, 1)
    area = page.locator(".jp-OutputArea").nth(1)
    area.get_by_text("broken in").first.wait_for()
    page.wait_for_timeout(500)  # whatever could run has run
    assert page.title() == title
    made = area.locator("img, script, mjx-container")
    assert [element.evaluate("e => e.outerHTML") for element in made.all()] == []
    assert "$x^2$ ⟨U+202E⟩" in area.inner_text()
