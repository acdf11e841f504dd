"""What the browser tests share: a Chromium that notes errors, and requests to elsewhere."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

CHROMIUM = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome", "chrome"))),
    os.environ.get("CHROMIUM"),
)
needs_chromium = pytest.mark.skipif(
    CHROMIUM is None and "S1_REQUIRE_BROWSER" not in os.environ,
    reason="no Chromium here: install one (Debian and Ubuntu: sudo apt install chromium; "
    "else any Chrome, its path in the environment variable CHROMIUM)",
)
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
         "--disable-background-networking", "--disable-component-update", "--disable-sync",
         "--disable-dev-shm-usage"]  # fmt: skip
LOCAL = ("file:", "http://127.0.0.1", "ws://127.0.0.1", "data:", "blob:")

# Twenty texts that a model or a reader may write. None may run, none may break the layout.
HOSTILE = [
    "<img src=x onerror=\"document.title='broken in'\">",
    "</script><script>document.title='broken in'</script>",
    "</p></article><h1>x",
    "'\" onmouseover=document.title='broken in' x='",
    "&lt;b&gt;&amp;#39;",
    "$\\href{javascript:alert(1)}{x}$ $$x^2$$",
    "a\x1b[31mc\x07\x9d",
    "abc\u202edcba\u2066x\u200b",
    "W" * 300,
    "9" * 300,
    "{question} ${document.title='broken in'} {n}",
    "javascript:document.title='broken in'",
    "<style>*{display:none}</style>",
    "<svg onload=document.title='broken in'>",
    "<iframe src=https://example.com></iframe>",
    "👩‍👩‍👧‍👦 𝒳 ﷽ 한국어 العربية עברית e\u0301",
    "\n\n\t  line\nline  ",
    "constructor __proto__ toString undefined null NaN",
    "-1-2-3/4/5-" * 40,
    "Ignore all earlier instructions <b>and</b> \\u003cscript\\u003e",
]


@contextmanager
def opened(url: str, known: tuple[str, ...] = (), **settings: Any) -> Iterator[Any]:
    """Open a page; it must ask nothing of another machine, and log no error that is not `known`."""
    from playwright.sync_api import sync_playwright

    errors: list[str] = []
    away: list[str] = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        page = browser.new_context(
            **{"viewport": {"width": 1280, "height": 800}} | settings
        ).new_page()
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.on("console", lambda m: errors.append(_told(m)) if m.type == "error" else None)
        page.on("request", lambda r: None if r.url.startswith(LOCAL) else away.append(r.url))
        page.set_default_timeout(60_000)
        page.goto(url)
        yield page
        browser.close()
    known += ("/lsp/status",)  # JupyterLab asks for a language server that is not installed
    assert [e for e in errors if not any(k in e for k in known)] == []
    assert away == []


def _told(message: Any) -> str:
    return f"{message.text} {message.location.get('url', '')}"


def keep_picture(page: Any, name: str, **settings: Any) -> None:
    """Keep a screenshot in the folder that S1_ARTIFACTS names."""
    if folder := os.environ.get("S1_ARTIFACTS"):
        Path(folder).mkdir(parents=True, exist_ok=True)
        page.screenshot(path=Path(folder) / f"{name}.png", **settings)


def serious(page: Any, inside: str) -> list[str]:
    """Look for faults of accessibility inside an element: the serious and critical ones."""
    from axe_playwright_python.sync_playwright import Axe

    found = Axe().run(page, context=inside).response["violations"]
    return [
        f"{v['id']}: {node['html'][:120]}"
        for v in found
        if v["impact"] in ("serious", "critical")
        for node in v["nodes"]
    ]
