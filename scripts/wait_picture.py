"""Make docs/wait.png, the picture of the widget for the README and the notebooks (for authors).

Needs a Chromium; run it after `python -m s1lib.notebook.wait.page`.
"""

import io
import os
import shutil
import sys

from PIL import Image
from playwright.sync_api import sync_playwright

from s1lib.notebook.wait.page import PAGE
from s1lib.notebook.wait.picture import PICTURE

NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")


def main() -> None:
    """Open the page and keep what it shows at first, in few colours."""
    chromium = next(filter(None, map(shutil.which, NAMES)), os.environ.get("CHROMIUM"))
    if chromium is None:
        sys.exit("no Chromium here: install one, or name it in the environment variable CHROMIUM")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1000, "height": 800})
        page.goto((PAGE / "index.html").as_uri())
        page.locator("button.main[aria-disabled=false]").first.wait_for()
        drawn = page.locator(".s1-wait").screenshot()
        browser.close()
    Image.open(io.BytesIO(drawn)).convert("RGB").quantize(64).save(PICTURE, "PNG", optimize=True)
    print(f"docs/{PICTURE.name}: {PICTURE.stat().st_size / 1e3:.0f} kB")


if __name__ == "__main__":
    main()
