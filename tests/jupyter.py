"""What the tests in a real JupyterLab share: a server of their own, and how to run a cell."""

import json
import os
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

import nbformat
from processes import free_port, running

from s1lib.io import ROOT

# No news and no question about updates; a theme may be added.
QUIET = {"notification": {"fetchNews": "false", "checkForUpdates": False}}


@contextmanager
def jupyterlab(folder: Path, cells: list[str], theme: str = "JupyterLab Light") -> Iterator[str]:
    """Run a JupyterLab on a notebook of these cells; yields the notebook's address.

    Its settings and configuration lie in `folder`, whatever this computer's are.
    """
    nb = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(c.strip()) for c in cells])
    nb.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3"}
    nbformat.write(nb, folder / "widget.ipynb")
    settings = folder / "settings" / "@jupyterlab" / "apputils-extension"
    settings.mkdir(parents=True)
    for name, values in (QUIET | {"themes": {"theme": theme}}).items():
        (settings / f"{name}.jupyterlab-settings").write_text(json.dumps(values))
    port = free_port()
    command = [sys.executable, "-m", "jupyterlab", "--no-browser", "--ip=127.0.0.1",
               f"--port={port}", "--ServerApp.port_retries=0", "--IdentityProvider.token=t",
               f"--ServerApp.root_dir={folder}", "--allow-root",
               "--LabApp.extension_manager=readonly"]  # fmt: skip
    url = f"http://127.0.0.1:{port}"
    env = environment(folder)
    with running(command, f"{url}/api?token=t", folder / "lab.log", 60, env=env, cwd=ROOT):
        yield f"{url}/lab/tree/widget.ipynb?token=t&reset"


def environment(folder: Path) -> dict[str, str]:
    """The environment of a JupyterLab that keeps all it writes in a folder."""
    env = os.environ | {"JUPYTERLAB_SETTINGS_DIR": str(folder / "settings")}
    for name in ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR", "IPYTHONDIR"):
        env[name] = str(folder / name.lower())
    return env


def ready(page: Any) -> None:
    """Wait until the notebook is open and connected to an idle kernel.

    The page calls a kernel idle before it is connected, and what is run then is lost.
    """
    page.locator(".jp-Notebook .jp-CodeCell").first.wait_for()
    kernels = urljoin(page.url, "/api/kernels?token=t")
    for _ in range(600):
        for kernel in page.request.get(kernels).json():
            if kernel["connections"] and kernel["execution_state"] == "idle":
                return
        page.wait_for_timeout(100)
    raise AssertionError("no kernel is connected")


def run_cell(page: Any, number: int) -> None:
    """Run a cell to its end; again if JupyterLab let it go, its kernel still connecting."""
    from playwright.sync_api import expect

    prompt = page.locator(".jp-Notebook .jp-CodeCell .jp-InputPrompt").nth(number)
    before = prompt.inner_text()
    for _ in range(20):
        page.locator(".jp-Notebook .jp-CodeCell .cm-content").nth(number).click()
        page.keyboard.press("Shift+Enter")
        for _ in range(10):
            page.wait_for_timeout(100)
            if prompt.inner_text() != before:
                expect(prompt).to_contain_text(re.compile(r"\d"), timeout=60_000)
                return
    raise AssertionError("the kernel does not run the cell")
