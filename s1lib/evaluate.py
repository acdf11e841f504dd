"""Evaluation under many budgets from one run: `python -m s1lib.evaluate --profile laptop`.

Each question is thought about once, with the most Waits. Greedy thinking under a smaller
budget is a prefix of that, so every other limit and number of Waits costs only the answer.
"""

import argparse
import json
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

from s1lib.engines.common import Trace
from s1lib.engines.transformers import answer_directly, load, rescore, think
from s1lib.grade import is_right
from s1lib.metrics import Comparison, compare, pooled_rate
from s1lib.profile import Profile, load_profile
from s1lib.store import command, locate, output, read_rows

Runs = dict[str, list[Trace]]  # system name -> one trace per question


def load_eval(profile: Profile, name: str = "heldout") -> list[dict]:
    """The evaluation questions: `dev` for choices, `heldout` for figures.

    The rows are in random order, so that the first ones are a fair sample.
    """
    return read_rows(locate(f"{name}.jsonl"))[: profile.eval_questions or None]


def run_thinking(
    model,
    tokenizer,
    evals: list[dict],
    profile: Profile,
    waits: tuple[int, ...],
    progress: Callable | None = None,
) -> Runs:
    """`sft`, `sft-limit-N` and `sft-wait-N` for every limit of the profile and all `waits`."""
    most = profile.budget(waits=max(waits))
    questions = [row["question"] for row in evals]
    longest = think(model, tokenizer, questions, most, profile.batch_size, progress)

    def smaller(limit: int | None, n: int) -> list[Trace]:
        return rescore(model, tokenizer, longest, limit, n, max_answer=profile.max_answer)

    runs = {f"sft-limit-{limit}": smaller(limit, 0) for limit in profile.limits}
    runs["sft"] = smaller(profile.max_thinking, 0)
    for n in waits:
        runs[f"sft-wait-{n}"] = longest if n == max(waits) else smaller(None, n)
    return runs


def run_direct(model, tokenizer, evals: list[dict], profile: Profile) -> list[Trace]:
    """The answers of a model that does not think."""
    questions = [row["question"] for row in evals]
    return answer_directly(
        model, tokenizer, questions, profile.batch_size, max_answer=profile.max_answer
    )


def grade(traces: list[Trace], evals: list[dict]) -> list[bool]:
    """Right or wrong, question by question."""
    return [is_right(t.answer, row["answer"]) for t, row in zip(traces, evals, strict=True)]


def result_row(
    name: str, seed: int | str, runs: list[list[Trace]], right: list[list[bool]]
) -> dict:
    """One line of the results: a rate with its interval, and the mean thinking tokens.

    `runs` and `right` hold one list per fine-tuning seed.
    """
    tokens = [trace.thinking_tokens for traces in runs for trace in traces]
    return (
        {"name": name, "seed": seed}
        | asdict(pooled_rate(right))
        | {"thinking_tokens": round(sum(tokens) / len(tokens), 1)}
    )


def comparison_row(name: str, seed: int | str, result: Comparison) -> dict:
    """One line of the comparisons."""
    return {"name": name, "seed": seed} | asdict(result)


def comparisons(right: dict[str, list[list[bool]]], seed: int | str) -> list[dict]:
    """`sft` against the systems before it, and every number of Waits against `sft`.

    `right` maps a system to [fine-tuning seeds, questions].
    """
    pairs = [
        ("sft-vs-base", "base-direct", "sft"),
        ("sft-vs-answers-only", "sft-answers-only", "sft"),
    ]
    pairs += [
        (f"{n.removeprefix('sft-')}-vs-sft", "sft", n) for n in right if n.startswith("sft-wait-")
    ]
    return [
        comparison_row(name, seed, compare(right[a], right[b]))
        for name, a, b in pairs
        if a in right and b in right
    ]


def evaluate(
    profile: Profile, base: Path, tuned: Path, evals: list[dict], seed: int = 0, report=print
) -> tuple[dict, Runs]:
    """Results of the base and the fine-tuned model, as rows and comparisons, and all traces."""
    model, tokenizer = load(base)
    runs: Runs = {"base-direct": run_direct(model, tokenizer, evals, profile)}
    model, tokenizer = load(tuned)

    def progress(done: int, total: int) -> None:
        report(f"{done}/{total} questions")

    runs |= run_thinking(model, tokenizer, evals, profile, profile.waits, progress)
    right = {name: [grade(traces, evals)] for name, traces in runs.items()}
    rows = [result_row(name, seed, [runs[name]], right[name]) for name in runs]
    return {"rows": rows, "comparisons": comparisons(right, seed)}, runs


def table(results: dict) -> str:
    """The results as aligned text."""
    lines = [f"{'system':18} {'seed':>4} {'n':>5} {'accuracy':>9}  {'95% interval':16} tokens"]
    for r in results["rows"]:
        span = f"[{r['ci_low']:.1%}, {r['ci_high']:.1%}]"
        lines.append(
            f"{r['name']:18} {r['seed']!s:>4} {r['n']:5} {r['accuracy']:9.1%}  {span:16} "
            f"{r['thinking_tokens']:6.1f}"
        )
    lines.append(
        f"\n{'comparison':20} {'mended':>6} {'broken':>6} {'difference':>10}  95% interval"
    )
    for c in results["comparisons"]:
        span = f"[{c['ci_low']:+.1%}, {c['ci_high']:+.1%}]"
        lines.append(
            f"{c['name']:20} {c['mended']:6} {c['broken']:6} {c['difference']:+10.1%}  {span}"
        )
    return "\n".join(lines)


def main() -> None:
    """Evaluate this run's models, or the shipped ones."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--profile", help="laptop, smoke, gpu or h100x16")
    parser.add_argument("--set", default="heldout", choices=("dev", "heldout"))
    args = parser.parse_args()
    profile = load_profile(args.profile)
    evals = load_eval(profile, args.set)
    results, _ = evaluate(profile, locate("base"), locate("sft"), evals)
    output("results.json").write_text(json.dumps(results, indent=1))
    print(table(results))


if __name__ == "__main__":
    command(main)
