"""Curation: from the distilled pool to the 1,000 examples (paper, section 2.2).

Quality, overlap, difficulty, diversity; after each stage the count is kept for the funnel.
`python -m s1lib.curation --profile laptop`.
"""

import argparse
import asyncio
import random
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from s1lib.commands import add_profile, profile_from
from s1lib.config import Profile
from s1lib.curation.decontamination import leak_finder
from s1lib.curation.difficulty import probe, questions_to_probe, solved_by_any
from s1lib.curation.filters import (
    is_complete,
    is_correct,
    is_well_formed,
    thinking_length,
    usable_rows,
)
from s1lib.curation.kinds import kind_of, reference_of
from s1lib.curation.labels import UNKNOWN, label_questions, labels_from_rows
from s1lib.curation.selection import VARIANTS, Candidate, ablations, diverse, too_few
from s1lib.distillation.answer_store import AnswerStore
from s1lib.distillation.sources import group_of, source_of
from s1lib.errors import CourseError
from s1lib.evaluation.benchmarks import load_questions
from s1lib.io import file_hash, locate, output, read_rows, write_json, write_rows
from s1lib.locks import locked
from s1lib.toyworld.questions import key_of

# Paper, section 2.2: what is left after each stage.
PAPER_FUNNEL = {
    "pool": 59029,
    "quality: complete": 54116,
    "quality: formatting": 51581,
    "difficulty": 24496,
    "diversity": 1000,
}


@dataclass
class Funnel:
    """Rows left after each stage, and the rows each stage removed (for the reader to look at)."""

    counts: dict[str, int] = field(default_factory=dict)
    removed: dict[str, list[dict]] = field(default_factory=dict)
    clean: list[dict] = field(default_factory=list)  # passed quality and decontamination
    refused: dict[int, str] = field(default_factory=dict)  # cannot be used, by number, and why

    def keep(self, stage: str, rows: list[dict], test: Callable[[dict], bool]) -> list[dict]:
        """Return the rows that pass a stage's test, and note the count and the other rows."""
        passed = [test(row) for row in rows]
        kept = [row for row, good in zip(rows, passed, strict=True) if good]
        self.removed[stage] = [row for row, good in zip(rows, passed, strict=True) if not good]
        self.counts[stage] = len(kept)
        return kept


def clean_rows(rows: list[dict], evals: list[dict], funnel: Funnel | None = None) -> list[dict]:
    """Return the rows that pass quality and decontamination, and note each stage in `funnel`.

    Rows that cannot be used are refused first.
    Raises CourseError if there are no evaluation questions.
    """
    if not evals:
        raise CourseError("there are no evaluation questions: leaks would not be found.")
    funnel = funnel or Funnel()
    funnel.counts["pool"] = len(rows)
    rows, funnel.refused = usable_rows(rows)
    if funnel.refused:
        funnel.counts["usable"] = len(rows)
    rows = funnel.keep("quality: complete", rows, is_complete)
    rows = funnel.keep("quality: formatting", rows, is_well_formed)
    seen: set[str] = set()

    def is_new(row: dict) -> bool:
        new = row["question"] not in seen
        seen.add(row["question"])
        return new

    rows = funnel.keep("no duplicates", rows, is_new)
    leaks = leak_finder(evals, exact_key=key_of)  # the toy world's questions have exact keys
    return funnel.keep("no evaluation questions", rows, lambda row: not leaks(row["question"]))


def candidates_of(rows: list[dict], domains: dict[str, str]) -> list[Candidate]:
    """Return the rows as the selection sees them; `domains` maps a question to its label."""
    return [
        Candidate(
            number,
            group_of(row["source_type"]),
            domains[row["question"]],
            thinking_length(row),
            is_correct(row),
        )
        for number, row in enumerate(rows)
    ]


def curate(
    rows: list[dict],
    evals: list[dict],
    solved: dict[str, bool],
    domains: dict[str, str],
    profile: Profile,
    seed: int = 0,
    variant: str = "paper",
) -> tuple[list[dict], Funnel]:
    """Curate the training set; also return its funnel.

    `solved` says of each question whether a probing model answers it (`solved_by_any`),
    `domains` the label of each unsolved question, and `variant` how the last stage draws (see
    `s1lib.curation.selection`).
    Raises CourseError if there are no evaluation questions, or too few rows are left.
    """
    funnel = Funnel()
    funnel.clean = clean_rows(rows, evals, funnel)
    hard = funnel.keep("difficulty", funnel.clean, lambda row: not solved[row["question"]])
    rng = random.Random(seed)
    offered = candidates_of(hard, domains)
    drawn = diverse(offered, profile.curated, profile.long_trace, rng, variant)
    funnel.counts["diversity"] = len(drawn)
    return [hard[candidate.row] for candidate in drawn], funnel


ABLATIONS = {  # paper, Table 2
    "random": "any rows, without difficulty or diversity",
    "diverse": "domains uniformly, any of their rows",
    "longest": "the rows with the longest thinking",
    "full": "every row that passed quality and decontamination",
}


def unknown_sources(rows: list[dict]) -> Counter[str]:
    """Count the rows of each source that is in no group."""
    return Counter(r["source_type"] for r in rows if source_of(r["source_type"]) is None)


def data_card(
    name: str, how: str, rows: list[dict], domains: dict[str, str], seed: int
) -> dict[str, Any]:
    """Describe a set: how it was chosen, its size, its sources and its traces."""
    right = sum(map(is_correct, rows))
    teachers = Counter(row.get("provenance", {}).get("teacher", "not recorded") for row in rows)
    return {
        "name": name,
        "chosen": how,
        "seed": seed,
        "rows": len(rows),
        "domains": len({domains[row["question"]] for row in rows}),
        "mean thinking, characters": round(sum(map(thinking_length, rows)) / len(rows)),
        "right traces": f"{right / len(rows):.0%}",
        "sources": dict(Counter(group_of(row["source_type"]) for row in rows).most_common()),
        "sources that are not known": dict(unknown_sources(rows).most_common()),
        "kinds of answers": dict(Counter(map(kind_of, rows)).most_common()),
        "teachers": dict(teachers.most_common()),
    }


@dataclass(frozen=True)
class Checked:
    """The evaluation questions that a set must not hold, and what was left unchecked."""

    questions: list[dict]
    against: list[str]
    without: list[str]


def load_checked(profile: Profile, without: Sequence[str], files: Sequence[str]) -> Checked:
    """Load the evaluation questions to check against: the profile's benchmarks and these files.

    Raises CourseError if one cannot be loaded, with the option that leaves it out; or if
    `without` names none of the benchmarks.
    """
    if wrong := set(without) - set(profile.benchmarks):
        known = ", ".join(profile.benchmarks)
        raise CourseError(f"--without {wrong.pop()}: choose among the profile's {known}.")
    against = [name for name in profile.benchmarks if name not in without] + list(files)
    questions = []
    for name in against:
        try:
            questions += load_questions(name)
        except CourseError as error:
            raise CourseError(
                f"the training set cannot be checked against {name}: {error} To curate without "
                f"this check, and have the data card say so: --without {name}."
            ) from None
    return Checked(questions, against, list(without))


def save_set(name: str, rows: list[dict], card: dict[str, Any], profile: Profile) -> None:
    """Write a set and its data card to `build/`.

    The card names the profile and its pool, by which `s1 sft` knows whose set it is, and
    the file's hash, so that it is never the card of another set.
    """
    path = output(f"{name}.jsonl")
    write_rows(path, rows)
    card = {"profile": profile.name, "pool": profile.pool, "sha256": file_hash(path)} | card
    write_json(output(f"{name}.json"), card)


def save_curated(
    chosen: list[dict], funnel: Funnel, card: dict[str, Any], profile: Profile
) -> None:
    """Write the curated set, its funnel and its data card to `build/`; see `save_set`."""
    save_set("curated", chosen, card, profile)
    write_json(output("funnel.json"), funnel.counts)


def ablation_sets(
    clean: list[dict], domains: dict[str, str], target: int, seed: int = 0
) -> dict[str, tuple[list[dict], dict[str, Any]]]:
    """Draw the sets of the paper's Table 2, with their data cards: name -> (rows, card).

    As in the paper they are drawn from the pool before the difficulty stage (`clean`).
    Raises CourseError if there are fewer rows than places.
    """
    drawn = ablations(candidates_of(clean, domains), target, random.Random(seed))
    sets = {name: [clean[c.row] for c in some] for name, some in drawn.items()}
    return {
        name: (rows, data_card(name, ABLATIONS[name], rows, domains, seed))
        for name, rows in sets.items()
    }


def ungraded(rows: list[dict]) -> Counter[str]:
    """Count the rows, by kind and source, whose answers cannot be graded."""
    return Counter(
        f"{kind_of(row)}, {group_of(row['source_type'])}"
        for row in rows
        if row["solution"] and reference_of(row) is None
    )


def find_labels(
    rows: list[dict], profile: Profile, how: str, cap: float | None
) -> tuple[dict[str, str], str]:
    """Find the subject of each row's question; also say where the labels come from.

    `how` is "teacher" or "rows" (see `s1lib.curation.labels`). A replayed teacher cannot label.
    """
    if how == "teacher" and profile.teacher.kind == "replay":
        print("a replayed teacher cannot name subjects: the labels are read off the rows")
        how = "rows"
    if how == "rows":
        domains, found = labels_from_rows(rows)
        where = "the rows: " + ", ".join(f"{place} {n:,}" for place, n in found.most_common())
    else:
        print("asking the teacher for the subjects")
        questions = list(dict.fromkeys(row["question"] for row in rows))
        with AnswerStore(output("labels.db")) as store:
            domains = asyncio.run(label_questions(profile.teacher, questions, store, cap=cap))
        where = f"the teacher {profile.teacher.model}"
    unknown = sum(name == UNKNOWN for name in domains.values())
    print(f"{len(set(domains.values()))} subjects from {where}; {unknown} unknown")
    if 2 * unknown > len(domains):
        print("most labels are unknown, so the domains say little: try --labels rows")
    return domains, where


def arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="s1 curate", description=main.__doc__)
    add_profile(parser)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--cap", type=float, help="spend at most so many dollars on labels")
    parser.add_argument("--ablations", action="store_true", help="also the sets of Table 2")
    parser.add_argument("--size", type=int, help="rows of the set (default: the profile's)")
    parser.add_argument("--variant", default="paper", choices=VARIANTS)
    parser.add_argument(
        "--labels",
        default="teacher",
        choices=("teacher", "rows"),
        help="who names the subjects: the teacher, or the rows' metadata and sources",
    )
    parser.add_argument(
        "--against",
        action="append",
        default=[],
        metavar="FILE",
        help="also remove the questions of this file of JSON lines; may be repeated",
    )
    parser.add_argument(
        "--without",
        action="append",
        default=[],
        metavar="BENCHMARK",
        help="do not check against this benchmark of the profile; the data card says so",
    )
    return parser.parse_args()


def chosen_size(size: int | None, profile: Profile) -> int:
    """Return how many rows the set shall have. Raises CourseError if `s1 sft` would not take it."""
    if size is None:
        return profile.curated
    if not 0 < size <= profile.curated:
        raise CourseError(
            f"--size {size}: the profile {profile.name} trains on 1 to {profile.curated:,} rows. "
            "Raise `curated` in the profile for more."
        )
    return size


def main() -> None:
    """Curate the traces of this run, or the shipped ones."""
    args = arguments()
    with locked(output("curated.jsonl")):
        run(args, profile_from(args))


def run(args: argparse.Namespace, profile: Profile) -> None:
    """Curate with these options, and print what each stage leaves."""
    profile = replace(profile, curated=chosen_size(args.size, profile))
    rows = read_rows(locate("traces.jsonl"))[: profile.pool_questions or None]
    checked = load_checked(profile, args.without, args.against)
    print(f"{len(checked.questions):,} evaluation questions of {', '.join(checked.against)}")
    for name in checked.without:
        print(f"NOT checked against {name}: its questions may be in the training set")
    usable = usable_rows(rows)[0]
    for source, count in unknown_sources(usable).most_common():
        print(f"the source {source!r} of {count} rows is not known: it is a group of its own")
    for kind, count in ungraded(usable).most_common():
        print(f"{count} rows cannot be graded and leave ({kind})")
    asked = questions_to_probe(usable)
    if len(asked) < profile.curated:  # probing would only leave fewer, and may take hours
        raise too_few(len(asked), profile.curated)
    print(f"probing {len(asked)} questions")
    grades = probe(asked, profile)
    for name, right in grades.items():
        print(f"{name} solves {sum(right)}")
    solved = solved_by_any(asked, grades)
    # The sets of Table 2 are drawn before the difficulty stage: they need every label.
    labelled = [row for row in asked if args.ablations or not solved[row["question"]]]
    domains, where = find_labels(labelled, profile, args.labels, args.cap)
    chosen, funnel = curate(
        rows, checked.questions, solved, domains, profile, args.seed, args.variant
    )
    for number, reason in funnel.refused.items():
        print(f"row {number} is refused: {reason}")
    for stage, count in funnel.counts.items():
        print(f"{stage:26} {count:6}   paper {PAPER_FUNNEL.get(stage, '-')}")
    more = {
        "labels from": where,
        "checked against": checked.against,
        "NOT checked against": checked.without,
        "leaks removed": len(funnel.removed["no evaluation questions"]),
    }
    how = f"all stages, variant {args.variant}"
    save_curated(
        chosen, funnel, data_card("curated", how, chosen, domains, args.seed) | more, profile
    )
    if args.ablations:
        sets = ablation_sets(funnel.clean, domains, profile.curated, args.seed)
        for name, (some, card) in sets.items():
            save_set(f"ablations/{name}", some, card | more, profile)
            print(f"ablations/{name}.jsonl: {len(some)} rows")
