"""Evaluation under many budgets from one run: `python -m s1lib.evaluate --profile laptop`.

Each question is thought about once, with the most Waits. Greedy thinking under a smaller
budget is a prefix of that, so every other limit and number of Waits costs only the answer.
Traces are stored, and graded apart from that: `--regrade` asks no model.
"""

import argparse
import json
from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import asdict
from functools import partial
from pathlib import Path

from s1lib.engines import transformers, vllm
from s1lib.engines.common import GREEDY, Engine, Sampling, Trace
from s1lib.evalsets import EVAL_SETS, load_evalset
from s1lib.grade import found, grade_text
from s1lib.metrics import Comparison, compare, pooled_rate
from s1lib.profile import EMBEDDED, Profile, load_profile
from s1lib.store import CourseError, build_dir, command, locate, output, read_rows
from s1lib.traces import folder_of, stored

Runs = dict[str, list[Trace]]  # system name -> one trace per question


def load_eval(profile: Profile, name: str = "heldout") -> list[dict]:
    """The evaluation questions: `dev` for choices, `heldout` for figures, or a benchmark.

    The embedded rows are in random order, so that the first ones are a fair sample.
    Raises CourseError if there are none, or the benchmark cannot be loaded.
    """
    rows = load_evalset(name) if name in EVAL_SETS else read_rows(locate(f"{name}.jsonl"))
    rows = rows[: profile.eval_questions or None]
    if not rows:
        raise CourseError(f"{name} has no questions: there is no accuracy over nothing.")
    return rows


def opened(profile: Profile, model: str | Path) -> Engine:
    """The model, run by what the profile says: vLLM where it has settings for it."""
    if profile.vllm:
        return vllm.engine(model, profile.max_answer, **profile.vllm)
    return transformers.engine(model, profile.batch_size, profile.max_answer)


def run_thinking(
    engine: Callable[[], Engine],
    evals: list[dict],
    profile: Profile,
    waits: tuple[int, ...],
    progress: Callable | None = None,
    keep: Callable[[str, Callable], list[Trace]] = lambda name, make: make(),
    string: str | None = "Wait",
    sampling: Sampling = GREEDY,
) -> Runs:
    """`sft`, `sft-limit-N` and `sft-wait-N` for every limit of the profile and all `waits`.

    `engine` gives the model when it is first needed; `keep` stores what is made under its name.
    `string` is appended at each ignored end; `sampling` must be greedy, and may suppress words.
    """
    most = profile.budget(waits=max(waits), string=string)
    questions = [row["question"] for row in evals]
    longest = keep(
        f"sft-wait-{max(waits)}",
        lambda: engine().think(questions, most, progress=progress, sampling=sampling),
    )

    def smaller(name: str, limit: int | None, n: int) -> list[Trace]:
        return keep(name, lambda: engine().rescore(longest, limit, n))

    runs = {f"sft-limit-{n}": smaller(f"sft-limit-{n}", n, 0) for n in profile.limits}
    runs["sft"] = smaller("sft", profile.max_thinking, 0)
    for n in waits:
        name = f"sft-wait-{n}"
        runs[name] = longest if n == max(waits) else smaller(name, None, n)
    return runs


def run_direct(engine: Engine, evals: list[dict]) -> list[Trace]:
    """The answers of a model that does not think."""
    return engine.direct([row["question"] for row in evals])


def told(trace: Trace) -> str:
    """The text that is graded: where the limit cut the thinking, the forced "Final Answer:" too."""
    return f"Final Answer:{trace.answer}" if trace.hit_limit else trace.answer


def grade(traces: list[Trace], evals: list[dict]) -> list[bool]:
    """Right or wrong, question by question, by the grader that a row's `kind` names.

    Raises CourseError if the traces are not those of these questions.
    """
    for number, (trace, row) in enumerate(zip(traces, evals, strict=False)):
        if trace.question != row["question"]:
            raise CourseError(
                f"trace {number} answers another question than row {number} asks: the questions "
                "were changed since. Evaluate again."
            )
    if len(traces) != len(evals):
        raise CourseError(f"{len(traces)} traces for {len(evals)} questions: evaluate again.")
    return [
        grade_text(told(trace), row["answer"], row.get("kind", "embedded")).right
        for trace, row in zip(traces, evals, strict=True)
    ]


def result_row(
    name: str,
    seed: int | str,
    runs: list[list[Trace]],
    right: list[list[bool]],
    kind: str = "embedded",
) -> dict:
    """One line of the results: a rate with its interval, the mean thinking tokens, the share of
    thoughts that were cut at the limit, and how many gave no answer that the grader finds.

    `runs` and `right` hold one list per fine-tuning seed.
    """
    traces = [trace for some in runs for trace in some]
    return (
        {"name": name, "seed": seed}
        | asdict(pooled_rate(right))
        | {
            "thinking_tokens": round(sum(t.thinking_tokens for t in traces) / len(traces), 1),
            "hit_limit": round(sum(t.hit_limit for t in traces) / len(traces), 4),
            "no_answer": sum(found(told(t), kind) is None for t in traces),
        }
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


@contextmanager
def _ready(profile: Profile, model, evals: list[dict], name: str, regrade: bool, **how):
    """A model, opened when it is first needed and closed at the end, and where its traces are
    kept: (engine, keep) as `run_thinking` takes them."""
    folder = folder_of(name, model, evals, profile, any_version=regrade, **how)
    open_engines: list[Engine] = []

    def engine() -> Engine:
        if regrade:
            raise CourseError(
                f"build/runs/{name} has no stored traces of {model} with these questions and "
                "budgets: evaluate without --regrade."
            )
        if not open_engines:
            open_engines.append(opened(profile, model))
        return open_engines[0]

    try:
        yield engine, partial(stored, folder)
    finally:
        for used in open_engines:
            used.close()


def evaluate(
    profile: Profile,
    base: str | Path,
    tuned: str | Path,
    evals: list[dict],
    seed: int = 0,
    report=print,
    name: str = "heldout",
    regrade: bool = False,
    string: str | None = "Wait",
    suppress: tuple[str, ...] = (),
) -> tuple[dict, Runs]:
    """Results of the base and the fine-tuned model, as rows and comparisons, and all traces.

    `string` is appended at each ignored end of thinking, words in `suppress` are never begun.
    Traces that are stored, of just these models, questions and budgets, are not made again.
    Raises CourseError if `regrade` is set and they are not stored.
    """
    with _ready(profile, base, evals, name, regrade) as (engine, keep):
        runs = {"base-direct": keep("base-direct", lambda: run_direct(engine(), evals))}
    how = {"string": string, "suppress": suppress}
    with _ready(profile, tuned, evals, name, regrade, **how) as (engine, keep):
        runs |= run_thinking(
            engine,
            evals,
            profile,
            profile.waits,
            lambda done, total: report(f"{done}/{total} questions"),
            keep,
            string,
            Sampling(suppress=suppress),
        )
    right = {system: [grade(traces, evals)] for system, traces in runs.items()}
    kind = evals[0].get("kind", "embedded")
    rows = [result_row(system, seed, [runs[system]], right[system], kind) for system in runs]
    return {"rows": rows, "comparisons": comparisons(right, seed)}, runs


def table(results: dict) -> str:
    """The results as aligned text."""
    lines = [
        f"{'system':18} {'seed':>4} {'n':>5} {'accuracy':>9}  {'95% interval':16} tokens"
        "  cut  no answer"
    ]
    for r in results["rows"]:
        span = f"[{r['ci_low']:.1%}, {r['ci_high']:.1%}]"
        lines.append(
            f"{r['name']:18} {r['seed']!s:>4} {r['n']:5} {r['accuracy']:9.1%}  {span:16} "
            f"{r['thinking_tokens']:6.1f} {r['hit_limit']:4.0%} {r['no_answer']:10}"
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


def _trained_from(profile: Profile) -> str | Path:
    """The base model: of a profile that chooses by memory, the one that this run's was made of."""
    record = build_dir() / "sft" / "run.json"
    if profile.dataset != EMBEDDED and record.exists():
        return json.loads(record.read_text())["base"]
    return profile.place(profile.model)


def _finetuned(profile: Profile) -> Path:
    """The model of this run; in the embedded world else the shipped one."""
    if profile.dataset == EMBEDDED or (build_dir() / "sft").exists():
        return locate("sft")
    raise CourseError(
        f"there is no model of the profile {profile.name} in build/sft: fine-tune first, or name "
        "one, as --model simplescaling/s1-32B."
    )


def main() -> None:
    """Evaluate this run's models, the shipped ones, or any others."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--profile", help="laptop, smoke, gpu, h100x8 or h100x16")
    parser.add_argument(
        "--set",
        choices=("dev", "heldout", *EVAL_SETS),
        help="default: heldout in the embedded world, else aime24",
    )
    parser.add_argument("--base", help="folder or hub name (default: the profile's model)")
    parser.add_argument("--model", help="the fine-tuned one, as simplescaling/s1-32B")
    parser.add_argument("--ask", help='written behind every question: "Think for up to ..."')
    parser.add_argument("--string", default="Wait", help='what is appended; "" for nothing')
    parser.add_argument("--suppress", nargs="*", default=(), help="words that are never begun")
    parser.add_argument("--regrade", action="store_true", help="only grade stored traces again")
    args = parser.parse_args()
    profile = load_profile(args.profile)
    name = args.set or ("heldout" if profile.dataset == EMBEDDED else "aime24")
    evals = load_eval(profile, name)
    if args.ask:
        evals = [row | {"question": f"{row['question']} {args.ask}"} for row in evals]
    base = args.base or _trained_from(profile)
    tuned = args.model or _finetuned(profile)
    results, _ = evaluate(
        profile,
        base,
        tuned,
        evals,
        name=name,
        regrade=args.regrade,
        string=args.string or None,
        suppress=tuple(args.suppress),
    )
    output("results.json").write_text(json.dumps(results, indent=1))
    print(table(results))


if __name__ == "__main__":
    command(main)
