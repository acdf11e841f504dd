"""Notebooks as web pages that carry what they need: `python -m s1lib.notebook.pages`.

A page loads nothing from elsewhere and runs no script: not MathJax, not the manager of the widgets,
and nothing that a text from outside may hold. It looks the same without a network.
"""

import argparse
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from s1lib.errors import CourseError, run_command
from s1lib.io import ROOT, output, write_text

# What a browser may do with a page: show what stands in it.
POLICY = (
    "default-src 'none'; img-src data:; style-src 'unsafe-inline'; font-src data:; "
    "base-uri 'none'; form-action 'none'"
)
# What is shown of an output; a widget's picture or text stands in for the widget.
SHOWN = {"text/plain", "text/html", "text/markdown", "image/png", "image/jpeg"}
ACTIVE = ("script", "link", "iframe", "frame", "object", "embed", "base", "form")
# A long word breaks, in every kind of output.
LONG_WORDS = (
    ".jp-RenderedHTMLCommon, .jp-OutputArea-output, .jp-OutputArea-output pre "
    "{ overflow-wrap: anywhere; white-space: normal; max-width: 100%; }"
    ".jp-OutputArea-output pre, .jp-RenderedHTMLCommon pre { white-space: pre-wrap; }"
)


def page_of(notebook: Path) -> str:
    """Convert a notebook with its saved outputs to one HTML page.

    Raises CourseError if it is missing or damaged.
    """
    import nbformat  # slow to import
    from bs4 import BeautifulSoup
    from nbconvert import HTMLExporter

    try:
        nb = nbformat.read(notebook, as_version=4)
    except Exception as error:  # no file, no JSON, no notebook: all mean the same to a reader
        raise CourseError(
            f"{notebook.name} is missing or damaged ({type(error).__name__}): restore it with "
            "`git checkout -- notebooks/`."
        ) from None
    nb.metadata.pop("widgets", None)
    nb.metadata["title"] = _title(nb) or notebook.stem
    for cell in nb.cells:
        for shown in cell.get("outputs", []):
            if "data" in shown:
                shown.data = {kind: v for kind, v in shown.data.items() if kind in SHOWN}
    exporter = HTMLExporter(embed_images=True)
    body, _ = exporter.from_notebook_node(nb, {"metadata": {"path": str(notebook.parent)}})
    page = BeautifulSoup(body, "html.parser")
    for tag in page(ACTIVE):
        tag.decompose()
    for image in page("img"):
        if not str(image.get("src", "")).startswith("data:"):
            image.replace_with(f"[image: {image.get('alt', '')}]")
    for tag in page(True):
        for name in [name for name in tag.attrs if name.lower().startswith("on")]:
            del tag[name]
    policy = page.new_tag("meta", attrs={"http-equiv": "Content-Security-Policy"})
    policy["content"] = POLICY
    style = page.new_tag("style")
    style.string = LONG_WORDS
    assert page.head is not None  # the template has one
    page.head.insert(0, policy)
    page.head.append(style)
    _keep_links(page, {path.name for path in notebook.parent.glob("*.ipynb")})
    return str(page)


def _title(nb: Any) -> str | None:
    """The first heading of a notebook."""
    texts = (cell.source for cell in nb.cells if cell.cell_type == "markdown")
    found = (re.search(r"^# +(.+)$", text, re.MULTILINE) for text in texts)
    return next((heading[1].strip() for heading in found if heading), None)


def _keep_links(page: Any, notebooks: set[str]) -> None:
    """Let links lead to the other pages, to the web, or into the page; others become text."""
    for link in page("a", href=True):
        target, _, place = link["href"].partition("#")
        if target in notebooks:
            link["href"] = target.removesuffix(".ipynb") + ".html" + (place and f"#{place}")
        elif target and not re.match(r"https?://", target):
            link.unwrap()


def export(notebooks: Iterable[Path], folder: Path) -> list[Path]:
    """Write each notebook as a page into a folder; returns the pages."""
    pages = []
    for notebook in notebooks:
        pages.append(folder / f"{notebook.stem}.html")
        write_text(pages[-1], page_of(notebook))
    return pages


def main() -> None:
    """Write the course's notebooks, or others, as web pages that need no network."""
    parser = argparse.ArgumentParser(prog="s1lib.notebook.pages", description=main.__doc__)
    parser.add_argument("notebooks", nargs="*", type=Path, help="default: those of the course")
    parser.add_argument("--out", type=Path, help="folder of the pages (default: build/pages)")
    args = parser.parse_args()
    notebooks = args.notebooks or sorted((ROOT / "notebooks").glob("*.ipynb"))
    folder = args.out or output("pages/index.html").parent
    for page in export(notebooks, folder):
        print(page)


if __name__ == "__main__":
    run_command(main)
