"""How fast is budget forcing? `python benchmarks/budget_forcing.py` on one CPU thread, or a GPU.

Two comparisons, each as the median of ratios taken side by side in one run:
- the driver against transformers' `generate`, both writing the same number of tokens;
- the driver against stop and continue in batched rounds, which read the text again each round,
  with 4 Waits.

Prints a card, and one JSON line last.
"""

import argparse
import json
import platform
import statistics
import time
from collections.abc import Callable
from dataclasses import replace
from importlib.metadata import version

import torch
from transformers.utils import logging

from s1lib.inference import stop_and_continue
from s1lib.inference.budget import Budget, Thinker, delimiters
from s1lib.inference.engine import prepare
from s1lib.inference.hf import left_pad, load, stream, think
from s1lib.inference.stop_and_continue import generate_with
from s1lib.io import DATA, read_rows


def seconds(work: Callable[[], object]) -> float:
    """How long this work takes."""
    start = time.perf_counter()
    work()
    if torch.cuda.is_available():
        torch.cuda.synchronize()
    return time.perf_counter() - start


def ratios(ours: Callable, theirs: Callable, repeats: int) -> tuple[float, float]:
    """Median of their time over ours, in turns so that both see the same machine; our median."""
    ours(), theirs()  # warm up
    pairs = []
    for turn in range(repeats):
        order = (ours, theirs) if turn % 2 else (theirs, ours)
        took = {work: seconds(work) for work in order}
        pairs.append((took[theirs] / took[ours], took[ours]))
    return statistics.median(p[0] for p in pairs), statistics.median(p[1] for p in pairs)


def against_generate(model, tokenizer, questions: list[str], tokens: int, repeats: int) -> dict:
    """The driver and `generate` write exactly `tokens` tokens for each question."""
    budget = Budget(tokens, max_answer=1)
    jobs, marks, _ = prepare(tokenizer, questions, budget, model.config.max_position_embeddings)
    prompts = [job.prompt for job in jobs]
    # Nothing may end before its time, on either side.
    endless = replace(marks, end=-1, turn=frozenset(), control=marks.control | marks.stop)
    ids, mask = left_pad([p + list(marks.think) for p in prompts], model.device)

    def ours() -> int:
        thinkers = [Thinker(budget, endless) for _ in prompts]
        steps = stream(model, tokenizer, prompts, thinkers)
        written = sum(not step.forced for step in steps)
        assert written == (tokens + 1) * len(prompts)
        return written

    def theirs() -> None:
        out = model.generate(
            ids,
            attention_mask=mask,
            do_sample=False,
            min_new_tokens=tokens + 1,
            max_new_tokens=tokens + 1,
            pad_token_id=0,
            eos_token_id=sorted(marks.stop),
        )
        assert out.shape[1] == ids.shape[1] + tokens + 1

    ratio, took = ratios(ours, theirs, repeats)
    speed = (tokens + 1) * len(prompts) / took
    return {"batch": len(prompts), "ratio": round(ratio, 3), "tokens_per_second": round(speed)}


def against_rounds(model, tokenizer, questions: list[str], waits: int, repeats: int) -> dict:
    """The driver and the reference do the same work and find the same number of tokens."""
    budget = Budget(512, waits, max_answer=12)
    marks = delimiters(tokenizer)
    context = model.config.max_position_embeddings
    generate = generate_with(model, tokenizer, marks)
    traces = []

    def ours() -> None:
        traces[:] = think(model, tokenizer, questions, budget, len(questions))

    def theirs() -> None:
        stop_and_continue.think(generate, tokenizer, questions, budget, context)

    ratio, took = ratios(ours, theirs, repeats)
    tokens = sum(trace.thinking_tokens for trace in traces)
    return {
        "batch": len(questions),
        "waits": waits,
        "ratio": round(ratio, 3),
        "tokens_per_second": round(tokens / took),
    }


def line(row: dict) -> str:
    """One line of the card."""
    return f"  batch {row['batch']:3} {row['ratio']:30.2f}×{row['tokens_per_second']:11}"


def main() -> None:
    """Run both comparisons."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--model", default=str(DATA / "sft"), help="a folder or hub name")
    parser.add_argument("--tokens", type=int, default=256, help="tokens in the first comparison")
    parser.add_argument("--repeats", type=int, default=5, help="pairs of runs per line")
    args = parser.parse_args()
    torch.set_num_threads(1)
    logging.set_verbosity_error()
    model, tokenizer = load(args.model)
    questions = [row["question"] for row in read_rows(DATA / "dev.jsonl")]
    device = torch.cuda.get_device_name() if torch.cuda.is_available() else "CPU, 1 thread"
    print(f"Budget forcing in transformers {version('transformers')}, torch {torch.__version__}")
    print(f"{args.model.rsplit('/', 1)[-1]}, {model.dtype}, {device}, {platform.machine()}\n")

    result = {"device": device, "torch": torch.__version__, "generate": [], "rounds": []}
    print(f"against generate, {args.tokens} tokens each     ratio   tokens/s")
    for batch in (1, 16, 64):
        row = against_generate(model, tokenizer, questions[:batch], args.tokens, args.repeats)
        result["generate"].append(row)
        print(line(row))
    print("against rounds that read again, 4 Waits   ratio   tokens/s")
    for batch in (16, 64):
        row = against_rounds(model, tokenizer, questions[:batch], 4, max(1, args.repeats // 2))
        result["rounds"].append(row)
        print(line(row))
    print(f"\n{json.dumps(result)}")


if __name__ == "__main__":
    main()
