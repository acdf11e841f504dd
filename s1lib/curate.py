"""Curation: from the distilled pool to the 1,000 examples (paper, section 2.2).

Quality, overlap, difficulty, diversity; after each stage the count is kept for the funnel.
`python -m s1lib.curate --profile laptop`.
"""

import argparse
import json
import random
import re
from collections import defaultdict
from dataclasses import dataclass

from s1lib.engines.transformers import answer_directly, load
from s1lib.grade import extract, is_right
from s1lib.profile import Profile, load_profile
from s1lib.store import CourseError, locate, output, read_rows, write_rows
from s1lib.world.families import parse

# data/filter.ipynb in the s1 repository: figures, images, "p1." to "p999.", bold numbers.
BROKEN = re.compile(r"\[asy\]|!\[Image\]|p[1-9][0-9]{0,2}\.|\*\*[^*]*[0-9][^*]*\*\*")
PRESELECTED = ("AIME", "GPQA")

# Paper, section 2.2: what is left after each stage.
PAPER_FUNNEL = {
    "pool": 59029,
    "quality: complete": 54116,
    "quality: formatting": 51581,
    "difficulty": 24496,
    "diversity": 1000,
}


@dataclass(frozen=True)
class Funnel:
    """Rows left after each stage, and the rows each stage removed (for the reader to look at)."""

    counts: dict[str, int]
    removed: dict[str, list[dict]]


def is_complete(row: dict) -> bool:
    """s1 drops a row if any feature is missing: no trace, or no reference to grade against."""
    return bool(row["solution"] and row["thinking_trajectories"] and row["attempt"])


def is_well_formed(row: dict) -> bool:
    """The formatting rules of s1. AIME may draw figures in [asy]."""
    found = BROKEN.search(row["question"])
    return not found or (row["source_type"] == "AIME" and found.group() == "[asy]")


def domain(row: dict) -> str:
    """The subject of a question; here its theme, where s1 asks a model for a subject code."""
    problem = parse(row["question"])
    return f"{problem.family}: {problem.theme}" if problem else "other"


def ngrams(text: str, n: int = 8) -> set[tuple[str, ...]]:
    """Lower-cased word n-grams (s1: data/decontaminate_util.py with n = 8)."""
    words = text.lower().split()
    return {tuple(words[i : i + n]) for i in range(len(words) - n + 1)}


def shares_ngram(rows: list[dict], evals: list[dict], n: int = 8) -> list[bool]:
    """Which rows the paper's rule would remove: one shared n-gram is enough."""
    blocked = set().union(*(ngrams(row["question"], n) for row in evals))
    return [not blocked.isdisjoint(ngrams(row["question"], n)) for row in rows]


def is_copy(row: dict, eval_keys: set[str]) -> bool:
    """Exact overlap: the same family and parameters as an evaluation question."""
    problem = parse(row["question"])
    return problem is not None and problem.key in eval_keys


def is_correct(row: dict) -> bool:
    """Whether the teacher's attempt agrees with the reference."""
    reference = extract(row["solution"])
    return reference is not None and is_right(row["attempt"], reference)


def probe(rows: list[dict], model, tokenizer, batch_size: int = 128, progress=None) -> list[bool]:
    """Whether the base model solves each question without thinking.

    Every attempt is graded against the row's reference.
    """
    traces = answer_directly(model, tokenizer, [r["question"] for r in rows], batch_size, progress)
    return [
        is_right(trace.answer, extract(row["solution"]) or "")
        for trace, row in zip(traces, rows, strict=True)
    ]


def diverse(rows: list[dict], target: int, long_trace: int, rng: random.Random) -> list[dict]:
    """Paper, Algorithm 1.

    First every right AIME and GPQA row and every right MATH row with more than `long_trace`
    characters of thinking; then, until `target` rows, a domain uniformly and one of its rows,
    the longest trace with probability 1/2, the next with 1/4, and so on.
    Raises CourseError if there are fewer rows than the target.
    """
    if len(rows) < target:
        raise CourseError(
            f"only {len(rows)} rows are left for {target} places: ask more questions."
        )

    def length(row: dict) -> int:
        return len(row["thinking_trajectories"][0])

    first = [
        row
        for row in rows
        if is_correct(row)
        and (
            row["source_type"] in PRESELECTED
            or (row["source_type"] == "MATH" and length(row) > long_trace)
        )
    ]
    chosen = first if len(first) <= target else rng.sample(first, target)
    taken = {id(row) for row in chosen}
    domains = defaultdict(list)
    for row in sorted(rows, key=length, reverse=True):
        if id(row) not in taken:
            domains[domain(row)].append(row)
    while len(chosen) < target:
        name = rng.choice(sorted(domains))
        rank = 0
        while rng.random() < 0.5:  # geometric: P(rank) = 2^-(rank + 1)
            rank += 1
        left = domains[name]
        chosen.append(left.pop(rank % len(left)))
        if not left:
            del domains[name]
    return chosen


def curate(
    rows: list[dict], evals: list[dict], solved: dict[str, bool], profile: Profile, seed: int = 0
) -> tuple[list[dict], Funnel]:
    """The curated set and its funnel.

    `solved` says of each question whether the base model answers it without thinking.
    """
    counts, removed = {"pool": len(rows)}, {}

    def keep(stage: str, test) -> None:
        nonlocal rows
        kept = [row for row in rows if test(row)]
        kept_ids = {id(row) for row in kept}
        removed[stage] = [row for row in rows if id(row) not in kept_ids]
        rows, counts[stage] = kept, len(kept)

    keep("quality: complete", is_complete)
    keep("quality: formatting", is_well_formed)
    seen: set[str] = set()
    keep("no duplicates", lambda r: not (r["question"] in seen or seen.add(r["question"])))
    eval_keys = {row["key"] for row in evals}
    keep("no evaluation questions", lambda r: not is_copy(r, eval_keys))
    keep("difficulty", lambda r: not solved[r["question"]])
    chosen = diverse(rows, profile.curated, profile.long_trace, random.Random(seed))
    counts["diversity"] = len(chosen)
    return chosen, Funnel(counts, removed)


def candidates(rows: list[dict]) -> list[dict]:
    """The rows worth probing: complete and with a reference."""
    return [row for row in rows if is_complete(row)]


def main() -> None:
    """Curate the traces of this run, or the shipped ones."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--profile", help="laptop, smoke, gpu or h100x16")
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    profile = load_profile(args.profile)
    rows = read_rows(locate("traces.jsonl"))
    evals = read_rows(locate("dev.jsonl")) + read_rows(locate("heldout.jsonl"))
    asked = candidates(rows)
    model, tokenizer = load(locate("base"))
    print(f"probing {len(asked)} questions with the base model")
    grades = probe(asked, model, tokenizer, profile.batch_size)
    solved = {row["question"]: grade for row, grade in zip(asked, grades, strict=True)}
    chosen, funnel = curate(rows, evals, solved, profile, args.seed)
    for stage, count in funnel.counts.items():
        print(f"{stage:26} {count:6}   paper {PAPER_FUNNEL.get(stage, '-')}")
    write_rows(output("curated.jsonl"), chosen)
    output("funnel.json").write_text(json.dumps(funnel.counts, indent=1))


if __name__ == "__main__":
    try:
        main()
    except CourseError as error:
        raise SystemExit(f"error: {error}") from None
