"""Texts from outside in what a notebook shows, and notebooks as pages that need no network."""

import os
import re
import shutil
from html.parser import HTMLParser
from pathlib import Path

import nbformat
import pytest

from s1lib.errors import CourseError
from s1lib.evaluation.metrics import wilson
from s1lib.io import ROOT
from s1lib.notebook.display import block, say, table
from s1lib.notebook.pages import POLICY, export, page_of
from s1lib.notebook.plots import Plot
from s1lib.notebook.plots_data import rates

LONG = "W" * 5000
HOSTILE = [
    "<img src=x onerror=\"document.title='broken in'\">",
    "</script><script>document.title='broken in'</script>",
    "</pre></div></td><b>x",
    "'\" onmouseover=\"document.title='broken in'\" x='",
    "[click](javascript:alert(1))",
    "![x](http://192.0.2.1/x.png)",
    "<http://192.0.2.1/>",
    "$\\href{java\tscript:alert(1)}{x}$",
    "\\(\\href{javascript:alert(1)}{x}\\)",
    "$$\\def\\x{\\x\\x}\\x$$",
    "$\\frac{$ \\undefined",
    "\\begin{align}x\\end{align}",
    "&lt;b&gt; &#60;b&#62;",
    "a\x00b\x1b[31mc\x07\x9d",
    "abc\u202edcba\u2066x\u200b",
    "| a | b |\n|---|---|\n| c | d |",
    "# A heading\n\n- a list\n> a quote",
    "`code <b>` ```\nmore",
    "<style>*{display:none}</style>",
    "<iframe src=http://192.0.2.1></iframe>",
    "<svg/onload=alert(1)>",
    "{{7*7}} {% x %} ${7*7}",
    LONG,
]
VIEWS = {
    "say": lambda text: say(text).data,
    "say in a sentence": lambda text: say(f"In all **{text}** of `{text}`: {text}.").data,
    "block": lambda text: block(text).data,
    "title of a block": lambda text: block("x", text).data,
    "cell": lambda text: table([{"a": text}]).data,
    "head": lambda text: table([{text: 1}]).data,
    "caption": lambda text: _plot(caption=text),
    "name in a plot": lambda text: _plot(name=text),
}


def _plot(name: str = "x", caption: str = "x") -> str:
    """A plot without its picture, whose bytes could look like anything."""
    page = rates({name[:300]: wilson(3, 4)}, caption)._repr_html_()
    return re.sub('base64,[^"]+', "base64,", page)


DRAWN = ("caption", "name in a plot")  # slow: only what could be a formula or HTML there
CASES = [
    pytest.param(view, text, id=f"{view}-{text[:24]!r}")
    for view in VIEWS
    for text in HOSTILE
    if view not in DRAWN or "$" in text or "<img" in text
]


class Tags(HTMLParser):
    """The tags of a page, and the names of their attributes."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[tuple[str, tuple[str, ...]]] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list) -> None:
        self.found.append((tag, tuple(name for name, _ in attrs)))


def tags(page: str) -> set:
    return set(Tags(page).found)


@pytest.mark.filterwarnings("ignore:Glyph")  # control characters have no picture
@pytest.mark.parametrize(("view", "text"), CASES)
def test_a_text_from_outside_is_shown_as_text(view, text):
    page = VIEWS[view](text)
    marks = {("strong", ()), ("em", ()), ("code", ())} if "say" in view else set()
    assert tags(page) <= tags(VIEWS[view]("plain")) | marks
    assert "mathjax_ignore" in page
    if view not in DRAWN:
        assert not re.search(r"[\x00-\x08\x0e-\x1f\x7f-\x9f\u200b\u202e\u2066]", page)


def test_a_sentence_has_stress_and_code_and_nothing_else():
    assert ">4 * 5 = <strong>20</strong>, <em>not</em> <code>**x**</code>.<" in (
        say("4 * 5 = **20**, *not* `**x**`.").data
    )
    assert "<strong><code>a</code> b</strong>" in say("**`a` b**").data


# Pages


def write(folder: Path, cells: list, name: str = "x", **metadata) -> Path:
    nb = nbformat.v4.new_notebook(cells=cells, metadata=metadata)
    path = folder / f"{name}.ipynb"
    nbformat.write(nb, path)
    return path


def output(kind: str, data: object) -> list:
    return [nbformat.v4.new_output("display_data", {kind: data, "text/plain": "in words"})]


def hostile_notebook(folder: Path) -> Path:
    """Everything that a page could load or run, and long words in every kind of output."""
    attack = "<script>document.title='broken in'</script><img src='http://192.0.2.1/x.png' "
    attack += "onerror=\"document.title='broken in'\"><link rel=stylesheet href=//192.0.2.1/x.css>"
    cells = [
        nbformat.v4.new_markdown_cell(f"# A <b>title</b>\n\n{LONG}\n\n`{LONG}`\n\n{attack}"),
        nbformat.v4.new_markdown_cell(
            "[next](next.ipynb#part) [docs](../docs/a.md) [web](https://x.org)"
        ),
        nbformat.v4.new_code_cell(f"x = '{LONG}'", outputs=output("text/html", attack)),
        nbformat.v4.new_code_cell("1", outputs=output("application/javascript", "alert(1)")),
        nbformat.v4.new_code_cell(
            "2", outputs=output("application/vnd.jupyter.widget-view+json", {"model_id": "a"})
        ),
        nbformat.v4.new_code_cell("3", outputs=output("text/latex", "$$x$$")),
        nbformat.v4.new_code_cell("4", outputs=[nbformat.v4.new_output("stream", text=LONG)]),
    ]
    shown = [say(LONG), block(LONG, LONG), table([{"a": LONG, "b": 1}, {"a": 1, "b": LONG}])]
    shown.append(Plot(rates({"x": wilson(1, 2)}, "x").figure, LONG, LONG))
    for thing in shown:
        html = thing._repr_html_()
        cells.append(nbformat.v4.new_code_cell("5", outputs=output("text/html", html)))
    write(folder, [], "next")
    state = {"application/vnd.jupyter.widget-state+json": {"state": {}}}
    return write(folder, cells, widgets=state)


def test_a_page_runs_and_loads_nothing(tmp_path):
    page = page_of(hostile_notebook(tmp_path))
    found = tags(page)
    assert not {name for name, _ in found} & {"script", "link", "iframe", "object", "base"}
    assert not [attrs for _, attrs in found if any(name.startswith("on") for name in attrs)]
    assert POLICY in page and "cdnjs" not in re.sub(r"/\*.*?\*/", "", page, flags=re.DOTALL)
    assert 'href="next.html#part"' in page and 'href="https://x.org"' in page
    assert "../docs/a.md" not in page and ">docs" not in page and "docs" in page
    assert page.count("in words") >= 3  # in place of a widget, a script and a formula


def test_a_damaged_notebook_is_one_sentence(tmp_path):
    for name, text in {"a": "", "b": "[1]", "c": "{", "d": '{"cells": 1, "nbformat": 4}'}.items():
        (tmp_path / f"{name}.ipynb").write_text(text)
        with pytest.raises(CourseError, match=rf"{name}\.ipynb is missing or damaged"):
            page_of(tmp_path / f"{name}.ipynb")
    with pytest.raises(CourseError, match=r"none\.ipynb is missing"):
        page_of(tmp_path / "none.ipynb")


CHROMIUM = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome", "chrome"))),
    os.environ.get("CHROMIUM"),
)


@pytest.mark.browser
@pytest.mark.slow
@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium here: see tests/test_browser.py")
def test_pages_need_no_network_and_no_word_breaks_them(tmp_path):
    from playwright.sync_api import sync_playwright

    (tmp_path / "hostile").mkdir()
    course = export(sorted((ROOT / "notebooks").glob("*.ipynb")), tmp_path / "pages")
    hostile = export([hostile_notebook(tmp_path / "hostile")], tmp_path / "pages")
    with sync_playwright() as playwright:
        flags = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=flags)
        for width in (390, 1100):
            view = browser.new_page(viewport={"width": width, "height": 900})
            asked: list[str] = []
            view.on("request", lambda request, asked=asked: asked.append(request.url))
            for path in [*hostile, *course]:
                view.goto(path.as_uri())
                wide = view.evaluate(
                    "[...document.querySelectorAll('.jp-RenderedText, .jp-RenderedHTMLCommon *')]"
                    ".filter(e => e.getBoundingClientRect().right > innerWidth + 1)"
                    ".map(e => e.tagName + ': ' + e.textContent.slice(0, 40))"
                )
                if path in hostile:
                    assert wide == []
                    assert "broken in" not in view.title()
                    if folder := os.environ.get("S1_ARTIFACTS"):
                        Path(folder).mkdir(parents=True, exist_ok=True)
                        view.screenshot(path=Path(folder) / f"page-{width}.png", full_page=True)
            assert [url for url in asked if not url.startswith(("file:", "data:"))] == []
        browser.close()
