"""Figure 6 of the paper: rejection sampling.

The model thinks about each of 100 questions at temperature 1, at most 32 times, until its thinking
ends within a limit. The main result's model of seed 0. About ten minutes on two cores, once for
Figures 6 and 7.
"""

from dataclasses import asdict
from typing import Any

from s1lib.config import Profile
from s1lib.evaluation.metrics import scaling, wilson
from s1lib.evaluation.run import grade_traces
from s1lib.inference.engine import Sampling, Trace
from s1lib.paper_numbers import FIGURE_6
from s1lib.results.cache import cached_thinking, course_rows, lazy_engine, main_model
from s1lib.results.files import about, encode_grades

LABELS = ("limit",)
SEEDS = (0,)
QUESTIONS, TRIES = 100, 32
PART = 8  # tries that are stored together
LIMITS = (48, 64, 96, 128, 192, 512)


def samples(profile: Profile, seed: int) -> tuple[list[dict], list[list[Trace]]]:
    """Return the first held-out questions, and for each try one sampled trace of every question."""
    evals = course_rows("heldout")[:QUESTIONS]
    questions = [row["question"] for row in evals]
    wider = profile.engine | {"batch_size": 2 * profile.batch_size}
    tries: list[list[Trace]] = []
    with lazy_engine("samples", main_model(profile, seed), **wider) as engine:
        for first in range(0, TRIES, PART):
            seeds = range(first * QUESTIONS, (first + PART) * QUESTIONS)
            sampling = Sampling(temperature=1.0, seeds=list(seeds))
            many = questions * PART
            traces = cached_thinking(f"samples-{first}", engine, many, profile.budget(), sampling)
            tries += [traces[i : i + QUESTIONS] for i in range(0, len(traces), QUESTIONS)]
    return evals, tries


def rejection(
    evals: list[dict], tries: list[list[Trace]], limit: int
) -> tuple[dict[str, Any], list[bool]]:
    """Take each question's first thinking that ends within `limit` tokens: its row and grades.

    A question without one counts as wrong.
    """
    grades = [grade_traces(traces, evals) for traces in tries]
    right, tokens, needed = [], [], []
    for i in range(len(evals)):
        fit = [
            t
            for t, traces in enumerate(tries)
            if traces[i].thinking_tokens <= limit and not traces[i].hit_limit
        ]
        right.append(bool(fit) and grades[fit[0]][i])
        if fit:
            tokens.append(tries[fit[0]][i].thinking_tokens)
            needed.append(fit[0] + 1)
    row = {
        "limit": limit,
        "accepted": len(tokens),
        "tries_at_most": max(needed, default=0),
        "mean_tries": round(sum(needed) / len(needed), 2) if needed else None,
        "thinking_tokens": round(sum(tokens) / len(tokens), 1) if tokens else None,
    }
    return row | asdict(wilson(sum(right), len(right))), right


def measure(profile: Profile, seeds: tuple[int, ...] = SEEDS) -> dict[str, Any]:
    """Measure each limit, and the paper's Scaling of all of them."""
    [seed] = seeds
    evals, tries = samples(profile, seed)
    rows, right = [], {}
    for limit in LIMITS:
        row, grades = rejection(evals, tries, limit)
        rows.append(row)
        right[str(limit)] = encode_grades([grades])
    answered = [row for row in rows if row["thinking_tokens"]]
    tokens = [row["thinking_tokens"] for row in answered]
    return {
        "rows": rows,
        "scaling_per_doubling": round(scaling(tokens, [100 * r["accuracy"] for r in answered]), 1),
        "right": right,
        "paper": FIGURE_6,
        "about": about(profile, seeds) | {"questions": QUESTIONS, "tries": TRIES},
    }
