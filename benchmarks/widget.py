"""How fast is the page's engine? `python benchmarks/widget.py` on one CPU thread, with Node.

The engine in JavaScript and transformers' `generate` write text for the same question, in turns in
one run; the ratio is the median over the turns. Also: what the page loads, and how long the engine
takes from opening to its first token and to its first whole thought.

Prints a card, and one JSON line last.
"""

import argparse
import base64
import json
import shutil
import statistics
import subprocess
import tempfile
import time
from pathlib import Path

import torch
from transformers.utils import logging

from s1lib.errors import CourseError, run_command
from s1lib.inference.budget import delimiters
from s1lib.inference.engine import prompt_ids
from s1lib.inference.hf import load
from s1lib.io import DATA, ROOT, read_rows
from s1lib.notebook.wait.export import model_file, tokenizer_file

ENGINE = ROOT / "s1lib/notebook/wait/engine"
# Opens the engine, thinks a first time, and then says Wait until enough tokens are written.
SCRIPT = """
import fs from "node:fs";
const { folder, model, tokenizer, questions, tokens } = JSON.parse(fs.readFileSync(0, "utf8"));
const { createEngine } = await import(`file://${folder}/engine.js`);
const file = fs.readFileSync(model);
const weights = file.buffer.slice(file.byteOffset, file.byteOffset + file.length);

const start = performance.now();
const engine = createEngine({ weights, tokenizer });
const opened = performance.now();
let firstToken = null;
await engine.think({ question: questions[0], limit: 256 }, {
  onToken: ({ forced }) => { if (!forced) firstToken ??= performance.now(); },
});
const firstThought = performance.now();
let next = null;
const clicked = performance.now();
await engine.think({ question: questions[1], limit: 256 }, {
  onToken: ({ forced }) => { if (!forced) next ??= performance.now(); },
});

let written = 0;
const onToken = () => { written++; };
const limit = tokens + 512;
let kept = await engine.think({ question: questions[2], limit });
const began = performance.now();
while (written < tokens) {
  kept = await engine.think({ question: questions[2], kept, wait: "Wait", limit }, { onToken });
}
const ended = performance.now();
console.log(JSON.stringify({
  open: opened - start, firstToken: firstToken - opened, firstThought: firstThought - start,
  nextToken: next - clicked, speed: (1000 * written) / (ended - began),
}));
"""


def page_turn(model: Path, questions: list[str], tokens: int) -> dict:
    """Run the engine once in a process of its own. Times in milliseconds, speed in tokens/s."""
    asked = {
        "folder": str(ENGINE),
        "model": str(model),
        "tokenizer": tokenizer_file(),
        "questions": questions,
        "tokens": tokens,
    }
    command = ["node", "--input-type=module", "-e", SCRIPT]
    done = subprocess.run(
        command, input=json.dumps(asked).encode(), capture_output=True, check=True
    )
    return json.loads(done.stdout)


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
    content = model_file()
    size = {"model": len(content), "modules": sum(p.stat().st_size for p in ENGINE.glob("*.js"))}
    size["page"] = len(base64.b64encode(content)) + size["modules"]

    turns, theirs = [], []
    generate_turn(model, tokenizer, questions[2], args.tokens)  # warm up
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.safetensors"
        path.write_bytes(content)
        for _ in range(args.repeats):
            turns.append(page_turn(path, questions, args.tokens))
            theirs.append(generate_turn(model, tokenizer, questions[2], args.tokens))
    ratio = statistics.median(t["speed"] / g for t, g in zip(turns, theirs, strict=True))
    middle = {name: statistics.median(turn[name] for turn in turns) for name in turns[0]}
    speed = statistics.median(theirs)

    node = subprocess.run(["node", "--version"], capture_output=True, text=True, check=True)
    version = node.stdout.strip()
    print(f"The page's engine in Node {version}, one thread, torch {torch.__version__}\n")
    print(f"{'page':34}{middle['speed']:8.0f} tokens/s")
    print(f"{'generate':34}{speed:8.0f} tokens/s, so the page is {ratio:.2f}× as fast")
    print(f"{'to open the engine':34}{middle['open']:8.0f} ms")
    print(f"{'first token, just opened':34}{middle['firstToken']:8.0f} ms")
    print(f"{'first token, a later question':34}{middle['nextToken']:8.0f} ms")
    print(f"{'from opening to the first thought':34}{middle['firstThought']:8.0f} ms")
    print(f"{'model file':34}{size['model'] / 1e6:8.2f} MB, {size['page'] / 1e6:.2f} MB in a page")
    result = {"node": version, "ratio": round(ratio, 2), "generate": round(speed), "size": size}
    print(f"\n{json.dumps(result | {k: round(v, 1) for k, v in middle.items()})}")


if __name__ == "__main__":
    run_command(main)
