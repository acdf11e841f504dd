"""Figure 7 of the paper: sequential against parallel. `make results-figure7` makes
`data/results/figure7.json`.

Sequential: one thought, prolonged by Waits. Parallel: the majority of up to 16 sampled thoughts.
On 100 questions with the model of the proof's seed 0, and compared at about equal tokens.
"""

from collections import Counter
from dataclasses import asdict

from s1lib.engines.common import Trace
from s1lib.evaluate import comparison_row, grade
from s1lib.grade import extract
from s1lib.metrics import compare, wilson
from s1lib.profile import Profile
from s1lib.results.figure6 import QUESTIONS, samples
from s1lib.results.parts import WAITS, about, begin, bits, proof_runs, write
from s1lib.store import command

VOTES = (1, 3, 5, 9, 16)  # of two different answers the first would win: an even number wastes


def majority(answers: list[str | None]) -> str | None:
    """The most frequent answer, the earliest of them if several are; None if there is none."""
    given = Counter(answer for answer in answers if answer is not None)
    return max(given, key=given.__getitem__, default=None)


def vote(evals: list[dict], tries: list[list[Trace]]) -> tuple[list[bool], list[bool], float]:
    """Whether the majority of these tries is right, whether any is, and tokens per question."""
    voted, covered = [], []
    for i, row in enumerate(evals):
        answers = [extract(traces[i].answer) for traces in tries]
        voted.append(majority(answers) == extract(row["answer"]))
        covered.append(extract(row["answer"]) in answers)
    tokens = sum(trace.thinking_tokens for traces in tries for trace in traces)
    return voted, covered, tokens / len(evals)


def measure(profile: Profile) -> dict:
    """A row for each number of votes and of Waits, and comparisons at about equal tokens."""
    evals, tries = samples(profile)
    rows, right = [], {}

    def add(kind: str, n: int, grades: list[bool], tokens: float) -> None:
        rows.append(
            {"kind": kind, "n_thoughts_or_waits": n, "thinking_tokens": round(tokens, 1)}
            | asdict(wilson(sum(grades), len(grades)))
        )
        right[f"{kind}-{n}"] = grades

    for n in VOTES:
        voted, covered, tokens = vote(evals, tries[:n])
        add("majority", n, voted, tokens)
        add("any", n, covered, tokens)
    runs = proof_runs(profile, 0)
    for n in (0, *WAITS):
        traces = runs[f"sft-wait-{n}" if n else "sft"][:QUESTIONS]
        tokens = sum(trace.thinking_tokens for trace in traces) / QUESTIONS
        add("sequential", n, grade(traces, evals), tokens)
    voting = [row for row in rows if row["kind"] == "majority"]
    comparisons = []
    for row in rows:
        if row["kind"] == "sequential":
            near = min(voting, key=lambda r: abs(r["thinking_tokens"] - row["thinking_tokens"]))
            a = right[f"sequential-{row['n_thoughts_or_waits']}"]
            b = right[f"majority-{near['n_thoughts_or_waits']}"]
            name = (
                f"majority of {near['n_thoughts_or_waits']} ({near['thinking_tokens']:.0f} tokens)"
                f" against {row['n_thoughts_or_waits']} Waits ({row['thinking_tokens']:.0f})"
            )
            comparisons.append(comparison_row(name, 0, compare([a], [b])))
    return {
        "rows": rows,
        "comparisons": comparisons,
        "right": {name: bits([grades]) for name, grades in right.items()},
        "about": about(profile, (0,)) | {"questions": QUESTIONS},
    }


def main() -> None:
    """Measure, and write it to data/results/."""
    results = measure(begin())
    write("figure7", results)
    for row in results["rows"]:
        print(f"{row['kind']:10} {row['n_thoughts_or_waits']:3} {row['thinking_tokens']:7.1f} "
              f"{row['accuracy']:.0%}")  # fmt: skip


if __name__ == "__main__":
    command(main)
