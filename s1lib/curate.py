"""Curation: from the distilled pool to the 1,000 examples (paper, section 2.2).

Quality, overlap, difficulty, diversity; after each stage the count is kept for the funnel.
`python -m s1lib.curate --profile laptop`.
"""

import argparse
import asyncio
import json
import random
import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from s1lib.answers import Answers, Record
from s1lib.decontaminate import hits, index
from s1lib.distill import distill
from s1lib.diversity import VARIANTS, Candidate, ablations, diverse
from s1lib.grade import extract, is_right
from s1lib.profile import Profile, Service, load_profile
from s1lib.store import CourseError, command, is_broken, locate, output, read_rows, write_rows
from s1lib.world.families import parse
from s1lib.world.server import LABEL_REQUEST

# data/filter.ipynb in the s1 repository: figures, images, "p1." to "p999.", bold numbers.
BROKEN = re.compile(r"\[asy\]|!\[Image\]|p[1-9][0-9]{0,2}\.")
BOLD = re.compile(r"\*\*([^*]*)\*\*")
LONGEST = 1_000_000  # characters of a text
COLUMNS = {  # of a distilled row; whether it may be None
    "question": False,
    "source_type": False,
    "solution": True,
    "thinking_trajectories": True,
    "attempt": True,
}

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
    clean: list[dict]  # what passed quality and decontamination
    refused: dict[int, str]  # rows that cannot be used, by number, and why


def is_complete(row: dict) -> bool:
    """s1 drops a row if any feature is missing: no trace, or no reference to grade against."""
    thinking = row["thinking_trajectories"]
    return bool(row["solution"] and thinking and thinking[0].strip() and row["attempt"])


def is_well_formed(row: dict) -> bool:
    """The formatting rules of s1. AIME may draw figures in [asy]."""
    question = row["question"]
    if any(re.search("[0-9]", words) for words in BOLD.findall(question)):
        return False
    found = {match.group() for match in BROKEN.finditer(question)}
    return found <= ({"[asy]"} if row["source_type"] == "AIME" else set())


def domain(row: dict) -> str:
    """The subject of a question; here its theme, where s1 asks a model for a subject code."""
    problem = parse(row["question"])
    return f"{problem.family}: {problem.theme}" if problem else "other"


async def label(
    service: Service,
    questions: list[str],
    store: Answers,
    report: Callable | None = None,
    cap: float | None = None,
) -> dict[str, str]:
    """The subject of each question, asked of the teacher through the same client and store.

    s1 asks Claude 3.5 Sonnet for a Mathematics Subject Classification code, on the last line of
    the reply. A question whose request failed gets the label "unknown"; it is asked again the
    next time. Raises CourseError if the spending cap stops it.
    """
    requests = {q: LABEL_REQUEST + q for q in questions}
    records, state = await distill(
        service, requests.values(), store, report, cap, retry_failed=True
    )
    if state.stopped:
        raise CourseError(f"{state.stopped}: run again to go on.")

    def subject(record: Record | None) -> str:
        # a label needs no thinking
        text = record.attempt if record and record.failure in (None, "no thinking") else None
        return text.strip().splitlines()[-1].strip() if text and text.strip() else "unknown"

    return {q: subject(records.get(request)) for q, request in requests.items()}


def is_copy(row: dict, eval_keys: set[str]) -> bool:
    """Exact overlap: the same family and parameters as an evaluation question."""
    problem = parse(row["question"])
    return problem is not None and problem.key in eval_keys


def is_correct(row: dict) -> bool:
    """Whether the teacher's attempt agrees with the reference."""
    reference = extract(row["solution"])
    return reference is not None and is_right(row["attempt"], reference)


def probe(
    rows: list[dict], profile: Profile, progress: Callable | None = None
) -> dict[str, list[bool]]:
    """Which rows each of the profile's probing models solves, without thinking: model -> grades.

    Every attempt is graded against the row's reference; a row without one counts as not solved.
    `progress` is told the model, the questions it has tried, and all.
    """
    from s1lib.engines.transformers import answer_directly, load  # torch is slow to import

    questions = [row["question"] for row in rows]
    references = [extract(row["solution"]) for row in rows]
    grades = {}
    for name in profile.probes:
        model, tokenizer = load(profile.place(name))
        traces = answer_directly(
            model,
            tokenizer,
            questions,
            profile.batch_size,
            progress and partial(progress, name),
            profile.max_answer,
        )
        grades[name] = [
            reference is not None and is_right(trace.answer, reference)
            for trace, reference in zip(traces, references, strict=True)
        ]
    return grades


def solved_by_any(rows: list[dict], grades: dict[str, list[bool]]) -> dict[str, bool]:
    """Whether any of the probing models solves a question."""
    either = map(any, zip(*grades.values(), strict=True))
    return {row["question"]: right for row, right in zip(rows, either, strict=True)}


def problem_with(row: object) -> str | None:
    """Why a row cannot be used at all; None if it can."""
    if not isinstance(row, dict):
        return f"the row is no table row but {type(row).__name__}"
    missing = [name for name in COLUMNS if name not in row]
    if missing:
        return f"the column {missing[0]} is missing"
    for name, optional in COLUMNS.items():
        value = row[name]
        if value is None and optional:
            continue
        listed = name == "thinking_trajectories"
        texts = value if listed and isinstance(value, list) else [value]
        if listed != isinstance(value, list) or not all(isinstance(t, str) for t in texts):
            return f"{name} is no {'list of texts' if listed else 'text'}: {value!r:.40}"
        if listed and not value:
            return f"{name} is an empty list"
        if sum(map(len, texts)) > LONGEST:
            return f"{name} is longer than {LONGEST:,} characters"
        if any(map(is_broken, texts)):
            return f"{name} holds broken unicode"
    return None if row["question"].strip() else "the question is empty"


def usable(rows: list) -> tuple[list[dict], dict[int, str]]:
    """The rows that can be used, and why each other one cannot, by its number.

    A row whose `id` stood before is refused too.
    """
    good, refused, ids = [], {}, set()
    for number, row in enumerate(rows):
        reason = problem_with(row)
        if reason is None and "id" in row:
            reason = f"the id {row['id']!r} stood before" if row["id"] in ids else None
            ids.add(row["id"])
        if reason:
            refused[number] = reason
        else:
            good.append(row)
    return good, refused


def length(row: dict) -> int:
    """Characters of thinking; s1 counts tokens."""
    return len(row["thinking_trajectories"][0])


def candidates_of(rows: list[dict], domains: dict[str, str] | None = None) -> list[Candidate]:
    """The rows as the choice sees them. `domains` maps a question to its label."""
    label = domains.__getitem__ if domains else lambda question: domain({"question": question})
    return [
        Candidate(i, row["source_type"], label(row["question"]), length(row), is_correct(row))
        for i, row in enumerate(rows)
    ]


def curate(
    rows: list[dict],
    evals: list[dict],
    solved: dict[str, bool],
    profile: Profile,
    seed: int = 0,
    variant: str = "paper",
    domains: dict[str, str] | None = None,
) -> tuple[list[dict], Funnel]:
    """The curated set and its funnel.

    `solved` says of each question whether a probing model answers it (`solved_by_any`),
    `variant` how the last stage draws (see `s1lib.diversity`), `domains` the label of each
    question. Rows that cannot be used are refused first and listed in the funnel.
    Raises CourseError if there are no evaluation questions, or too few rows are left.
    """
    if not evals:
        raise CourseError("there are no evaluation questions: leaks would not be found.")
    counts, removed = {"pool": len(rows)}, {}
    rows, refused = usable(rows)
    if refused:
        counts["usable"] = len(rows)

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
    eval_keys = {row.get("key") for row in evals}
    known = index(row["question"] for row in evals)

    def leaks(row: dict) -> bool:
        """Exactly where the question can be read, else by the paper's shared words."""
        if parse(row["question"]):
            return is_copy(row, eval_keys)
        return any(hits([row["question"]], known))

    keep("no evaluation questions", lambda r: not leaks(r))
    clean = rows
    keep("difficulty", lambda r: not solved[r["question"]])
    offered = candidates_of(rows, domains)
    rng = random.Random(seed)
    drawn = diverse(offered, profile.curated, profile.long_trace, rng, variant)
    counts["diversity"] = len(drawn)
    return [rows[candidate.row] for candidate in drawn], Funnel(counts, removed, clean, refused)


ABLATIONS = {  # paper, Table 2
    "random": "any rows, without difficulty or diversity",
    "diverse": "domains uniformly, any of their rows",
    "longest": "the rows with the longest thinking",
    "full": "every row that passed quality and decontamination",
}


def data_card(name: str, how: str, rows: list[dict], seed: int) -> dict:
    """What a set is: how it was chosen, its size, its sources and its traces."""
    right = sum(map(is_correct, rows))
    return {
        "name": name,
        "chosen": how,
        "seed": seed,
        "rows": len(rows),
        "domains": len({domain(row) for row in rows}),
        "mean thinking, characters": round(sum(map(length, rows)) / len(rows)),
        "right traces": f"{right / len(rows):.0%}",
        "sources": dict(Counter(row["source_type"] for row in rows).most_common()),
    }


def ablation_sets(
    clean: list[dict], target: int, seed: int = 0
) -> dict[str, tuple[list[dict], dict]]:
    """The sets of the paper's Table 2 with their data cards: name -> (rows, card).

    As in the paper they are drawn from the pool before the difficulty stage (`clean`).
    Raises CourseError if there are fewer rows than places.
    """
    drawn = ablations(candidates_of(clean), target, random.Random(seed))
    sets = {name: [clean[c.row] for c in some] for name, some in drawn.items()}
    return {
        name: (rows, data_card(name, ABLATIONS[name], rows, seed)) for name, rows in sets.items()
    }


def candidates(rows: list[dict]) -> list[dict]:
    """The rows worth probing: complete and with a reference."""
    return [row for row in rows if is_complete(row)]


def main() -> None:
    """Curate the traces of this run, or the shipped ones."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--profile", help="laptop, smoke, gpu or h100x16")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--cap", type=float, help="spend at most so many dollars on labels")
    parser.add_argument("--ablations", action="store_true", help="also the sets of Table 2")
    parser.add_argument("--variant", default="paper", choices=VARIANTS)
    args = parser.parse_args()
    profile = load_profile(args.profile)
    rows = read_rows(locate("traces.jsonl"))[: profile.pool_questions or None]
    evals = read_rows(locate("dev.jsonl")) + read_rows(locate("heldout.jsonl"))
    asked = candidates(usable(rows)[0])
    print(f"probing {len(asked)} questions")
    grades = probe(asked, profile)
    for name, right in grades.items():
        print(f"{name} solves {sum(right)}")
    solved = solved_by_any(asked, grades)
    print("asking the teacher for the subjects")
    unsolved = list(dict.fromkeys(q for q, right in solved.items() if not right))
    with Answers(output("labels.db")) as store:
        domains = asyncio.run(label(profile.teacher, unsolved, store, cap=args.cap))
    unknown = sum(name == "unknown" for name in domains.values())
    print(f"{len(domains)} labels, {unknown} unknown")
    chosen, funnel = curate(rows, evals, solved, profile, args.seed, args.variant, domains)
    for number, reason in funnel.refused.items():
        print(f"row {number} is refused: {reason}")
    for stage, count in funnel.counts.items():
        print(f"{stage:26} {count:6}   paper {PAPER_FUNNEL.get(stage, '-')}")
    write_rows(output("curated.jsonl"), chosen)
    output("funnel.json").write_text(json.dumps(funnel.counts, indent=1))
    if args.ablations:
        for name, (some, card) in ablation_sets(funnel.clean, profile.curated, args.seed).items():
            write_rows(output(f"ablations/{name}.jsonl"), some)
            output(f"ablations/{name}.json").write_text(json.dumps(card, indent=1))
            print(f"ablations/{name}.jsonl: {len(some)} rows")


if __name__ == "__main__":
    command(main)
