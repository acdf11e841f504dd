"""The toy world's teacher: it thinks the way a person would.

It glances, distrusts the glance, works in order, says "Wait", checks from the end, notices
when two results differ. It is usually right, slips now and then, and sometimes stops too
early. Each habit is a number; `Habits()` holds the published values.
"""

import random
from dataclasses import dataclass, field

from s1lib.toyworld.questions import FAMILIES, MAX_SIZE, MIN_SIZE, Problem, answer, work

# Kinds of questions, from the most familiar to the teacher to the least.
FAMILIAR = (
    "books", "dial", "often", "train", "maps", "shells", "count", "day", "mugs", "pies",
    "how many", "bus", "pens", "coins",
)  # fmt: skip


@dataclass(frozen=True)
class Habits:
    """What the teacher does how often. Rates are chances from 0 to 1."""

    early_stop: float = 0.4  # the share of kinds of questions so familiar that it trusts its glance
    glance_easy: float = 0.95  # chance that a glance at the smallest question is right
    glance_hard: float = 0.3  # the same at the largest
    slip: float = 0.06  # chance of one slip in a pass
    check: float = 0.7  # chance of a second pass, from the end
    recheck: float = 0.15  # chance of a third pass although the two agreed
    silent: float = 0.01  # chance of no answer at all
    openers: dict[str, float] = field(
        default_factory=lambda: {"Wait": 0.8, "Hmm": 0.1, "Alternatively": 0.1}
    )


@dataclass(frozen=True)
class ToyResponse:
    """The teacher's thinking and its answer."""

    thinking: str
    answer: str


def felt_ease(problem: Problem) -> float:
    """Rate how hard a question looks: 0 for the smallest evaluation size, 1 for the largest."""
    return (problem.size - MIN_SIZE) / (MAX_SIZE - MIN_SIZE)


def stops_early(problem: Problem, habits: Habits) -> bool:
    """Tell whether the teacher stops after its glance: on the most familiar kinds of questions.

    Never where there is no second way to check: there it does not glance at all.
    """
    trusted = FAMILIAR[: round(habits.early_stop * len(FAMILIAR))]
    return problem.theme in trusted


def glance(problem: Problem, habits: Habits, rng: random.Random) -> str:
    """Guess the answer, right less often the larger the question."""
    right, ease = answer(problem), min(1.0, max(0.0, felt_ease(problem)))
    chance = habits.glance_easy + (habits.glance_hard - habits.glance_easy) * ease
    if rng.random() < chance:
        return right
    off = rng.choice((-3, -2, -1, 1, 2, 3))
    return str(FAMILIES[problem.family].wrap(int(right) + off))


def solve(problem: Problem, habits: Habits, rng: random.Random) -> ToyResponse:
    """Think about one question as the teacher does, and end with an answer."""

    def worked(backwards: bool) -> tuple[str, str]:
        slips = rng.random() < habits.slip
        slip_at = rng.randrange(problem.size) if slips else None
        return work(problem, backwards, slip_at, rng.choice((-2, -1, 1, 2)))

    def opener() -> str:
        return rng.choices(list(habits.openers), list(habits.openers.values()))[0]

    if not FAMILIES[problem.family].second_way:
        text, result = worked(backwards=False)
        return ToyResponse(f"In order: {text}", result)

    result = glance(problem, habits, rng)
    lines = [f"Looks like {result}."]
    if stops_early(problem, habits):
        return ToyResponse(lines[0], result)
    text, result = worked(backwards=False)
    lines.append(f"{opener()}, in order: {text}")
    if rng.random() < habits.check:
        text, second = worked(backwards=True)
        lines.append(f"{opener()}, from the end: {text}")
        if second != result or rng.random() < habits.recheck:
            text, second = work(problem)
            lines.append(f"{opener()}, in order: {text}")
        result = second
    return ToyResponse("\n".join(lines), result)


def respond(problem: Problem, habits: Habits, seed: int) -> ToyResponse | None:
    """Answer a question as the teacher does: always the same for the same seed.

    None when the teacher stays silent.
    """
    rng = random.Random(f"{seed} {problem}")
    if rng.random() < habits.silent:
        return None
    return solve(problem, habits, rng)
