"""The pool of 5,903 questions, and the two evaluation sets.

The pool is the paper's 59,029 at a tenth: its row schema, its 16 sources in the
proportions of Table 7, and the flaws of real pools. `python -m s1lib.toyworld.pool` writes
`data/pool.jsonl`, `data/dev.jsonl` and `data/heldout.jsonl` again.
"""

import argparse
import random
from dataclasses import dataclass
from pathlib import Path

from s1lib.errors import run_command
from s1lib.io import write_rows
from s1lib.toyworld.pretraining_text import ANY, draw_from
from s1lib.toyworld.questions import (
    DIALS,
    FAMILIES,
    MAX_SIZE,
    MIN_SIZE,
    Problem,
    answer,
    draw_problem,
    question,
    work,
)

# Paper, Table 7: samples per source; the family that stands for it here.
SOURCES: dict[str, tuple[int, str]] = {
    "NuminaMATH": (30660, "sum"),
    "MATH": (11999, "shop"),
    "OlympicArena": (4250, "ride"),
    "OmniMATH": (4238, "clock"),
    "AGIEval": (2385, "letters"),
    "xword": (999, "letters"),
    "OlympiadBench": (896, "cups"),
    "AIME": (890, "cups"),
    "TheoremQA": (747, "shop"),
    "USACO": (519, "cups"),
    "JEEBench": (515, "clock"),
    "GPQA": (348, "cups"),
    "SciEval": (227, "letters"),
    "s1-prob": (182, "clock"),
    "LiveCodeBench": (151, "cups"),
    "s1-teasers": (23, "cups"),
}
COT_TYPES = {
    "USACO": "coding",
    "LiveCodeBench": "coding",
    "xword": "crossword",
    "GPQA": "science",
    "SciEval": "science",
    "OlympicArena": "science",
}
SCALE = 10  # one question here stands for ten of the paper's

# Which buckets of questions each split may use (`families.bucket`): no overlap by construction.
# Trivial questions (below MIN_SIZE) are too few to be split and never in an evaluation set.
DEV, HELDOUT, POOL = range(0, 1), range(1, 2), range(2, 4)


@dataclass(frozen=True)
class Flaws:
    """What is wrong with the pool, as shares of its rows."""

    trivial: float = 0.4  # one or two items: the base model needs no thinking
    duplicate: float = 0.02  # the same text again
    eval_copy: float = 0.02  # an evaluation question: verbatim, dressed up or reworded
    broken: float = 0.043  # formatting: (54,116 - 51,581) / 59,029 in the paper
    no_reference: float = 0.5  # of OlympicArena; all of USACO and LiveCodeBench (fact of s1's code)


BREAKS = ("[asy] draw((0,0)--(1,1)); [/asy] ", "![Image](figure.png) ", "p1. ", "p27. ", "**3.** ")
DRESSES = ("Please tell me: {}", "{} Thank you!", "A friend asks: {}", "{} Think hard.")


def allocate(total: int) -> dict[str, int]:
    """Allocate the rows of a pool of `total` to the sources: largest remainder, at least one."""
    whole = sum(count for count, _ in SOURCES.values())
    exact = {name: total * count / whole for name, (count, _) in SOURCES.items()}
    rows = {name: max(1, int(share)) for name, share in exact.items()}
    by_remainder = sorted(exact, key=lambda name: exact[name] - int(exact[name]), reverse=True)
    for name in by_remainder[: total - sum(rows.values())]:
        rows[name] += 1
    return rows


def draw_eval(seed: int, buckets: range, per_cell: int) -> list[Problem]:
    """Draw an evaluation set: `per_cell` different questions of each family and size 3 to 8."""
    rng, seen, problems = random.Random(seed), set(), []
    for family in FAMILIES:
        for size in range(MIN_SIZE, MAX_SIZE + 1):
            cell: list[Problem] = []
            while len(cell) < per_cell:
                problem = draw_from(rng, family, size, buckets)
                if problem.key not in seen:
                    seen.add(problem.key)
                    cell.append(problem)
            problems += cell
    rng.shuffle(problems)
    return problems


def eval_row(problem: Problem, name: str, i: int) -> dict:
    """Make the row of an evaluation question."""
    return {
        "id": f"{name}-{i:04d}",
        "question": question(problem),
        "answer": answer(problem),
        "family": problem.family,
        "size": problem.size,
        "key": problem.key,
        "kind": "integer",  # the grader; the shipped rows gain it when they are next made
    }


def pool_row(problem: Problem, source: str, text: str | None = None) -> dict:
    """Make the row of a pool question, in the schema of simplescaling/s1K, before distillation."""
    return {
        "solution": f"{work(problem)[0]} Answer: {answer(problem)}",
        "question": text or question(problem),
        "cot_type": COT_TYPES.get(source, "math"),
        "source_type": source,
        "metadata": str({"size": problem.size}),
        "cot": None,
        "kind": "integer",
    }


def reword(rng: random.Random, problem: Problem) -> Problem:
    """Word the same question in another theme of its family, with other tags."""
    family = FAMILIES[problem.family]
    others = [theme for theme in family.themes if theme != problem.theme]
    other = draw_problem(rng, problem.family, problem.size, rng.choice(others))
    tags = problem.tags if problem.family == "letters" else other.tags
    return Problem(problem.family, other.theme, problem.start, tags, problem.values, other.listed)


def copy_of(rng: random.Random, problem: Problem) -> str:
    """Write an evaluation question as it leaks into pools: verbatim, dressed up or reworded."""
    kind = rng.choice(("verbatim", "dressed", "reworded"))
    if kind == "verbatim":
        return question(problem)
    if kind == "dressed":
        return rng.choice(DRESSES).format(question(problem)).lower()
    return question(reword(rng, problem))


def draw_pool(
    seed: int, evals: list[Problem], total: int = 5903, flaws: Flaws | None = None
) -> list[dict]:
    """Draw the pool, flaws included; `evals` are the evaluation questions that leak into it."""
    flaws = flaws or Flaws()
    rng = random.Random(seed)
    leaks = random.Random(seed + 1)  # apart, so that new evaluation sets change only the leaks
    rows: list[dict] = []
    for source, count in allocate(total).items():
        family = SOURCES[source][1]
        leaking = [p for p in evals if p.family == family]
        mine: list[dict] = []
        while len(mine) < count:
            if rng.random() < flaws.trivial:
                size, buckets = rng.choice((1, 2)), ANY
            else:
                size, buckets = rng.choice(DIALS[2:]), POOL
            problem = draw_from(rng, family, size, buckets)
            row = pool_row(problem, source)
            if rng.random() < flaws.eval_copy and leaking:
                problem = leaks.choice(leaking)
                row = pool_row(problem, source, copy_of(leaks, problem))
            if rng.random() < flaws.broken:
                row["question"] = rng.choice(BREAKS) + row["question"]
            if source in ("USACO", "LiveCodeBench") or (
                source == "OlympicArena" and rng.random() < flaws.no_reference
            ):
                row["solution"] = None
            if mine and rng.random() < flaws.duplicate:
                row = dict(rng.choice(mine))
            mine.append(row)
        rows += mine
    rng.shuffle(rows)
    return rows


def main() -> None:
    """Write the pool and the evaluation sets."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--out", type=Path, default=Path("data"))
    parser.add_argument("--heldout-seed", type=int, default=20261124)
    args = parser.parse_args()
    dev = draw_eval(1, DEV, per_cell=10)
    heldout = draw_eval(args.heldout_seed, HELDOUT, per_cell=36)
    pool = draw_pool(0, dev + heldout)
    for name, problems in (("dev", dev), ("heldout", heldout)):
        rows = [eval_row(p, name, i) for i, p in enumerate(problems)]
        write_rows(args.out / f"{name}.jsonl", rows)
    write_rows(args.out / "pool.jsonl", pool)
    print(f"{len(pool)} pool, {len(dev)} dev and {len(heldout)} held-out questions in {args.out}")


if __name__ == "__main__":
    run_command(main)
