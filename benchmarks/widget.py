"""How fast is the page's engine? `python benchmarks/widget.py` on one CPU thread, with Node.

The engine in JavaScript and transformers' `generate` write text for the same question, in turns in
one run; the ratio is the median over the turns. Also: what the page loads, and how long the engine
takes from opening to its first token and to its first whole thought.

Where there is a Chromium, docs/try/index.html is measured in it as well, opened from the disk: the
engine's speed there, and what a reader sees, from opening the page or pressing a button to the
text on the page.

Prints a card, and one JSON line last.
"""

import argparse
import json
import os
import shutil
import statistics
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import torch
from transformers.utils import logging

from s1lib.errors import CourseError, run_command
from s1lib.inference.budget import delimiters
from s1lib.inference.engine import prompt_ids
from s1lib.inference.hf import load
from s1lib.io import DATA, ROOT, read_rows
from s1lib.notebook.wait.export import model_file, tokenizer_file
from s1lib.notebook.wait.page import PAGE

ENGINE = ROOT / "s1lib/notebook/wait/engine"
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome")

# Thinks about two questions, and then says Wait about a third until enough tokens are written.
MEASURE = """
const measure = async (engine, { questions, tokens }) => {
  const thought = async (question) => {
    const began = performance.now();
    let token = null;
    const onToken = ({ forced }) => { if (!forced) token ??= performance.now() - began; };
    await engine.think({ question, limit: 256 }, { onToken });
    return { token, whole: performance.now() - began };
  };
  const first = await thought(questions[0]);
  const next = await thought(questions[1]);
  let written = 0;
  const onToken = () => { written++; };
  const asked = { question: questions[2], limit: tokens + 512 };
  let kept = await engine.think(asked);
  const began = performance.now();
  while (written < tokens) kept = await engine.think({ ...asked, kept, wait: "Wait" }, { onToken });
  const speed = (1000 * written) / (performance.now() - began);
  return { first, next, speed };
};
"""
NODE = f"""
import fs from "node:fs";
{MEASURE}
const asked = JSON.parse(fs.readFileSync(0, "utf8"));
const {{ createEngine }} = await import(asked.engine);
const file = fs.readFileSync(asked.model);
const weights = file.buffer.slice(file.byteOffset, file.byteOffset + file.length);
const began = performance.now();
const engine = createEngine({{ weights, tokenizer: asked.tokenizer }});
const open = performance.now() - began;
console.log(JSON.stringify({{ open, ...(await measure(engine, asked)) }}));
"""
# What a reader sees: the page's own buttons are pressed, and the page itself is watched. Presses
# Think at once when the page is opened; `later` does what a reader does after that.
PAGE_SCRIPT = """
const until = (found) => new Promise((resolve) => {
  const look = () => {
    if (!found()) return;
    watcher.disconnect();
    resolve(performance.now());
  };
  const watcher = new MutationObserver(look);
  const all = { subtree: true, childList: true, characterData: true, attributes: true };
  watcher.observe(document, all);
  look();
});
const button = (i) => document.querySelectorAll("button.main")[i];
const enabled = (i) => button(i)?.getAttribute("aria-disabled") === "false";
const press = async (i, side) => {
  await until(() => enabled(i));
  const began = performance.now();
  button(i).click();
  const written = `article.${side} .thought .own`;
  const token = until(() => document.querySelector(written)?.textContent.trim());
  const answer = await until(() => document.querySelector(`article.${side} .card .value`));
  return { began, token: (await token) - began, whole: answer - began };
};
const choose = (number) => {
  const list = document.querySelector(".tools select");
  list.value = String(number);
  list.dispatchEvent(new Event("change"));
};
const spent = (side) =>
  Number(document.querySelector(`article.${side} .spent`).textContent.replace(/\\D/g, ""));
const first = press(0, "left");
globalThis.later = async (tokens) => {
  choose(1);
  const next = await press(0, "left");
  const before = spent("left");
  let time = 0;
  do time += (await press(1, "right")).whole;
  while (spent("right") - before < tokens && enabled(1));
  return { first: await first, next, drawn: (1000 * (spent("right") - before)) / time };
};
"""
ENGINE_IN_PAGE = f"""
async (asked) => {{
  {MEASURE}
  const {{ engine }} = s1Wait.open(document.createElement("div"), "model.js");
  while (!engine.info) await new Promise((resolve) => setTimeout(resolve, 10));
  return measure(engine, asked);
}}
"""


def node_turn(model: Path, asked: dict[str, Any]) -> dict[str, float]:
    """Run the engine once in a process of its own. Times in milliseconds, speed in tokens/s."""
    asked = asked | {
        "engine": (ENGINE / "engine.js").as_uri(),
        "model": str(model),
        "tokenizer": tokenizer_file(),
    }
    command = ["node", "--input-type=module", "-e", NODE]
    done = subprocess.run(
        command, input=json.dumps(asked).encode(), capture_output=True, check=True
    )
    found = json.loads(done.stdout)
    return {
        "speed": found["speed"],
        "open": found["open"],
        "first_token": found["first"]["token"],
        "next_token": found["next"]["token"],
        "first_thought": found["open"] + found["first"]["whole"],
    }


def browser_turn(browser: Any, asked: dict[str, Any]) -> dict[str, float]:
    """Open the page once in a browser, press its buttons, and then run its engine alone.

    Times in milliseconds: to the first thought from opening the page, to a token from the click.
    """
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    page = context.new_page()
    page.add_init_script(PAGE_SCRIPT)
    page.goto((PAGE / "index.html").as_uri())
    seen = page.evaluate("(tokens) => later(tokens)", asked["tokens"])
    alone = page.evaluate(ENGINE_IN_PAGE, asked)
    context.close()
    return {
        "speed": alone["speed"],
        "drawn": seen["drawn"],
        "open": seen["first"]["began"],
        "first_token": seen["first"]["token"],
        "next_token": seen["next"]["token"],
        "first_thought": seen["first"]["began"] + seen["first"]["whole"],
    }


@contextmanager
def open_browser() -> Iterator[Any]:
    """Start a Chromium; None where there is none, or no Playwright to drive it."""
    found = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, BROWSERS)), None)
    if found is None or find_spec("playwright") is None:
        yield None
        return
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=["--no-sandbox"])
        yield browser
        browser.close()


def generate_turn(model, tokenizer, question: str, tokens: int) -> float:
    """Write exactly so many tokens with `generate`; returns tokens per second."""
    marks = delimiters(tokenizer)
    ids = torch.tensor([prompt_ids(tokenizer, question) + list(marks.think)])
    start = time.perf_counter()
    out = model.generate(
        ids,
        attention_mask=torch.ones_like(ids),
        do_sample=False,
        min_new_tokens=tokens,
        max_new_tokens=tokens,
        pad_token_id=0,
        eos_token_id=sorted(marks.stop),
    )
    assert out.shape[1] == ids.shape[1] + tokens
    return tokens / (time.perf_counter() - start)


ROWS = {
    "speed": "the engine alone, tokens/s",
    "drawn": "drawn on the page, tokens/s",
    "open": "from opening to the model's being ready, ms",
    "first_token": "first token, just opened, ms",
    "next_token": "first token, a later question, ms",
    "first_thought": "from opening to the first thought, ms",
}


def main() -> None:
    """Measure, and print the card."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--tokens", type=int, default=256, help="tokens to write in each turn")
    parser.add_argument("--repeats", type=int, default=5, help="turns of each")
    args = parser.parse_args()
    if shutil.which("node") is None:
        raise CourseError("this benchmark needs Node: install it from https://nodejs.org.")
    torch.set_num_threads(1)
    logging.set_verbosity_error()
    model, tokenizer = load(DATA / "sft")
    questions = [row["question"] for row in read_rows(DATA / "dev.jsonl")[:3]]
    asked = {"questions": questions, "tokens": args.tokens}
    content = model_file()
    size = {
        "model": len(content),
        "modules": sum(p.stat().st_size for p in ENGINE.glob("*.js")),
        "page": sum(p.stat().st_size for p in PAGE.iterdir()),
    }

    turns: dict[str, list[dict[str, float]]] = {}
    theirs = []
    generate_turn(model, tokenizer, questions[2], args.tokens)  # warm up
    with tempfile.TemporaryDirectory() as folder, open_browser() as browser:
        path = Path(folder) / "model.safetensors"
        path.write_bytes(content)
        chromium = browser and f"Chromium {browser.version}"
        for _ in range(args.repeats):
            turns.setdefault("node", []).append(node_turn(path, asked))
            if browser:
                turns.setdefault("chromium", []).append(browser_turn(browser, asked))
            theirs.append(generate_turn(model, tokenizer, questions[2], args.tokens))
    speed = statistics.median(theirs)
    found = {place: medians(some, theirs) for place, some in turns.items()}

    node = subprocess.run(["node", "--version"], capture_output=True, text=True, check=True)
    where = {"node": f"Node {node.stdout.strip()}"} | ({"chromium": chromium} if chromium else {})
    print(f"The page's engine in {' and '.join(where.values())}, torch {torch.__version__}\n")
    if not chromium:
        print("No Chromium with Playwright here: the page itself was not measured.\n")
    print(f"{'':46}" + "".join(f"{place:>10}" for place in found))
    for name, label in ROWS.items():
        print(f"{label:46}" + "".join(f"{_cell(row.get(name)):>10}" for row in found.values()))
    print(f"{'generate on one thread, tokens/s':46}{speed:10,.0f}")
    for name in ("ratio", "drawn_ratio"):
        label = "the engine" if name == "ratio" else "drawn on the page"
        cells = (_cell(row.get(name), 2) for row in found.values())
        print(f"{f'{label}, times as fast as generate':46}" + "".join(f"{c:>10}" for c in cells))
    print(f"{'model file, MB':46}{size['model'] / 1e6:10.2f}")
    print(f"{'the whole page, MB':46}{size['page'] / 1e6:10.2f}")
    rounded = {place: {k: round(v, 2) for k, v in row.items()} for place, row in found.items()}
    print(f"\n{json.dumps({'in': where, 'generate': round(speed), 'size': size} | rounded)}")


def medians(turns: list[dict[str, float]], theirs: list[float]) -> dict[str, float]:
    """Take the median of each measure, and of its ratio to `generate`'s speed in the same turn."""
    found = {name: statistics.median(turn[name] for turn in turns) for name in turns[0]}
    for ratio, name in (("ratio", "speed"), ("drawn_ratio", "drawn")):
        if name in found:
            pairs = zip(turns, theirs, strict=True)
            found[ratio] = statistics.median(turn[name] / their for turn, their in pairs)
    return found


def _cell(value: float | None, digits: int = 0) -> str:
    return "" if value is None else f"{value:,.{digits}f}"


if __name__ == "__main__":
    run_command(main)
