"""Run functions of the page's engine: in Node, or in Chromium where there is no Node."""

import functools
import http.server
import json
import os
import shutil
import subprocess
import threading
from typing import Any

from s1lib.io import ROOT

ENGINE = ROOT / "s1lib/notebook/wait/engine"
MODULES = sorted(path.stem for path in ENGINE.glob("*.js"))
NODE = shutil.which("node")
CHROMIUM = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome", "chrome"))),
    os.environ.get("CHROMIUM"),
)
FOUND = bool(NODE or CHROMIUM)
# What a model or a reader may write.
HOSTILE = [
    "",
    " ",
    "\n\t\r\x0b\x1c\x85\u2028",
    "\ufeffBOM",
    "<img src=x onerror=alert(1)>",
    "</script><script>alert(1)</script>",
    "a\x00b\x1b[31mc\x07\x9d",
    "abc\u202edcba\u2066x\u200b",
    "think answer system user assistant",
    "thinkanswer Thinking assistants",
    "You are Qwen, created by Alibaba Cloud. You are a helpful assistant.",
    "e\u0301 \u1e9b\u0323 \uac00\u11a8 \u0344 \ufb01 \u212b",
    "👩‍👩‍👧‍👦 𝒳 ﷽ 한국어 العربية עברית",
    "\ud7ff\ue000\uffff\U0010ffff",
    "$^ (?!) .* [a-z] \\ | { }",
    "{start} {n} {tag}",
    "constructor __proto__ toString",
]

_IN_NODE = """
import fs from "node:fs";
const { folder, names, code, argument } = JSON.parse(fs.readFileSync(0, "utf8"));
const modules = {};
for (const name of names) modules[name] = await import(`file://${folder}/${name}.js`);
fs.writeFileSync(1, JSON.stringify(await (0, eval)(code)(modules, argument)));
"""
_IN_CHROMIUM = """async ({ names, code, argument }) => {
  const modules = {};
  for (const name of names) modules[name] = await import(`/${name}.js`);
  return JSON.stringify(await (0, eval)(code)(modules, argument));
}"""


def call(code: str, argument: Any = None, timeout: float = 600) -> Any:
    """Call a JavaScript function `(modules, argument) => result` with JSON in and out.

    `modules` holds the engine's modules by name, for example `modules.budget`.
    """
    asked = {"folder": str(ENGINE), "names": MODULES, "code": code, "argument": argument}
    if NODE is None:
        return json.loads(_in_chromium(asked))
    command = [NODE, "--input-type=module", "-e", _IN_NODE]
    done = subprocess.run(command, input=json.dumps(asked).encode(), capture_output=True,
                          timeout=timeout, check=False)  # fmt: skip
    assert done.returncode == 0, done.stderr.decode()
    return json.loads(done.stdout)


def _in_chromium(asked: dict) -> str:
    from playwright.sync_api import sync_playwright

    handler = functools.partial(_Quiet, directory=str(ENGINE))
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        with sync_playwright() as playwright:
            flags = ["--no-sandbox", "--disable-dev-shm-usage"]
            browser = playwright.chromium.launch(executable_path=CHROMIUM, args=flags)
            page = browser.new_page()
            page.goto(f"http://127.0.0.1:{server.server_port}/")
            try:
                return page.evaluate(_IN_CHROMIUM, asked)
            finally:
                browser.close()
    finally:
        server.shutdown()
        server.server_close()


class _Quiet(http.server.SimpleHTTPRequestHandler):
    extensions_map = {
        **http.server.SimpleHTTPRequestHandler.extensions_map,
        ".js": "text/javascript",
    }

    def log_message(self, *args: Any) -> None:
        pass
