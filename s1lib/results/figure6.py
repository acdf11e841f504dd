"""Figure 6 of the paper: rejection sampling. `make results-figure6` makes
`data/results/figure6.json`.

Each of 100 questions is thought about anew, at temperature 1, until a thought comes to its end
within a limit, at most 32 times. The model of the proof's seed 0; about ten minutes on two cores,
once for Figures 6 and 7; an interrupted run goes on.
"""

from dataclasses import asdict

from s1lib.engines.common import Sampling, Trace
from s1lib.engines.transformers import load, think
from s1lib.evaluate import grade
from s1lib.metrics import scaling, wilson
from s1lib.profile import Profile
from s1lib.results.parts import about, begin, bits, kept, proof_model, write
from s1lib.store import command, locate, read_rows

QUESTIONS, TRIES = 100, 32
PART = 8  # tries that are stored together
LIMITS = (48, 64, 96, 128, 192, 512)
# The paper's: limit, tries needed, mean thinking tokens, AIME24 (read off its vector figure)
PAPER = [
    (3500, 655, 2974, 40.0),
    (4000, 97, 3703, 36.7),
    (5000, 8, 4344, 33.3),
    (6000, 3, 4734, 30.0),
    (8000, 2, 5193, 26.7),
    (16000, 1, 5293, 23.3),
]


def samples(profile: Profile) -> tuple[list[dict], list[list[Trace]]]:
    """The first held-out questions, and for each try one sampled trace of every question."""
    evals = read_rows(locate("heldout.jsonl"))[:QUESTIONS]
    folder = proof_model(profile, 0)
    questions = [row["question"] for row in evals]
    tries: list[list[Trace]] = []
    for first in range(0, TRIES, PART):

        def draw(first=first) -> list[Trace]:
            print(f"tries {first + 1} to {first + PART}", flush=True)
            many = questions * PART
            seeds = range(first * QUESTIONS, (first + PART) * QUESTIONS)
            how = Sampling(temperature=1.0, seeds=list(seeds))
            return think(*load(folder), many, profile.budget(), 2 * profile.batch_size, None, how)

        traces = kept(f"samples-{first}", draw)
        tries += [traces[i : i + QUESTIONS] for i in range(0, len(traces), QUESTIONS)]
    return evals, tries


def rejection(evals: list[dict], tries: list[list[Trace]], limit: int) -> tuple[dict, list[bool]]:
    """What comes of taking each question's first thought that ends within `limit` tokens.

    A question without one counts as wrong.
    """
    grades = [grade(traces, evals) for traces in tries]
    right, tokens, needed = [], [], []
    for i in range(len(evals)):
        fit = [
            t for t, traces in enumerate(tries)
            if traces[i].thinking_tokens <= limit and not traces[i].hit_limit
        ]  # fmt: skip
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


def measure(profile: Profile) -> dict:
    """A row for each limit, and the paper's Scaling of the whole."""
    evals, tries = samples(profile)
    rows, right = [], {}
    for limit in LIMITS:
        row, grades = rejection(evals, tries, limit)
        rows.append(row)
        right[str(limit)] = bits([grades])
    told = [row for row in rows if row["thinking_tokens"]]
    slope = scaling([r["thinking_tokens"] for r in told], [100 * r["accuracy"] for r in told])
    return {
        "rows": rows,
        "scaling_per_doubling": round(slope, 1),
        "right": right,
        "paper": PAPER,
        "about": about(profile, (0,)) | {"questions": QUESTIONS, "tries": TRIES},
    }


def main() -> None:
    """Measure, and write it to data/results/."""
    results = measure(begin())
    write("figure6", results)
    for row in results["rows"]:
        print(f"{row['limit']:4} {row['accuracy']:.0%} {row['accepted']} accepted")


if __name__ == "__main__":
    command(main)
