"""Build the page that needs no kernel, docs/try/: `python -m s1lib.notebook.wait.page`.

`index.html` opens from the disk or any static host and loads two scripts beside it: `wait.js`, the
front end and the page's engine, and `model.js`, the shipped model. Nothing comes from elsewhere.
"""

import argparse
import base64
import json
import zlib
from html import escape
from pathlib import Path
from typing import Any

from s1lib.config import load_profile
from s1lib.errors import run_command
from s1lib.inference.hf import HFEngine
from s1lib.io import DATA, ROOT
from s1lib.notebook.wait import content
from s1lib.notebook.wait.bundle import FOLDER, bundle
from s1lib.notebook.wait.export import model_file, tokenizer_file

PAGE = ROOT / "docs" / "try"

INDEX = """<!DOCTYPE html>
<html lang="{lang}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<title>{name}</title>
<link rel="icon" href="data:,">
<style>
html {{ color-scheme: light dark; background: light-dark(#f6f1e8, #121110); }}
body {{ margin: 0; padding: 8px 12px; }}
@media (max-width: 460px) {{ body {{ padding: 0; }} }}
</style>
</head>
<body>
<main id="wait"><noscript>{noscript}</noscript></main>
<script src="wait.js"></script>
<script>s1Wait.open(document.getElementById("wait"), "model.js", true);</script>
</body>
</html>
"""
# Scripts and styles of the page itself only, and no connection to anywhere.
POLICY = (
    "default-src 'none'; script-src 'self' 'unsafe-inline' file:; style-src 'unsafe-inline'; "
    "img-src 'self' data: file:"
)


def script_text(value: Any) -> str:
    """Write a value as JSON that may stand inside a script."""
    return json.dumps(value, ensure_ascii=False).replace("<", "\\u003c")


def front_end() -> str:
    """Join everything but the model into one script, which sets `s1Wait.open(root, model)`."""
    data = {
        "texts": content.texts(),
        "questions": content.page_questions(),
        "recorded": content.recorded() | {"continues": True},
        "rates": content.recorded_rates(),
    }
    css = (FOLDER / "wait.css").read_text(encoding="utf-8")
    return f"""(() => {{
"use strict";
{bundle("page.js")}
const data = {script_text(data)};
const css = {script_text(css)};
const open = (root, model, heading = false) => {{
  const style = document.createElement("style");
  style.textContent = css;
  document.head.append(style);
  return wait.openPage(root, {{ ...data, heading }}, model);
}};
globalThis.s1Wait = {{ open }};
}})();
"""


def record() -> None:
    """Record the try that the widget opens with, with the shipped model."""
    profile = load_profile("laptop")
    engine = HFEngine.load(DATA / "sft", max_answer=profile.max_answer)
    found = content.record(engine, profile.max_thinking_waits)
    text = json.dumps(found, ensure_ascii=False, separators=(",", ":"))
    content.RECORDED.write_text(text + "\n", encoding="utf-8")


def build(folder: Path = PAGE) -> None:
    """Write the page into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    model = {
        "weights": base64.b64encode(zlib.compress(model_file(), 9)).decode("ascii"),
        "tokenizer": tokenizer_file(),
    }
    texts = content.texts()
    shown = {name: escape(texts[name]) for name in ("lang", "name", "noscript")}
    files = {
        "index.html": INDEX.format(policy=POLICY, **shown),
        "wait.js": front_end(),
        "model.js": f"globalThis.s1WaitModel = {script_text(model)};\n",
    }
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8")
        print(f"{name}: {len(text.encode()) / 1e6:.2f} MB")


def main() -> None:
    """Record the first try, and build the page."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--out", type=Path, default=PAGE, help="the folder, default: docs/try")
    args = parser.parse_args()
    record()
    build(args.out)


if __name__ == "__main__":
    run_command(main)
