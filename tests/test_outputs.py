"""Errors that Jupyter shows and does not count are found in the saved notebook."""

import subprocess
import sys

import nbformat
import pytest
from nbclient import NotebookClient

from s1lib.io import ROOT

BEGIN = "import asyncio, threading, time\nimport ipywidgets as widgets\n"
BEGIN += "from IPython.display import display\n"
QUIET = {
    "nothing wrong": "print('fine')",
    "a widget that says something": "display(widgets.HTML(\"<p role='status'>done</p>\"))",
}
WRONG = {
    "a thread": "t = threading.Thread(target=lambda: 1 / 0)\nt.start(); t.join(); time.sleep(0.5)",
    "an Output": "out = widgets.Output()\ndisplay(out)\nwith out:\n    1 / 0",
    "a callback in an Output": (
        "out = widgets.Output()\ndisplay(out)\nb = widgets.Button()\n"
        "b.on_click(out.capture()(lambda _: 1 / 0))\nb.click()"
    ),
    "a task": (
        "async def wrong():\n    1 / 0\n"
        "task = asyncio.get_running_loop().create_task(wrong())\n"
        "await asyncio.sleep(0.2)\ndel task\nimport gc; gc.collect()\nawait asyncio.sleep(0.5)"
    ),
    "an alert of our form": "display(widgets.HTML(\"<p role='alert'>Not run</p>\"))",
}


def scan(folder, code):
    nb = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(BEGIN + code)])
    NotebookClient(nb, timeout=60).execute()
    nbformat.write(nb, folder / "some.ipynb")
    command = [sys.executable, "scripts/outputs.py", str(folder / "some.ipynb")]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True)


def all_but_the_first_are_slow(codes):
    """Each starts a kernel of its own."""
    marks = [(), *[pytest.mark.slow] * (len(codes) - 1)]
    return [pytest.param(codes[id], id=id, marks=m) for id, m in zip(codes, marks, strict=True)]


@pytest.mark.parametrize("code", all_but_the_first_are_slow(QUIET))
def test_a_sound_notebook_passes(tmp_path, code):
    done = scan(tmp_path, code)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("code", all_but_the_first_are_slow(WRONG))
def test_a_hidden_error_is_found(tmp_path, code):
    done = scan(tmp_path, code)
    assert done.returncode == 1 and "some.ipynb holds an error" in done.stderr


def test_a_notebook_that_was_not_executed_is_refused(tmp_path):
    nb = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("1")])
    nbformat.write(nb, tmp_path / "new.ipynb")
    command = [sys.executable, "scripts/outputs.py", str(tmp_path / "new.ipynb")]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 1 and "was not executed" in done.stderr
