"""Run functions of the page's engine in Node: this computer's, or the one inside Playwright."""

import json
import os
import shutil
import subprocess
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from s1lib.io import ROOT

ENGINE = ROOT / "s1lib/notebook/wait/engine"
MODULES = sorted(path.stem for path in ENGINE.glob("*.js"))


def node() -> str | None:
    """Find Node. Playwright, one of the `dev` packages, brings its own."""
    playwright = find_spec("playwright")
    folders = playwright.submodule_search_locations if playwright else None
    inside = [str(Path(folder) / "driver") for folder in folders or ()]
    return shutil.which("node") or shutil.which("node", path=os.pathsep.join(inside))


NODE = node()
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

_SCRIPT = """
import fs from "node:fs";
const { folder, names, code, argument } = JSON.parse(fs.readFileSync(0, "utf8"));
const modules = {};
for (const name of names) modules[name] = await import(`${folder}/${name}.js`);
fs.writeFileSync(1, JSON.stringify(await (0, eval)(code)(modules, argument)));
"""


def call(code: str, argument: Any = None, timeout: float = 600) -> Any:
    """Call a JavaScript function `(modules, argument) => result` with JSON in and out.

    `modules` holds the engine's modules by name, for example `modules.budget`.
    """
    asked = {"folder": ENGINE.as_uri(), "names": MODULES, "code": code, "argument": argument}
    text = json.dumps(asked).encode()
    command = [str(NODE), "--input-type=module", "-e", _SCRIPT]
    done = subprocess.run(command, input=text, capture_output=True, timeout=timeout, check=False)
    assert done.returncode == 0, done.stderr.decode()
    return json.loads(done.stdout)
