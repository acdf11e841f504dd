"""The main result: does thinking help, and does "Wait"?

Three fine-tuning seeds on the whole held-out set, and, on the development set, the choice of
N and a sweep of the teacher's early-stopping rate. About 35 minutes on two cores. The figure of
the README is drawn from it.
"""

from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from s1lib.config import Profile
from s1lib.errors import CourseError
from s1lib.evaluation.conditions import ANSWERS_ONLY, BASE, Condition, stops_by_itself, with_waits
from s1lib.evaluation.metrics import pooled_rate, wilson
from s1lib.evaluation.report import paired_comparisons, result_row
from s1lib.evaluation.run import Runs, grade_traces
from s1lib.inference.engine import Trace
from s1lib.io import ROOT, resolve_model
from s1lib.notebook.plots import paper_rows, scaling_curve
from s1lib.results.builder import ResultBuilder
from s1lib.results.cache import (
    WAITS,
    cached_model,
    cached_traces,
    course_rows,
    lazy_engine,
    main_model,
    main_runs,
    run_in_workers,
    thinking_runs,
)
from s1lib.toyworld import WORLD
from s1lib.toyworld.questions import parse
from s1lib.toyworld.teacher import Habits, respond

LABELS = ("name",)
SEEDS = (0, 1, 2)
SWEEP = (0.0, 0.2)  # early-stopping rates, besides the course's own

Graded = dict[Condition, list[list[bool]]]  # [seeds, questions]


def direct_traces(part: str, model: str | Path, profile: Profile) -> list[Trace]:
    """Return a model's held-out answers without thinking."""
    questions = [row["question"] for row in course_rows("heldout")]
    with lazy_engine(part, model, **profile.engine) as engine:
        return cached_traces(part, lambda: engine().answer_directly(questions))


def answers_only(profile: Profile, seed: int) -> list[Trace]:
    """Return the held-out answers of a model fine-tuned on the same rows without thinking."""
    part = f"answers-only-{seed}"
    model = cached_model(part, course_rows("curated"), profile, seed, thinking=False)
    return direct_traces(f"{part}-direct", model, profile)


def heldout_runs(profile: Profile, seeds: tuple[int, ...]) -> dict[Condition, list[list[Trace]]]:
    """Run every condition on the held-out set: condition -> one list of traces per seed."""
    base = direct_traces(BASE.name, resolve_model(profile.model), profile)
    by_seed = [
        {BASE: base, ANSWERS_ONLY: answers_only(profile, seed)} | main_runs(profile, seed)
        for seed in seeds
    ]
    return {condition: [runs[condition] for runs in by_seed] for condition in by_seed[0]}


def seeds_to_pool(condition: Condition, by_seed: list) -> list:
    """Return the runs to pool: one of the base model, which has no fine-tuning seed."""
    return by_seed[:1] if condition == BASE else by_seed


def family_rows(right: Graded, evals: list[dict]) -> list[dict[str, Any]]:
    """Make a row for each family of questions and condition, seeds pooled."""
    rows = []
    for family in sorted({row["family"] for row in evals}):
        mine = [i for i, row in enumerate(evals) if row["family"] == family]
        for condition, by_seed in right.items():
            pooled = seeds_to_pool(condition, by_seed)
            rate = pooled_rate([[grades[i] for i in mine] for grades in pooled])
            rows.append({"family": family} | condition.fields | asdict(rate))
    return rows


def answered_by(rows: list[dict], early_stop: float) -> list[dict]:
    """Return the same questions with the traces of a teacher of that early-stopping rate.

    Raises CourseError for a question that is not the toy world's.
    """
    habits = replace(Habits(), early_stop=early_stop, silent=0.0)
    answered = []
    for row in rows:
        problem = parse(row["question"])
        reply = respond(problem, habits, 0) if problem else None
        if reply is None:
            raise CourseError(f"this question is not the toy world's: {row['question']:.60}")
        trace = {"thinking_trajectories": [reply.thinking], "attempt": f"Answer: {reply.answer}"}
        answered.append(row | trace)
    return answered


def early_stop_runs(profile: Profile, rate: float) -> Runs:
    """Run a model whose teacher has this early-stopping rate on the development set, seed 0."""
    part = f"sweep-{rate}"
    model = cached_model(part, answered_by(course_rows("curated"), rate), profile, 0)
    return thinking_runs(f"{part}-dev", model, course_rows("dev"), profile, (1, 2))


def development_runs(profile: Profile) -> Runs:
    """Run the model of seed 0 on the development set."""
    return thinking_runs("sft-0-dev", main_model(profile, 0), course_rows("dev"), profile, WAITS)


def development_rows(profile: Profile) -> list[dict[str, Any]]:
    """Measure the model of seed 0 on the development set, on which N was chosen."""
    dev, runs = course_rows("dev"), development_runs(profile)
    return [
        result_row(condition, 0, [traces], [grade_traces(traces, dev)])
        for condition, traces in runs.items()
    ]


def sweep_rows(profile: Profile) -> list[dict[str, Any]]:
    """Measure what the teacher's early-stopping rate does, on the development set, seed 0.

    The same curated questions are answered by teachers that differ in this habit alone.
    """
    dev, rows = course_rows("dev"), []
    conditions = (stops_by_itself(profile), with_waits(profile, 1), with_waits(profile, 2))
    for rate in sorted({*SWEEP, Habits().early_stop}):
        own = rate == Habits().early_stop  # that of the curated set itself
        runs = development_runs(profile) if own else early_stop_runs(profile, rate)
        for condition in conditions:
            grades = grade_traces(runs[condition], dev)
            counts = asdict(wilson(sum(grades), len(grades)))
            rows.append({"early_stop": rate} | condition.fields | counts)
    return rows


def make_parts(profile: Profile, seeds: tuple[int, ...], with_sweep: bool) -> None:
    """Make the models and most traces in parallel."""
    jobs: list[tuple] = [(main_runs, profile, seed) for seed in seeds]
    jobs += [(answers_only, profile, seed) for seed in seeds]
    jobs += [(early_stop_runs, profile, rate) for rate in SWEEP if with_sweep]
    run_in_workers(jobs)


def measure(
    profile: Profile, seeds: tuple[int, ...] = SEEDS, with_sweep: bool = True
) -> dict[str, Any]:
    """Measure every condition by seed and pooled, by family, on the development set; compare."""
    make_parts(profile, seeds, with_sweep)
    runs = heldout_runs(profile, seeds)
    builder = ResultBuilder(course_rows("heldout"), seeds)
    right = {condition: builder.grade(condition.name, runs[condition]) for condition in runs}
    for i, seed in enumerate(seeds):
        builder.rows += [result_row(c, seed, [runs[c][i]], [right[c][i]]) for c in runs]
        builder.comparisons += paired_comparisons({c: [right[c][i]] for c in runs}, seed)
    for c in runs:
        pooled = seeds_to_pool(c, runs[c]), seeds_to_pool(c, right[c])
        builder.rows.append(result_row(c, "all", *pooled))
    builder.comparisons += paired_comparisons(right, "all")
    results = builder.as_dict(
        profile,
        families=family_rows(right, builder.evals),
        dev=development_rows(profile),
        sweep=sweep_rows(profile) if with_sweep else [],
    )
    results["about"] |= {
        "habits": asdict(Habits()),
        "waits_chosen_on_dev": profile.chosen_waits,
        "worlds_tried": WORLD,
    }
    return results


def draw(results: dict[str, Any]) -> None:
    """Draw the figure of the README, docs/scaling.png."""
    pooled = [row for row in results["rows"] if row["seed"] == "all"]
    here = f"here: {pooled[0]['n']:,} held-out questions"
    panels = {here: pooled, "paper: AIME24, 30 questions": paper_rows()}
    scaling_curve(panels, "").figure.savefig(ROOT / "docs" / "scaling.png", dpi=110)
