"""What if "Wait" is forbidden? `make results-nowait` makes `data/results/nowait.json`.

As in NoWait (arXiv 2506.08343) the word is suppressed while the model thinks: alone, and with one
end of thinking ignored. The proof's three models on the whole held-out set; about ten minutes on
two cores, an interrupted run goes on.
"""

from s1lib.engines.common import Sampling, Trace
from s1lib.evaluate import comparison_row, grade
from s1lib.metrics import compare
from s1lib.profile import Profile
from s1lib.results.parts import (
    about,
    begin,
    bits,
    heldout_traces,
    in_workers,
    proof_runs,
    seed_rows,
    write,
)
from s1lib.store import command, locate, read_rows

MUTE = Sampling(suppress=("Wait",))
SEEDS = (0, 1, 2)
HOW = {"without Wait": (0, "Wait"), "without Wait, Hmm forced": (1, "Hmm")}
PAIRS = [  # what is compared: before, after
    ("as trained", "without Wait"),
    ("Wait forced", "without Wait, Hmm forced"),
]


def muted(name: str, profile: Profile, seed: int) -> list[Trace]:
    """The held-out traces of the proof's model of this seed with the word suppressed."""
    waits, string = HOW[name]
    budget = profile.budget(waits=waits, string=string)
    return heldout_traces(f"nowait-{waits}-{seed}", profile, seed, budget, MUTE)


def says(traces: list[Trace], word: str) -> float:
    """The share of thoughts in which this word stands."""
    return sum(word in trace.thinking for trace in traces) / len(traces)


def measure(profile: Profile, seeds: tuple[int, ...] = SEEDS) -> dict:
    """A row for each way and seed, and paired comparisons with the word allowed."""
    evals = read_rows(locate("heldout.jsonl"))
    in_workers([(proof_runs, profile, seed) for seed in seeds])  # two jobs must not make one model
    in_workers([(muted, name, profile, seed) for seed in seeds for name in HOW])
    traces = {name: [muted(name, profile, seed) for seed in seeds] for name in HOW}
    proof = [proof_runs(profile, seed) for seed in seeds]
    traces |= {"as trained": [runs["sft"] for runs in proof]}
    traces |= {"Wait forced": [runs["sft-wait-1"] for runs in proof]}
    right = {name: [grade(t, evals) for t in runs] for name, runs in traces.items()}
    results: dict = {"rows": [], "comparisons": []}
    for name in sorted(traces):
        some = [trace for runs in traces[name] for trace in runs]
        share = {f"says {word}": round(says(some, word), 4) for word in ("Wait", "Hmm")}
        rated = seed_rows(name, seeds, traces[name], right[name])
        results["rows"] += [row | share if row["seed"] == "all" else row for row in rated]
    for before, after in PAIRS:
        difference = compare(right[before], right[after])
        row = comparison_row(f"{after} against {before}", "all", difference)
        results["comparisons"].append(row)
    every = {name: bits(grades) for name, grades in right.items()}
    return results | {"right": every, "about": about(profile, seeds)}


def main() -> None:
    """Measure, and write it to data/results/."""
    results = measure(begin())
    write("nowait", results)
    for row in results["rows"]:
        if row["seed"] == "all":
            print(f"{row['name']:26} {row['accuracy']:.1%} {row['thinking_tokens']}")


if __name__ == "__main__":
    command(main)
