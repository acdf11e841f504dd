"""Evaluation under many budgets from one run: `python -m s1lib.evaluation --profile laptop`.

Each question is thought about once, with the most Waits. Greedy thinking under a smaller
budget is a prefix of that, so every other limit and number of Waits costs only the answer.
Traces are stored, and graded apart from that: `--regrade` asks no model.
"""

import argparse
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from s1lib.commands import add_profile, profile_from
from s1lib.config import Profile
from s1lib.errors import CourseError
from s1lib.evaluation.benchmarks import BENCHMARKS, eval_kind, load_questions
from s1lib.evaluation.conditions import (
    BASE,
    Condition,
    thinking_conditions,
    with_waits,
)
from s1lib.evaluation.report import paired_comparisons, result_row, results_table
from s1lib.evaluation.trace_cache import load_or_make, traces_dir
from s1lib.grading.graders import grade_text
from s1lib.inference import check_format, open_engine
from s1lib.inference.engine import GREEDY, Engine, ProgressCallback, Sampling, Trace
from s1lib.inference.formats import FORMATS
from s1lib.inference.model_folder import check_folder
from s1lib.io import (
    build_dir,
    is_course_file,
    locate,
    output,
    read_json,
    resolve_model,
    write_json,
)
from s1lib.locks import locked

Runs = dict[Condition, list[Trace]]  # one trace per question
Keep = Callable[[str, Callable[[], list[Trace]]], list[Trace]]  # stores traces under a name


def load_eval(profile: Profile, name: str | None = None) -> list[dict]:
    """Load the evaluation questions: `dev` for choices, `heldout` for figures, or a benchmark.

    The default is the profile's first. The toy world's rows are in random order, so that the
    first ones are a fair sample.
    Raises CourseError if there are none, or the benchmark cannot be loaded.
    """
    name = name or profile.benchmarks[0]
    rows = load_questions(name)[: profile.eval_questions or None]
    if not rows:
        raise CourseError(f"{name} has no questions: there is no accuracy over nothing.")
    return rows


def run_conditions(
    engine: Callable[[], Engine],
    evals: list[dict],
    profile: Profile,
    waits: tuple[int, ...],
    progress: ProgressCallback | None = None,
    keep: Keep = lambda name, make: make(),
    string: str | None = "Wait",
    sampling: Sampling = GREEDY,
) -> Runs:
    """Run a thinking model under every limit of the profile and all `waits`.

    `engine` gives the model when it is first needed; `keep` stores what is made under its name.
    `string` is appended at each ignored end; `sampling` must be greedy, and may suppress words.
    """
    questions = [row["question"] for row in evals]
    longest = with_waits(profile, max(waits), string)
    budget = profile.budget(waits=longest.waits, string=string)
    traces = keep(
        longest.name,
        lambda: engine().think(questions, budget, progress=progress, sampling=sampling),
    )

    def shortened(condition: Condition) -> list[Trace]:
        # The limit with Waits is that of the traces themselves: only their Waits are fewer.
        limit = None if condition.waits else condition.limit
        return keep(
            condition.name, lambda: engine().answer_from_prefix(traces, limit, condition.waits)
        )

    conditions = thinking_conditions(profile, waits, string)
    return {c: traces if c == longest else shortened(c) for c in conditions}


def grade_traces(traces: list[Trace], evals: list[dict]) -> list[bool]:
    """Grade each answer, right or wrong, by the grader that its row's `kind` names.

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
        grade_text(trace.gradable_text, row["answer"], eval_kind(row)).right
        for trace, row in zip(traces, evals, strict=True)
    ]


@contextmanager
def _model_and_cache(
    profile: Profile,
    model: str | Path,
    evals: list[dict],
    name: str,
    regrade: bool,
    form: str | None = None,
    **settings: Any,
) -> Iterator[tuple[Callable[[], Engine], Keep]]:
    """Yield (engine, keep) as `run_conditions` takes them: the model, opened when it is first
    needed and closed at the end, and the folder of its traces."""
    how = settings | ({"format": form} if form else {})
    if not regrade:
        check_folder(model)
    folder = traces_dir(name, model, evals, profile, any_version=regrade, **how)
    questions = [row["question"] for row in evals]
    opened: list[Engine] = []

    def engine() -> Engine:
        if regrade:
            raise CourseError(
                f"build/runs/{name} has no stored traces of {model} with these questions and "
                "budgets: evaluate without --regrade."
            )
        if not opened:
            opened.append(open_engine(model, **profile.engine, form=form, share=True))
        return opened[0]

    try:
        with locked(folder):
            yield engine, partial(load_or_make, folder, questions=questions)
    finally:
        for used in opened:
            used.close()


def evaluate(
    profile: Profile,
    base: str | Path,
    tuned: str | Path,
    evals: list[dict],
    seed: int = 0,
    report: Callable[[str], object] = print,
    name: str | None = None,
    regrade: bool = False,
    string: str | None = "Wait",
    suppress: tuple[str, ...] = (),
) -> tuple[dict, Runs]:
    """Evaluate the base and the fine-tuned model: rows and comparisons, and all traces.

    `string` is appended at each ignored end of thinking, words in `suppress` are never begun. The
    fine-tuned model thinks in the profile's format, the base model answers in its own.
    `name` is the evaluation set's. Traces that are stored, of just these models, questions and
    budgets, are not made again.
    Raises CourseError if `regrade` is set and they are not stored, or another process makes them.
    """
    name = Path(name or profile.benchmarks[0]).stem  # of a file its name
    with _model_and_cache(profile, base, evals, name, regrade) as (engine, keep):
        questions = [row["question"] for row in evals]
        runs: Runs = {BASE: keep(BASE.name, lambda: engine().answer_directly(questions))}
    how = {"string": string, "suppress": suppress}
    tuned_in_cache = _model_and_cache(profile, tuned, evals, name, regrade, profile.format, **how)
    with tuned_in_cache as (engine, keep):
        runs |= run_conditions(
            engine,
            evals,
            profile,
            profile.waits,
            lambda done, total: report(f"{done}/{total} questions"),
            keep,
            string,
            Sampling(suppress=suppress),
        )
    right = {condition: [grade_traces(traces, evals)] for condition, traces in runs.items()}
    kinds = [eval_kind(row) for row in evals]
    rows = [result_row(c, seed, [runs[c]], right[c], kinds) for c in runs]
    return {"rows": rows, "comparisons": paired_comparisons(right, seed)}, runs


def _base_model(profile: Profile) -> str | Path:
    """Return the base model: the one that this run's model was made of, else the profile's.

    Raises CourseError if the run's was a folder that is gone.
    """
    record = build_dir() / "sft" / "run.json"
    if not is_course_file(profile.model) and record.exists():
        run = read_json(record, "give the base model with --base, or run `s1 sft` again.")
        base = run.get("base_path", run.get("base"))
        if not isinstance(base, str):
            raise CourseError(f"{record} names no base model: give it with --base.")
        if base != run.get("base") and not Path(base).is_dir():  # a folder's weights were hashed
            raise CourseError(f"the base model of build/sft is not in {base}: give it with --base.")
        return base
    return resolve_model(profile.model)


def _tuned_model(profile: Profile) -> Path:
    """Return the model of this run, else the shipped one if it was made of the profile's model."""
    own = build_dir() / "sft"
    if own.exists() and not (own / "loss.json").exists():  # which is written last
        raise CourseError(
            "build/sft holds a model whose fine-tuning has not ended: run `s1 sft` again to go "
            "on, or move the folder away to evaluate the shipped model."
        )
    if is_course_file(profile.model) or own.exists():
        return locate("sft")
    raise CourseError(
        f"there is no model of the profile {profile.name} in build/sft: fine-tune first, or name "
        "one, as --model simplescaling/s1-32B."
    )


def main() -> None:
    """Evaluate this run's models, the shipped ones, or any others."""
    parser = argparse.ArgumentParser(prog="s1 evaluate", description=main.__doc__)
    add_profile(parser)
    parser.add_argument(
        "--set",
        help=f"dev, heldout, {', '.join(BENCHMARKS)}, or a file (default: the profile's first)",
    )
    parser.add_argument("--base", help="folder or hub name (default: the profile's model)")
    parser.add_argument("--model", help="the fine-tuned one, as simplescaling/s1-32B")
    parser.add_argument("--ask", help='written below every question: "Think for up to ..."')
    parser.add_argument("--string", default="Wait", help='what is appended; "" for nothing')
    parser.add_argument(
        "--format", choices=FORMATS, help="how the model marks its thinking (default: found)"
    )
    parser.add_argument("--suppress", nargs="*", default=(), help="words that are never begun")
    parser.add_argument("--regrade", action="store_true", help="only grade stored traces again")
    args = parser.parse_args()
    profile = profile_from(args)
    profile = replace(profile, format=args.format or profile.format)
    name = args.set or profile.benchmarks[0]
    evals = load_eval(profile, name)
    if args.ask:
        evals = [row | {"question": f"{row['question']}\n\n{args.ask}"} for row in evals]
    tuned = resolve_model(args.model) if args.model else _tuned_model(profile)
    if not args.regrade:  # before the base model is run
        form = check_format(tuned, profile.format)
        print(f"{tuned} thinks in the format {form.name} (--format takes another)")
    results, _ = evaluate(
        profile,
        resolve_model(args.base) if args.base else _base_model(profile),
        tuned,
        evals,
        name=name,
        regrade=args.regrade,
        string=args.string or None,
        suppress=tuple(args.suppress),
    )
    write_json(output("results.json"), results)
    print(results_table(results))
