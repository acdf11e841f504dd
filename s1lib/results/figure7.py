"""Figure 7 of the paper: sequential against parallel thinking.

Sequential: one thought, continued after Waits. Parallel: the majority of up to 16 sampled
thoughts. On 100 questions with the main result's model of seed 0, compared at about equal tokens.
"""

from collections import Counter
from dataclasses import asdict
from typing import Any

from s1lib.config import Profile
from s1lib.evaluation.conditions import stops_by_itself, with_waits
from s1lib.evaluation.metrics import wilson
from s1lib.grading.graders import first_integer
from s1lib.inference.engine import Trace
from s1lib.results.builder import ResultBuilder
from s1lib.results.cache import WAITS, main_runs
from s1lib.results.figure6 import QUESTIONS, samples

LABELS = ("kind", "n_thoughts_or_waits")
SEEDS = (0,)
VOTES = (1, 3, 5, 9, 16)  # of two different answers the first would win: an even number wastes


def majority(answers: list[str | None]) -> str | None:
    """Return the most frequent answer, the earliest if several are; None if there is none."""
    given = Counter(answer for answer in answers if answer is not None)
    return max(given, key=given.__getitem__, default=None)


def vote(evals: list[dict], tries: list[list[Trace]]) -> tuple[list[bool], list[bool], float]:
    """Tell whether the majority of these tries is right and whether any is, for each question.

    Also returns the thinking tokens per question.
    """
    voted, covered = [], []
    for i, row in enumerate(evals):
        answers = [first_integer(traces[i].answer) for traces in tries]
        voted.append(majority(answers) == first_integer(row["answer"]))
        covered.append(first_integer(row["answer"]) in answers)
    return voted, covered, tokens_per_question(tries)


def tokens_per_question(runs: list[list[Trace]]) -> float:
    """Return the mean thinking tokens that all these runs together spend on a question."""
    return sum(trace.thinking_tokens for traces in runs for trace in traces) / len(runs[0])


def rate_row(kind: str, n: int, grades: list[bool], tokens: float) -> dict[str, Any]:
    """Make the row of n Waits or n sampled thoughts."""
    cost = {"kind": kind, "n_thoughts_or_waits": n, "thinking_tokens": round(tokens, 1)}
    return cost | asdict(wilson(sum(grades), len(grades)))


def compare_at_equal_tokens(builder: ResultBuilder, seed: int) -> None:
    """Compare each number of Waits with the number of votes that costs about the same."""
    voting = [row for row in builder.rows if row["kind"] == "majority"]
    for row in builder.rows:
        if row["kind"] == "sequential":
            tokens, waits = row["thinking_tokens"], row["n_thoughts_or_waits"]
            near = min(voting, key=lambda r: abs(r["thinking_tokens"] - tokens))
            votes = near["n_thoughts_or_waits"]
            name = (
                f"majority of {votes} ({near['thinking_tokens']:.0f} tokens)"
                f" against {waits} Waits ({tokens:.0f})"
            )
            builder.compare(name, f"sequential-{waits}", f"majority-{votes}", seed)


def measure(profile: Profile, seeds: tuple[int, ...] = SEEDS) -> dict[str, Any]:
    """Measure each number of votes and of Waits, and compare them at about equal tokens."""
    [seed] = seeds
    evals, tries = samples(profile, seed)
    builder = ResultBuilder(evals, seeds)
    for n in VOTES:
        voted, covered, tokens = vote(evals, tries[:n])
        for kind, grades in (("majority", voted), ("any", covered)):
            builder.right[f"{kind}-{n}"] = [grades]
            builder.rows.append(rate_row(kind, n, grades, tokens))
    runs = main_runs(profile, seed)
    for n in (0, *WAITS):
        traces = runs[with_waits(profile, n) if n else stops_by_itself(profile)][:QUESTIONS]
        [grades] = builder.grade(f"sequential-{n}", [traces])
        builder.rows.append(rate_row("sequential", n, grades, tokens_per_question([traces])))
    compare_at_equal_tokens(builder, seed)
    results = builder.as_dict(profile)
    results["about"]["questions"] = QUESTIONS
    return results
