"""Which 1,000: the paper's diversity sampling (Algorithm 1), its variant in the code, ablations.

Everything here works on `Candidate`s, so that it takes any pool: the toy world's, or 59,029
questions with labels and grades from elsewhere.
"""

import random
from collections import Counter, defaultdict
from dataclasses import dataclass

from s1lib.errors import CourseError

PRESELECTED = ("AIME", "GPQA")
UNIFORM_UNTIL = 0.7  # of the target: data/filter.ipynb draws 700 of 1,000 uniformly
VARIANTS = ("paper", "notebook")


@dataclass(frozen=True)
class Candidate:
    """What the choice needs to know of a row, and the row's number."""

    row: int
    source: str  # its group: see s1lib.distillation.sources
    domain: str
    length: int  # of the thinking
    correct: bool  # the teacher's attempt agrees with the reference


def too_few(rows: int, places: int) -> CourseError:
    """Return the error to raise where there are fewer rows than places."""
    return CourseError(
        f"only {rows:,} rows are left for {places:,} places: ask more questions, take a larger "
        "pool in the profile, or make a smaller set with --size."
    )


def preselect(candidates: list[Candidate], long_trace: int) -> list[Candidate]:
    """Take rows without drawing: every right AIME and GPQA row, and every right MATH row whose
    thinking is longer than `long_trace`."""
    return [
        c
        for c in candidates
        if c.correct and (c.source in PRESELECTED or (c.source == "MATH" and c.length > long_trace))
    ]


def benchmark_weights(candidates: list[Candidate]) -> dict[str, float]:
    """Compute the weights of the domains in the last draws of the notebook variant.

    The counts of AIME questions per domain, and those of GPQA scaled to half of AIME's total:
    the set is steered towards the benchmarks it will be measured on (data/filter.ipynb).
    """
    aime = Counter(c.domain for c in candidates if c.source == "AIME")
    gpqa = Counter(c.domain for c in candidates if c.source == "GPQA")
    scale = aime.total() / 2 / gpqa.total() if gpqa else 0.0
    return {d: aime[d] + scale * gpqa[d] for d in sorted({*aime, *gpqa})}


def draw_place(rng: random.Random, places: int) -> int:
    """Draw a place by length, 0 the longest, with chances in proportion to 2^-place."""
    place = 0
    while rng.random() < 0.5:
        place += 1
    return place % places  # wrapping keeps the proportions


def diverse(
    candidates: list[Candidate],
    target: int,
    long_trace: int,
    rng: random.Random,
    variant: str = "paper",
) -> list[Candidate]:
    """Draw by the paper's Algorithm 1: the pre-selected rows, then, until there are `target`, a
    domain uniformly and one of its rows, long thinking preferred (see `draw_place`).

    `variant="notebook"` is what the authors' saved notebook does: the last 30% of the draws
    take domains by `benchmark_weights`. Raises CourseError if there are fewer rows than places
    or the variant is unknown.
    """
    if variant not in VARIANTS:
        raise CourseError(f"there is no variant {variant!r}: choose one of {', '.join(VARIANTS)}.")
    if len(candidates) < target:
        raise too_few(len(candidates), target)
    first = preselect(candidates, long_trace)
    chosen = first if len(first) <= target else rng.sample(first, target)
    taken = {c.row for c in chosen}
    domains: dict[str, list[Candidate]] = defaultdict(list)
    for candidate in sorted(candidates, key=lambda c: c.length, reverse=True):
        if candidate.row not in taken:
            domains[candidate.domain].append(candidate)
    weights = benchmark_weights(candidates) if variant == "notebook" else {}
    names = sorted(domains)
    while len(chosen) < target:
        late = variant == "notebook" and len(chosen) >= UNIFORM_UNTIL * target
        chances = [weights.get(name, 0.0) for name in names] if late else []
        name = rng.choices(names, chances)[0] if any(chances) else rng.choice(names)
        chosen.append(domains[name].pop(draw_place(rng, len(domains[name]))))
        if not domains[name]:
            names.remove(name)
    return chosen


def ablations(
    candidates: list[Candidate], target: int, rng: random.Random
) -> dict[str, list[Candidate]]:
    """Draw the sets that Table 2 of the paper compares with s1K, from the same candidates.

    random: any `target` rows. diverse: domains uniformly, any of their rows. longest: the
    longest thinking. full: all. Raises CourseError if there are fewer rows than places.
    """
    if len(candidates) < target:
        raise too_few(len(candidates), target)
    domains: dict[str, list[Candidate]] = defaultdict(list)
    for candidate in rng.sample(candidates, len(candidates)):
        domains[candidate.domain].append(candidate)
    names = sorted(domains)
    mixed: list[Candidate] = []
    while len(mixed) < target:
        name = rng.choice(names)
        mixed.append(domains[name].pop())
        if not domains[name]:
            names.remove(name)
    longest = sorted(candidates, key=lambda c: c.length, reverse=True)[:target]
    return {
        "random": rng.sample(candidates, target),
        "diverse": mixed,
        "longest": longest,
        "full": list(candidates),
    }
